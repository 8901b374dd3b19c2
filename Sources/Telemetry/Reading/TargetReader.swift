/// Turns one target's pages into increments: knows what the rules want, remembers the last values.
///
/// - The first page gives no increments, unless the process started while it was being watched for. Then its counters
///   began at zero, and they are told with the second page, when its rate makes them plausible: a start time may be an
///   exporter's whose counters are weeks old.
/// - Each series is counted by itself. Its rise is proven by two pages. A value that falls counts from zero where the page
///   proves a restart, or where it has no start time and the value is plausible. With an unchanged start time a fall is
///   none: the page tells nothing, and a return to the old level counts only what lies above that level.
/// - A series that appears later on began at zero as far as that is possible: its count is told at once when it is within
///   the page's other events, and else only when the series goes on at that rate (``IncrementJudge``).
/// - A page with far more than the rate before is told once the next page confirms it. Pages that repeat it are skipped for
///   a while: an exporter may render its page only now and then.
/// - A value that falls by less than a hundredth counts nothing, and neither does its way back: an exporter's rounding.
/// - A series that is missing for some pages keeps its last value.
/// - While several processes answer at the address, nothing is told (``ProcessWatch``).
/// - A page that cannot be read changes nothing.
/// - Timestamps on the page say whether it is new; the values are taken for what is true now.
///
/// Between two pages of a target mostly nothing but numbers moves. So the shape of a page is kept as a ``PageLayout``,
/// and a page of that shape is compared with it instead of being read word by word; any other page is read word by
/// word. What comes out is the same, whichever way a page goes.
public struct TargetReader {
    private let watch: WatchList
    private let limits: ScrapeLimits
    /// What is known of the target's series: in one of these two, or in none before the first page.
    private var book: SeriesBook?
    private var packed: PackedSeries?
    private var patience = LayoutPatience()
    private var scrape: UInt64 = 0
    private var lastReadUptimeMs: Int64?
    private var starts = StartHistory()
    private var judge = IncrementJudge()
    /// The page that was read last.
    private var lastScrape: UInt64 = 0
    /// Few requests came with the page before, so it is worth knowing which ones still come.
    private var isNearlyQuiet = false
    /// A series that is new on this page may be one that was forgotten, so it has no base yet.
    private var hasForgotten = false
    private var freshness = FreshnessClock()
    private var lives = LifeWatch()
    /// Series that had moved have been missing for so long that they are no longer waited for.
    private var isTiredOfMissing = false

    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    public init(watch: WatchList, limits: ScrapeLimits) throws(SelectorError) {
        self.watch = watch
        self.limits = limits
        // Made anew for the pages that need it: regular expressions are large, targets are many.
        _ = try SeriesBook(watch: watch, limits: limits)
    }

    /// Reads a page.
    ///
    /// - Parameters:
    ///   - atUptimeMs: monotonic clock, for the time that the increments cover.
    ///   - countNewWithin: a first page counts in full when the process started in this time, seconds since the epoch;
    ///     the end is now. Nil: never count a first page.
    ///   - scratch: room for work, which may serve all readers in turn.
    ///   - layouts: of other targets, and whether a new one may be made. They change what a page costs, never what it
    ///     says.
    /// - Throws: ``ExpositionError`` where the Prometheus 3 server fails the scrape, and when a limit is reached. Then
    ///   the next page is counted from the last good one.
    public mutating func read(
        _ page: [UInt8], format: ExpositionFormat, atUptimeMs: Int64, countNewWithin: ClosedRange<Double>?,
        scratch: inout ReadingScratch, layouts: LayoutOffer = .ownOnly
    ) throws(ExpositionError) -> TargetReading {
        scrape += 1
        let time = PageTime(uptimeMs: atUptimeMs, countNewWithin: countNewWithin)
        if let reading = readByLayout(page.span, format: format, time, layouts.known, &scratch) { return reading }
        return try readByName(page.span, format: format, time, mayMakeLayout: layouts.mayMakeOne, &scratch)
    }

    /// The same with room for work of its own.
    public mutating func read(
        _ page: [UInt8], format: ExpositionFormat, atUptimeMs: Int64, countNewWithin: ClosedRange<Double>?
    ) throws(ExpositionError) -> TargetReading {
        var scratch = ReadingScratch()
        return try read(
            page, format: format, atUptimeMs: atUptimeMs, countNewWithin: countNewWithin, scratch: &scratch)
    }

    /// Forgets the last values: the next page is a first one. For a gap after which they say nothing any more.
    public mutating func forget() {
        book?.forgetValues()
        packed?.forgetValues()
        lastReadUptimeMs = nil
        starts = StartHistory()
        judge.forget()
        lives.forget()
    }

