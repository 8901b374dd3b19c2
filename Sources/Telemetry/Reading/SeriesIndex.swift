/// The series of one target that the rules need, by name, with their last values: what reading a scrape body token by
/// token takes.
///
/// A body whose shape is known needs none of this; see ``PackedSeries``, which holds the same facts in a fraction of
/// the memory.
struct SeriesIndex {
    private let limits: ScrapeLimits
    private let classifier: SeriesClassifier
    /// Text in the scrape body -> index in `series`, or -1 for a text that does not matter.
    private var table = SeriesTable()
    /// Canonical text -> index in `series`.
    private var canonical: [ExactText: Int] = [:]
    private(set) var series: [WatchedSeries] = []
    /// Bounds of buckets and quantiles that were met.
    private var bounds: Set<Double> = []
    private var lifeSignCount = 0
    /// Indices of the series on the present scrape body, in its order.
    private(set) var present: [Int] = []

    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    init(watch: WatchList, limits: ScrapeLimits) throws(SelectorError) {
        self.limits = limits
        classifier = try SeriesClassifier(watch)
    }

    var isEmpty: Bool { series.isEmpty }

    // MARK: scanning

    /// Reads a scrape body into `present`; what it says is in the series' `value`.
    ///
    /// - Parameters:
    ///   - scrape: the body's number; it marks the series that are on it.
    ///   - oldestTimestampMs: see ``TargetReader``.
    ///   - sketch: takes down the body's shape.
    /// - Returns: how many samples the body has.
    mutating func scan(
        _ body: Span<UInt8>, format: ExpositionFormat, scrape: UInt64, oldestTimestampMs: Int64? = nil,
        sketch: inout LayoutSketch
    ) throws(ExpositionError) -> Int {
        present.removeAll(keepingCapacity: true)
        var scanner = ExpositionScanner(format: format)
        var samples = 0
        while true {
            switch try scanner.next(in: body) {
            case .end: return samples
            case .type: continue
            case .sample:
                samples += 1
                if limits.samples > 0, samples > limits.samples {
                    throw ExpositionError(line: 0, reason: "it has more than \(limits.samples) samples, the limit")
                }
                try LabelRules.check(scanner.sample, limits: limits, in: body)
                let before = present.count
                if classifier.mayMatter(scanner.sample.name, in: body),
                    try Self.isYoung(scanner.sample, oldestTimestampMs)
                {
                    try take(scanner.sample, in: body, scrape: scrape)
                }
                sketch.add(scanner.sample, isWatched: present.count > before)
            }
        }
    }

    private static func isYoung(_ sample: SampleSpot, _ oldestMs: Int64?) throws(ExpositionError) -> Bool {
        guard let oldestMs else { return true }
        guard let timestampMs = sample.timestampMs else {
            throw ExpositionError(
                line: 0, reason: "a watched sample has no timestamp, which 'max_age' asks for")
        }
        return timestampMs >= oldestMs
    }

    private mutating func take(
        _ sample: SampleSpot, in body: Span<UInt8>, scrape: UInt64
    ) throws(ExpositionError) {
        let known = table.number(of: sample.series, in: body)
        let index = if let known { known } else { try learn(sample, in: body) }
        guard index >= 0 else { return }
        if series[index].scrape == scrape {
            // The same series twice: the first one counts, or the later one by the scrape body's own timestamps.
            guard let new = sample.timestampMs, let old = series[index].timestampMs, new > old else { return }
        } else {
            series[index].earlierScrape = series[index].scrape
            series[index].scrape = scrape
            present.append(index)
        }
        series[index].value = sample.value
        series[index].timestampMs = sample.timestampMs
    }

    /// A text that was not seen before.
    private mutating func learn(_ sample: SampleSpot, in body: Span<UInt8>) throws(ExpositionError) -> Int {
        let full = SampleBuilder.sample(sample, type: nil, in: body)
        let roles = classifier.roles(of: full)
        var index = -1
        if roles != .none, !isOneTooMany(roles) {
            // `le="1"` and `le="1.0"` are one series: exporters change the spelling with the format.
            let key = ExactText(
                full.normalizing(roles.bucketBound != nil ? "le" : roles.quantile != nil ? "quantile" : nil).seriesText)
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
                if roles.isLifeSignAlone { lifeSignCount += 1 }
                canonical[key] = index
            }
        }
        table.insert(sample.series, in: body, number: index)
        return index
    }

    private func isOneTooMany(_ roles: SeriesRoles) -> Bool {
        roles.isLifeSignAlone && lifeSignCount >= LifeSign.mostSeries
    }

    /// A histogram has a dozen bounds, a large one a hundred. Thousands are a value that was written into `le`.
    private mutating func note(_ roles: SeriesRoles) throws(ExpositionError) {
        guard let bound = roles.bound else { return }
        bounds.insert(bound)
        guard bounds.count <= Self.boundLimit else {
            throw ExpositionError(line: 0, reason: "the latency has more than \(Self.boundLimit) buckets or quantiles")
        }
    }

    private static let boundLimit = 1_000

    // MARK: forgetting

    /// A scrape body beyond a limit leaves its names behind; with them, no later body would fit either.
    var isFull: Bool {
        let hasTooManySeries = limits.watchedSeries > 0 && series.count >= limits.watchedSeries
        return hasTooManySeries || bounds.count > Self.boundLimit
    }

    mutating func forgetNames() {
        series = []
        present = []
        canonical = [:]
        bounds = []
        lifeSignCount = 0
        table.removeAll()
    }

    mutating func forgetValues() {
        for index in series.indices { series[index].forgetValue() }
    }

    /// Series that come and go for ever (an id in a label) must not fill the memory.
    ///
    /// - Returns: true when a series was forgotten.
    mutating func forgetLongGone(scrape: UInt64) -> Bool {
        if table.count > 4 * series.count + 10_000 { table.removeAll() }
        guard series.count > limits.roomySeries else { return false }
        var kept: [WatchedSeries] = []
        var newIndex: [Int: Int] = [:]
        for index in series.indices where series[index].scrape + 2 >= scrape {
            newIndex[index] = kept.count
            kept.append(series[index])
        }
        guard kept.count < series.count else { return false }
        present = present.compactMap { newIndex[$0] }
        series = kept
        bounds = Set(kept.compactMap(\.roles.bound))
        lifeSignCount = kept.count(where: \.roles.isLifeSignAlone)
        canonical = canonical.compactMapValues { newIndex[$0] }
        table.removeAll()
        return true
    }
}

