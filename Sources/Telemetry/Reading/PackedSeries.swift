/// The series of one target whose page has a known layout: the last values in one column, in the page's order, and what
/// is known of series that are not on the page. Names and meanings are the layout's, which many targets share.
///
/// It holds exactly what a ``SeriesBook`` would know after the same pages, so the one can be made of the other.
struct PackedSeries {
    let layout: PageLayout
    /// One per cell; NaN for none. A last value is always finite.
    private var last: [Double]
    private(set) var absent: [AbsentSeries]
    /// The scrape that the cells were read in last.
    private(set) var scrape: UInt64
    /// Pages read by the layout.
    private(set) var pages = 0
    /// A reading's numbers live here too, so that no new array is needed once the reading is gone.
    private var increments: [Double] = []

    /// - Parameter last: one per cell.
    init(_ layout: PageLayout, last: [Double], absent: [AbsentSeries], scrape: UInt64) {
        self.layout = layout
        self.last = last
        self.absent = absent
        self.scrape = scrape
    }

    /// For a target of which nothing is known yet.
    init(_ layout: PageLayout) {
        self.init(layout, last: Array(repeating: .nan, count: layout.cells.count), absent: [], scrape: 0)
    }

    /// The same with another layout that is equal.
    func sharing(_ equal: PageLayout) -> PackedSeries {
        var copy = PackedSeries(equal, last: last, absent: absent, scrape: scrape)
        copy.pages = pages
        return copy
    }

    /// The same as a book.
    ///
    /// - Returns: nil when the layout's text cannot be read, which its making excludes.
    func unpacked(into fresh: SeriesBook) -> SeriesBook? {
        var book = fresh
        var sketch = PageSketch()
        let text = layout.text
        do throws(ExpositionError) {
            _ = try book.scan(text.span, format: layout.format, scrape: scrape, sketch: &sketch)
        } catch { return nil }
        book.restore(last, absent: absent)
        return book
    }

    // MARK: forgetting

    mutating func forgetValues() {
        for index in last.indices { last[index] = .nan }
        for index in absent.indices { absent[index].series.last = nil }
    }

    /// - Returns: true when a series was forgotten.
    mutating func forgetLongGone() -> Bool {
        guard !absent.isEmpty, last.count + absent.count > layout.limits.roomySeries else { return false }
        let before = absent.count
        absent.removeAll { $0.series.scrape + 2 < scrape }
        return absent.count < before
    }

    // MARK: counting

    /// A counter that has begun anew.
    func hasFallen(_ values: [Double]) -> Bool {
        let cells = layout.cells.cells
        return cells.indices.contains { index in
            let isCounter = cells[index].meaning & (LayoutCells.Meaning.startTime | LayoutCells.Meaning.quantile) == 0
            let before = last[index].isNaN ? nil : last[index]
            return isCounter && CountingBase.hasFallen(from: before, to: values[index])
        }
    }

    /// When the process began to count: the oldest that the page says.
    func startTime(_ values: [Double]) -> Double? {
        var oldest: Double?
        for index in layout.cells.startTimes {
            let value = values[index]
            if value.isFinite, value > 0 { oldest = min(oldest ?? value, value) }
        }
        return oldest
    }

    /// Adds the increments up; the values are the next base.
    ///
    /// - Parameter values: one per cell; there may be more room behind.
    mutating func count(_ values: [Double], from base: inout CountingBase, watchesErrors: Bool, scrape: UInt64)
        -> ReadingSums
    {
        self.scrape = scrape
        pages += 1
        // The sums get the only reference, or the numbers would be copied.
        var room: [Double] = []
        swap(&room, &increments)
        var sums = ReadingSums(watchesErrors: watchesErrors, layout: layout.cells, room: consume room)
        add(values, to: &sums, from: &base)
        increments = sums.increments
        if base.isRestarted { for index in absent.indices { absent[index].series.last = 0 } }
        return sums
    }

    private mutating func add(_ values: [Double], to sums: inout ReadingSums, from base: inout CountingBase) {
        let cells = layout.cells.cells
        guard values.count >= cells.count, last.count == cells.count else { return }
        for index in cells.indices {
            let cell = cells[index]
            let value = values[index]
            let increment = base.increment(from: &last[index], to: value)
            if cell.meaning == LayoutCells.Meaning.bucket {
                sums.addBucket(slot: Int(cell.slot), increment)
            } else {
                sums.add(cell, value: value, increment: increment)
            }
        }
    }
}
