/// Turns one target's pages into increments: knows what the rules want, remembers the last values.
///
/// - The first page gives no increments, unless the process started while it was being watched for: then its counters
///   began at zero and count in full.
/// - A series that appears later on began at zero.
/// - A value that falls counts from zero. With a later start time of the process it is a restart of all series. A start
///   time alone is not: a clock that is set moves it too.
/// - A series that is missing for some pages keeps its last value.
/// - A page that cannot be read changes nothing.
/// - Timestamps on the page are not used: the page is taken for what is true now.
public struct TargetReader {
    private let watch: WatchList
    private let limits: ScrapeLimits
    private let classifier: SeriesClassifier
    /// Text on the page -> index in `series`, or -1 for a text that does not matter.
    private var table = SeriesTable()
    /// Canonical text -> index in `series`.
    private var canonical: [String: Int] = [:]
    private var series: [WatchedSeries] = []
    /// Bounds of buckets and quantiles that were met.
    private var bounds: Set<Double> = []
    private var scrape: UInt64 = 0
    /// Indices of the series on the present page, in its order.
    private var present: [Int] = []
    private var lastReadUptimeMs: Int64?
    private var startTimeSeconds: Double?
    /// A series that is new on this page may be one that was forgotten, so it has no base yet.
    private var hasForgotten = false

    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    public init(watch: WatchList, limits: ScrapeLimits) throws(SelectorError) {
        self.watch = watch
        self.limits = limits
        classifier = try SeriesClassifier(watch)
    }

    /// Reads a page.
    ///
    /// - Parameters:
    ///   - atUptimeMs: monotonic clock, for the time that the increments cover.
    ///   - countNewWithin: a first page counts in full when the process started in this time, seconds since the epoch;
    ///     the end is now. Nil: never count a first page.
    /// - Throws: ``ExpositionError`` where the Prometheus 3 server fails the scrape, and when a limit is reached. Then
    ///   the next page is counted from the last good one.
    public mutating func read(
        _ page: [UInt8], format: ExpositionFormat, atUptimeMs: Int64, countNewWithin: ClosedRange<Double>?
    ) throws(ExpositionError) -> TargetReading {
        scrape += 1
        present.removeAll(keepingCapacity: true)
        let samples: Int
        do throws(ExpositionError) { samples = try scan(page.span, format: format) } catch {
            startAnewIfFull()
            throw error
        }
        let reading = commit(samples: samples, atUptimeMs: atUptimeMs, countNewWithin: countNewWithin)
        forgetLongGone()
        return reading
    }

    /// Forgets the last values: the next page is a first one. For a gap after which they say nothing any more.
    public mutating func forget() {
        for index in series.indices { series[index].last = nil }
        lastReadUptimeMs = nil
        startTimeSeconds = nil
    }

    // MARK: scanning

    private mutating func scan(_ page: Span<UInt8>, format: ExpositionFormat) throws(ExpositionError) -> Int {
        var scanner = ExpositionScanner(format: format)
        var samples = 0
        while true {
            switch try scanner.next(in: page) {
            case .end: return samples
            case .type: continue
            case .sample:
                samples += 1
                if limits.samples > 0, samples > limits.samples {
                    throw ExpositionError(line: 0, reason: "it has more than \(limits.samples) samples, the limit")
                }
                try LabelRules.check(scanner.sample, limits: limits, in: page)
                guard classifier.mayMatter(scanner.sample.name, in: page) else { continue }
                try take(scanner.sample, in: page)
            }
        }
    }

    private mutating func take(_ sample: SampleSpot, in page: Span<UInt8>) throws(ExpositionError) {
        let known = table.number(of: sample.series, in: page)
        let index = if let known { known } else { try learn(sample, in: page) }
        guard index >= 0 else { return }
        if series[index].scrape == scrape {
            // The same series twice: the first one counts, or the later one by the page's own timestamps.
            guard let new = sample.timestampMs, let old = series[index].timestampMs, new > old else { return }
        } else {
            series[index].scrape = scrape
            present.append(index)
        }
        series[index].value = sample.value
        series[index].timestampMs = sample.timestampMs
    }

    /// A text that was not seen before.
    private mutating func learn(_ sample: SampleSpot, in page: Span<UInt8>) throws(ExpositionError) -> Int {
        let full = SampleBuilder.sample(sample, type: nil, in: page)
        let roles = classifier.roles(of: full)
        var index = -1
        if roles != .none {
            let key = full.seriesText
            if let known = canonical[key] {
                index = known
            } else {
                if limits.watchedSeries > 0, series.count >= limits.watchedSeries {
                    let advice = "narrow the indicators' selectors"
                    throw ExpositionError(
                        line: 0,
                        reason: "the indicators match more than \(limits.watchedSeries) series, the limit; \(advice)")
                }
                try note(roles)
                index = series.count
                series.append(WatchedSeries(roles: roles))
                canonical[key] = index
            }
        }
        table.insert(sample.series, in: page, number: index)
        return index
    }

