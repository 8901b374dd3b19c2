/// When the scrape cycles of a release ended and took their first samples, milliseconds of the monotonic clock.
struct CycleTimes: Sendable, Equatable {
    /// When the last cycle ended; nil before the first end.
    private(set) var lastEndUptimeMs: Int64?
    /// When the first scrape of the running cycle may have been answered; nil before it.
    private var firstSampleUptimeMs: Int64?
    /// The same of the last cycle with a scrape.
    private var firstSampleBeforeUptimeMs: Int64?

    /// Takes in when a scrape was answered at the earliest. Only the first of a cycle counts.
    mutating func noteSample(atUptimeMs sampled: Int64) {
        if firstSampleUptimeMs == nil { firstSampleUptimeMs = sampled }
    }

    mutating func end(atUptimeMs now: Int64) {
        lastEndUptimeMs = now
        (firstSampleBeforeUptimeMs, firstSampleUptimeMs) = (firstSampleUptimeMs ?? firstSampleBeforeUptimeMs, nil)
    }

    /// The release is not scraped any more: the next cycle follows on none.
    mutating func forgetEnd() { lastEndUptimeMs = nil }

    /// Since when the requests that the running cycle counted came: since the first scrape of the cycle before, from which
    /// its counts begin, or since the counts of a scrape began that reports what earlier scrapes withheld.
    ///
    /// - Parameter earliest: ``PoolPair/countsBeganUptimeMs``.
    func countsBeganUptimeMs(_ earliest: Int64?) -> Int64 { min(earliest ?? .max, firstSampleBeforeUptimeMs ?? .min) }
}
