import Model

/// A rollout, and the only way to change it: an entry is written and applied in one call, so that the rollout in memory is what
/// the journal says.
struct RolloutRecord: Sendable, Equatable {
    private(set) var rollout: Rollout

    init(_ rollout: Rollout) { self.rollout = rollout }

    @discardableResult
    mutating func write(_ event: RolloutEvent, _ step: inout RolloutStep) -> UInt64 {
        let ordinal = rollout.history.count { $0.event == event.name } + 1
        let entry = step.record(event, of: rollout.id, version: rollout.version, ordinal: ordinal)
        rollout.apply(entry)
        step.log(.info, "\(rollout.id): \(event.text)")
        return entry.sequence
    }

    /// An entry that is in the journal already.
    mutating func replay(_ entry: JournalEntry) { rollout.apply(entry) }
}
