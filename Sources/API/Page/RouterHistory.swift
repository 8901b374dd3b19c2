import Model

/// What each router instance read back, and which step was wanted then. Only changes are kept, so that it lasts for all steps of
/// a rollout: at most 34 kB for a release.
struct RouterHistory: Sendable, Equatable {
    /// A split that was read back for the first time, or a step that was wanted from then on.
    struct Change: Sendable, Equatable {
        var atWallMs: Int64
        /// The canary's share, 0...10000; less than 0 where it could not be read.
        private var share: Int16
        /// From 1; 0 without a rollout, and before the first step.
        private var wanted: Int16

        init(atWallMs: Int64, canaryBasisPoints: Int?, step: Int?) {
            self.atWallMs = atWallMs
            share = canaryBasisPoints.flatMap { Int16(exactly: $0) } ?? -1
            wanted = step.flatMap { Int16(exactly: $0) } ?? 0
        }

        /// Nil where it could not be read.
        var canaryBasisPoints: Int? { share < 0 ? nil : Int(share) }
        /// The step whose share is wanted, from 1; nil without a rollout, and before the first step.
        var step: Int? { wanted > 0 ? Int(wanted) : nil }

        fileprivate func says(_ other: Change) -> Bool { share == other.share && wanted == other.wanted }
    }

    struct Instance: Sendable, Equatable {
        /// May hold a credential; show `Redaction.url(name)` instead.
        var name: String
        /// Oldest first.
        var changes: [Change]
    }

    /// The first instances of a router.
    static let instanceLimit = 32
    /// Of one instance; the oldest makes room for a new one.
    static let changeLimit = 64

    /// In the order of the router.
    private(set) var instances: [Instance] = []

    mutating func take(_ release: ReleaseSnapshot, atWallMs: Int64) {
        let step = release.rollout?.running?.wantedStep
        let known = instances
        instances = release.observations.prefix(RouterHistory.instanceLimit).map { observation in
            let change = Change(atWallMs: atWallMs, canaryBasisPoints: observation.canaryBasisPoints, step: step)
            let kept = known.first { $0.name == observation.instance }
            var instance = kept ?? Instance(name: observation.instance, changes: [])
            instance.note(change)
            return instance
        }
    }

    /// The part of it within these times, with what was so at their beginning.
    func slice(_ wallMs: ClosedRange<Int64>) -> RouterHistory {
        var part = self
        for index in part.instances.indices {
            let changes = instances[index].changes
            let before = changes.last { $0.atWallMs < wallMs.lowerBound }
            part.instances[index].changes =
                (before.map { [$0] } ?? []) + changes.filter { wallMs.contains($0.atWallMs) }
        }
        return part
    }

    mutating func forget(from wallMs: Int64) {
        for index in instances.indices { instances[index].changes.removeAll { $0.atWallMs >= wallMs } }
    }
}

extension RouterHistory.Instance {
    fileprivate mutating func note(_ change: RouterHistory.Change) {
        if let last = changes.last, last.says(change) { return }
        if changes.count >= RouterHistory.changeLimit { changes.removeFirst() }
        changes.append(change)
    }
}
