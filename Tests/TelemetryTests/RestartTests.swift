import Testing

@testable import Telemetry

/// What the first scrape body after a restart reports, and what start times that move prove.
@Suite("Restarts")
struct RestartTests {
    private struct Life {
        var fast: Int
        var slow: Int
        var startSeconds: Int

        /// A service whose fast requests end within 100 ms and whose slow ones within a second.
        var body: String {
            """
            process_start_time_seconds \(startSeconds)
            r_total{code="200"} \(fast + slow)
            l_bucket{le="0.1"} \(fast)
            l_bucket{le="1"} \(fast + slow)
            l_bucket{le="+Inf"} \(fast + slow)
            l_count \(fast + slow)

            """
        }
    }

    private static func reader() throws -> TargetReader {
        try TargetReader(
            watch: WatchList(
                requests: try SeriesSelector(parsing: "r_total"), errors: nil,
                latency: SeriesSelector(metric: "l")),
            limits: ScrapeLimits())
    }

    /// The slow requests ended with the old process. The new one has already more fast ones than the old one had, so that
    /// bucket has not fallen; its rise alone would make nearly all requests of the new process slow.
    @Test(arguments: [20, 45, 60, 100, 150], [0, 1, 30])
    func theOldLifesSlowRequestsAreNotTheNewLifes(_ slowBefore: Int, _ slowNow: Int) throws {
        var reader = try Self.reader()
        var uptimeMs: Int64 = 0
        func read(_ life: Life) throws -> TargetReading {
            uptimeMs += 2_000
            return try reader.read(
                Array(life.body.utf8), format: .prometheusText, atUptimeMs: uptimeMs, countNewWithin: nil)
        }
        for step in 1...10 {
            _ = try read(Life(fast: 10 * step, slow: slowBefore * step / 10, startSeconds: 1_000))
        }
        let fast = 99 + slowBefore - slowNow - 10
        guard fast > 0 else { return }
        let told = try read(Life(fast: fast, slow: slowNow, startSeconds: 1_021))
        guard case .histogram(let histogram) = told.latency, histogram.count > 0 else { return }
        #expect(histogram.cumulative == [Double(fast), Double(fast + slowNow), Double(fast + slowNow)])
        #expect(told.requests == Double(fast + slowNow))
    }

    /// The start times of two idle processes go back and forth beside equal counters. That is no reason to distrust them:
    /// when traffic comes, one process's counts are not reported as those of the other.
    @Test(arguments: [4, 12, 40])
    func idleProcessesAreTwoWhenTrafficComes(_ idlePages: Int) throws {
        var reader = try Self.reader()
        var (told, truth) = (0.0, 0.0)
        for step in 0..<idlePages + 40 {
            let served = max(0, step - idlePages) * 90
            // The first scrape bodies with traffic come from one of them.
            let isOther = served == 0 ? step % 3 == 0 : step >= idlePages + 4 && step % 2 == 0
            let life = Life(fast: isOther ? served : served / 2, slow: 0, startSeconds: isOther ? 2_000 : 1_960)
            let reading = try reader.read(
                Array(life.body.utf8), format: .prometheusText, atUptimeMs: Int64(step + 1) * 2_000,
                countNewWithin: nil)
            told += reading.requests ?? 0
            truth = Double(served)
            if let requests = reading.requests, let seconds = reading.coveredSeconds {
                #expect(requests <= 60 * seconds, "body \(step) reports \(requests) in \(seconds) s")
            }
        }
        #expect(told <= truth)
    }
}