    // MARK: layouts

    /// The layout that the next page is compared with; nil while pages are read word by word.
    public var layout: PageLayout? { packed?.layout }

    /// True before the first page, when other targets' layouts are worth a try.
    public var isNew: Bool { packed == nil && book?.isEmpty ?? true }

    /// Takes another one in the place of an equal layout, so that only one of them stays in memory.
    public mutating func share(_ equal: PageLayout) {
        guard let own = packed, own.layout !== equal, own.layout.isEqual(to: equal) else { return }
        packed = own.sharing(equal)
    }

    /// Nil when the page is of no known layout.
    private mutating func readByLayout(
        _ page: Span<UInt8>, format: ExpositionFormat, _ time: PageTime, _ known: [PageLayout],
        _ scratch: inout ReadingScratch
    ) -> TargetReading? {
        guard let layout = layout(of: page, format: format, known, &scratch) else { return nil }
        let shown = packed?.starts(scratch.values) ?? PageStarts()
        let moving = isNearlyQuiet ? packed?.movingRequests(scratch.values, limit: Self.namesShown) ?? [] : []
        var base = base(time, shown)
        let number = scrape
        let sums = packed?.count(scratch.values, from: &base, scrape: number)
        guard let sums else { return nil }
        if packed?.forgetLongGone() ?? false { hasForgotten = true }
        let page = PageFacts(
            samples: layout.gaps.count, hasCounters: layout.cells.hasCounters, starts: shown,
            lifeSigns: packed?.lifeSigns(scratch.values) ?? PageLifeSigns(), moving: moving,
            missesMovingSeries: packed?.missesMovingSeries ?? false)
        return finish(sums, base, time, page)
    }

    /// The layout that the page is of; its values are then in the scratch.
    private mutating func layout(
        of page: Span<UInt8>, format: ExpositionFormat, _ known: [PageLayout], _ scratch: inout ReadingScratch
    ) -> PageLayout? {
        if let own = packed?.layout {
            return own.format == format && own.readValues(of: page, into: &scratch.values) ? own : nil
        }
        guard isNew else { return nil }
        for layout in known where layout.fits(format, watch, limits) {
            guard layout.readValues(of: page, into: &scratch.values) else { continue }
            book = nil
            packed = PackedSeries(layout)
            return layout
        }
        return nil
    }

    // MARK: word by word

    private mutating func readByName(
        _ page: Span<UInt8>, format: ExpositionFormat, _ time: PageTime, mayMakeLayout: Bool,
        _ scratch: inout ReadingScratch
    ) throws(ExpositionError) -> TargetReading {
        var book = try takeBook()
        if isTiredOfMissing { book.forgetMissed(scrape: lastScrape) }
        isTiredOfMissing = false
        defer { if packed == nil { self.book = book } }
        scratch.sketch.begin(isOn: mayMakeLayout && patience.isOver())
        let samples: Int
        do throws(ExpositionError) {
            samples = try book.scan(page, format: format, scrape: scrape, sketch: &scratch.sketch)
        } catch {
            if book.isFull { startAnew(&book) }
            throw error
        }
        var facts = PageFacts(
            samples: samples, hasCounters: book.hasCounters, starts: book.starts,
            lifeSigns: book.lifeSigns)
        facts.timestampMs = book.newestTimestampMs
        if isNearlyQuiet { facts.moving = book.movingRequests(limit: Self.namesShown) }
        var base = base(time, facts.starts)
        let sums = book.count(from: &base, watch: watch, scrape: scrape, lastScrape: lastScrape)
        facts.missesMovingSeries = book.missesMovingSeries(scrape: scrape)
        if book.forgetLongGone(scrape: scrape) { hasForgotten = true }
        pack(book, page, scratch.sketch, format: format)
        return finish(sums, base, time, facts)
    }

    /// What is known by name. While the book is out, the reader has none.
    private mutating func takeBook() throws(ExpositionError) -> SeriesBook {
        if let own = book {
            book = nil
            return own
        }
        let fresh: SeriesBook
        do { fresh = try SeriesBook(watch: watch, limits: limits) } catch {
            // Not after a successful init.
            throw ExpositionError(line: 0, reason: "\(error)")
        }
        guard let packed else { return fresh }
        patience.layoutEnded(afterPages: packed.pages)
        self.packed = nil
        if let same = packed.unpacked(into: fresh) { return same }
        hasForgotten = true
        return fresh
    }

