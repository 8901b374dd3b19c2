/// What the rules of a release need from a scrape body; everything else in the body is skipped.
public struct WatchList: Sendable, Equatable, Codable {
    /// A counter: one per request.
    public var requests: SeriesSelector?
    /// A counter: one per failed request.
    public var errors: SeriesSelector?
    /// A classic histogram or a summary.
    public var latency: SeriesSelector?
    /// In what the scrape body gives the latency. Nil when nothing says so, which is read as seconds.
    public var latencyUnit: LatencyUnit?
    /// What indicators of one's own are made from, each once.
    public var signals: [Signal]

    public init(
        requests: SeriesSelector? = nil, errors: SeriesSelector? = nil, latency: SeriesSelector? = nil,
        latencyUnit: LatencyUnit? = nil, signals: [Signal] = []
    ) {
        self.requests = requests
        self.errors = errors
        self.latency = latency
        self.latencyUnit = latencyUnit
        self.signals = signals
    }

    /// Records of versions without signals have none.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        requests = try values.decodeIfPresent(SeriesSelector.self, forKey: .requests)
        errors = try values.decodeIfPresent(SeriesSelector.self, forKey: .errors)
        latency = try values.decodeIfPresent(SeriesSelector.self, forKey: .latency)
        latencyUnit = try values.decodeIfPresent(LatencyUnit.self, forKey: .latencyUnit)
        signals = try values.decodeIfPresent([Signal].self, forKey: .signals) ?? []
    }

    /// Divisor that makes seconds of the scrape body's latencies.
    var latencyPerSecond: Double { latencyUnit?.perSecond ?? 1 }
}

/// Bounds in one scrape body. Reaching one fails the scrape with an error that names it. Zero means no bound.
public struct ScrapeLimits: Sendable, Equatable, Codable {
    /// Samples in the scrape body, wanted or not.
    public var samples: Int
    /// Labels of one series.
    public var labels: Int
    public var labelNameBytes: Int
    public var labelValueBytes: Int
    /// Watched series held per target.
    public var watchedSeries: Int

    public init(
        samples: Int = 1_000_000, labels: Int = 64, labelNameBytes: Int = 1_024, labelValueBytes: Int = 16_384,
        watchedSeries: Int = 100_000
    ) {
        self.samples = samples
        self.labels = labels
        self.labelNameBytes = labelNameBytes
        self.labelValueBytes = labelValueBytes
        self.watchedSeries = watchedSeries
    }
}
