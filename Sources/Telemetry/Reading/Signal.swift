/// Series that a release watches for indicators of its own, besides requests, errors and latency. A scrape of a target
/// brings one ``SignalReading`` per signal: a column of numbers over time.
public struct Signal: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Equatable, Codable, CaseIterable {
        /// Rises are counted, series by series.
        case counter
        /// The present value counts.
        case gauge
        /// The buckets of a classic histogram; each is a counter.
        case histogram
    }

    public var kind: Kind
    /// Of a histogram, the name without `_bucket`.
    public var selector: SeriesSelector
    /// Of a histogram whose bounds are times: the unit that the scrape body has them in, so that they can be reported
    /// in seconds. Nil takes the bounds as they are.
    public var unit: LatencyUnit?

    public init(kind: Kind, selector: SeriesSelector, unit: LatencyUnit? = nil) {
        self.kind = kind
        self.selector = selector
        self.unit = unit
    }
}

/// What one scrape of one target says about a ``Signal``.
public enum SignalReading: Sendable, Equatable, Codable {
    /// The scrape body has no such series, or its increments are withheld.
    case absent
    /// How much the counters rose, as a sum over the series. Non-negative and finite.
    case counter(Double)
    case gauge(GaugeValues)
    case histogram(HistogramIncrements)

    var isCount: Bool {
        switch self {
        case .counter, .histogram: true
        case .absent, .gauge: false
        }
    }
}

/// The present values of a target's gauge series.
public struct GaugeValues: Sendable, Equatable, Codable {
    /// Of the series with a finite value; at least one.
    public var series: Int
    public var sum: Double
    public var max: Double

    public init(series: Int, sum: Double, max: Double) {
        self.series = series
        self.sum = sum
        self.max = max
    }

    mutating func add(_ value: Double) {
        series += 1
        sum += value
        max = Swift.max(max, value)
    }
}

/// What a series is to a signal.
struct SignalRole: Equatable {
    enum Part: Equatable {
        case counter
        case gauge
        /// With its upper bound.
        case bucket(Double)
        case sum
        case count
    }

    /// Index in ``WatchList/signals``.
    let signal: Int
    let part: Part
}
