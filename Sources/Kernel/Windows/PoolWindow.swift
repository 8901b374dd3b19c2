import Telemetry

/// One pool's counts over time: after each scrape cycle a row of running totals. What happened in a window is the
/// difference of two rows, so a cycle costs the same whatever the windows' lengths, and nothing drifts.
///
/// Rows lie flat in one array, oldest overwritten first. A cell is a column: requests, errors, latency sum, latency count,
/// scrape bodies, those without outcomes, then one per histogram bound and one per set of bounds.
///
/// What a body counted since the body before belongs to the whole time between them. A window takes it in only when all
/// of that time lies in the window: after a network has been away for minutes, the first scrape covers minutes, and
/// says nothing about the last ten seconds.
struct PoolWindow: Sendable, Equatable {
    private enum Cell {
        static let requests = 0
        static let errors = 1
        static let latencySeconds = 2
        static let latencyCount = 3
        /// How many scrape bodies brought increments.
        static let scrapes = 4
        /// How many scrape bodies had requests of which it is not known how they ended.
        static let unknownOutcomes = 5
        static let firstBucket = 6
    }

    /// The distinct window lengths that rules use, and where each one's oldest row is.
    private struct Cursor: Sendable, Equatable {
        let windowMs: Int64
        /// Absolute row number.
        var startRow = 0
    }

    private let intervalMs: Int64
    private var shortestCycleMs: Int64
    private var capacity: Int
    private var cursors: [Cursor]
    private var totals: [Double]
    private var rows: [Double]
    private var rowTimes: [Int64]
    /// Windows that compare the pools do not begin before this row.
    private(set) var comparableSinceRow = 0
    /// Nothing has been counted since the windows that compare the pools started over.
    var isStartingOver: Bool { comparableSinceRow > 0 && comparableSinceRow == written - 1 }
    /// Rows ever written; row `n` lives at `n % capacity`.
    private var written = 0
    private var usedColumns = Cell.firstBucket
    private var latency = HistogramColumns()
    /// One per signal of the watch list.
    private var signals: [SignalPlace] = []
    private var counters: [CounterColumn] = []
    private var gauges: [GaugeRows] = []
    private var histograms: [HistogramColumns] = []
    /// The request rates, by target; its windows are in the cursors' order.
    private var rates: CoveredRates
    private(set) var hasRequests = false
    private(set) var hasErrors = false

    /// - Parameters:
    ///   - windowsMs: every window length that a rule asks for.
    ///   - intervalMs: the scrape interval.
    ///   - shortestCycleMs: between two rows at the least; with the longest window it bounds their number. Nil: the interval.
    ///   - targets: how many targets the pool has.
    ///   - signals: what is kept besides requests, errors and latency.
    init(
        windowsMs: [Int64], intervalMs: Int64, shortestCycleMs: Int64? = nil, beganAtMs: Int64, targets: Int = 1,
        signals: [Signal] = []
    ) {
        let interval = max(1, shortestCycleMs ?? intervalMs)
        self.intervalMs = max(1, intervalMs)
        self.shortestCycleMs = interval
        let distinct = PoolWindow.distinct(windowsMs)
        cursors = distinct.map { Cursor(windowMs: $0) }
        capacity = PoolWindow.rows(distinct.last ?? interval, interval)
        rates = CoveredRates(
            targets: targets, windowRows: distinct.map { PoolWindow.rows($0, interval) }, shortestCycleMs: interval)
        totals = Array(repeating: 0, count: Cell.firstBucket)
        rows = Array(repeating: 0, count: capacity * Cell.firstBucket)
        rowTimes = Array(repeating: beganAtMs, count: capacity)
        written = 1
        for signal in signals { keep(signal, targets: targets) }
    }

    private mutating func keep(_ signal: Signal, targets: Int) {
        switch signal.kind {
        case .counter:
            signals.append(.counter(counters.count))
            reserveColumns(1)
            counters.append(CounterColumn(column: takeColumn(), rates: rates))
        case .gauge:
            signals.append(.gauge(gauges.count))
            gauges.append(GaugeRows(targets: targets, capacity: capacity))
        case .histogram:
            signals.append(.histogram(histograms.count))
            histograms.append(HistogramColumns())
        }
    }

    private static func distinct(_ windowsMs: [Int64]) -> [Int64] {
        windowsMs.sorted().reduce(into: [Int64]()) { if $0.last != $1 { $0.append($1) } }
    }

    private static func rows(_ windowMs: Int64, _ cycleMs: Int64) -> Int { Int(windowMs / cycleMs) + 3 }

    /// Cells per row. May hold columns that no bound uses yet; they are zero.
    private var stride: Int { totals.count }

