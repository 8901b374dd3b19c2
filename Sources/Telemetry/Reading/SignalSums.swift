/// Adds the series of one signal up, over one scrape body.
struct SignalSums {
    /// That the selector matched.
    private(set) var series = 0
    private var isThere: Bool { series > 0 }
    /// Of counters.
    private var rise = 0.0
    private var gauge: GaugeValues?
    /// Of buckets, in the order in which they were met.
    private var bounds: [Double] = []
    /// One per bound.
    private var increments: [Double] = []
    private var sum = 0.0
    private var count: Double?
    /// Where the next bucket probably belongs: series after series has the same bounds in the same order.
    private var next = 0

    /// - Parameter increment: of a counter since the scrape body before; 0 without a base.
    mutating func add(_ part: SignalRole.Part, value: Double, increment: Double) {
        series += 1
        switch part {
        case .counter: rise += increment
        case .gauge: addGauge(value)
        case .bucket(let bound): if !bound.isNaN { addBucket(bound, increment) }
        case .sum: sum += increment
        case .count: count = (count ?? 0) + increment
        }
    }

    private mutating func addGauge(_ value: Double) {
        guard value.isFinite else { return }
        guard gauge != nil else {
            gauge = GaugeValues(series: 1, sum: value, max: value)
            return
        }
        gauge?.add(value)
    }

    private mutating func addBucket(_ bound: Double, _ increment: Double) {
        if next >= bounds.count { next = 0 }
        if next < bounds.count, bounds[next] == bound {
            increments[next] += increment
            next += 1
        } else if let index = bounds.firstIndex(of: bound) {
            increments[index] += increment
            next = index + 1
        } else {
            bounds.append(bound)
            increments.append(increment)
        }
    }

    /// Whether a counter rose.
    var hasRisen: Bool { rise > 0 || sum > 0 || (count ?? 0) > 0 || increments.contains { $0 > 0 } }

    /// Adds another scrape body's counts; a gauge keeps its own, later values.
    mutating func absorb(_ other: SignalSums) {
        rise += other.rise
        sum += other.sum
        if let more = other.count { count = (count ?? 0) + more }
        for (bound, increment) in zip(other.bounds, other.increments) { addBucket(bound, increment) }
    }

    /// Takes back what was added with ``absorb(_:)``.
    mutating func remove(_ other: SignalSums) {
        rise -= other.rise
        sum -= other.sum
        if let less = other.count { count = max(0, (count ?? 0) - less) }
        for (bound, increment) in zip(other.bounds, other.increments) { addBucket(bound, -increment) }
    }

    /// - Parameters:
    ///   - hasBase: false withholds increments; a gauge needs no base.
    func reading(_ signal: Signal, hasBase: Bool) -> SignalReading {
        guard isThere else { return .absent }
        switch signal.kind {
        case .counter: return hasBase ? .counter(rise) : .absent
        case .gauge: return gauge.map(SignalReading.gauge) ?? .absent
        case .histogram: return hasBase && !bounds.isEmpty ? .histogram(histogram(signal)) : .absent
        }
    }

    private func histogram(_ signal: Signal) -> HistogramIncrements {
        let order = bounds.indices.sorted { bounds[$0] < bounds[$1] }
        let cumulative = order.map { increments[$0] }
        let total = order.last.map { bounds[$0] } == .infinity ? cumulative.last : nil
        return HistogramIncrements(
            upperBounds: order.map { bounds[$0] }, cumulative: cumulative,
            sumSeconds: sum / (signal.unit?.perSecond ?? 1), count: count ?? total ?? 0)
    }
}
