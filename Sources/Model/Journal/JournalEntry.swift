/// One fact that outlives the process. Replaying the entries in order into a fresh kernel restores it.
public struct JournalEntry: Sendable, Equatable {
    /// Starts at 1, rises by 1, over the journal's whole life.
    public var sequence: UInt64
    public var wallMs: Int64
    public var release: String
    /// The incident it belongs to, if any: `checkout-17`, from the sequence of its first entry; or the rollout,
    /// `checkout-r42`.
    public var incident: String?
    public var event: JournalEvent

    public init(sequence: UInt64, wallMs: Int64, release: String, incident: String?, event: JournalEvent) {
        self.sequence = sequence
        self.wallMs = wallMs
        self.release = release
        self.incident = incident
        self.event = event
    }
}

extension JournalEntry {
    /// It is of a rollout, or of the plan of one: it outlasts the releases that begin and end.
    public func isOfRollouts(_ rollouts: Set<String>) -> Bool {
        if case .procedure = event { return incident.map(rollouts.contains) ?? false }
        return event.isOfRollouts
    }
}

extension [JournalEntry] {
    /// Ids of the rollouts that are among them.
    public var rolloutIDs: Set<String> {
        Set(compactMap { if case .rollout(let id, _) = $0.event { id } else { nil } })
    }
}