    /// The row that the running cycle will close.
    var openRow: Int { written }

    /// Adds what one target's scrape brought. It shows from the next ``closeRow(atMs:)`` on.
    ///
    /// - Parameters:
    ///   - target: its index in the pool.
    ///   - start: the row in whose time the counted time began; nil when it is the running cycle.
    mutating func add(_ reading: TargetReading, target: Int = 0, from start: Int? = nil) {
        let first = start ?? written
        if let requests = reading.requests, let seconds = reading.coveredSeconds {
            rates.add(target: target, requests: requests, seconds: seconds, from: first, open: written)
        }
        let before = first < written ? totals : []
        addToTotals(reading)
        if !signals.isEmpty { add(reading, target: target, from: first) }
        // The increments belong to the rows of the gap too: no window that begins inside it may see them.
        guard first < written else { return }
        for row in max(first, written - capacity)..<written {
            let start = (row % capacity) * stride
            for cell in 0..<stride { rows[start + cell] += totals[cell] - (cell < before.count ? before[cell] : 0) }
        }
    }

    /// The first row that a scrape's increments belong to when they cover so much time and the target has not been read
    /// into this window before. Row 0 is the beginning: what belongs to it is in no window.
    func row(coveringSeconds seconds: Double, atMs now: Int64) -> Int {
        let sinceMs = now - Int64(seconds * 1_000)
        guard now - sinceMs > intervalMs * 3 / 2 else { return written }
        let oldest = max(0, written - capacity)
        return (oldest..<written).first { rowTimes[$0 % capacity] > sinceMs + intervalMs / 2 } ?? written
    }

    /// An answer that took longer than a cycle was waiting while the process was stopped. When in that time its body was
    /// rendered is not known, so its counts may be as much older.
    func longAnswerSeconds(_ answerMs: Int64) -> Double { answerMs > intervalMs ? Double(answerMs) / 1_000 : 0 }

    /// For a window that starts over with the same targets.
    mutating func keepLastRates(of old: PoolWindow) {
        rates.keepLastRates(of: old.rates)
        guard counters.count == old.counters.count else { return }
        for index in counters.indices { counters[index].rates.keepLastRates(of: old.counters[index].rates) }
    }

    /// Whether a scrape body has counters of the watch list and their increments are not known: they are withheld, or
    /// there is no base yet. A body without any of them has no data, which is something else.
    func isWithheld(_ reading: TargetReading) -> Bool {
        if reading.isAmbiguous { return true }
        let matches = reading.matches
        if reading.requests == nil, matches.requests > 0 { return true }
        guard reading.coveredSeconds == nil else { return false }
        if matches.requests > 0 || matches.errors > 0 || matches.latency > 0 { return true }
        return zip(signals, matches.signals).contains { !$0.isGauge && $1 > 0 }
    }

    /// Whether the target's newest scrape body withholds its counts, which its rates need to know.
    mutating func noteWithheld(_ isWithheld: Bool, target: Int) {
        rates.noteWithheld(isWithheld, target: target)
        for index in counters.indices { counters[index].rates.noteWithheld(isWithheld, target: target) }
    }

    /// Whether a scrape body covers more time than there was since the body before, by more than scrapes are late: it
    /// brings what an earlier body withheld.
    func isMoreThanACycle(_ coveredMs: Int64, beside sinceScrapeMs: Int64) -> Bool {
        coveredMs > sinceScrapeMs + intervalMs / 2
    }

    /// Whether a scrape that covers the time since then covers more than the open row and what a slow scrape body may
    /// add.
    func isLongBeforeTheOpenRow(_ sinceMs: Int64) -> Bool {
        sinceMs < rowTimes[(written - 1) % capacity] - 2 * intervalMs
    }

    private mutating func addToTotals(_ reading: TargetReading) {
        if reading.hasCounts { totals[Cell.scrapes] += 1 }
        if let requests = reading.requests {
            totals[Cell.requests] += requests
            hasRequests = true
        }
        if let errors = reading.errors {
            totals[Cell.errors] += errors
            hasErrors = true
        } else if reading.requests != nil {
            totals[Cell.unknownOutcomes] += 1
        }
        switch reading.latency {
        case .absent: break
        case .summary(let summary):
            totals[Cell.latencySeconds] += summary.sumSeconds
            totals[Cell.latencyCount] += summary.count
        case .histogram(let histogram): add(histogram)
        }
    }

    private mutating func add(_ histogram: HistogramIncrements) {
        totals[Cell.latencySeconds] += histogram.sumSeconds
        totals[Cell.latencyCount] += histogram.count
        let place = place(of: histogram.upperBounds, in: latency) { $0.latency = $1 }
        add(histogram, to: latency.layouts[place])
    }

