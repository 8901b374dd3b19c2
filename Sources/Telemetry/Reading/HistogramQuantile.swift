/// Prometheus' `histogram_quantile` for classic histograms.
///
/// Source: prometheus/promql/quantile.go, `BucketQuantile`; the edge cases are listed in its documentation of
/// `histogram_quantile`.
public enum HistogramQuantile {
    /// The quantile by linear interpolation inside the bucket that holds it.
    ///
    /// - Parameters:
    ///   - quantile: 0...1; below 0 gives -Inf, above 1 gives +Inf.
    ///   - upperBounds: `le` values, any order; the largest has to be +Inf.
    ///   - cumulative: observations at or below each bound, in the same order. Counts that fall where they should rise
    ///     are raised.
    /// - Returns: NaN without a +Inf bucket, with fewer than two buckets, or without observations.
    public static func value(_ quantile: Double, upperBounds: [Double], cumulative: [Double]) -> Double {
        estimate(quantile, upperBounds: upperBounds, cumulative: cumulative).value
    }

    /// The same, and whether a count had to be raised by more than rounding explains: scrapes that do not fit together,
    /// which Prometheus warns of.
    public static func estimate(
        _ quantile: Double, upperBounds: [Double], cumulative: [Double]
    ) -> (value: Double, countsWereRaised: Bool) {
        if quantile.isNaN { return (.nan, false) }
        if quantile < 0 { return (-.infinity, false) }
        if quantile > 1 { return (.infinity, false) }
        let (buckets, wereRaised) = merged(upperBounds, cumulative)
        let value = value(quantile, in: buckets)
        // A histogram that has no quantiles has nothing to warn of.
        return (value, wereRaised && isComplete(buckets))
    }

    private static func isComplete(_ buckets: [Bucket]) -> Bool {
        guard buckets.count >= 2, let last = buckets.last else { return false }
        return last.bound == .infinity && last.count > 0
    }

    private static func value(_ quantile: Double, in buckets: [Bucket]) -> Double {
        guard buckets.count >= 2, let last = buckets.last, last.bound == .infinity else { return .nan }
        guard last.count > 0 else { return .nan }
        let rank = quantile * last.count
        let index = buckets.dropLast().firstIndex { $0.count >= rank } ?? buckets.count - 1
        if index == buckets.count - 1 { return buckets[buckets.count - 2].bound }
        if index == 0, buckets[0].bound <= 0 { return buckets[0].bound }
        return interpolate(rank, in: buckets, at: index)
    }

    private struct Bucket {
        let bound: Double
        var count: Double
    }

    private static func interpolate(_ rank: Double, in buckets: [Bucket], at index: Int) -> Double {
        let end = buckets[index].bound
        guard index > 0 else { return end * (rank / buckets[0].count) }
        let start = buckets[index - 1].bound
        let below = buckets[index - 1].count
        return start + (end - start) * ((rank - below) / (buckets[index].count - below))
    }

    /// Rising bounds, equal ones added up, counts that never fall. Tiny falls are rounding, larger ones are scrapes that
    /// do not fit together; both are raised to the bucket before.
    private static func merged(_ upperBounds: [Double], _ cumulative: [Double]) -> ([Bucket], wereRaised: Bool) {
        var wereRaised = false
        let order = upperBounds.indices.sorted { upperBounds[$0] < upperBounds[$1] }
        var buckets: [Bucket] = []
        for index in order where !upperBounds[index].isNaN {
            if let last = buckets.last, last.bound == upperBounds[index] {
                buckets[buckets.count - 1].count += cumulative[index]
            } else {
                buckets.append(Bucket(bound: upperBounds[index], count: cumulative[index]))
            }
        }
        for index in buckets.indices.dropFirst() where !rises(from: buckets[index - 1].count, to: buckets[index].count)
        {
            let (count, needed) = (buckets[index].count, buckets[index - 1].count)
            if (needed - count) / max(abs(needed), abs(count)) >= 1e-12 { wereRaised = true }
            buckets[index].count = needed
        }
        return (buckets, wereRaised)
    }

    /// Differences below 1e-12 of the larger count are rounding and count as none.
    private static func rises(from previous: Double, to next: Double) -> Bool {
        guard next > previous else { return false }
        return (next - previous) / max(abs(next), abs(previous)) >= 1e-12
    }
}
