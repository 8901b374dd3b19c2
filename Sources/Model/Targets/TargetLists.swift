/// The targets of a release as its sources list them now: those of both places, in the order of the configuration. A place is
/// the pool `baseline` or `canary` as it is configured; the roles may have turned since.
public struct TargetLists: Sendable, Equatable {
    /// Rises with each change.
    public var revision: Int
    /// Sorted by instance; each instance is in one place at most.
    public var first: [TargetPlan]
    public var second: [TargetPlan]

    public init(revision: Int, first: [TargetPlan], second: [TargetPlan]) {
        self.revision = revision
        self.first = first
        self.second = second
    }
}

extension ReleasePlan {
    /// The configured plan with these targets in its places. A release without discovery keeps what is configured; of a name
    /// with several addresses it has the targets that the lists have.
    public func with(_ lists: TargetLists?) -> ReleasePlan {
        guard let lists else { return self }
        var next = self
        if discovery != nil {
            (next.baseline.targets, next.canary.targets) = (lists.first, lists.second)
        } else {
            next.baseline.targets = TargetPlan.resolved(baseline.targets, by: lists.first)
            next.canary.targets = TargetPlan.resolved(canary.targets, by: lists.second)
        }
        return next
    }
}