    private mutating func add(_ histogram: HistogramIncrements, to layout: HistogramLayout) {
        var largest = histogram.count
        // In one piece, so that the array is checked to be unshared once, not once per bucket.
        totals.withUnsafeMutableBufferPointer { totals in
            for (column, count) in zip(layout.columns, histogram.cumulative) {
                totals[column] += count
                largest = max(largest, count)
            }
            totals[layout.countColumn] += largest
        }
    }

    // MARK: signals

    private mutating func add(_ reading: TargetReading, target: Int, from first: Int) {
        for (signal, one) in zip(signals, reading.signals) {
            switch (signal, one) {
            case (.counter(let index), .counter(let rise)):
                totals[counters[index].column] += rise
                counters[index].isSeen = true
                guard let seconds = reading.coveredSeconds else { continue }
                counters[index].rates.add(target: target, requests: rise, seconds: seconds, from: first, open: written)
            case (.histogram(let index), .histogram(let increments)):
                let place = place(of: increments.upperBounds, in: histograms[index]) { $0.histograms[index] = $1 }
                add(increments, to: histograms[index].layouts[place])
            default: continue
            }
        }
    }

    /// What the gauges of one target's scrape body are now. It shows from the next ``closeRow(atMs:)`` on.
    mutating func addGauges(_ reading: TargetReading, target: Int) {
        guard !gauges.isEmpty else { return }
        for (signal, one) in zip(signals, reading.signals) {
            guard case .gauge(let index) = signal else { continue }
            if case .gauge(let values) = one {
                gauges[index].take(values, target: target)
            } else {
                gauges[index].take(nil, target: target)
            }
        }
    }

    // MARK: columns

    /// The index of the layout with these bounds. Where it has to be made, `keep` puts the histogram that has it back.
    private mutating func place(
        of upperBounds: [Double], in known: HistogramColumns, keep: (inout PoolWindow, HistogramColumns) -> Void
    ) -> Int {
        if let place = known.place(of: upperBounds) { return place }
        if known.isFull(for: upperBounds), !upperBounds.isEmpty { return place(of: [], in: known, keep: keep) }
        var histogram = known
        reserveColumns(known.fresh(upperBounds) + 1)
        let columns = upperBounds.map { bound in
            if let known = histogram.columns[bound] { return known }
            let column = takeColumn()
            histogram.columns[bound] = column
            return column
        }
        histogram.layouts.append(
            HistogramLayout(upperBounds: upperBounds, columns: columns, countColumn: takeColumn()))
        keep(&self, histogram)
        return histogram.layouts.count - 1
    }

    /// A column that nothing has used yet; there is one, see ``reserveColumns(_:)``.
    private mutating func takeColumn() -> Int {
        usedColumns += 1
        return usedColumns - 1
    }

    /// Gives every row columns of zeros, which is what their running totals were.
    ///
    /// All new bounds of a scrape body are taken at once, and after the first body the rows grow by half at least, so
    /// that a body with many bounds, or one new bound at each scrape, does not copy the rows once per bound.
    private mutating func reserveColumns(_ count: Int) {
        let needed = usedColumns + count
        guard needed > stride else { return }
        setStride(latency.layouts.isEmpty ? needed : max(needed, stride * 3 / 2))
    }

    private mutating func setStride(_ new: Int) {
        let old = stride
        let added = repeatElement(0.0, count: new - old)
        var wider = [Double]()
        wider.reserveCapacity(capacity * new)
        for row in 0..<capacity {
            wider += rows[row * old..<(row + 1) * old]
            wider += added
        }
        rows = wider
        totals += added
    }

    /// Ends a scrape cycle: what was added becomes a row.
    mutating func closeRow(atMs now: Int64) {
        let slot = written % capacity
        rows.replaceSubrange(slot * stride..<(slot + 1) * stride, with: totals)
        rowTimes[slot] = now
        rates.closeRow(written)
        for index in counters.indices { counters[index].rates.closeRow(written) }
        for index in gauges.indices { gauges[index].closeRow(slot: slot) }
        written += 1
        for index in cursors.indices { advance(&cursors[index], now: now) }
    }

