/// What one histogram series of an exporter has counted.
public struct HistogramCounts: Sendable, Equatable {
    /// Upper bounds of the buckets, ascending, without +Inf.
    let bounds: [Double]
    /// Observations per bucket, not cumulative. The last bucket has no upper bound.
    private(set) var counts: [UInt64]
    private(set) var sum = 0.0

    public init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Counts a value in the bucket with the smallest bound that is not below it.
    public mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
