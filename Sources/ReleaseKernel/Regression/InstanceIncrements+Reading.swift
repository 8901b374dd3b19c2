import Statistics
import Telemetry

extension PoolState.Target {
    /// Adds a reading to what the running cycle brought. A late answer of the cycle before may come beside the present one.
    mutating func add(_ reading: TargetReading) {
        var sum = increments ?? InstanceIncrements(instance: instance)
        if let more = reading.requests { sum.requests = (sum.requests ?? 0) + more }
        if let more = reading.errors { sum.errors = (sum.errors ?? 0) + more }
        if case .histogram(let histogram) = reading.latency { sum.add(histogram) }
        increments = sum
    }
}

extension InstanceIncrements {
    fileprivate mutating func add(_ histogram: HistogramIncrements) {
        // The +Inf bucket fits the other buckets better than the count does: a page is not written in one moment.
        let total = histogram.upperBounds.last == .infinity ? histogram.cumulative.last : nil
        var sum = LatencyIncrements(
            upperBounds: histogram.upperBounds, cumulative: histogram.cumulative, count: total ?? histogram.count)
        // Other bounds than a moment ago are another program's; what it has counted stands alone.
        if let old = latency, old.upperBounds == sum.upperBounds {
            for index in sum.cumulative.indices { sum.cumulative[index] += old.cumulative[index] }
            sum.count += old.count
        }
        latency = sum
    }
}
