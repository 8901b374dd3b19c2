import Testing

@testable import Telemetry

/// What an exporter's habits do to counts that are small enough to be plausible.
@Suite("Exporters with habits")
struct ExporterHabitTests {
    /// Reads bodies once per second and adds up what is reported.
    private struct Scraper {
        var reader: TargetReader
        var uptimeMs: Int64 = 0
        var requests = 0.0
        var errors = 0.0
        var seconds = 0.0
        var unreportedScrapes = 0

        init() throws {
            reader = try TargetReader(
                watch: WatchList(
                    requests: SeriesSelector(metric: "requests_total"),
                    errors: try SeriesSelector(parsing: "requests_total{code=~\"5..\"}"), latency: nil),
                limits: ScrapeLimits())
        }

        mutating func read(good: Int, bad: Int, start: String) throws {
            let text = "\(start)requests_total{code=\"200\"} \(good)\nrequests_total{code=\"500\"} \(bad)\n"
            uptimeMs += 1_000
            let reading = try reader.read(
                Array(text.utf8), format: .prometheusText, atUptimeMs: uptimeMs, countNewWithin: nil)
            requests += reading.requests ?? 0
            errors += reading.errors ?? 0
            seconds += reading.coveredSeconds ?? 0
            unreportedScrapes = reading.requests == nil ? unreportedScrapes + 1 : 0
            #expect((reading.errors ?? 0) <= (reading.requests ?? 0))
        }
    }

    private static func start(_ isShown: Bool) -> String { isShown ? "process_start_time_seconds 1000\n" : "" }

    /// An exporter that renders a body every few seconds is counted, however many requests come with one change.
    @Test(arguments: [3, 5, 9, 14], [20, 300, 5_000])
    func aBodyThatIsRenderedNowAndThenIsCounted(_ pause: Int, _ perSecond: Int) throws {
        for isShown in [true, false] {
            var scraper = try Scraper()
            let pauses = 12
            for second in 0...pause * pauses {
                let rendered = 40_000 + second / pause * pause * perSecond
                try scraper.read(good: rendered, bad: rendered / 10, start: Self.start(isShown))
            }
            let truth = Double(perSecond * pause * pauses) * 1.1
            #expect(scraper.requests <= truth + 1)
            #expect(scraper.requests >= truth * 0.6, "pause \(pause), \(perSecond)/s, start \(isShown)")
            #expect(scraper.seconds <= Double(pause * pauses))
        }
    }

    /// The silence after a jump is reported, because a target that stays silent must not keep a proof open.
    @Test func aSilenceAfterAJumpIsReported() throws {
        var scraper = try Scraper()
        try scraper.read(good: 1_000, bad: 0, start: Self.start(true))
        try scraper.read(good: 9_000, bad: 0, start: Self.start(true))
        for _ in 0..<20 { try scraper.read(good: 9_000, bad: 0, start: Self.start(true)) }
        #expect(scraper.unreportedScrapes == 0 && scraper.requests == 0)
        #expect(scraper.seconds >= 20)
    }

    /// A young aggregator that misses a worker for a scrape or two: its return counts what happened, in the time in which
    /// it happened. After more scrapes this one would have climbed past its old level by itself.
    @Test(arguments: 1...2)
    func aWorkerThatReturnsBringsWhatHappened(_ scrapesAway: Int) throws {
        var scraper = try Scraper()
        var (good, bad) = (400, 40)
        for second in 0..<60 {
            if second > 0 { (good, bad) = (good + 100, bad + 10) }
            let isAway = second >= 6 && second < 6 + scrapesAway
            try scraper.read(
                good: isAway ? good * 3 / 4 : good, bad: isAway ? bad * 3 / 4 : bad, start: Self.start(true))
            let told = 110 * scraper.seconds
            #expect(scraper.requests <= told + 1, "\(second): \(scraper.requests) in \(scraper.seconds) s")
        }
        #expect(scraper.requests > 110 * 55 && scraper.unreportedScrapes == 0)
    }

    /// A worker that stays away leaves a sum that climbs past its old level by itself.
    @Test func aWorkerThatStaysAwayIsNoReturn() throws {
        var scraper = try Scraper()
        var (good, bad) = (8_000, 800)
        for second in 0..<60 {
            if second > 0 { (good, bad) = (good + 100, bad + 10) }
            if second == 10 { (good, bad) = (good - 1_000, bad - 100) }
            try scraper.read(good: good, bad: bad, start: Self.start(true))
        }
        #expect(scraper.requests <= 110 * 59 && scraper.requests >= 110 * 56)
    }

    /// An application restarts behind an exporter that keeps its start time, and then has far more traffic than before.
    @Test func aRestartBehindAnExporterDoesNotMuteATarget() throws {
        var scraper = try Scraper()
        var good = 100_000
        // The two counters reach their old levels in different scrape bodies, of which one reports nothing.
        for second in 0..<64 {
            good += second < 10 ? 5 : 2_000
            if second == 5 { good = 0 }
            try scraper.read(good: good, bad: good / 100, start: Self.start(true))
        }
        #expect(scraper.unreportedScrapes == 0)
        #expect(scraper.requests >= 2_020 * 40 && scraper.requests <= 2_020 * 54 + 60)
    }
}
