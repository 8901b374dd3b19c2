import Telemetry

/// Where a pool's window keeps a signal: an index among those of its kind.
enum SignalPlace: Sendable, Equatable {
    case counter(Int)
    case gauge(Int)
    case histogram(Int)

    var isGauge: Bool { if case .gauge = self { true } else { false } }
}

/// What a pool's window keeps of a counter.
struct CounterColumn: Sendable, Equatable {
    /// Of the running total.
    let column: Int
    var rates: CoveredRates
    /// Some scrape body had the counter.
    var isSeen = false
}

/// The columns of the histograms of one signal: one per bound, and one count per set of bounds.
struct HistogramColumns: Sendable, Equatable {
    /// The column of each bound. Never iterated over.
    var columns: [Double: Int] = [:]
    /// The sets of bounds with which histograms came. Mostly one.
    var layouts: [HistogramLayout] = []

    /// More bounds, or sets of them, than this over a release's life are not bounds. Further sets share one without any
    /// bound, so that nothing is estimated from windows with counts in it.
    static let boundLimit = 2_000
    static let layoutLimit = 64

    /// The index of the layout with these bounds; nil when it has to be made.
    func place(of upperBounds: [Double]) -> Int? { layouts.firstIndex { $0.upperBounds == upperBounds } }

    /// So many of them have no column yet.
    func fresh(_ upperBounds: [Double]) -> Int { upperBounds.count { columns[$0] == nil } }

    /// A layout with these bounds would be too much.
    func isFull(for upperBounds: [Double]) -> Bool {
        layouts.count >= Self.layoutLimit || columns.count + fresh(upperBounds) > Self.boundLimit
    }
}

/// The bounds of one kind of histogram, and its columns in a ``PoolWindow``.
struct HistogramLayout: Sendable, Equatable {
    /// Rising; the last is +Inf where the histogram has it.
    let upperBounds: [Double]
    /// One per bound.
    let columns: [Int]
    /// Counts what the histograms with these bounds counted.
    let countColumn: Int

    /// The bounds that all of them have, rising, and their columns.
    static func shared(_ layouts: [HistogramLayout]) -> (bounds: [Double], columns: [Int]) {
        guard let first = layouts.first else { return ([], []) }
        var shared = (bounds: first.upperBounds, columns: first.columns)
        for layout in layouts.dropFirst() {
            let kept = shared.bounds.indicesAlso(in: layout.upperBounds)
            shared = (kept.map { shared.bounds[$0] }, kept.map { shared.columns[$0] })
        }
        return shared
    }
}

extension [Double] {
    /// The indices of the elements that the other array has too; both rise.
    func indicesAlso(in other: [Double]) -> [Int] {
        var next = 0
        return indices.filter { index in
            while next < other.count, other[next] < self[index] { next += 1 }
            return next < other.count && other[next] == self[index]
        }
    }
}
