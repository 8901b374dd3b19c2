/// What one successful scrape of one target adds: a few numbers, however large the scrape body was.
///
/// All increments are non-negative and finite; a counter reset counts from zero.
public struct TargetReading: Sendable, Equatable, Codable {
    /// How many series of the scrape body an indicator's selector matched. Zero in a healthy scrape is worth a loud
    /// warning.
    public struct Matches: Sendable, Equatable, Codable {
        public var requests: Int
        public var errors: Int
        public var latency: Int
        /// One per signal of the watch list.
        public var signals: [Int]
        /// Of the series of requests those that no selector of errors could ever match, because they lack its labels: the
        /// version has renamed them. Requests of which nothing else is known have an unknown number of errors, not none.
        public var withoutOutcome: Int
        /// Series that say that requests would be shown, see ``WatchList/presence``.
        public var presence: Int

        public init(
            requests: Int = 0, errors: Int = 0, latency: Int = 0, signals: [Int] = [], withoutOutcome: Int = 0,
            presence: Int = 0
        ) {
            self.requests = requests
            self.withoutOutcome = withoutOutcome
            self.presence = presence
            self.errors = errors
            self.latency = latency
            self.signals = signals
        }
    }

    /// The latency indicator's part.
    public enum Latency: Sendable, Equatable, Codable {
        /// The scrape body had no such series.
        case absent
        case histogram(HistogramIncrements)
        case summary(SummaryValues)
    }

    /// Requests since the last successful scrape; nil when the selector matched nothing or there is no base to count
    /// from yet.
    public var requests: Double?
    /// Failed requests since the last successful scrape. Nil under the same conditions, and where no series of requests says
    /// how they ended; a scrape body with requests but without any error series yet has had zero errors, which is the
    /// reader's business to say.
    public var errors: Double?
    public var latency: Latency
    public var matches: Matches
    /// Samples in the scrape body, wanted or not.
    public var samples: Int
    /// Seconds that the increments cover, or nil for a scrape that reports none: a target's first one without a base,
    /// and one whose increments are withheld. Increments that were withheld and confirmed later come with the time that
    /// they cover, so it may reach back beyond the scrape before.
    public var coveredSeconds: Double?
    /// Seconds for which no request has been served although nothing counts them: this scrape body and the one before have
    /// the presence and no series of requests, and are of one process. Nil for any other.
    public var absentSeconds: Double?
    /// Counter resets seen in this scrape.
    public var resets: Int
    /// Whether the scrape body is newer than the one before. A body that is not known to be new proves no silence.
    public var freshness: BodyFreshness
    /// What the scrape body could not prove, each kind at most once.
    public var notes: [ReadingNote]
    /// Several processes answer at the target's address. Requests, errors and latency are then withheld: the target
    /// reports nothing, which is neither silence nor zero.
    public var isAmbiguous: Bool
    /// While few requests come: up to three request series whose values moved, as in the scrape body. Empty when many
    /// come or none did.
    public var movingSeries: [String]
    /// One per signal of the watch list.
    public var signals: [SignalReading]
    /// When the process started, Unix seconds by the target's own clock; nil where the scrape body does not say so, or says
    /// something else each time.
    public var processStartSeconds: Double?
    /// The newest timestamp of a watched sample, milliseconds since the epoch; nil for a scrape body without timestamps.
    public var newestTimestampMs: Int64?

    /// It says how much something rose, be it by nothing.
    public var hasCounts: Bool {
        if requests != nil { return true }
        if case .absent = latency { return signals.contains(where: \.isCount) }
        return true
    }

    public init(
        requests: Double? = nil, errors: Double? = nil, latency: Latency = .absent, matches: Matches = Matches(),
        samples: Int = 0, coveredSeconds: Double? = nil, resets: Int = 0, freshness: BodyFreshness = BodyFreshness(),
        notes: [ReadingNote] = [], isAmbiguous: Bool = false, movingSeries: [String] = [], signals: [SignalReading] = []
    ) {
        self.requests = requests
        self.errors = errors
        self.latency = latency
        self.matches = matches
        self.samples = samples
        self.coveredSeconds = coveredSeconds
        self.resets = resets
        self.freshness = freshness
        self.notes = notes
        self.isAmbiguous = isAmbiguous
        self.movingSeries = movingSeries
        self.signals = signals
    }
}

/// Increments of a classic histogram, summed over the series of one target that the selector matched.
public struct HistogramIncrements: Sendable, Equatable, Codable {
    /// Upper bounds (`le`) in rising order; the last is +Inf where the scrape body has it. Seconds.
    public var upperBounds: [Double]
    /// Cumulative increments, one per bound: requests at or below it.
    public var cumulative: [Double]
    /// Increment of `_sum`, seconds.
    public var sumSeconds: Double
    /// Increment of `_count`.
    public var count: Double

    public init(upperBounds: [Double], cumulative: [Double], sumSeconds: Double, count: Double) {
        self.upperBounds = upperBounds
        self.cumulative = cumulative
        self.sumSeconds = sumSeconds
        self.count = count
    }
}

/// A summary's present quantiles (they cannot be added up, so a pool takes its worst instance) and the increments of its
/// sum and count.
public struct SummaryValues: Sendable, Equatable, Codable {
    /// Quantiles in rising order, 0...1.
    public var quantiles: [Double]
    /// Seconds, one per quantile; the worst of the target's matched series; NaN never appears (it is left out).
    public var seconds: [Double]
    public var sumSeconds: Double
    public var count: Double

    public init(quantiles: [Double], seconds: [Double], sumSeconds: Double, count: Double) {
        self.quantiles = quantiles
        self.seconds = seconds
        self.sumSeconds = sumSeconds
        self.count = count
    }
}
