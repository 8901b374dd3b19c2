import Model
import Statistics
import Telemetry

extension PoolState.Target {
    /// Adds a reading to what the running cycle brought. A late answer of the cycle before may come beside the present one
    /// and is kept apart from it.
    ///
    /// - Parameters:
    ///   - instance: the target itself, or one of those that it has the series of.
    ///   - sampledUptimeMs: the time within which the scrape body was written.
    mutating func add(
        _ reading: TargetReading, of instance: String, isLate: Bool, sampledUptimeMs: ClosedRange<Int64>
    ) {
        // Without a base to count from it is unknown how much of the time since then it covers.
        var one = InstanceIncrements(
            instance: key, requests: reading.requests, errors: reading.errors,
            coveredSeconds: reading.coveredSeconds ?? .infinity, isLate: isLate)
        one.sampledSeconds =
            Double(sampledUptimeMs.lowerBound) / 1_000...Double(sampledUptimeMs.upperBound) / 1_000
        one.isRenewed = reading.freshness.isKnownNew
        one.renewalSeconds = reading.freshness.pauseSeconds
        let countedMs = Int64(min(reading.coveredSeconds ?? 0, 1e9) * 1_000)
        one.isWarmingUp = warmUp.covers(uptimeMs: sampledUptimeMs.upperBound - countedMs)
        if case .histogram(let histogram) = reading.latency, histogram.isSound, !one.isWarmingUp {
            one.latency = .init(histogram)
        }
        increments.append(ComparedCounts(requests: one, signals: reading.signals))
    }
}

/// What one scrape of one target brings for the rules that compare cycles.
struct ComparedCounts: Sendable, Equatable {
    /// Requests with their errors and latencies.
    let requests: InstanceIncrements
    /// One per signal of the watch list.
    let signals: [SignalReading]

    /// The counts that an indicator is made from, in the place of requests: of a ratio the denominator, with the numerator
    /// as the errors; of a percentile its histogram. Nothing of what has no counts to compare.
    func counts(of own: OwnIndicator) -> InstanceIncrements {
        var one = requests
        (one.requests, one.errors, one.latency) = (nil, nil, nil)
        switch own.formula {
        case .ratio(let numerator, let denominator):
            one.requests = rise(of: denominator)
            // A counter of rare events may not be there before the first one.
            one.errors = one.requests.map { _ in rise(of: numerator) ?? 0 }
        case .quantile(let histogram, _):
            if signals.indices.contains(histogram), case .histogram(let counts) = signals[histogram], counts.isSound {
                one.latency = LatencyIncrements(counts)
            }
        case .rate, .increase, .gauge: break
        }
        return one
    }

    private func rise(of counter: Int) -> Double? {
        guard signals.indices.contains(counter), case .counter(let rise) = signals[counter] else { return nil }
        return rise
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
