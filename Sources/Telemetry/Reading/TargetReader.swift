/// Turns one target's scrape bodies into increments: knows what the rules want, remembers the last values.
///
/// - The first body gives no increments, unless the process started while it was being watched for. Then its counters
///   began at zero, and they are reported with the second body, when its rate makes them plausible: a start time may be
///   an exporter's whose counters are weeks old.
/// - Each series is counted by itself. Its rise is proven by two bodies. A value that falls counts from zero where the
///   body proves a restart, or where it has no start time and the value is plausible. With an unchanged start time a
///   fall is none: the body reports nothing, and a return to the old level counts only what lies above that level.
/// - A series that appears later on began at zero as far as that is possible: its count is reported at once when it is
///   within the body's other events, and else only when the series continues at that rate (``IncrementJudge``).
/// - A body with far more than the rate before is reported once the next body confirms it. Bodies that repeat it are
///   skipped for a while: an exporter may render its body only now and then.
/// - A value that falls by less than a hundredth counts nothing, and neither does its way back: an exporter's rounding.
/// - A series that is missing for some bodies keeps its last value.
/// - While several processes answer at the address, nothing is reported (``ProcessWatch``).
/// - A body that cannot be read changes nothing.
/// - Timestamps in the body say whether it is new; the values are taken for what is true now.
///
/// Between two bodies of a target mostly nothing but numbers moves. So the shape of a body is kept as a ``ExpositionLayout``,
/// and a body of that shape is compared with it instead of being read token by token; any other body is read token by
/// token. What comes out is the same, whichever way a body goes.
public struct TargetReader {
    private let watch: WatchList
    private let limits: ScrapeLimits
    private let readsOwnScrapes: Bool
    /// What is known of the target's series: in one of these two, or in none before the first scrape body.
    private var index: SeriesIndex?
    private var packed: PackedSeries?
    private var patience = LayoutPatience()
    /// Of the scrape body that is being read.
    private var oldestTimestampMs: Int64?
    private var scrape: UInt64 = 0
    private var lastReadUptimeMs: Int64?
    private var starts = StartHistory()
    private var judge = IncrementJudge()
    /// The scrape body that was read last.
    private var lastScrape: UInt64 = 0
    /// Few requests came with the scrape body before, so it is worth knowing which ones still come.
    private var isNearlyQuiet = false
    /// A series that is new in this scrape body may be one that was forgotten, so it has no base yet.
    private var hasForgotten = false
    private var freshness = FreshnessClock()
    private var absence = AbsenceClock()
    private var lives = LifeWatch()
    /// Series that had moved have been missing for so long that they are no longer waited for.
    private var isTiredOfMissing = false

    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    ///
    /// - Parameter readsOwnScrapes: each body is known to be of a scrape of its own, because the scrapes of a server are read
    ///   with their times: one that repeats the values before it says that nothing happened, and no cache answered.
    public init(
        watch: WatchList, limits: ScrapeLimits, readsOwnScrapes: Bool = false
    ) throws(SelectorError) {
        self.watch = watch
        self.readsOwnScrapes = readsOwnScrapes
        self.limits = limits
        // Made again for the scrape bodies that need it: regular expressions are large, targets are many.
        _ = try SeriesIndex(watch: watch, limits: limits)
    }

