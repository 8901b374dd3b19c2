/// What a regression rule's verdict was made from: part of the rule's evidence in the API, the webhook and the journal.
///
/// Intervals hold at all times at once, 99 of 100 times. Logarithms are natural ones. In JSON the names are those of the API
/// and the webhook, and what is nil is absent.
public struct RegressionRecord: Sendable, Equatable, Codable {
    /// One pool in one comparison, over the whole release so far.
    public struct Side: Sendable, Equatable, Codable {
        public var requests: Double
        public var bad: Double
        /// Bad by all requests, 0...1; nil without requests.
        public var rate: Double?
        public var rateLow: Double
        public var rateHigh: Double

        enum CodingKeys: String, CodingKey {
            case requests, bad, rate
            case rateLow = "rate_low"
            case rateHigh = "rate_high"
        }

        public init(requests: Double, bad: Double, rate: Double?, rateLow: Double, rateHigh: Double) {
            self.requests = requests
            self.bad = bad
            self.rate = rate
            self.rateLow = rateLow
            self.rateHigh = rateHigh
        }
    }

    /// One kind of bad request.
    public struct Comparison: Sendable, Equatable, Codable {
        /// `errors`, `slower than 250 ms`.
        public var name: String
        public var baseline: Side
        public var canary: Side
        /// The canary's rate by the baseline's; nil while it cannot be computed.
        public var ratio: Double?
        /// The ends of its interval; nil where there is none yet.
        public var ratioLow: Double?
        public var ratioHigh: Double?
        /// The ratio of the rates that is tolerated.
        public var toleratedRatio: Double
        /// Evidence that the canary is worse than that; 0 is none.
        public var logEvidence: Double
        /// How many times fewer independent bad requests there are than were counted.
        public var dispersion: Double

        enum CodingKeys: String, CodingKey {
            case name, baseline, canary, ratio, dispersion
            case ratioLow = "ratio_low"
            case ratioHigh = "ratio_high"
            case toleratedRatio = "tolerated_ratio"
            case logEvidence = "log_evidence"
        }

        public init(
            name: String, baseline: Side, canary: Side, ratio: Double?, ratioLow: Double?, ratioHigh: Double?,
            toleratedRatio: Double, logEvidence: Double, dispersion: Double
        ) {
            self.name = name
            self.baseline = baseline
            self.canary = canary
            self.ratio = ratio
            self.ratioLow = ratioLow
            self.ratioHigh = ratioHigh
            self.toleratedRatio = toleratedRatio
            self.logEvidence = logEvidence
            self.dispersion = dispersion
        }
    }

    /// Bucket bounds between which a percentile lies; nil ends are open.
    public struct Percentile: Sendable, Equatable, Codable {
        /// `p99`.
        public var name: String
        public var baselineLowSeconds: Double?
        public var baselineHighSeconds: Double?
        public var canaryLowSeconds: Double?
        public var canaryHighSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case name
            case baselineLowSeconds = "baseline_low_seconds"
            case baselineHighSeconds = "baseline_high_seconds"
            case canaryLowSeconds = "canary_low_seconds"
            case canaryHighSeconds = "canary_high_seconds"
        }

        public init(
            name: String, baselineLowSeconds: Double?, baselineHighSeconds: Double?, canaryLowSeconds: Double?,
            canaryHighSeconds: Double?
        ) {
            self.name = name
            self.baselineLowSeconds = baselineLowSeconds
            self.baselineHighSeconds = baselineHighSeconds
            self.canaryLowSeconds = canaryLowSeconds
            self.canaryHighSeconds = canaryHighSeconds
        }
    }

    /// The smallest ratio of the bad rates that today's traffic can show in a time.
    public struct Detectable: Sendable, Equatable, Codable {
        public var seconds: Double
        /// Nil when not even a canary that fails always.
        public var ratio: Double?

        public init(seconds: Double, ratio: Double?) {
            self.seconds = seconds
            self.ratio = ratio
        }
    }

    /// A self-check's record.
    public struct SelfCheckRecord: Sendable, Equatable, Codable {
        /// Runs of the baseline's instances against each other that are over.
        public var runs: Int
        /// Runs that the rule took for a regression.
        public var falseAlarms: Int

        enum CodingKeys: String, CodingKey {
            case runs
            case falseAlarms = "false_alarms"
        }

        public init(runs: Int, falseAlarms: Int) {
            self.runs = runs
            self.falseAlarms = falseAlarms
        }
    }

    public var tolerance: Double
    /// The rule's false-alarm probability.
    public var falseAlarm: Double
    /// `pair` or `share`: which test.
    public var method: String
    /// The evidence now, the largest so far, and the bar that this has to pass.
    public var logEvidence: Double
    public var maxLogEvidence: Double
    public var barLogEvidence: Double
    /// So much evidence comes about by chance in one of so many releases that are no worse.
    public var chanceOneIn: Double
    /// The canary is shown to be worse; stays so for this release.
    public var isWorse: Bool
    /// The canary is shown to be at most `safeRatio` times as bad, over the time watched.
    public var isSafe: Bool
    public var safeRatio: Double
    /// The most telling first, at most four.
    public var comparisons: [Comparison]
    public var percentiles: [Percentile]
    /// Requests of both pools until the canary is expected to be shown worse, at the ratio seen; nil when that is not to be
    /// expected.
    public var requestsNeeded: Double?
    /// The same at the present rate.
    public var secondsNeeded: Double?
    public var detectable: [Detectable]
    /// All of it in a sentence.
    public var sentence: String
    /// Nil without a self-check.
    public var selfCheck: SelfCheckRecord?

    enum CodingKeys: String, CodingKey {
        case tolerance, method, comparisons, percentiles, detectable, sentence
        case falseAlarm = "false_alarm"
        case logEvidence = "log_evidence"
        case maxLogEvidence = "max_log_evidence"
        case barLogEvidence = "bar_log_evidence"
        case chanceOneIn = "chance_one_in"
        case isWorse = "worse"
        case isSafe = "safe"
        case safeRatio = "safe_ratio"
        case requestsNeeded = "requests_needed"
        case secondsNeeded = "seconds_needed"
        case selfCheck = "self_check"
    }

    public init(
        tolerance: Double, falseAlarm: Double, method: String, logEvidence: Double, maxLogEvidence: Double,
        barLogEvidence: Double, chanceOneIn: Double, isWorse: Bool, isSafe: Bool, safeRatio: Double,
        comparisons: [Comparison], percentiles: [Percentile], requestsNeeded: Double?, secondsNeeded: Double?,
        detectable: [Detectable], sentence: String, selfCheck: SelfCheckRecord?
    ) {
        self.tolerance = tolerance
        self.falseAlarm = falseAlarm
        self.method = method
        self.logEvidence = logEvidence
        self.maxLogEvidence = maxLogEvidence
        self.barLogEvidence = barLogEvidence
        self.chanceOneIn = chanceOneIn
        self.isWorse = isWorse
        self.isSafe = isSafe
        self.safeRatio = safeRatio
        self.comparisons = comparisons
        self.percentiles = percentiles
        self.requestsNeeded = requestsNeeded
        self.secondsNeeded = secondsNeeded
        self.detectable = detectable
        self.sentence = sentence
        self.selfCheck = selfCheck
    }
}