extension ScrapeLimits {
    /// With more series than this, those that are gone are forgotten.
    var roomySeries: Int { (watchedSeries > 0 ? watchedSeries : ScrapeLimits().watchedSeries) / 2 }
}

// MARK: - counting

extension SeriesIndex {
    /// When the process began to count.
    var starts: StartTimes {
        var starts = StartTimes()
        for index in present where series[index].roles.isStartTime {
            starts.add(series[index].value, isCreated: series[index].roles.isCreated)
        }
        return starts
    }

    var lifeSigns: LifeSignReading {
        var signs = LifeSignReading()
        for index in present {
            if let sign = series[index].roles.lifeSign { signs.add(series[index].value, sign) }
        }
        return signs
    }

    /// The newest timestamp of the present scrape body's counters.
    var newestTimestampMs: Int64? { present.compactMap { series[$0].timestampMs }.max() }

    /// Up to so many request series of the present scrape body that are larger than before.
    func movingRequests(limit: Int) -> [String] {
        let moving = present.filter { series[$0].roles.isRequests && series[$0].value > (series[$0].last ?? 0) }
        return moving.prefix(limit).map { index in
            String((canonical.first { $0.value == index }?.key.text ?? "").prefix(200))
        }
    }

    /// Whether a series of requests or errors is missing that rose when it was there last.
    func missesMovingSeries(scrape: UInt64) -> Bool {
        guard series.count > present.count else { return false }
        return series.contains { $0.isMissed && $0.scrape != scrape }
    }

    /// The missing series are no longer waited for.
    mutating func forgetMissed(scrape: UInt64) {
        for index in series.indices where series[index].scrape != scrape { series[index].giveUp() }
    }

    /// Is there anything in the scrape body but start times and gauges?
    var hasCounters: Bool { present.contains { series[$0].roles.isCountedFrom } }

    /// Adds the present scrape body's increments up; its values are the next base.
    ///
    /// - Parameter lastScrape: the body that was read before this one; a series that was not on it is back.
    mutating func count(from base: inout CountingBase, watch: WatchList, scrape: UInt64, lastScrape: UInt64)
        -> ReadingSums
    {
        var sums = ReadingSums(watchesErrors: watch.errors != nil, signals: watch.signals.count)
        for index in present {
            // Copied, changed and put back: two accesses to self at once are not possible.
            var one = series[index]
            let isCounter = one.roles.isCounter
            let before = one.last
            let increment = isCounter ? base.count(&one, isBack: one.earlierScrape < lastScrape) : 0
            one.hasMoved = isCounter && before.map { one.value > $0 } ?? false
            sums.add(one, increment: increment)
            series[index] = one
        }
        if base.isRestarted {
            for index in series.indices where series[index].scrape != scrape { series[index].restart() }
        }
        return sums
    }
}

// MARK: - packing

extension SeriesIndex {
    /// The roles of the present scrape body's series, in its order.
    var presentRoles: [SeriesRoles] { present.map { series[$0].roles } }

    /// The last values of the present scrape body's series, in its order; NaN for none.
    var presentValues: [Double] { present.map { series[$0].last ?? .nan } }

    var presentMarks: [SeriesMark?] { present.map { series[$0].mark } }

    var presentMoved: [Bool] { present.map { series[$0].hasMoved } }

    /// What is known of series that are not in the scrape body of that number.
    func absent(scrape: UInt64) -> [AbsentSeries] {
        guard series.count > present.count else { return [] }
        let gone = canonical.filter { series[$0.value].scrape != scrape }.sorted { $0.value < $1.value }
        return gone.map { AbsentSeries(text: $0.key.text, series: series[$0.value]) }
    }

    /// Gives the series of the scrape body that was scanned last their values, and takes the others in.
    ///
    /// - Parameters:
    ///   - marks: one per value, or none at all.
    ///   - moved: whether the series rose in that body; one per value.
    mutating func restore(_ values: [Double], marks: [SeriesMark?], moved: [Bool], absent: [AbsentSeries]) {
        for (index, value) in zip(present, values) { series[index].last = value.isNaN ? nil : value }
        for (index, hasMoved) in zip(present, moved) { series[index].hasMoved = hasMoved }
        for (index, mark) in zip(present, marks) { series[index].mark = mark }
        present.removeAll()
        for one in absent where canonical[ExactText(one.text)] == nil {
            canonical[ExactText(one.text)] = series.count
            series.append(one.series)
            if one.series.roles.isLifeSignAlone { lifeSignCount += 1 }
            if let bound = one.series.roles.bound { bounds.insert(bound) }
        }
    }
}
