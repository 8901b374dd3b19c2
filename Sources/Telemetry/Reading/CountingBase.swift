/// What one scrape body's increments are counted from, and what was found out while they were counted.
///
/// Each series is judged by itself. Its rise since the body before is proven by the two bodies. A count that starts at
/// zero (of a series that is new, or whose counter was reset) is only as good as its proof:
///
/// - It is *proven* when the body shows a later start of the process and the value fell, and the value is at most ten
///   times what the target's own rate makes of the time since the body before.
/// - Without a start time in the body, a fall to a value that the target may have counted since the body before is a
///   reset; a fall to more than that, or with an unchanged start time, is not. Nothing is counted, and the old level is
///   remembered, so that a return to it is not counted either.
/// - A series that returns to the level from which it fell (an aggregator that has its worker back) has counted what lies
///   above that level, less what was counted while it was below.
/// - Everything else is *doubtful*: ``TargetReader`` decides when the whole body is known.
struct CountingBase {
    /// What the scrape body says about the process since the body before.
    enum Process: Equatable {
        /// The scrape body has no start time, or had none before.
        case unknown
        case same
        /// It started later than the one before.
        case later
        /// It has no start time, and the oldest `_created` of the watched metrics moved forward.
        case createdLater
        /// It started earlier than the one before, or later and yet before the target was watched: another process, or a
        /// clock that was set.
        case earlier
    }

    let hasEarlierScrape: Bool
    /// A series that was not there before began at zero.
    let countsNewSeries: Bool
    let process: Process
    /// Events that the target may have had since the scrape body before, by its own rate: three times as many, and at
    /// least 10.
    let plausibleRise: Double
    /// The same for a process that has provably restarted: ten times as many.
    let plausibleReset: Double
    /// This is the first scrape body, and the process is younger than the release.
    var beganAtZero = false
    /// Nil without a base.
    var coveredSeconds: Double?
    /// The scrape body has no start time, but the `_created` of the body before.
    var hasSameCreated = false

    private(set) var resets = 0
    /// A counter fell without a proof of its restart.
    private(set) var hasFallen = false
    /// A counter returned to the level from which it had fallen, by more than can be counted.
    private(set) var cameBack = false
    /// A counter that was counted as reset, and is below its old level, rose; or one reached its old level.
    private(set) var hasClimbed = false
    /// A counter reached the level from which it had fallen; its increment covers the time since the fall.
    private(set) var hasReturned = false
    /// A counter rose that is still below the level from which it fell.
    private(set) var isStillBelow = false
    /// A counter below its old level rose by more than its rate makes plausible.
    private(set) var hasDoubtfulClimb = false
    private(set) var hasNegative = false
    /// A series of requests or errors has a value that no counter has, so the scrape body does not know them.
    private(set) var isUnreadable = false
    /// A counter is a little lower than before, as rounding makes it.
    private(set) var hasSlipped = false
    /// Another process answers: which metrics began at zero with it. Nil as long as no series had to be asked.
    private(set) var restarted: RestartedMetrics?
    /// Another process answers, and a counter continued that cannot have begun at zero since the scrape body before.
    private(set) var hasContinued = false
    /// A series of a signal was taken as a base, because its count is more than is plausible.
    private(set) var hasDoubtfulSignal = false
    /// What the scrape body does not prove.
    private(set) var doubtful: ReadingSums
    /// What the series that were doubtful in the scrape body before rose by.
    private(set) var followed: ReadingSums
    /// Of the series that is being counted.
    private var doubt = 0.0

    /// - Parameters:
    ///   - rate: events per second that the target has had lately; 0 when it is not known.
    ///   - earlierSeconds: for so long the scrapes before have repeated the same values, or missed series.
    init(
        hasEarlierScrape: Bool, countsNewSeries: Bool, process: Process, coveredSeconds: Double?, rate: Double,
        earlierSeconds: Double, watch: WatchList
    ) {
        self.hasEarlierScrape = hasEarlierScrape
        self.countsNewSeries = countsNewSeries
        self.process = process
        self.coveredSeconds = coveredSeconds
        let expected = rate * ((coveredSeconds ?? 0) + earlierSeconds)
        plausibleRise = max(Self.smallCount, 3 * expected)
        plausibleReset = max(Self.smallCount, 10 * expected)
        doubtful = ReadingSums(watchesErrors: watch.errors != nil, signals: watch.signals.count)
        followed = doubtful
    }

