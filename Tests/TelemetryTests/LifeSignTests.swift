import Testing

@testable import Telemetry

/// Scrape bodies that a cache repeats, and processes that live for one scrape.
@Suite("Life signs")
struct LifeSignTests {
    private struct Scraper {
        var reader: TargetReader
        var uptimeMs: Int64 = 0
        let intervalMs: Int64

        init(intervalMs: Int64 = 500) throws {
            reader = try TargetReader(
                watch: WatchList(requests: SeriesSelector(metric: "requests_total")), limits: ScrapeLimits())
            self.intervalMs = intervalMs
        }

        @discardableResult
        mutating func read(_ requests: Int, _ more: String) throws -> TargetReading {
            uptimeMs += intervalMs
            return try reader.read(
                Array("requests_total \(requests)\n\(more)".utf8), format: .prometheusText, atUptimeMs: uptimeMs,
                countNewWithin: nil)
        }
    }

    private static func cpu(_ seconds: Double) -> String { "process_cpu_seconds_total \(seconds)\n" }

    /// Ten scrapes with 50 requests each.
    private static func warm(_ scraper: inout Scraper, _ more: (Int) -> String) throws {
        for scrape in 0...10 { try scraper.read(5_000 + 50 * scrape, more(scrape)) }
    }

    /// Uptime, allocated bytes: with them each scrape body differs from the one before.
    @Test(arguments: ["process_uptime_seconds", "go_memstats_alloc_bytes_total", "haproxy_process_uptime_seconds"])
    func aBodyWhoseClockStandsStillReportsNothing(_ metric: String) throws {
        var scraper = try Scraper()
        try Self.warm(&scraper) { "\(metric) \(100 + $0)\n" }
        for scrape in 1...40 {
            let reading = try scraper.read(5_500, "\(metric) 110\n")
            #expect(reading.freshness.unrenewedSeconds == 0.5 * Double(scrape))
            #expect((reading.requests == nil) == (scrape > 3) && reading.notes.contains(.notRenewed) == (scrape > 3))
        }
        // What comes after it is reported with all the time.
        let renewed = try scraper.read(5_500, "\(metric) 170\n")
        #expect(renewed.requests == 0 && renewed.coveredSeconds == 19 && renewed.freshness.unrenewedSeconds == 0)
    }

    /// An idle target whose clock continues is silent.
    @Test func aBodyWhoseClockAdvancesIsNew() throws {
        var scraper = try Scraper()
        try Self.warm(&scraper) { "process_uptime_seconds \(100 + $0)\n" }
        for scrape in 1...40 {
            let reading = try scraper.read(5_500, "process_uptime_seconds \(110 + scrape)\n")
            #expect(reading.requests == 0 && reading.freshness.unrenewedSeconds == 0 && reading.notes.isEmpty)
        }
    }

    /// A clock in whole seconds, and an exporter that renews its body every few seconds, are no caches that hang.
    @Test(arguments: [2, 8])
    func aClockThatPausesUnderTrafficMayPause(_ scrapesPerMove: Int) throws {
        var scraper = try Scraper()
        for scrape in 0...40 {
            let renewal = scrape / scrapesPerMove
            let reading = try scraper.read(5_000 + 50 * renewal, "process_uptime_seconds \(renewal)\n")
            #expect(!reading.notes.contains(.notRenewed))
        }
    }

    /// CPU time reports only when a minute of scrapes would have to move it.
    @Test(arguments: [
        (500, 0.37, true), (500, 0.001, false), (1_000, 0.37, true), (5_000, 0.37, false), (30_000, 0.37, false),
    ])
    func cpuTimeThatStandsStillIsDoubtful(_ intervalMs: Int64, _ perScrape: Double, _ isDoubtful: Bool) throws {
        var scraper = try Scraper(intervalMs: intervalMs)
        try Self.warm(&scraper) { Self.cpu(100 + perScrape * Double($0)) }
        let reading = try scraper.read(5_500, Self.cpu(100 + perScrape * 10))
        // Its counts are reported: an idle process may use less time than the number shows.
        #expect(reading.requests == 0)
        #expect(reading.freshness.unrenewedSeconds == (isDoubtful ? Double(intervalMs) / 1_000 : nil))
    }

    /// Rust's client shows whole seconds of CPU time, which say nothing.
    @Test func wholeSecondsOfCPUTimeShowNothing() throws {
        var scraper = try Scraper()
        try Self.warm(&scraper) { "process_cpu_seconds_total \(100 + $0)\n" }
        #expect(try scraper.read(5_500, "process_cpu_seconds_total 110\n").freshness.unrenewedSeconds == nil)
    }

    /// A scrape body that federates thousands of targets must not reach the limit of watched series by its life signs.
    @Test func onlyAFewLifeSignsAreFollowed() throws {
        var reader = try TargetReader(
            watch: WatchList(requests: SeriesSelector(metric: "requests_total")),
            limits: ScrapeLimits(watchedSeries: 100))
        for scrape in 0..<4 {
            let others = (0..<5_000).map { "process_uptime_seconds{instance=\"\($0)\"} \(scrape)\n" }.joined()
            let reading = try reader.read(
                Array("requests_total \(scrape)\n\(others)".utf8), format: .prometheusText,
                atUptimeMs: Int64(scrape) * 1_000, countNewWithin: nil)
            #expect(reading.samples == 5_001)
        }
    }

    /// Each scrape is answered by a process that did not live at the scrape before it: nothing is known, and it is said.
    @Test func processesThatLiveForOneScrapeReportNothing() throws {
        var scraper = try Scraper()
        for scrape in 0..<10 { try scraper.read(9_000 + 5 * scrape, "process_start_time_seconds 1000\n") }
        for scrape in 0..<40 {
            let reading = try scraper.read(3, "process_start_time_seconds \(2_000 + 2 * scrape)\n")
            #expect(scrape == 0 || reading.requests == nil)
            #expect(reading.notes.contains(.shortProcesses) == (scrape >= 3))
        }
    }

    @Test func theStartOfTheProcessIsReported() throws {
        var scraper = try Scraper()
        #expect(try scraper.read(10, "process_start_time_seconds 1000\n").processStartSeconds == 1_000)
        #expect(try scraper.read(20, "process_start_time_seconds 1000\n").processStartSeconds == 1_000)
        #expect(try scraper.read(3, "process_start_time_seconds 2000\n").processStartSeconds == 2_000)
        var bare = try Scraper()
        #expect(try bare.read(10, "").processStartSeconds == nil)
    }

    /// A start time that is computed again at each scrape belongs to counts that just keep rising.
    @Test func aComputedStartTimeIsNoShortProcess() throws {
        var scraper = try Scraper()
        for scrape in 0..<40 {
            let reading = try scraper.read(5_000 + 5 * scrape, "process_start_time_seconds \(1_000 + 2 * scrape)\n")
            #expect(scrape < 5 || reading.requests == 5)
            #expect(!reading.notes.contains(.shortProcesses))
            #expect(scrape < 5 || reading.processStartSeconds == nil)
        }
    }
}
