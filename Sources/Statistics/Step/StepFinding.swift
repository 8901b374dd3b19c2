import Glibc

/// What the evidence of a step says at one moment.
public struct StepFinding: Sendable, Equatable {
    /// Why nothing can be shown, whatever the counts are.
    public enum Obstacle: Sendable, Equatable {
        /// Neither errors nor latencies are counted, or no block has been compared yet.
        case nothingToCompare
        /// A pool has not shown a histogram yet, or the baseline has had too few answers.
        case latencyUnknown
        /// The pools' histograms have no boundary in common.
        case noCommonBoundary
    }

    /// One kind of bad event.
    public struct Part: Sendable, Equatable {
        public var event: BadEvent
        public var counts: PairCounts
        /// Compared within blocks; nil while the baseline has had no bad event.
        public var ratio: Double?
        /// The log evidence that the canary is below the ratio.
        public var logE: Double
        /// Requests of both pools until the bar is reached, as an expectation; 0 when it is, infinite when it will not be at the
        /// rates that are seen.
        public var missing: Double
    }

    public var isSafe: Bool
    public var question: StepQuestion
    /// Errors first, then the boundaries in rising order.
    public var parts: [Part]
    /// Index of the part that needs most requests; nil without parts.
    public var slowest: Int?
    /// Requests of both pools until every part has passed, about: half of all times it takes fewer. Nil when it is not known, or
    /// when the canary as it is will not pass.
    public var missingRequests: Double?
    /// The same at today's rate of requests.
    public var missingSeconds: Double?
    public var obstacle: Obstacle?
}

extension StepFinding.Part {
    init(_ proof: SafeProof, barLogE: Double) {
        event = proof.event
        counts = proof.counts
        ratio = proof.ratioOfRates
        logE = proof.logE
        missing = StepPlanning.missingRequests(proof, barLogE: barLogE)
    }
}

/// How many requests a proof still needs.
enum StepPlanning {
    /// The price of not knowing how good the canary is, nats.
    private static let overheadNats = 0.7
    /// Bad events that the supposition "as good as the baseline" is worth against what the canary did.
    private static let supposedBad = 5.0

    /// Requests of both pools, as an expectation at the rates so far; infinite where the canary as it is does not pass.
    static func missingRequests(_ proof: SafeProof, barLogE: Double) -> Double {
        let missing = barLogE - proof.logE
        guard missing > 0 else { return 0 }
        let counts = proof.counts
        guard counts.baselineRequests > 0, counts.canaryRequests > 0 else { return .infinity }
        let share = counts.canaryRequests / counts.requests
        let baseline = min(max(counts.baselineBad, 0.5) / max(counts.baselineRequests, 1), 0.98 / proof.ratio)
        let canary = canaryRate(proof, baseline: baseline)
        let wanted = missing + (proof.logE < 1 ? overheadNats : 0)
        var best = Double.infinity
        if canary < proof.ratio * baseline {
            let growth = relativeGrowth(proof, baseline: baseline, canary: canary, share: share)
            if growth > 0 { best = wanted / growth }
        }
        if proof.floor > 0, canary < proof.floor {
            let growth = share * Planning.divergence(canary, proof.floor) / proof.dispersion
            best = min(best, (wanted + log(2)) / growth)
        }
        return best
    }

    /// The ratio that is seen, shrunk towards 1 by a few events.
    private static func canaryRate(_ proof: SafeProof, baseline: Double) -> Double {
        let expected = baseline * proof.counts.canaryRequests
        let seen = (proof.ratioOfRates ?? 1) * expected
        return min(baseline * (seen + supposedBad) / (expected + supposedBad), 0.999)
    }

    /// Log evidence per request of both pools.
    private static func relativeGrowth(
        _ proof: SafeProof, baseline: Double, canary: Double, share: Double
    ) -> Double {
        guard proof.method == .share else {
            return Planning.growthPerRequest(
                baselineRate: baseline, canaryRate: canary, canaryShare: share, ratio: proof.ratio) / proof.dispersion
        }
        guard proof.bets > 0 else { return 0 }
        let bets = Double(proof.bets)
        return growthPerBet(proof.ratio, seen: canary / baseline, share: share, bad: proof.counts.bad / bets)
            * bets / proof.counts.requests
    }

    /// The expected logarithm of a bet of ``ShareBetting`` for its best stake, to the second order in the share's deviation.
    private static func growthPerBet(_ ratio: Double, seen: Double, share: Double, bad: Double) -> Double {
        func part(_ ratio: Double) -> Double { ratio * share / (ratio * share + 1 - share) }
        let (tolerated, expected) = (part(ratio), part(seen))
        let gain = (tolerated - expected) / (1 - tolerated)
        let variance = expected * (1 - expected) / max(bad, 1) / ((1 - tolerated) * (1 - tolerated))
        let growths = ShareBetting.Settings.safe(below: ratio).stakes.map { stake in
            let mean = 1 + stake * gain
            return log(mean) - stake * stake * variance / (2 * mean * mean)
        }
        return max(0, growths.max() ?? 0)
    }
}