    /// Moves a window's start to the row nearest to its length ago, and never to one that has been overwritten.
    private func advance(_ cursor: inout Cursor, now: Int64) {
        let newest = written - 1
        cursor.startRow = max(cursor.startRow, written - capacity)
        let edge = now - cursor.windowMs + intervalMs / 2
        while cursor.startRow + 1 < newest, rowTimes[(cursor.startRow + 1) % capacity] <= edge { cursor.startRow += 1 }
        // A cycle that took much longer than the window (the process was stopped, the machine was asleep) covers the
        // window and of the time before it. It is left out, as the first scrape body after a gap is.
        let earliest = now - cursor.windowMs - 2 * intervalMs
        while cursor.startRow < newest, rowTimes[cursor.startRow % capacity] < earliest { cursor.startRow += 1 }
    }

    /// From here on the canary has another share of the traffic. A window over both shares would weigh one pool's good time
    /// against the other's bad time (Simpson's paradox), so windows that compare the pools start over.
    mutating func startComparisonsOver() { comparableSinceRow = written - 1 }

    /// The latest row in which counts that began so may lie: where windows that compare the pools started over after that, the
    /// row of that moment, so that none of them has the counts.
    func comparisonRow(sinceMs: Int64) -> Int {
        guard comparableSinceRow > 0, written - comparableSinceRow <= capacity,
            sinceMs < rowTimes[comparableSinceRow % capacity]
        else { return written }
        return comparableSinceRow
    }

    /// What the pool did in a window that ends with the newest row. The length must be one the pool was made with.
    ///
    /// - Parameter isComparison: leave out what was counted before the traffic split was what it is now.
    func view(windowMs: Int64, isComparison: Bool = false) -> WindowView {
        let place = place(ofWindowMs: windowMs)
        return view(window: place, from: firstRow(window: place, isComparison: isComparison), to: written - 1)
    }

    /// A window that compares the pools has not reached its length since it began, or started over.
    func isGrowing(windowMs: Int64) -> Bool {
        cursors[place(ofWindowMs: windowMs)].startRow <= comparableSinceRow
    }

    /// A window that compares the pools, and the cycle before it, as far as it is held.
    func viewBeginningEarlier(windowMs: Int64) -> WindowView {
        let place = place(ofWindowMs: windowMs)
        let first = firstRow(window: place, isComparison: true)
        return view(window: place, from: max(first - 1, written - capacity, 0), to: written - 1)
    }

    /// A window that compares the pools, without its newest cycle; nil when it has no other.
    func viewEndingEarlier(windowMs: Int64) -> WindowView? {
        let place = place(ofWindowMs: windowMs)
        let first = firstRow(window: place, isComparison: true)
        return first < written - 2 ? view(window: place, from: first, to: written - 2) : nil
    }

    private func place(ofWindowMs windowMs: Int64) -> Int {
        guard let place = cursors.firstIndex(where: { $0.windowMs == windowMs }) else {
            preconditionFailure("a window of \(windowMs) ms was not asked for when the pool was made")
        }
        return place
    }

    private func firstRow(window place: Int, isComparison: Bool) -> Int {
        isComparison ? max(cursors[place].startRow, comparableSinceRow) : cursors[place].startRow
    }

    /// - Parameter lastRow: a view that does not end with the newest row has no rates.
    private func view(window place: Int, from startRow: Int, to lastRow: Int) -> WindowView {
        let first = (startRow % capacity) * stride
        let last = (lastRow % capacity) * stride
        func increment(_ cell: Int) -> Double { rows[last + cell] - rows[first + cell] }
        func rate(_ rates: CoveredRates) -> Double? {
            lastRow == written - 1 ? rates.rate(window: place, since: startRow, newest: lastRow) : nil
        }
        // Totals of whole cycles, in which nothing came, say nothing: not even that there were no requests.
        let hasScrapes = increment(Cell.scrapes) > 0
        let elapsedMs = rowTimes[lastRow % capacity] - rowTimes[startRow % capacity]
        let requestRate = rate(rates)
        let histogram = view(latency, increment)
        return WindowView(
            seconds: Double(elapsedMs) / 1_000,
            requestRate: hasRequests && hasScrapes ? requestRate : nil,
            requests: hasRequests && hasScrapes ? increment(Cell.requests) : nil,
            // Requests whose end is not known are no successes: with them the pool has no number of errors.
            errors: hasErrors && hasScrapes && increment(Cell.unknownOutcomes) == 0 ? increment(Cell.errors) : nil,
            hasUnknownOutcomes: increment(Cell.unknownOutcomes) > 0,
            latencySeconds: increment(Cell.latencySeconds),
            latencyCount: increment(Cell.latencyCount),
            histogramCount: histogram.count, upperBounds: histogram.upperBounds, cumulative: histogram.cumulative,
            layouts: histogram.layouts,
            signals: signals.map { signal in
                switch signal {
                case .counter(let index):
                    let counter = counters[index]
                    guard counter.isSeen, hasScrapes else { return .counter(CounterView()) }
                    return .counter(CounterView(increase: increment(counter.column), rate: rate(counter.rates)))
                case .gauge(let index):
                    let after = startRow + 1
                    let slots = (after..<max(after, lastRow + 1)).lazy.map { $0 % capacity }
                    return .gauge(gauges[index].view(slots: slots))
                case .histogram(let index): return .histogram(view(histograms[index], increment))
                }
            })
    }

