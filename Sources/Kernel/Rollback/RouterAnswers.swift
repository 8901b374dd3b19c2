import Model

/// What the router last answered and showed in one attempt of a rollback; a repetition is no news.
struct RouterAnswers: Sendable, Equatable {
    private(set) var receipts: [RouterReceipt] = []
    private(set) var observations: [RouterObservation] = []

    init() {}

    /// As the entries of another process say.
    init(_ incident: Incident) { (receipts, observations) = (incident.receipts, incident.observations) }

    /// - Returns: whether the journal does not have it yet.
    mutating func take(_ receipts: [RouterReceipt]) -> Bool {
        defer { self.receipts = receipts }
        return receipts != self.receipts
    }

    /// - Returns: whether the journal does not have it yet.
    mutating func take(_ observations: [RouterObservation]) -> Bool {
        defer { self.observations = observations }
        return observations != self.observations
    }

    /// Why it takes so long, as the router has it; nil when it said nothing.
    var text: String? {
        if !observations.isEmpty { return "the router shows \(observations.text)" }
        return receipts.isEmpty ? nil : "the router answers \(receipts.text)"
    }

    /// Of the last call, where not every instance took it: `; the last call: lb1: rejected`.
    var refusals: String {
        let refused = receipts.filter { $0.outcome != .accepted }
        return refused.isEmpty ? "" : "; the last call: \(refused.text)"
    }
}
