package import Model

/// Where scrapes are reported.
package protocol ScrapeSink: Sendable {
    /// Since when the release has been watched without a gap; nil while it is not.
    func watchedSinceUptimeMs(release: String) async -> Int64?

    func scraped(_ report: ScrapeReport) async

    /// All reports of the cycle that will be waited for have been sent. Returns when the release has been judged.
    func cycleEnded(release: String) async

    /// From the begin of the cycle that has just ended to that of the next; nil for the configured interval, which is the
    /// longest.
    func nextCycleMs(release: String) async -> Int64?
}

/// What is measured of scrapes. Called from many tasks at the same time.
package protocol ScrapeMeter: Sendable {
    /// - Parameter lateMs: after the time that the schedule gives.
    func cycleBegan(release: String, lateMs: Int64)

    /// - Parameter count: cycles that were skipped because the previous one overran.
    func cyclesSkipped(release: String, _ count: Int64)

    /// - Parameter seconds: from the request to the end of reading.
    func scraped(
        _ labels: ScrapeLabels, instance: String, outcome: ScrapeReport.Outcome, bodyBytes: Int, seconds: Double)

    /// - Parameter seconds: that the judgement of a cycle took.
    func decided(release: String, seconds: Double)

    /// - Parameter seconds: from the first request to the judgement.
    func cycleEnded(release: String, seconds: Double)
}

/// The label values of a pool's scrapes, made once: each scrape is counted in three families.
package struct ScrapeLabels: Sendable {
    package let pool: [String]
    package let success: [String]
    package let failure: [String]

    init(release: String, pool: Pool) {
        self.pool = [release, pool.rawValue]
        success = self.pool + ["success"]
        failure = self.pool + ["failure"]
    }
}