    /// Reads a scrape body.
    ///
    /// - Parameters:
    ///   - atUptimeMs: monotonic clock, for the time that the increments cover.
    ///   - countNewWithin: a first body counts in full when the process started in this time, seconds since the epoch;
    ///     the end is now. Nil: never count a first body.
    ///   - scratch: room for work, which may serve all readers in turn.
    ///   - layouts: of other targets, and whether a new one may be made. They change what a body costs, never what it
    ///     says.
    ///   - oldestTimestampMs: watched samples of an earlier time are left out, and ones without a timestamp are an error: for
    ///     bodies that are put together from samples of several times. Nil takes every sample for what is true now.
    /// - Throws: ``ExpositionError`` where the Prometheus 3 server fails the scrape, and when a limit is reached. Then
    ///   the next body is counted from the last good one.
    public mutating func read(
        _ body: [UInt8], format: ExpositionFormat, atUptimeMs: Int64, countNewWithin: ClosedRange<Double>?,
        scratch: inout ReadingScratch, layouts: LayoutOffer = .ownOnly, oldestTimestampMs: Int64? = nil
    ) throws(ExpositionError) -> TargetReading {
        scrape += 1
        self.oldestTimestampMs = oldestTimestampMs
        let time = ScrapeTime(uptimeMs: atUptimeMs, countNewWithin: countNewWithin)
        if let reading = readByLayout(body.span, format: format, time, layouts.known, &scratch) { return reading }
        return try readByName(body.span, format: format, time, mayMakeLayout: layouts.mayMakeOne, &scratch)
    }

    /// The same with room for work of its own.
    public mutating func read(
        _ body: [UInt8], format: ExpositionFormat, atUptimeMs: Int64, countNewWithin: ClosedRange<Double>?
    ) throws(ExpositionError) -> TargetReading {
        var scratch = ReadingScratch()
        return try read(
            body, format: format, atUptimeMs: atUptimeMs, countNewWithin: countNewWithin, scratch: &scratch)
    }

    /// Forgets the last values: the next scrape body is a first one. For a gap after which they say nothing any more.
    public mutating func forget() {
        index?.forgetValues()
        packed?.forgetValues()
        lastReadUptimeMs = nil
        starts = StartHistory()
        judge.forget()
        lives.forget()
        absence = AbsenceClock()
    }

    // MARK: layouts

    /// The layout that the next scrape body is compared with; nil while bodies are read token by token.
    public var layout: ExpositionLayout? { packed?.layout }

    /// True before the first scrape body, when other targets' layouts are worth a try.
    public var isNew: Bool { packed == nil && index?.isEmpty ?? true }

    /// Takes another one in the place of an equal layout, so that only one of them stays in memory.
    public mutating func share(_ equal: ExpositionLayout) {
        guard let own = packed, own.layout !== equal, own.layout.isEqual(to: equal) else { return }
        packed = own.sharing(equal)
    }

    /// Nil when the scrape body is of no known layout.
    private mutating func readByLayout(
        _ body: Span<UInt8>, format: ExpositionFormat, _ time: ScrapeTime, _ known: [ExpositionLayout],
        _ scratch: inout ReadingScratch
    ) -> TargetReading? {
        guard let layout = layout(of: body, format: format, known, &scratch) else { return nil }
        let shown = packed?.starts(scratch.values) ?? StartTimes()
        let moving = isNearlyQuiet ? packed?.movingRequests(scratch.values, limit: Self.namesShown) ?? [] : []
        var base = base(time, shown)
        let number = scrape
        let sums = packed?.count(scratch.values, from: &base, scrape: number)
        guard let sums else { return nil }
        if packed?.forgetLongGone() ?? false { hasForgotten = true }
        let body = ScrapeFacts(
            samples: layout.gaps.count, hasCounters: layout.cells.hasCounters, starts: shown,
            lifeSigns: packed?.lifeSigns(scratch.values) ?? LifeSignReading(), moving: moving,
            missesMovingSeries: packed?.missesMovingSeries ?? false)
        return finish(sums, base, time, body)
    }

    /// The layout that the scrape body is of; its values are then in the scratch.
    private mutating func layout(
        of body: Span<UInt8>, format: ExpositionFormat, _ known: [ExpositionLayout], _ scratch: inout ReadingScratch
    ) -> ExpositionLayout? {
        if let own = packed?.layout {
            return own.format == format && own.readValues(of: body, into: &scratch.values) ? own : nil
        }
        guard isNew, oldestTimestampMs == nil else { return nil }
        for layout in known where layout.fits(format, watch, limits) {
            guard layout.readValues(of: body, into: &scratch.values) else { continue }
            index = nil
            packed = PackedSeries(layout)
            return layout
        }
        return nil
    }