    /// A histogram has a dozen bounds, a large one a hundred. Thousands are a value that was written into `le`.
    private mutating func note(_ roles: SeriesRoles) throws(ExpositionError) {
        guard let bound = roles.bucketBound ?? roles.quantile else { return }
        bounds.insert(bound)
        guard bounds.count <= Self.boundLimit else {
            throw ExpositionError(line: 0, reason: "the latency has more than \(Self.boundLimit) buckets or quantiles")
        }
    }

    private static let boundLimit = 1_000

    /// A page beyond a limit leaves its names behind; with them, no later page would fit either. So the next page is a first
    /// one.
    private mutating func startAnewIfFull() {
        let isFull = limits.watchedSeries > 0 && series.count >= limits.watchedSeries
        guard isFull || bounds.count > Self.boundLimit else { return }
        series = []
        canonical = [:]
        bounds = []
        hasForgotten = false
        table.removeAll()
        forget()
    }

    /// Series that come and go for ever (an id in a label) must not fill the memory.
    private mutating func forgetLongGone() {
        if table.count > 4 * series.count + 10_000 { table.removeAll() }
        let room = limits.watchedSeries > 0 ? limits.watchedSeries : ScrapeLimits().watchedSeries
        guard series.count > room / 2 else { return }
        var kept: [WatchedSeries] = []
        var newIndex: [Int: Int] = [:]
        for index in series.indices where series[index].scrape + 2 >= scrape {
            newIndex[index] = kept.count
            kept.append(series[index])
        }
        guard kept.count < series.count else { return }
        hasForgotten = true
        series = kept
        bounds = Set(kept.compactMap { $0.roles.bucketBound ?? $0.roles.quantile })
        canonical = canonical.compactMapValues { newIndex[$0] }
        table.removeAll()
    }

    // MARK: counting

    private mutating func commit(samples: Int, atUptimeMs: Int64, countNewWithin: ClosedRange<Double>?) -> TargetReading
    {
        let started = startTime()
        let isRestarted = (zip(started, startTimeSeconds).map { $0 - $1 > 1 } ?? false) && hasFallen
        var base = CountingBase(
            hasEarlierPage: lastReadUptimeMs != nil, isRestarted: isRestarted, countsNewSeries: !hasForgotten)
        var covered = lastReadUptimeMs.map { Double(atUptimeMs - $0) / 1_000 }
        if !base.hasEarlierPage, let started, let countNewWithin, countNewWithin.contains(started) {
            base.beganAtZero = true
            covered = countNewWithin.upperBound - started
        }
        var sums = ReadingSums(watch: watch)
        for index in present {
            // Copied, changed and put back: two accesses to self at once are not possible.
            var one = series[index]
            sums.add(one, increment: base.increment(of: &one))
            series[index] = one
        }
        if isRestarted { for index in series.indices where series[index].scrape != scrape { series[index].last = 0 } }
        if started != nil { startTimeSeconds = started }
        // A page without anything to count is no base: what comes next may be a lifetime's numbers.
        if lastReadUptimeMs != nil || present.contains(where: { !series[$0].roles.isStartTime }) {
            lastReadUptimeMs = atUptimeMs
        }
        return sums.reading(
            samples: samples, hasBase: base.isThere, coveredSeconds: covered,
            resets: base.resets + (isRestarted ? 1 : 0))
    }

    /// A counter that is lower than it was.
    private var hasFallen: Bool {
        present.contains { index in
            let one = series[index]
            return !one.roles.isStartTime && one.roles.quantile == nil && one.value < one.last ?? 0
        }
    }

    /// When the process began to count: the oldest that the page says.
    private func startTime() -> Double? {
        var oldest: Double?
        for index in present where series[index].roles.isStartTime {
            let value = series[index].value
            if value.isFinite, value > 0 { oldest = min(oldest ?? value, value) }
        }
        return oldest
    }
}

private func zip(_ left: Double?, _ right: Double?) -> (Double, Double)? {
    guard let left, let right else { return nil }
    return (left, right)
}

/// What increments are counted from.
private struct CountingBase {
    let hasEarlierPage: Bool
    let isRestarted: Bool
    /// A series that was not there before began at zero.
    let countsNewSeries: Bool
    /// This is the first page, and the process is younger than the release.
    var beganAtZero = false
    private(set) var resets = 0

    init(hasEarlierPage: Bool, isRestarted: Bool, countsNewSeries: Bool) {
        self.hasEarlierPage = hasEarlierPage
        self.countsNewSeries = countsNewSeries
        self.isRestarted = isRestarted
    }

    var isThere: Bool { hasEarlierPage || beganAtZero }

    /// The series' increment, and its value as the next base. Nil without a base, and for a value that no counter has.
    mutating func increment(of series: inout WatchedSeries) -> Double? {
        let value = series.value
        guard value.isFinite, value >= 0 else { return nil }
        let last = isRestarted ? 0 : series.last
        series.last = value
        guard isThere, last != nil || countsNewSeries || beganAtZero else { return nil }
        let isReset = last.map { value < $0 } ?? false
        if isReset { resets += 1 }
        let increment = isReset ? value : value - (last ?? 0)
        return increment <= Self.largestIncrement ? increment : nil
    }

    /// No service does more than this between two scrapes. A page that says so is broken, and its number would drown all
    /// later ones: a running total of 1e300 does not change any more when a hundred is added to it.
    private static let largestIncrement = 1e13
}
