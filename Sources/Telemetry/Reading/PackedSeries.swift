/// The series of one target whose scrape body has a known layout: the last values in one column, in the body's order,
/// and what is known of series that are not in the body. Names and meanings are the layout's, which many targets share.
///
/// It holds exactly what a ``SeriesIndex`` would know after the same bodies, so the one can be made of the other.
struct PackedSeries {
    let layout: ExpositionLayout
    /// One per cell; NaN for none. A last value is always finite.
    private var last: [Double]
    private(set) var absent: [AbsentSeries]
    /// Of each cell that counts requests or errors, in the layout's order: it rose on the last scrape body.
    private var moved: [Bool]
    /// One per cell, or none at all while no series has one. A series with a mark has its last value there and NaN in
    /// the column, so that the quick way does not take it.
    private var marked: [MarkedValue?] = []
    /// The scrape that the cells were read in last.
    private(set) var scrape: UInt64
    /// Scrape bodies read by the layout.
    private(set) var bodies = 0
    /// A reading's numbers live here too, so that no new array is needed once the reading is gone.
    private var increments: [Double] = []

    /// - Parameters:
    ///   - last: one per cell.
    ///   - marks: one per cell.
    ///   - moved: one per cell, or none at all: whether it rose on the last scrape body.
    init(
        _ layout: ExpositionLayout, last: [Double], marks: [SeriesMark?], moved: [Bool], absent: [AbsentSeries],
        scrape: UInt64
    ) {
        self.layout = layout
        self.last = last
        self.moved = layout.cells.events.map { moved.indices.contains($0) && moved[$0] }
        if marks.contains(where: { $0 != nil }) {
            marked = zip(marks, last).map { mark, value in mark.map { MarkedValue(value: value, mark: $0) } }
            for index in marked.indices where marked[index] != nil { self.last[index] = .nan }
        }
        self.absent = absent
        self.scrape = scrape
    }

    /// For a target of which nothing is known yet.
    init(_ layout: ExpositionLayout) {
        self.init(
            layout, last: Array(repeating: .nan, count: layout.cells.count), marks: [], moved: [], absent: [],
            scrape: 0)
    }

    /// The same with another layout that is equal.
    func sharing(_ equal: ExpositionLayout) -> PackedSeries {
        var copy = PackedSeries(equal, last: last, marks: [], moved: [], absent: absent, scrape: scrape)
        (copy.marked, copy.moved) = (marked, moved)
        copy.bodies = bodies
        return copy
    }

    /// The same as a book.
    ///
    /// - Returns: nil when the layout's text cannot be read, which its making excludes.
    func unpacked(into fresh: SeriesIndex) -> SeriesIndex? {
        var book = fresh
        var sketch = LayoutSketch()
        let text = layout.text
        do throws(ExpositionError) {
            _ = try book.scan(text.span, format: layout.format, scrape: scrape, sketch: &sketch)
        } catch { return nil }
        let values = last.indices.map { marked.isEmpty ? last[$0] : marked[$0]?.value ?? last[$0] }
        var hasMoved = [Bool](repeating: false, count: last.count)
        for (place, cell) in layout.cells.events.enumerated() { hasMoved[cell] = moved[place] }
        book.restore(values, marks: marked.map { $0?.mark }, moved: hasMoved, absent: absent)
        return book
    }

    /// Whether a series of requests or errors is missing that rose when it was there last.
    var missesMovingSeries: Bool { absent.contains(where: \.series.isMissed) }

    /// The missing series are no longer waited for.
    mutating func forgetMissed() { for index in absent.indices { absent[index].series.giveUp() } }

    // MARK: forgetting

    mutating func forgetValues() {
        for index in last.indices { last[index] = .nan }
        marked = []
        for index in moved.indices { moved[index] = false }
        for index in absent.indices { absent[index].series.forgetValue() }
    }

    /// - Returns: true when a series was forgotten.
    mutating func forgetLongGone() -> Bool {
        guard !absent.isEmpty, last.count + absent.count > layout.limits.roomySeries else { return false }
        let before = absent.count
        absent.removeAll { $0.series.scrape + 2 < scrape }
        return absent.count < before
    }

    // MARK: counting