    private func view(_ histogram: HistogramColumns, _ increment: (Int) -> Double) -> HistogramView {
        let used = histogram.layouts.filter { increment($0.countColumn) > 0 }
        let shared = HistogramLayout.shared(used.isEmpty ? Array(histogram.layouts.suffix(1)) : used)
        return HistogramView(
            count: used.reduce(0) { $0 + increment($1.countColumn) }, upperBounds: shared.bounds,
            cumulative: shared.columns.map(increment), layouts: used.map(\.upperBounds))
    }
}

/// One pool's counts in one window.
struct WindowView: Sendable, Equatable {
    /// From the window's first row to its last; shorter than the window right after a release began. What targets
    /// counted may cover less of it: see ``requestRate``.
    var seconds: Double
    /// Requests per second over the pool, by the time in which they were counted: see ``CoveredRates``.
    var requestRate: Double?
    /// Nil when no target has reported its requests in the window.
    var requests: Double?
    /// Nil as well when requests of the window do not say how they ended.
    var errors: Double?
    /// Some target counted requests of which it is not known how they ended. So it is without the indicator of errors, too.
    var hasUnknownOutcomes = false
    var latencySeconds: Double
    var latencyCount: Double
    /// What the histograms' buckets and counts say that were counted; 0 without a histogram.
    var histogramCount: Double
    /// The bounds that all histograms with requests in the window have: rising; empty without a histogram, and where they
    /// have none in common.
    var upperBounds: [Double]
    /// Requests at or below each bound.
    var cumulative: [Double]
    /// The sets of bounds of the histograms with requests in the window, each rising.
    var layouts: [[Double]]
    /// One per signal of the watch list.
    var signals: [SignalView] = []
}

// MARK: - Another configuration

extension PoolWindow {
    /// The pool has other targets, or the rules have other windows. What was counted stays; a window that is new begins
    /// with the rows that are there.
    ///
    /// - Parameter places: the place of each target before; nil for a new one.
    mutating func adopt(windowsMs: [Int64], shortestCycleMs: Int64? = nil, places: [Int?]) {
        rates.arrange(places)
        for index in counters.indices { counters[index].rates.arrange(places) }
        for index in gauges.indices { gauges[index].arrange(places) }
        let next = PoolWindow.distinct(windowsMs)
        let shortest = max(1, shortestCycleMs ?? intervalMs)
        guard next != cursors.map(\.windowMs) || shortest != self.shortestCycleMs else { return }
        self.shortestCycleMs = shortest
        let windows = next.map { windowMs in
            (cursors.firstIndex { $0.windowMs == windowMs }, PoolWindow.rows(windowMs, shortest))
        }
        rates.arrange(windows: windows, shortestCycleMs: shortest)
        for index in counters.indices { counters[index].rates.arrange(windows: windows, shortestCycleMs: shortest) }
        let oldest = max(0, written - capacity)
        let known = cursors
        cursors = next.map { windowMs in
            known.first { $0.windowMs == windowMs } ?? Cursor(windowMs: windowMs, startRow: oldest)
        }
        setCapacity(PoolWindow.rows(next.last ?? intervalMs, shortest))
        let now = rowTimes[(written - 1) % capacity]
        for index in cursors.indices { advance(&cursors[index], now: now) }
    }

    private mutating func setCapacity(_ new: Int) {
        let (oldRows, oldTimes, old) = (rows, rowTimes, capacity)
        rows = Array(repeating: 0, count: new * stride)
        rowTimes = Array(repeating: oldTimes[max(0, written - old) % old], count: new)
        capacity = new
        var slots = [Int?](repeating: nil, count: new)
        for row in max(0, written - min(old, new))..<written { slots[row % new] = row % old }
        for index in gauges.indices { gauges[index].arrange(slots: slots) }
        for row in max(0, written - min(old, new))..<written {
            rowTimes[row % new] = oldTimes[row % old]
            for cell in 0..<stride { rows[row % new * stride + cell] = oldRows[row % old * stride + cell] }
        }
        // Rows that are not held are before every window's start.
        let oldest = max(0, written - min(old, new))
        for index in cursors.indices { cursors[index].startRow = max(cursors[index].startRow, oldest) }
    }
}