    // MARK: token by token

    private mutating func readByName(
        _ body: Span<UInt8>, format: ExpositionFormat, _ time: ScrapeTime, mayMakeLayout: Bool,
        _ scratch: inout ReadingScratch
    ) throws(ExpositionError) -> TargetReading {
        var index = try takeIndex()
        if isTiredOfMissing { index.forgetMissed(scrape: lastScrape) }
        isTiredOfMissing = false
        defer { if packed == nil { self.index = index } }
        scratch.sketch.begin(isOn: mayMakeLayout && patience.isOver())
        let samples: Int
        do throws(ExpositionError) {
            samples = try index.scan(
                body, format: format, scrape: scrape, oldestTimestampMs: oldestTimestampMs, sketch: &scratch.sketch)
        } catch {
            if index.isFull { startOver(&index) }
            throw error
        }
        var facts = ScrapeFacts(
            samples: samples, hasCounters: index.hasCounters, starts: index.starts,
            lifeSigns: index.lifeSigns)
        facts.timestampMs = index.newestTimestampMs
        if isNearlyQuiet { facts.moving = index.movingRequests(limit: Self.namesShown) }
        var base = base(time, facts.starts)
        let sums = index.count(from: &base, watch: watch, scrape: scrape, lastScrape: lastScrape)
        facts.missesMovingSeries = index.missesMovingSeries(scrape: scrape)
        if index.forgetLongGone(scrape: scrape) { hasForgotten = true }
        pack(index, body, scratch.sketch, format: format)
        return finish(sums, base, time, facts)
    }

    /// What is known by name. While the book is out, the reader has none.
    private mutating func takeIndex() throws(ExpositionError) -> SeriesIndex {
        if let own = index {
            index = nil
            return own
        }
        let fresh: SeriesIndex
        do { fresh = try SeriesIndex(watch: watch, limits: limits) } catch {
            // Not after a successful init.
            throw ExpositionError(line: 0, reason: "\(error)")
        }
        guard let packed else { return fresh }
        patience.layoutEnded(afterPages: packed.bodies)
        self.packed = nil
        if let same = packed.unpacked(into: fresh) { return same }
        hasForgotten = true
        return fresh
    }

    /// With names that fill a limit no later scrape body would fit either. So the next body is a first one.
    private mutating func startOver(_ index: inout SeriesIndex) {
        index.forgetNames()
        hasForgotten = false
        lastReadUptimeMs = nil
        starts = StartHistory()
        judge.forget()
    }

    /// After a scrape body whose shape was taken down, its layout takes the book's place.
    private mutating func pack(
        _ index: SeriesIndex, _ body: Span<UInt8>, _ sketch: LayoutSketch, format: ExpositionFormat
    ) {
        guard sketch.isOn else { return }
        let layout = ExpositionLayout(
            body, sketch, roles: index.presentRoles, format: format, watch: watch, limits: limits)
        guard let layout else { return patience.layoutEnded(afterPages: 0) }
        packed = PackedSeries(
            layout, last: index.presentValues, marks: index.presentMarks, moved: index.presentMoved,
            absent: index.absent(scrape: scrape), scrape: scrape)
    }

    // MARK: counting

    private func base(_ time: ScrapeTime, _ shown: StartTimes) -> CountingBase {
        var base = CountingBase(
            hasEarlierScrape: lastReadUptimeMs != nil, countsNewSeries: !hasForgotten, process: process(time, shown),
            coveredSeconds: lastReadUptimeMs.map { Double(time.uptimeMs - $0) / 1_000 }, rate: judge.rate,
            earlierSeconds: max(judge.repeatedSeconds, judge.openSeconds), watch: watch)
        base.hasSameCreated = starts.isCreatedUnchanged(shown)
        let newWithin = time.countNewWithin
        if !base.hasEarlierScrape, let started = shown.oldest, let newWithin, newWithin.contains(started) {
            base.beganAtZero = true
            base.coveredSeconds = newWithin.upperBound - started
        }
        return base
    }

