/// What makes the counts of a classic histogram contradict each other, so that no percentile can be estimated from them.
///
/// Counts of one scrape body need not be taken at one moment, so contradictions of up to two requests and one percent are
/// tolerated. Prometheus estimates from such counts all the same and adds an annotation
/// (prometheus/promql/quantile.go, `ensureMonotonicAndIgnoreSmallDeltas`).
public enum HistogramDefect: Sendable, Equatable {
    /// There is no bucket `le="+Inf"`.
    case noInfinityBucket
    /// The bucket with this bound has counted fewer requests than one with a smaller bound.
    case notCumulative(bound: Double)
    /// The bucket `le="+Inf"` has counted fewer requests than `_count` says.
    case infinityBelowCount

    /// - Parameters:
    ///   - upperBounds: `le` values, rising.
    ///   - cumulative: requests at or below each bound.
    ///   - count: of `_count`, or any other count of the same requests.
    /// - Returns: nil for counts that fit together, and for a histogram without buckets or requests.
    public static func first(upperBounds: [Double], cumulative: [Double], count: Double) -> HistogramDefect? {
        guard let last = upperBounds.last, upperBounds.count == cumulative.count else { return nil }
        var largest = 0.0
        var defect: HistogramDefect?
        let tolerated = 2 + 0.01 * max(count, cumulative.max() ?? 0)
        for (index, bucket) in cumulative.enumerated() {
            if bucket + tolerated < largest, defect == nil { defect = .notCumulative(bound: upperBounds[index]) }
            largest = max(largest, bucket)
        }
        guard max(largest, count) > 0 else { return nil }
        if last < .infinity { return .noInfinityBucket }
        if let defect { return defect }
        return (cumulative.last ?? 0) + tolerated < count ? .infinityBelowCount : nil
    }
}
