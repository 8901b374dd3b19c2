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

    /// Four processes of different age answer in turn, the youngest of them long before the release was watched. A later start
    /// is no restart then, and a healthy target has no errors of another process.
    @Test(arguments: [[0, 1, 2, 3], [1, 3, 0, 2], [3, 2, 1, 0]])
    func aProcessThatWasThereBeforeTheWatchHasNotRestarted(_ order: [Int]) throws {
        var reader = try TargetReader(
            watch: WatchList(
                requests: try SeriesSelector(parsing: "r_total"),
                errors: try SeriesSelector(parsing: "r_total{code=\"500\"}")),
            limits: ScrapeLimits())
        var errors = 0.0
        for step in 0..<24 {
            let process = order[step % 4]
            let body = """
                process_start_time_seconds \(1_000 + 700 * process)
                r_total{code="200"} \(80 - 15 * process + step)
                r_total{code="500"} \(30 - 6 * process)

                """
            let reading = try reader.read(
                Array(body.utf8), format: .prometheusText, atUptimeMs: Int64(step + 1) * 500,
                countNewWithin: 4_000...4_000 + Double(step) / 2)
            errors += reading.errors ?? 0
        }
        #expect(errors == 0)
    }
}
