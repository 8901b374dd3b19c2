import Statistics
import Telemetry

extension PoolState.Target {
    /// Adds a reading to what the running cycle brought. A late answer of the cycle before may come beside the present one
    /// and is kept apart from it.
    ///
    /// - Parameter sampledUptimeMs: the time within which the scrape body was written.
    mutating func add(_ reading: TargetReading, isLate: Bool, sampledUptimeMs: ClosedRange<Int64>) {
        // Without a base to count from it is unknown how much of the time since then it covers.
        var one = InstanceIncrements(
            instance: instance, requests: reading.requests, errors: reading.errors,
            coveredSeconds: reading.coveredSeconds ?? .infinity, isLate: isLate)
        one.sampledSeconds =
            Double(sampledUptimeMs.lowerBound) / 1_000...Double(sampledUptimeMs.upperBound) / 1_000
        one.isRenewed = reading.freshness.isKnownNew
        one.renewalSeconds = reading.freshness.pauseSeconds
        if case .histogram(let histogram) = reading.latency, histogram.isSound { one.latency = .init(histogram) }
        increments.append(one)
    }
}

extension HistogramIncrements {
    /// Its buckets can be compared: counts that contradict each other are evidence of nothing.
    fileprivate var isSound: Bool {
        HistogramDefect.first(upperBounds: upperBounds, cumulative: cumulative, count: count) == nil
    }
}

extension LatencyIncrements {
    fileprivate init(_ histogram: HistogramIncrements) {
        // The +Inf bucket fits the other buckets better than the count does: a scrape body is not written in one
        // moment.
        let total = histogram.upperBounds.last == .infinity ? histogram.cumulative.last : nil
        self.init(
            upperBounds: histogram.upperBounds, cumulative: histogram.cumulative, count: total ?? histogram.count)
    }
}

extension InstanceIncrements {
    /// It has reported how many requests it had, be it none. A first scrape reports nothing.
    var hasReport: Bool { requests != nil || latency != nil }
}
