import Statistics

/// A one-sided two-proportion z-test at 1 %, repeated at every scrape: what a fixed-horizon test becomes when it is
/// evaluated at again and again.
struct RepeatedZ {
    static let point = 2.3263478740408408
    /// Nil: over all data so far.
    let windowScrapes: Int?

    func firstAlarm(_ record: ErrorRecord) -> Double? {
        guard record.scrapes > 0 else { return nil }
        for end in 1...record.scrapes {
            let start = max(0, end - (windowScrapes ?? end))
            if RepeatedZ.statistic(record.counts(from: start, to: end)) > RepeatedZ.point { return seconds(end) }
        }
        return nil
    }

    /// The pooled statistic; 0 where it is not defined.
    static func statistic(_ counts: PairCounts) -> Double {
        guard let baseline = counts.baselineRate, let canary = counts.canaryRate, counts.bad > 0 else { return 0 }
        let pooled = counts.bad / counts.requests
        let variance = pooled * (1 - pooled) * (1 / counts.baselineRequests + 1 / counts.canaryRequests)
        return variance > 0 ? (canary - baseline) / variance.squareRoot() : 0
    }
}
