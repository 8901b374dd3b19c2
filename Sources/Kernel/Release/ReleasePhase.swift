import Model
import Support

/// Where a release is in its life.
enum ReleasePhase: Sendable, Equatable {
    case idle
    case watching
    case rollingBack
    /// Latched.
    case rolledBack
    case promoted

    var text: String {
        switch self {
        case .idle: "idle"
        case .watching: "watching"
        case .rollingBack: "rolling back"
        case .rolledBack: "rolled back"
        case .promoted: "promoted"
        }
    }

    /// Whether a rollback may need the router at any time. While the canary has no traffic, while it has all of it for good,
    /// and while a rollback reports its calls itself, the log is enough.
    ///
    /// - Parameter isCanaryServing: the canary has requests, whatever the router shows.
    func needsRouter(isCanaryServing: Bool) -> Bool {
        switch self {
        case .watching, .rolledBack: true
        case .idle: isCanaryServing
        case .rollingBack, .promoted: false
        }
    }
}

/// What a poll of the router changes in the life of a release that is not rolled back.
enum PhaseChange: Equatable {
    case begin(because: String)
    case end(ReleaseEnd)
    case enter(ReleasePhase, because: String)
    /// The phase stays; the sentence is for `status`.
    case explain(String)
}

extension ReleasePhase {
    /// - Parameter observations: what the poll showed, per instance of the router.
    /// - Returns: nil when nothing changes.
    func change(by observations: [RouterObservation]) -> PhaseChange? {
        guard let share = observations.canaryShare else { return changeByUnknownShare(observations) }
        let isEverything = observations.showEverything
        switch (self, share) {
        case (.idle, 1...) where !isEverything, (.promoted, 1...) where !isEverything:
            return .begin(because: "the router gives the canary \(NumberText.percent(Double(share) / 10_000))")
        case (.watching, _) where isEverything: return .end(.promoted)
        case (.watching, 0) where observations.showNothing: return .end(.withdrawn)
        case (.idle, _) where isEverything: return .enter(.promoted, because: "the canary has all the traffic")
        case (.promoted, 0): return .enter(.idle, because: "the canary has no traffic any more")
        case (.idle, 0): return .explain("the canary has no share of the traffic")
        default: return nil
        }
    }

    private func changeByUnknownShare(_ observations: [RouterObservation]) -> PhaseChange? {
        let reason = "\(observations.unknownShareText); waiting for canary traffic instead"
        // An instance that shows 0 says that the promotion is over, whatever the others do.
        if self == .promoted, observations.contains(where: { $0.canaryBasisPoints != nil }) {
            return .enter(.idle, because: reason)
        }
        return self == .idle ? .explain(reason) : nil
    }
}

extension ReleaseEnd {
    /// The phase after it, and why.
    ///
    /// - Parameter version: of the baseline.
    func next(baseline version: String) -> (phase: ReleasePhase, reason: String) {
        switch self {
        case .promoted: (.promoted, "the canary has all the traffic")
        case .rolledBack: (.rolledBack, "rolled back to \(version)")
        case .withdrawn: (.idle, "another client took the canary out")
        case .replaced: (.idle, "the versions have changed")
        }
    }
}