    /// A process that started later than the one before, and before the target was watched, is no restart that happened
    /// between two scrapes: it was there beside the other one.
    private func process(_ time: ScrapeTime, _ shown: StartTimes) -> CountingBase.Process {
        let process = starts.process(shown)
        guard process == .later, let watched = time.countNewWithin, let started = shown.process,
            started < watched.lowerBound - StartHistory.toleranceSeconds
        else { return process }
        return .earlier
    }

    private mutating func finish(
        _ sums: ReadingSums, _ base: CountingBase, _ time: ScrapeTime, _ body: ScrapeFacts
    ) -> TargetReading {
        starts.took(body.starts, base, hasRisen: sums.hasRisen)
        // A scrape body without anything to count is no base: what comes next may be a lifetime's numbers.
        if lastReadUptimeMs != nil || body.hasCounters { lastReadUptimeMs = time.uptimeMs }
        lastScrape = scrape
        let hasMoved = sums.hasRisen || base.doubtful.hasRisen || base.resets > 0 || base.hasFallen || base.cameBack
        let unrenewedSeconds = lives.read(
            body.lifeSigns, hasMoved: hasMoved, events: sums.events, seconds: base.coveredSeconds ?? 0)
        let judged = judge.judge(
            sums, base,
            JudgedScrape(
                processStart: starts.isTrusted ? body.starts.process : nil, scrape: scrape,
                missesMovingSeries: body.missesMovingSeries,
                isFrozen: freshness.isFrozen(body.timestampMs, hasMoved: hasMoved) || lives.isStale && !hasMoved,
                isOwnScrape: readsOwnScrapes))
        if judged.isTiredOfMissing {
            packed?.forgetMissed()
            isTiredOfMissing = packed == nil
        }
        var reading = (judged.sums ?? sums).reading(
            samples: body.samples, hasBase: judged.sums != nil, coveredSeconds: judged.coveredSeconds,
            resets: base.resets, watch: watch)
        reading.notes = judged.notes
        if base.hasDoubtfulSignal, !reading.notes.contains(.lateSeriesNotCounted) {
            reading.notes.append(.lateSeriesNotCounted)
        }
        if starts.areShort { reading.notes.append(.shortProcesses) }
        if lives.isStale, !hasMoved { reading.notes.append(.notRenewed) }
        reading.isAmbiguous = judged.isAmbiguous
        reading.processStartSeconds = starts.isTrusted ? body.starts.process : nil
        reading.newestTimestampMs = body.timestampMs
        reading.freshness = freshness.read(
            hasMoved: hasMoved, timestampMs: body.timestampMs, atUptimeMs: time.uptimeMs)
        reading.freshness.unrenewedSeconds = unrenewedSeconds
        reading.absentSeconds = absence.read(
            reading, isWaiting: body.missesMovingSeries && !judged.isTiredOfMissing, atUptimeMs: time.uptimeMs)
        if let requests = reading.requests, requests > 0, requests <= CountingBase.smallCount {
            reading.movingSeries = body.moving
        }
        isNearlyQuiet = (reading.requests ?? 0) <= CountingBase.smallCount && base.hasEarlierScrape
        return reading
    }

    /// So many names of moving series are shown.
    private static let namesShown = 3
}

/// What one scrape body says besides its counts.
private struct ScrapeFacts {
    let samples: Int
    /// There is anything but start times on it.
    let hasCounters: Bool
    let starts: StartTimes
    let lifeSigns: LifeSignReading
    var moving: [String] = []
    var timestampMs: Int64?
    /// A series of requests or errors that had moved in the scrape body before is not on this one.
    var missesMovingSeries = false
}

/// When a scrape body was read, and which processes are new to us then.
private struct ScrapeTime {
    let uptimeMs: Int64
    let countNewWithin: ClosedRange<Double>?
}
