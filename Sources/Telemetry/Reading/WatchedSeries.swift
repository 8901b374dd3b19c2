/// What a series means to the rules. One series can mean several things: a failed request is a request too.
struct SeriesRoles: Equatable {
    var isRequests = false
    /// A series of requests without the labels that the errors are selected by, see ``TargetReading/Matches/withoutOutcome``.
    var lacksOutcome = false
    var isErrors = false
    var isLatencySum = false
    var isLatencyCount = false
    /// The bucket's upper bound, seconds.
    var bucketBound: Double?
    /// The summary's quantile.
    var quantile: Double?
    /// `process_start_time_seconds`, or a `_created` line of a watched metric: when the counting began.
    var isStartTime = false
    /// Of the start times those that are a `_created` line.
    var isCreated = false
    /// It moves whether or not there is traffic.
    var lifeSign: LifeSign?
    /// What it is to the release's signals.
    var signals: [SignalRole] = []
    /// Its being there says that requests would be shown, see ``WatchList/presence``.
    var isPresence = false

    static let none = SeriesRoles()

    /// Nothing but a life sign.
    var isLifeSignAlone: Bool { lifeSign != nil && self == SeriesRoles(lifeSign: lifeSign) }

    /// What must not have thousands of values.
    var bound: Double? { bucketBound ?? quantile }

    var isLatency: Bool { isLatencySum || isLatencyCount || bucketBound != nil || quantile != nil }

    /// Its value only rises, and its rises are counted.
    var isCounter: Bool { isScrapeCounter || signals.contains { $0.part != .gauge } }

    /// It counts requests, errors or latencies, so what it does reports about the whole scrape body.
    var isScrapeCounter: Bool { isRequests || isErrors || isLatencySum || isLatencyCount || isBucket }

    /// A scrape body that has it is a base for the next one.
    var isCountedFrom: Bool { !isStartTime && (isLatency || isCounter) }

    private var isBucket: Bool { bucketBound.map { !$0.isNaN } ?? false }
}

/// A series that matters, and the last value it had.
struct WatchedSeries {
    let roles: SeriesRoles
    /// From the last successful scrape that had it; nil before.
    var last: Double?
    /// Nil for nearly all series.
    var mark: SeriesMark?
    /// The scrape that is being read, or that had it last.
    var scrape: UInt64 = 0
    /// The scrape that had it before.
    var earlierScrape: UInt64 = 0
    /// Its value in that scrape.
    var value = 0.0
    var timestampMs: Int64?
    /// It rose in the scrape body that had it last.
    var hasMoved = false

    /// While it is missing, the scrape body does not know its requests or errors.
    var isMissed: Bool { hasMoved && (roles.isRequests || roles.isErrors) }

    /// Takes a value as the next base; the mark ends.
    mutating func setBase(_ value: Double) {
        last = value
        mark = nil
    }

    mutating func forgetValue() {
        last = nil
        mark = nil
        hasMoved = false
    }

    /// It is not waited for any longer. Its return is a base.
    mutating func giveUp() {
        guard isMissed else { return }
        hasMoved = false
        var given = mark ?? SeriesMark()
        given.isGivenUp = true
        mark = given
    }

    /// It began at zero again while it was not in the scrape body.
    mutating func restart() { setBase(0) }
}

/// A series that is known and not in the scrape body: its last value is what it will be counted from when it comes
/// back.
struct AbsentSeries {
    /// Canonical: the name and the sorted labels.
    let text: String
    var series: WatchedSeries
}
