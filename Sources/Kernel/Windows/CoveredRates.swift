/// The request rate of a pool, as the sum over its targets of what each one counted by the time in which it was counted.
///
/// The counts in a window and the window's length do not always cover the same time: a target may have been unreachable,
/// may have been added a moment ago, or its first scrape after a gap may cover the time before the window. A rate whose
/// numerator and denominator come from the same scrape bodies is true all the same, unless they cover very little time:
/// within a scrape, the moment at which the body was rendered is not known. Two scrapes follow each other at once after the
/// process was stopped in the middle of a cycle.
///
/// After each scrape cycle every target has running totals of its requests and of the seconds that they cover. A window
/// keeps the totals of at most ``slotLimit`` of its rows, so the memory per target does not grow with the window.
struct CoveredRates: Sendable, Equatable {
    /// Rows that one window keeps; a longer window keeps every second, third, … row.
    private static let slotLimit = 32

    /// What is not seen may be this part of the rate at most; beyond it the pool has no rate. A large pool always has a
    /// target that is down.
    private static let unseenLimit = 0.1

    /// The rows that one window keeps, as a ring.
    fileprivate struct History: Sendable, Equatable {
        /// Rows from one kept row to the next.
        let step: Int
        let slots: Int
        /// Slot by slot, in each slot the targets' requests and then their seconds.
        var cells: [Double]

        init(windowRows: Int, targets: Int) {
            step = max(1, (windowRows + CoveredRates.slotLimit - 1) / CoveredRates.slotLimit)
            slots = windowRows / step + 2
            cells = Array(repeating: 0, count: slots * 2 * targets)
        }

        func slot(ofRow row: Int) -> Int { (row / step) % slots }

        /// The kept row that is nearest to `row` and not before it.
        func kept(from row: Int, newest: Int) -> Int {
            let oldest = (newest / step - (slots - 1)) * step
            return max((row + step - 1) / step * step, oldest)
        }
    }

    private var targets: Int
    /// Counts of one target that cover less time are no rate, seconds.
    private var leastSeconds: Double
    private var histories: [History]
    /// Requests of each target, then the seconds that they cover; of the newest closed row, and with the open row.
    private var closed: [Double]
    private var totals: [Double]
    /// Each target's requests per second in its last scrape that reported a rate; 0 before.
    private var lastRates: [Double]
    /// The newest scrape body of the target has counts that are not known.
    private var isWithheld: [Bool]
    /// The target has reported a rate since this process began to watch it.
    private var hasReported: [Bool]

    /// - Parameters:
    ///   - windowRows: how many rows each of the windows spans.
    ///   - shortestCycleMs: between two rows at the least.
    init(targets: Int, windowRows: [Int], shortestCycleMs: Int64) {
        self.targets = targets
        leastSeconds = CoveredRates.leastSeconds(shortestCycleMs: shortestCycleMs)
        histories = windowRows.map { History(windowRows: $0, targets: targets) }
        closed = Array(repeating: 0, count: 2 * targets)
        totals = closed
        lastRates = Array(repeating: 0, count: targets)
        isWithheld = Array(repeating: false, count: targets)
        hasReported = isWithheld
    }

    /// Half of a cycle: a scrape has to be answered well within one.
    private static func leastSeconds(shortestCycleMs: Int64) -> Double { Double(shortestCycleMs) / 2_000 }

    /// A target that withholds its counts is not one without requests.
    mutating func noteWithheld(_ isWithheld: Bool, target: Int) {
        guard target < targets else { return }
        self.isWithheld[target] = isWithheld
    }

    /// Adds what one scrape body of a target brought.
    ///
    /// - Parameters:
    ///   - first: the row in whose time the counted time began.
    ///   - open: the row that the running cycle will close.
    mutating func add(target: Int, requests: Double, seconds: Double, from first: Int, open: Int) {
        guard target < targets, seconds > 0, seconds.isFinite else { return }
        totals[target] += requests
        totals[targets + target] += seconds
        if seconds >= leastSeconds { (lastRates[target], hasReported[target]) = (requests / seconds, true) }
        guard first < open else { return }
        // They belong to the rows of the gap too: no window that begins inside the gap may count them.
        closed[target] += requests
        closed[targets + target] += seconds
        for index in histories.indices { histories[index].add(target, requests, seconds, rows: first..<open, targets) }
    }

