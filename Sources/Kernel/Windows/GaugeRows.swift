import Telemetry

/// A gauge of a pool over time: after each scrape cycle a row with the values of all targets joined.
///
/// A row has no value when targets that did not answer could change it by more than a tenth, judged by what they said
/// last: half a pool's queue is not a short queue.
struct GaugeRows: Sendable, Equatable {
    /// What is not seen may be this part of the value at most, as for rates.
    private static let unseenLimit = 0.1

    /// NaN where a cycle has no value.
    private struct Row: Sendable, Equatable {
        var (sum, max, mean) = (Double.nan, Double.nan, Double.nan)
    }

    private var rows: [Row]
    /// What each target said last; nil when it has never said anything, or when its scrape body has the gauge no
    /// longer.
    private var last: [GaugeValues?]
    /// Said in the running cycle.
    private var isFresh: [Bool]

    init(targets: Int, capacity: Int) {
        rows = Array(repeating: Row(), count: capacity)
        last = Array(repeating: nil, count: targets)
        isFresh = Array(repeating: false, count: targets)
    }

    /// - Parameter values: nil for a scrape body without the gauge.
    mutating func take(_ values: GaugeValues?, target: Int) {
        guard last.indices.contains(target) else { return }
        last[target] = values
        isFresh[target] = values != nil
    }

    /// Ends a cycle.
    mutating func closeRow(slot: Int) {
        var (seen, unseen) = (GaugeValues?.none, GaugeValues?.none)
        for target in last.indices {
            guard let values = last[target] else { continue }
            if isFresh[target] { seen = values.joined(seen) } else { unseen = values.joined(unseen) }
            isFresh[target] = false
        }
        rows[slot] = GaugeRows.row(seen, unseen)
    }

    private static func row(_ seen: GaugeValues?, _ unseen: GaugeValues?) -> Row {
        guard let seen else { return Row() }
        var row = Row(sum: seen.sum, max: seen.max, mean: seen.sum / Double(seen.series))
        guard let unseen else { return row }
        if abs(unseen.sum) > abs(seen.sum) * unseenLimit { row.sum = .nan }
        if unseen.max > seen.max { row.max = .nan }
        if Double(unseen.series) > Double(seen.series) * unseenLimit { row.mean = .nan }
        return row
    }

    /// - Parameter slots: of the window's rows, in the order of time.
    func view(slots: some Sequence<Int>) -> GaugeView {
        var view = GaugeView()
        for slot in slots {
            view.sum.add(rows[slot].sum)
            view.max.add(rows[slot].max)
            view.mean.add(rows[slot].mean)
        }
        return view
    }

    /// The pool has other targets now.
    ///
    /// - Parameter places: where each of them was before; nil for a new one.
    mutating func arrange(_ places: [Int?]) {
        last = places.map { $0.flatMap { last[$0] } }
        isFresh = places.map { $0.map { isFresh[$0] } ?? false }
    }

    /// The rows have another ring.
    ///
    /// - Parameter slots: for each new slot the old one, or nil for none.
    mutating func arrange(slots: [Int?]) { rows = slots.map { $0.map { rows[$0] } ?? Row() } }
}

extension GaugeValues {
    fileprivate func joined(_ other: GaugeValues?) -> GaugeValues {
        guard let other else { return self }
        return GaugeValues(series: series + other.series, sum: sum + other.sum, max: Swift.max(max, other.max))
    }
}