    /// So few events are plausible whatever the rate is.
    static let smallCount = 10.0

    var isThere: Bool { hasEarlierScrape || beganAtZero }

    /// The process behind the scrape body restarted, and its counters with it.
    var isRestarted: Bool { resets > 0 && (process == .later || process == .createdLater) }

    /// The rise of a value in a column, whose last value is NaN where it has none or a mark. Nearly always the series is
    /// known and has not fallen.
    ///
    /// - Returns: -1 when ``count(_:isBack:)`` has to judge.
    @inline(__always)
    func rise(from last: inout Double, to value: Double) -> Double {
        let rise = value - last
        guard hasEarlierScrape, rise >= 0, rise <= Self.largestIncrement, value >= 0, process != .later else {
            return -1
        }
        last = value
        return rise
    }

    /// - Parameters:
    ///   - series: its value is the scrape body's; last value and mark become the next base.
    ///   - isBack: it was missing in the body before.
    /// - Returns: the proven increment; 0 without a base and for a value that no counter has.
    mutating func count(_ series: inout WatchedSeries, isBack: Bool) -> Double {
        let value = series.value
        if value < 0 { hasNegative = true }
        guard value.isFinite, value >= 0 else {
            let isEvents = series.roles.isRequests || series.roles.isErrors
            if isEvents, value < 0 || series.last != nil { isUnreadable = true }
            return 0
        }
        guard series.roles.isScrapeCounter else { return countSignal(&series, isBack: isBack) }
        let isFollowed = series.mark?.isFollowed ?? false
        doubt = 0
        let proven = judge(&series, isBack: isBack)
        if isFollowed { followed.add(series, increment: proven + doubt) }
        return proven
    }

    private mutating func judge(_ series: inout WatchedSeries, isBack: Bool) -> Double {
        let value = series.value
        guard let last = series.last else { return begin(&series) }
        if let mark = series.mark, mark.isGivenUp {
            // The requests of its absence were reported without it.
            series.setBase(value)
            return 0
        }
        if Self.hasFallen(from: last, to: value) {
            return fall(&series, from: last)
        }
        if let mark = series.mark, let high = mark.high { return climb(&series, from: last, mark: mark, high: high) }
        hasSlipped = hasSlipped || value < last
        if process == .later, value > plausibleReset { hasContinued = true }
        if process == .later, value > 0, value <= plausibleReset {
            var metrics = restarted ?? RestartedMetrics()
            metrics.rose(series, below: min(value, last), empty: doubtful.empty)
            restarted = metrics
        }
        // After a slip the highest value stays the base: a counter that swings would count its way back each time.
        series.setBase(max(value, last))
        return rise(&series, by: max(0, value - last), isBack: isBack)
    }

    // MARK: a series that rises

    private mutating func rise(_ series: inout WatchedSeries, by increment: Double, isBack: Bool) -> Double {
        guard isThere, increment <= Self.largestIncrement else { return 0 }
        // What it counted while it was missing did not all happen since the scrape body before, so it is judged like a new
        // series.
        guard isBack, increment > Self.smallCount else { return increment }
        return doubt(&series, increment)
    }

    /// A series without a last value.
    private mutating func begin(_ series: inout WatchedSeries) -> Double {
        series.setBase(series.value)
        guard isThere, series.value <= Self.largestIncrement else { return 0 }
        return beganAtZero ? series.value : doubt(&series, series.value)
    }

    /// A series that is below the level from which it fell.
    private mutating func climb(_ series: inout WatchedSeries, from last: Double, mark: SeriesMark, high: Double)
        -> Double
    {
        let increment = max(0, series.value - last)
        let isBack = series.value >= high
        series.setBase(max(series.value, last))
        if !isBack { series.mark = SeriesMark(high: high, low: mark.low) }
        hasClimbed = hasClimbed || isBack || mark.low == nil && increment > 0
        isStillBelow = isStillBelow || !isBack && mark.low != nil && increment > 0
        guard increment <= plausibleRise else {
            if isBack { cameBack = true } else { hasDoubtfulClimb = true }
            return isBack ? 0 : doubt(&series, increment)
        }
        guard isBack, let low = mark.low else { return increment }
        hasReturned = true
        let counted = last - low
        let unreported = max(0, series.value - high - counted)
        // After half of the way it may have climbed the rest too, because what was missing stays away.
        return counted < high - last ? unreported : unreported + doubt(&series, increment - unreported)
    }