    /// When the process began to count: the oldest that the scrape body says.
    func starts(_ values: [Double]) -> StartTimes {
        var starts = StartTimes()
        for index in layout.cells.startTimes {
            starts.add(values[index], isCreated: layout.cells.cells[index].meaning & LayoutCells.Meaning.created != 0)
        }
        return starts
    }

    func lifeSigns(_ values: [Double]) -> LifeSignReading {
        var signs = LifeSignReading()
        for index in layout.cells.lifeSigns {
            let isClock = layout.cells.cells[index].meaning & LayoutCells.Meaning.clock != 0
            signs.add(values[index], isClock ? .clock : .cpu)
        }
        return signs
    }

    /// Up to so many request series that are larger than in the scrape body before.
    func movingRequests(_ values: [Double], limit: Int) -> [String] {
        var moving: [Int] = []
        let cells = layout.cells.cells
        for index in cells.indices where cells[index].meaning & LayoutCells.Meaning.requests != 0 {
            let before = marked.isEmpty ? last[index] : marked[index]?.value ?? last[index]
            if values[index] > (before.isNaN ? 0 : before) { moving.append(index) }
            if moving.count == limit { break }
        }
        return moving.map { String(layout.seriesText(ofCell: $0).prefix(200)) }
    }

    /// Adds the increments up; the values are the next base.
    ///
    /// - Parameter values: one per cell; there may be more room behind.
    mutating func count(_ values: [Double], from base: inout CountingBase, scrape: UInt64) -> ReadingSums {
        self.scrape = scrape
        bodies += 1
        // The sums get the only reference, or the numbers would be copied.
        var room: [Double] = []
        swap(&room, &increments)
        noteMoved(values)
        var sums = ReadingSums(
            watchesErrors: layout.watch.errors != nil, signals: layout.watch.signals.count, layout: layout.cells,
            room: consume room)
        add(values, to: &sums, from: &base)
        increments = sums.increments
        if !marked.isEmpty, marked.allSatisfy({ $0 == nil }) { marked = [] }
        if base.isRestarted { for index in absent.indices { absent[index].series.restart() } }
        return sums
    }

    private mutating func noteMoved(_ values: [Double]) {
        let events = layout.cells.events
        guard values.count >= last.count else { return }
        for place in events.indices {
            let cell = events[place]
            let before = marked.isEmpty ? last[cell] : marked[cell]?.value ?? last[cell]
            moved[place] = values[cell] > before
        }
    }

    private mutating func add(_ values: [Double], to sums: inout ReadingSums, from base: inout CountingBase) {
        let cells = layout.cells.cells
        guard values.count >= cells.count, last.count == cells.count else { return }
        for index in cells.indices {
            let cell = cells[index]
            let value = values[index]
            var increment = base.rise(from: &last[index], to: value)
            if increment < 0 { increment = unusualIncrement(index, value, &base) }
            if cell.meaning == LayoutCells.Meaning.bucket {
                sums.addBucket(slot: Int(cell.slot), increment)
            } else {
                sums.add(cell, value: value, increment: increment)
                if cell.meaning & LayoutCells.Meaning.signal != 0 {
                    sums.add(layout.cells.signals[index], value: value, increment: increment)
                }
            }
        }
    }

    /// Of a series that fell, is new, or has a mark.
    private mutating func unusualIncrement(_ index: Int, _ value: Double, _ base: inout CountingBase) -> Double {
        var series = WatchedSeries(roles: layout.cells.roles(index))
        guard series.roles.isCounter else {
            last[index] = value
            return 0
        }
        let before = marked.isEmpty ? nil : marked[index]
        series.last = before?.value ?? (last[index].isNaN ? nil : last[index])
        series.mark = before?.mark
        series.value = value
        let increment = base.count(&series, isBack: false)
        keep(series, index)
        return increment
    }

    private mutating func keep(_ series: WatchedSeries, _ index: Int) {
        let value = series.last ?? .nan
        guard let mark = series.mark else {
            last[index] = value
            if !marked.isEmpty { marked[index] = nil }
            return
        }
        if marked.isEmpty { marked = Array(repeating: nil, count: last.count) }
        marked[index] = MarkedValue(value: value, mark: mark)
        last[index] = .nan
    }

    private struct MarkedValue {
        let value: Double
        let mark: SeriesMark
    }
}
