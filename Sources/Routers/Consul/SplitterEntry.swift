import Model

/// A `service-splitter` entry as Consul gave it. Only the two weights are changed; splits of others, header rules and
/// whatever a later Consul adds stay as they are.
///
/// Source: Consul's manual, "Service splitter configuration entry": weights are 0 to 100 in steps of 0.01, and all of a
/// splitter's add up to 100.
struct SplitterEntry: Sendable, Equatable {
    /// For `?cas=`.
    let index: String
    private let members: [JSONMember]
    private let splits: [JSONValue]
    private let baseline: Int
    private let canary: Int
    private let weights: [Double]

    init(_ document: JSONValue, plan: ConsulPlan) throws(Refusal) {
        guard case .object(let members) = document, let splits = document["Splits"]?.items, !splits.isEmpty else {
            throw Refusal(.rejected, "\(plan.service) is no service-splitter")
        }
        guard case .number(let index)? = document["ModifyIndex"] else {
            throw Refusal(.rejected, "the entry has no ModifyIndex")
        }
        self.members = members
        self.splits = splits
        self.index = index.literal
        baseline = try SplitterEntry.place(of: plan.baseline, "baseline", splits, plan.service)
        canary = try SplitterEntry.place(of: plan.canary, "canary", splits, plan.service)
        weights = splits.map { $0["Weight"]?.numeric?.value ?? 0 }
    }

    /// The canary's part of everything.
    func share() throws(Refusal) -> Int {
        let sum = weights.reduce(0, +)
        guard let share = Share.basisPoints(canary: weights[canary], baseline: sum - weights[canary]) else {
            throw Refusal(.rejected, "the weights of the splitter are no split")
        }
        return share
    }

    /// The entry to be written.
    func setting(_ split: Split) -> JSONValue {
        // What others have stays theirs; the two share the rest, in hundredths, so that the sum stays 100.
        let own = Int(((weights[baseline] + weights[canary]) * 100).rounded())
        let part = own * split.canaryBasisPoints / 10_000
        var changed = splits
        changed[canary] = SplitterEntry.weight(part, in: splits[canary])
        changed[baseline] = SplitterEntry.weight(own - part, in: splits[baseline])
        // Consul makes these itself.
        let kept = members.filter { !["CreateIndex", "ModifyIndex", "Hash"].contains($0.name) }
        return .object(
            kept.map { $0.name == "Splits" ? JSONMember(name: "Splits", value: .list(changed)) : $0 })
    }

    private static func weight(_ hundredths: Int, in split: JSONValue) -> JSONValue {
        guard case .object(let members) = split else { return split }
        let value = JSONMember(name: "Weight", value: .number(Double(hundredths) / 100))
        return .object([value] + members.filter { $0.name != "Weight" })
    }

    private static func place(
        of wanted: ConsulPlan.Destination, _ pool: String, _ splits: [JSONValue], _ service: String
    ) throws(Refusal) -> Int {
        // A split without a service is one of the splitter's own.
        func destination(_ split: JSONValue) -> ConsulPlan.Destination {
            let (name, subset) = (split["Service"]?.text ?? "", split["ServiceSubset"]?.text ?? "")
            return .init(service: name.isEmpty ? service : name, subset: subset.isEmpty ? nil : subset)
        }
        let whole = ConsulPlan.Destination(service: wanted.service ?? service, subset: wanted.subset)
        let found = splits.indices.filter { destination(splits[$0]) == whole }
        guard found.count != 1 else { return found[0] }
        let there = splits.map { text(destination($0)) }.joined(separator: ", ")
        let what = found.isEmpty ? "has no split for the \(pool), \(text(whole))" : "has the \(pool) more than once"
        throw Refusal(.rejected, "the splitter \(service) \(what); there are \(ShownText.line(there, limit: 300))")
    }

    private static func text(_ destination: ConsulPlan.Destination) -> String {
        "\(destination.service ?? "")\(destination.subset.map { " subset \($0)" } ?? "")"
    }
}
