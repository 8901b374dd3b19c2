/// What the rules of a release need from a scrape body; everything else in the body is skipped.
public struct WatchList: Sendable, Equatable, Codable {
    /// A counter: one per request.
    public var requests: SeriesSelector?
    /// Counters of requests that the exporter counts apart; their increments are added to those of `requests`.
    public var furtherRequests: [SeriesSelector]
    /// A counter: one per failed request.
    public var errors: SeriesSelector?
    /// Counters of failed requests that the exporter counts apart; their increments are added to those of `errors`.
    public var furtherErrors: [SeriesSelector]
    /// A classic histogram or a summary.
    public var latency: SeriesSelector?
    /// In what the scrape body gives the latency. Nil when nothing says so, which is read as seconds.
    public var latencyUnit: LatencyUnit?
    /// Series that satisfy all of these matchers are counted neither as requests nor as errors nor as latency: health
    /// checks, scrapes. Empty excludes nothing.
    public var excluded: SeriesMatchers
    /// A series that a scrape body has whenever it could show requests: the state of a proxy's server, the start time of a
    /// process. Where it is there and no series of requests is, no request has been served.
    public var presence: SeriesSelector?
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
        presence = nil
        (furtherRequests, furtherErrors, excluded) = ([], [], SeriesMatchers())
    }

    /// Records of earlier versions have neither signals nor sums of counters.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        requests = try values.decodeIfPresent(SeriesSelector.self, forKey: .requests)
        errors = try values.decodeIfPresent(SeriesSelector.self, forKey: .errors)
        latency = try values.decodeIfPresent(SeriesSelector.self, forKey: .latency)
        latencyUnit = try values.decodeIfPresent(LatencyUnit.self, forKey: .latencyUnit)
        signals = try values.decodeIfPresent([Signal].self, forKey: .signals) ?? []
        furtherRequests = try values.decodeIfPresent([SeriesSelector].self, forKey: .furtherRequests) ?? []
        furtherErrors = try values.decodeIfPresent([SeriesSelector].self, forKey: .furtherErrors) ?? []
        excluded = try values.decodeIfPresent(SeriesMatchers.self, forKey: .excluded) ?? SeriesMatchers()
        presence = try values.decodeIfPresent(SeriesSelector.self, forKey: .presence)
    }

    /// What earlier versions did not have is written only where it is used, so that their records keep their form.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(requests, forKey: .requests)
        try values.encodeIfPresent(errors, forKey: .errors)
        try values.encodeIfPresent(latency, forKey: .latency)
        try values.encodeIfPresent(latencyUnit, forKey: .latencyUnit)
        try values.encode(signals, forKey: .signals)
        if !furtherRequests.isEmpty { try values.encode(furtherRequests, forKey: .furtherRequests) }
        if !furtherErrors.isEmpty { try values.encode(furtherErrors, forKey: .furtherErrors) }
        if !excluded.isEmpty { try values.encode(excluded, forKey: .excluded) }
        try values.encodeIfPresent(presence, forKey: .presence)
    }

    private enum CodingKeys: String, CodingKey {
        case requests, errors, latency, latencyUnit, signals, furtherRequests, furtherErrors, excluded,
            presence
    }

    /// All counters of requests, the first one in front. Empty without the indicator. Setting it replaces them all.
    public var requestCounters: [SeriesSelector] {
        get { [requests].compactMap { $0 } + furtherRequests }
        set { (requests, furtherRequests) = (newValue.first, Array(newValue.dropFirst())) }
    }

    /// All counters of failed requests, the first one in front. Empty without the indicator. Setting it replaces them all.
    public var errorCounters: [SeriesSelector] {
        get { [errors].compactMap { $0 } + furtherErrors }
        set { (errors, furtherErrors) = (newValue.first, Array(newValue.dropFirst())) }
    }

    /// The names of all series that the indicators are made from, and of the presence, each once.
    public var seriesNames: [String] {
        func ofHistogram(_ metric: String) -> [String] { LatencySuffix.all.map { metric + $0 } }
        let counters = (requestCounters + errorCounters).map(\.metric)
        let latencies = latency.map { [$0.metric] + ofHistogram($0.metric) } ?? []
        let own = signals.flatMap { signal in
            signal.kind == .histogram ? ofHistogram(signal.selector.metric) : [signal.selector.metric]
        }
        let presences = [presence].compactMap { $0?.metric }
        return Set(counters + latencies + own + presences).sorted()
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