    /// With names that fill a limit no later page would fit either. So the next page is a first one.
    private mutating func startAnew(_ book: inout SeriesBook) {
        book.forgetNames()
        hasForgotten = false
        lastReadUptimeMs = nil
        starts = StartHistory()
        judge.forget()
    }

    /// After a page whose shape was taken down, its layout takes the book's place.
    private mutating func pack(_ book: SeriesBook, _ page: Span<UInt8>, _ sketch: PageSketch, format: ExpositionFormat)
    {
        guard sketch.isOn else { return }
        let layout = PageLayout(
            page, sketch, roles: book.presentRoles, format: format, watch: watch, limits: limits)
        guard let layout else { return patience.layoutEnded(afterPages: 0) }
        packed = PackedSeries(
            layout, last: book.presentValues, marks: book.presentMarks, moved: book.presentMoved,
            absent: book.absent(scrape: scrape), scrape: scrape)
    }

    // MARK: counting

    private func base(_ time: PageTime, _ shown: PageStarts) -> CountingBase {
        var base = CountingBase(
            hasEarlierPage: lastReadUptimeMs != nil, countsNewSeries: !hasForgotten, process: starts.process(shown),
            coveredSeconds: lastReadUptimeMs.map { Double(time.uptimeMs - $0) / 1_000 }, rate: judge.rate,
            earlierSeconds: max(judge.repeatedSeconds, judge.openSeconds), watch: watch)
        base.hasSameCreated = starts.isCreatedUnchanged(shown)
        let newWithin = time.countNewWithin
        if !base.hasEarlierPage, let started = shown.oldest, let newWithin, newWithin.contains(started) {
            base.beganAtZero = true
            base.coveredSeconds = newWithin.upperBound - started
        }
        return base
    }

    private mutating func finish(
        _ sums: ReadingSums, _ base: CountingBase, _ time: PageTime, _ page: PageFacts
    ) -> TargetReading {
        starts.took(page.starts, base, hasRisen: sums.hasRisen)
        // A page without anything to count is no base: what comes next may be a lifetime's numbers.
        if lastReadUptimeMs != nil || page.hasCounters { lastReadUptimeMs = time.uptimeMs }
        lastScrape = scrape
        let hasMoved = sums.hasRisen || base.doubtful.hasRisen || base.resets > 0 || base.hasFallen || base.cameBack
        let unrenewedSeconds = lives.read(
            page.lifeSigns, hasMoved: hasMoved, events: sums.events, seconds: base.coveredSeconds ?? 0)
        let judged = judge.judge(
            sums, base,
            JudgedPage(
                processStart: starts.isTrusted ? page.starts.process : nil, scrape: scrape,
                missesMovingSeries: page.missesMovingSeries,
                isFrozen: freshness.isFrozen(page.timestampMs, hasMoved: hasMoved) || lives.isStale && !hasMoved))
        if judged.isTiredOfMissing {
            packed?.forgetMissed()
            isTiredOfMissing = packed == nil
        }
        var reading = (judged.sums ?? sums).reading(
            samples: page.samples, hasBase: judged.sums != nil, coveredSeconds: judged.coveredSeconds,
            resets: base.resets, watch: watch)
        reading.notes = judged.notes
        if base.hasDoubtfulSignal, !reading.notes.contains(.lateSeriesNotCounted) {
            reading.notes.append(.lateSeriesNotCounted)
        }
        if starts.areShort { reading.notes.append(.shortProcesses) }
        if lives.isStale, !hasMoved { reading.notes.append(.notRenewed) }
        reading.isAmbiguous = judged.isAmbiguous
        reading.freshness = freshness.read(
            hasMoved: hasMoved, timestampMs: page.timestampMs, atUptimeMs: time.uptimeMs)
        reading.freshness.unrenewedSeconds = unrenewedSeconds
        if let requests = reading.requests, requests > 0, requests <= CountingBase.smallCount {
            reading.movingSeries = page.moving
        }
        isNearlyQuiet = (reading.requests ?? 0) <= CountingBase.smallCount && base.hasEarlierPage
        return reading
    }

    /// So many names of moving series are shown.
    private static let namesShown = 3
}

/// What one page says besides its counts.
private struct PageFacts {
    let samples: Int
    /// There is anything but start times on it.
    let hasCounters: Bool
    let starts: PageStarts
    let lifeSigns: PageLifeSigns
    var moving: [String] = []
    var timestampMs: Int64?
    /// A series of requests or errors that had moved on the page before is not on this one.
    var missesMovingSeries = false
}

/// When a page was read, and which processes are new to us then.
private struct PageTime {
    let uptimeMs: Int64
    let countNewWithin: ClosedRange<Double>?
}
