/// Settings that older journals do not have.
extension ProcedureStep {
    /// How often it is checked that a step which was proved is still in force, milliseconds; 0 for never.
    public var watchEveryMs: Int64 {
        get { watchMs ?? 0 }
        set { watchMs = newValue }
    }

    /// How often operators are notified again of a step that waits for one, milliseconds; 0 for never.
    public var remindEveryMs: Int64 {
        get { remindMs ?? 1_800_000 }
        set { remindMs = newValue }
    }

    /// Neighbours with the same ``at`` that are all marked run at once.
    public var runsTogether: Bool {
        get { together ?? false }
        set { together = newValue ? true : nil }
    }

    /// Whether it can be watched: a check finds out whether it is in force, and running it again does no harm.
    public var canBeWatched: Bool { hasProof && isIdempotent }
}

extension ProcedurePlan {
    /// The places of the steps that run at once with the one at this place, itself among them.
    public static func group(of place: Int, in steps: [ProcedureStep]) -> Range<Int> {
        func joins(_ other: Int) -> Bool {
            steps[other].runsTogether && steps[other].at == steps[place].at && steps[other].road == steps[place].road
        }
        guard steps[place].runsTogether else { return place..<place + 1 }
        var (first, end) = (place, place + 1)
        while first > 0, joins(first - 1) { first -= 1 }
        while end < steps.count, joins(end) { end += 1 }
        return first..<end
    }
}
