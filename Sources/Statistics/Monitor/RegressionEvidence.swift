/// What one regression rule says, whole: for people, the API, the journal.
public struct RegressionEvidence: Sendable, Equatable, Codable {
    /// A rate with what it was counted from.
    public struct PoolRate: Sendable, Equatable, Codable {
        public var requests: Double
        public var bad: Double
        /// 0...1; nil without requests.
        public var rate: Double?
        /// Holds at all times at once.
        public var interval: RateInterval
    }

    /// One kind of bad event.
    public struct Part: Sendable, Equatable, Codable {
        public var event: BadEvent
        /// For a percentile: the canary is counted at this boundary instead of the event's; nil where both pools are
        /// counted alike.
        public var canaryBoundSeconds: Double?
        public var baseline: PoolRate
        public var canary: PoolRate
        /// The canary's rate by the baseline's; nil while the baseline has none.
        public var ratio: Double?
        /// The ends of the ratio's interval, which holds at all times at once; nil where it is not tracked, or not
        /// bounded above yet.
        public var ratioLow: Double?
        public var ratioHigh: Double?
        /// What is tolerated, with the margin for instances that differ.
        public var toleratedRatio: Double
        /// How many times fewer independent bad events there are than were counted.
        public var dispersion: Double
        /// Log evidence of this part alone, and what it weighs in the whole (0...1).
        public var logE: Double
        public var weight: Double
        /// Blocks of time in which both pools could be compared.
        public var blocks: Int
        /// Seconds in which the baseline's rate jumped, so that blocks could lower the evidence only.
        public var unsteadySeconds: Double
    }

    /// One of several null hypotheses, and the evidence against it.
    public struct Null: Sendable, Equatable, Codable {
        /// "The canary's bad rate is at most so many times the baseline's."
        public var ratio: Double
        public var logE: Double
        public var maxLogE: Double
        public var barLogE: Double
    }

    /// A percentile of both pools, as the boundaries between which it lies.
    public struct Percentile: Sendable, Equatable, Codable {
        public var quantile: Double
        public var baseline: QuantileBracket
        public var canary: QuantileBracket
    }

    /// What it would take to call a canary worse that has this ratio.
    public struct Need: Sendable, Equatable, Codable {
        public var ratio: Double
        /// Requests of both pools; about half of all times it takes fewer.
        public var requests: Double
        /// At the present rate; nil without traffic.
        public var seconds: Double?
    }

    /// The smallest ratio that today's traffic can show in a time.
    public struct Reach: Sendable, Equatable, Codable {
        public var withinSeconds: Double
        /// Nil: not even a canary that fails always.
        public var ratio: Double?
    }

    public var verdict: RegressionVerdict
    /// The evidence that the canary is worse, as logarithms: now, the largest so far, and the bar. "1 in N by chance" is
    /// e^maxLogE.
    public var logE: Double
    public var maxLogE: Double
    public var barLogE: Double
    /// The false-alarm probability of the rule over the release, for a canary that is as good as the baseline.
    public var falseAlarm: Double
    /// Where there are several null hypotheses, each with its own numbers, over all parts. ``logE`` and ``maxLogE`` are then
    /// ``barLogE`` and the smallest excess over the bars; empty where there is one.
    public var nulls: [Null] = []
    public var method: Comparison.Method
    /// Errors first, then the boundaries in rising order.
    public var parts: [Part]
    /// Index of the part that says most; nil without parts.
    public var leading: Int?
    /// p50, p90 and p99 of a whole release; the rule's own percentile; empty without latency.
    public var percentiles: [Percentile]
    /// At the ratio that is seen; nil while that is within what is tolerated, and when the verdict is `worse`.
    public var needed: Need?
    /// For canaries twice, five times and ten times as bad, as far as they can be estimated at all.
    public var neededFor: [Need]
    /// Within a minute, ten minutes and an hour.
    public var reach: [Reach]
    /// Evidence now that the canary is good, and its bar; nil where there is no such test.
    public var safeLogE: Double?
    public var safeBarLogE: Double?
    /// About when the fault began (seconds since the release began): when the evidence was least.
    public var faultSinceSeconds: Double?
    public var caveats: [RegressionCaveat]
}

/// What a rule says of the canary.
public enum RegressionVerdict: String, Sendable, Equatable, Codable {
    /// Worse than tolerated, and the stated false-alarm probability holds. It stays so for this release.
    case worse
    /// Shown to be at most so many times as bad as the baseline, over the time watched.
    case safe
    /// Not enough evidence either way.
    case undecided
    /// There was nothing to compare yet: one pool is silent, or nothing is counted.
    case nothing
}

/// What limits the evidence and has to be said beside it.
public enum RegressionCaveat: Sendable, Equatable, Codable {
    /// The baseline has one instance: clusters of errors cannot be distinguished from a higher rate, so the slower test
    /// is used.
    case oneBaselineInstance
    /// So many canary instances: a smaller difference than this ratio can be the node.
    case instancesDiffer(canaryInstances: Int, ratio: Double)
    /// All instances of both pools served the baseline's version before and are compared with that: a change of less than this
    /// ratio can be the instances'.
    case ownPast(ratio: Double)
    /// Both pools' rates jump most of the time: there is hardly a block that could raise the evidence, and only rules with
    /// absolute thresholds see anything.
    case unsteady(seconds: Double)
    /// Less than half an hour of history: how much instances differ anyway is not known.
    case instancesUnknown(learnedSeconds: Double)
    /// Errors come in clusters: so many times fewer count.
    case clustered(dispersion: Double)
    /// The canary does not get the share that the router was given: the pools do not get the same traffic.
    case sampleRatio(told: Double, seen: Double)
    /// Latency is watched and there is no histogram boundary that both pools have.
    case noCommonBoundary
    /// The baseline has had too few answers to say where its percentile lies.
    case percentileUnknown
    /// A percentile is compared by the shares of answers beyond these two boundaries, which supposes that the whole tail moves
    /// by at most the tolerated factor.
    case tailCompared(baselineBoundSeconds: Double, canaryBoundSeconds: Double)
    /// The bucket at the baseline's percentile is wider than what is tolerated: only a percentile so many times later can be
    /// seen, until the histogram has a boundary at `missingSeconds`.
    case wideBucket(visibleRatio: Double, missingSeconds: Double)
}