    mutating func closeRow(_ row: Int) {
        closed = totals
        for index in histories.indices where row % histories[index].step == 0 {
            let start = histories[index].slot(ofRow: row) * 2 * targets
            histories[index].cells.replaceSubrange(start..<start + 2 * targets, with: totals)
        }
    }

    /// Requests per second over the pool, in the rows after `start`. Nil when no target has reported a rate in them,
    /// or when targets that reported none would add more than a tenth, judged by what they served before. One that
    /// has never reported a rate, and withholds its counts now or has counted for a moment only, is taken to serve as much
    /// as the others do in the mean.
    func rate(window: Int, since start: Int, newest: Int) -> Double? {
        let history = histories[window]
        let row = min(history.kept(from: start, newest: newest), newest)
        // The newest row may be one that is not kept; then nothing lies after the start.
        guard row < newest else { return nil }
        let base = history.slot(ofRow: row) * 2 * targets
        var (rate, unseen, reporting, unknown) = (0.0, 0.0, 0, 0)
        for target in 0..<targets {
            let seconds = closed[targets + target] - history.cells[base + targets + target]
            if seconds >= leastSeconds {
                rate += (closed[target] - history.cells[base + target]) / seconds
                reporting += 1
            } else if !hasReported[target], isWithheld[target] || seconds > 0 {
                unknown += 1
            } else {
                unseen += lastRates[target]
            }
        }
        guard reporting > 0, Double(unknown) <= Double(reporting) * CoveredRates.unseenLimit else { return nil }
        return unseen <= rate * CoveredRates.unseenLimit ? rate : nil
    }

    /// What the targets served before a window that starts over is still known.
    mutating func keepLastRates(of old: CoveredRates) {
        guard old.targets == targets else { return }
        (lastRates, isWithheld, hasReported) = (old.lastRates, old.isWithheld, old.hasReported)
    }

    /// The pool has other targets now.
    ///
    /// - Parameter places: the place of each of them before; nil for a new one.
    mutating func arrange(_ places: [Int?]) {
        func arranged(_ cells: [Double], rows: Int, columns: Int) -> [Double] {
            var result: [Double] = []
            result.reserveCapacity(rows * columns * places.count)
            for block in 0..<rows * columns {
                for place in places { result.append(place.map { cells[block * targets + $0] } ?? 0) }
            }
            return result
        }
        for index in histories.indices {
            histories[index].cells = arranged(histories[index].cells, rows: histories[index].slots, columns: 2)
        }
        closed = arranged(closed, rows: 1, columns: 2)
        totals = arranged(totals, rows: 1, columns: 2)
        lastRates = arranged(lastRates, rows: 1, columns: 1)
        isWithheld = places.map { $0.map { isWithheld[$0] } ?? false }
        hasReported = places.map { $0.map { hasReported[$0] } ?? false }
        targets = places.count
    }
}

extension CoveredRates {
    /// The rules have other windows now.
    ///
    /// - Parameters:
    ///   - windows: the place of each of them before, nil for a new one, and how many rows it spans. A new one begins with
    ///     the newest row.
    ///   - shortestCycleMs: between two rows at the least, from now on.
    mutating func arrange(windows: [(place: Int?, rows: Int)], shortestCycleMs: Int64) {
        leastSeconds = CoveredRates.leastSeconds(shortestCycleMs: shortestCycleMs)
        let before = histories
        histories = windows.map { window in
            if let place = window.place { return before[place] }
            var fresh = History(windowRows: window.rows, targets: targets)
            fresh.cells = (0..<fresh.slots).flatMap { _ in closed }
            return fresh
        }
    }
}

extension CoveredRates.History {
    fileprivate mutating func add(
        _ target: Int, _ requests: Double, _ seconds: Double, rows: Range<Int>, _ targets: Int
    ) {
        var row = kept(from: rows.lowerBound, newest: rows.upperBound - 1)
        while row < rows.upperBound {
            let start = slot(ofRow: row) * 2 * targets
            cells[start + target] += requests
            cells[start + targets + target] += seconds
            row += step
        }
    }
}
