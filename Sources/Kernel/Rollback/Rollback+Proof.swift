import Model

extension Rollback {
    /// How far the proof is.
    struct Proof: Sendable, Equatable {
        /// Requests that were to be expected at the rate `below` and did not come; see `ReleaseState+Proof.swift`.
        var evidence = 0.0
        /// What the evidence rests on: seconds, and the requests counted in them.
        private(set) var silentSeconds = 0.0
        private(set) var silentRequests = 0.0
        var quietCycles = 0
        var busyCycles = 0
        /// When the open block began.
        var blockSinceUptimeMs: Int64?
        /// Cycles in a row in which every target that told nothing had no process that listens or no series of requests
        /// any more, and since when.
        private var goneCycles = 0
        private var goneSinceUptimeMs: Int64?
        /// What keeps the proof from being complete.
        var obstacle: String?

        /// Requests per second over about the time that a proof takes, for messages: a block may be a fraction of a second.
        private(set) var recentRate: Double?

        /// Requests per second in the time that the evidence rests on.
        var meanRate: Double { silentSeconds > 0 ? silentRequests / silentSeconds : 0 }

        mutating func see(_ block: SilenceBlock, below plan: ProofPlan) {
            (goneCycles, goneSinceUptimeMs) = (0, nil)
            let weight = min(1, block.seconds * 1_000 / Double(plan.silenceMs))
            recentRate = recentRate.map { $0 + weight * (block.rate - $0) } ?? block.rate
            let requests = block.rate * block.seconds
            // The requests of a long block may all have come at its end, so it counts for no more than a proof's length.
            let countedSeconds = min(block.seconds, Double(plan.silenceMs) / 1_000)
            let sum = evidence + plan.countedBelow * countedSeconds - requests
            // More than a proof is not collected, so a long silence does not outweigh traffic that comes after it.
            evidence = min(max(0, sum), ProofPlan.expectedRequests)
            guard evidence > 0 else { return (silentSeconds, silentRequests) = (0, 0) }
            silentSeconds += block.seconds
            silentRequests += requests
        }

        mutating func sawNothing(isGone: Bool, at now: Moment, cycleBeganUptimeMs: Int64?) {
            guard isGone else { return (goneCycles, goneSinceUptimeMs) = (0, nil) }
            goneCycles += 1
            goneSinceUptimeMs = goneSinceUptimeMs ?? cycleBeganUptimeMs ?? now.uptimeMs
        }

        /// It has been so for so many cycles and so long.
        func isGone(cycles: Int, forMs: Int64, at now: Moment) -> Bool {
            guard let since = goneSinceUptimeMs else { return false }
            return goneCycles >= cycles && now.uptimeMs - since >= forMs
        }
    }
}

extension ProofPlan {
    /// The rate that the evidence is counted with, requests per second.
    var countedBelow: Double { ProofPlan.expectedRequests * 1_000 / Double(silenceMs) }
}