    // MARK: a series of signals alone

    /// What such a series does says nothing about the scrape body: it may be a gauge that was taken for a counter, or
    /// count bytes beside requests. So it is judged by itself, and what is not plausible by the body's events is a
    /// base.
    private mutating func countSignal(_ series: inout WatchedSeries, isBack: Bool) -> Double {
        let value = series.value
        guard let last = series.last else {
            series.setBase(value)
            guard isThere, countsNewSeries || beganAtZero else { return 0 }
            return beganAtZero ? min(value, Self.largestIncrement) : plausible(value, atMost: plausibleRise)
        }
        if Self.hasFallen(from: last, to: value) {
            let high = max(last, series.mark?.high ?? last)
            series.setBase(value)
            return isThere ? afterFall(&series, high: high) : 0
        }
        let increment = max(0, value - last)
        let high = series.mark?.high
        series.setBase(max(value, last))
        if let high, value < high { series.mark = SeriesMark(high: high) }
        guard isThere else { return 0 }
        let needsProof = isBack || high != nil
        return needsProof
            ? plausible(increment, atMost: plausibleRise) : increment <= Self.largestIncrement ? increment : 0
    }

    private mutating func afterFall(_ series: inout WatchedSeries, high: Double) -> Double {
        switch process {
        case .later, .createdLater: return plausible(series.value, atMost: plausibleReset)
        case .unknown, .same, .earlier:
            series.mark = SeriesMark(high: high)
            return process == .unknown ? plausible(series.value, atMost: plausibleRise) : 0
        }
    }

    private mutating func plausible(_ increment: Double, atMost limit: Double) -> Double {
        if increment <= limit { return increment }
        hasDoubtfulSignal = true
        return 0
    }

    // MARK: a series that falls

    private mutating func fall(_ series: inout WatchedSeries, from last: Double) -> Double {
        let value = series.value
        let high = max(last, series.mark?.high ?? last)
        let counted = series.mark?.low.map { last - $0 } ?? 0
        series.setBase(value)
        guard isThere else { return 0 }
        switch process {
        case .later, .createdLater:
            resets += 1
            if process == .later {
                var metrics = restarted ?? RestartedMetrics()
                metrics.fell(series)
                restarted = metrics
            }
            return value <= plausibleReset ? value : doubt(&series, value)
        case .unknown where value <= plausibleRise:
            resets += 1
            series.mark = SeriesMark(high: high)
            return value
        case .unknown, .same, .earlier:
            hasFallen = true
            series.mark = SeriesMark(high: high, low: value - counted)
            return 0
        }
    }

    private mutating func doubt(_ series: inout WatchedSeries, _ increment: Double) -> Double {
        guard increment > 0 else { return 0 }
        doubtful.add(series, increment: increment)
        doubt = increment
        var mark = series.mark ?? SeriesMark()
        mark.isFollowed = true
        series.mark = mark
        return 0
    }

    /// Whether a counter has started over, as far as its value shows. Counting a lifetime because of a fall by one
    /// would drown what happened since the scrape body before; and a process that starts over hardly ever comes to
    /// within a hundredth of its old count between two bodies.
    static func hasFallen(from last: Double, to value: Double) -> Bool { value < last * (1 - slip) }

    /// Part of the last value by which a counter may fall without having started over: exporters that round a
    /// difference, or read several counters one after the other, show such falls.
    private static let slip = 0.01

    /// No service does more than this between two scrapes. A scrape body that says so is broken, and its number would
    /// drown all later ones: a running total of 1e300 does not change any more when a hundred is added to it.
    private static let largestIncrement = 1e13
}

/// What is remembered of a series besides its last value.
struct SeriesMark: Equatable {
    /// The level from which it fell without a proof of a restart. Until it is there again, a large rise may be a return.
    var high: Double?
    /// The level to which it fell, less what was counted between earlier falls. Nil when the fall was counted as a reset.
    var low: Double?
    /// Its last increment was doubtful: what it does next shows whether that was plausible.
    var isFollowed = false
    /// It had moved and was missing for too long, so the other counts were reported without it.
    var isGivenUp = false
}
