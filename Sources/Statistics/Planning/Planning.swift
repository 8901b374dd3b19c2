import Glibc

/// "Not enough evidence: about 1 900 more requests": how fast evidence grows, and what today's traffic can show.
public enum Planning {
    /// A comparison that is to be planned. Rates strictly between 0 and 1.
    public struct Question: Sendable, Equatable {
        /// The canary's share of the requests, strictly between 0 and 1.
        public var canaryShare: Double
        /// The tolerated ratio of the bad rates.
        public var ratio: Double
        /// The evidence to reach: log(1/α).
        public var barLogE: Double
        /// The dispersion factor, at least 1.
        public var dispersion: Double
        /// The price, in nats, of not knowing the effect's size and its start: 2 for a fault from the start, 5 for one
        /// that begins late. The time to nine of ten detections is about twice the median.
        public var overheadNats: Double

        public init(
            canaryShare: Double, ratio: Double, barLogE: Double, dispersion: Double = 1, overheadNats: Double = 2
        ) {
            self.canaryShare = canaryShare
            self.ratio = ratio
            self.barLogE = barLogE
            self.dispersion = dispersion
            self.overheadNats = overheadNats
        }
    }

    /// The expected log evidence per request of both pools, for the best alternative, without dispersion. 0 or more.
    public static func growthPerRequest(
        baselineRate: Double, canaryRate: Double, canaryShare: Double, ratio: Double
    ) -> Double {
        let x = PairProjection.baselineRate(
            baseline: baselineRate, canary: canaryRate, baselineShare: 1 - canaryShare, canaryShare: canaryShare,
            ratio: ratio)
        return (1 - canaryShare) * divergence(baselineRate, x) + canaryShare * divergence(canaryRate, ratio * x)
    }

    /// The Kullback-Leibler distance of two coins.
    static func divergence(_ p: Double, _ q: Double) -> Double {
        var sum = 0.0
        if p > 0 { sum += p * log(p / q) }
        if p < 1 { sum += (1 - p) * log((1 - p) / (1 - q)) }
        return sum
    }

    /// Requests of both pools still needed until the evidence is expected to pass the bar; infinite when these rates are
    /// within what is tolerated.
    public static func requestsNeeded(
        _ question: Question, baselineRate: Double, canaryRate: Double, logENow: Double = 0
    ) -> Double {
        let growth =
            growthPerRequest(
                baselineRate: baselineRate, canaryRate: canaryRate, canaryShare: question.canaryShare,
                ratio: question.ratio) / question.dispersion
        let missing = question.barLogE + question.overheadNats - logENow
        guard growth > 0, canaryRate > question.ratio * baselineRate else { return .infinity }
        return max(0, missing / growth)
    }

    /// The smallest ratio of the bad rates that is expected to be detected within so many requests; infinite when none
    /// is, even a canary that fails always.
    public static func smallestRatio(_ question: Question, baselineRate: Double, requests: Double) -> Double {
        let rate = max(baselineRate, 1e-12)
        func needed(_ ratio: Double) -> Double {
            requestsNeeded(question, baselineRate: rate, canaryRate: min(ratio * rate, 0.999))
        }
        var low = question.ratio
        var high = min(1e6, 0.999 / rate)
        guard high > low, needed(high) <= requests else { return .infinity }
        for _ in 0..<80 where high - low > 1e-6 * high {
            let middle = (low * high).squareRoot()
            if needed(middle) > requests { low = middle } else { high = middle }
        }
        return high
    }
}
