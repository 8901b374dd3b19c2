import Testing

@testable import Telemetry

/// Targets without a start time whose first scrapes may come from several processes.
@Suite("Young targets")
struct YoungTargetTests {
    private struct Process {
        var good: Int
        var bad: Int
    }

    private struct Scraper {
        var reader: TargetReader
        var uptimeMs: Int64 = 0
        /// A series without events is in the scrape body.
        let showsZeros: Bool

        init(showsZeros: Bool = true) throws {
            self.showsZeros = showsZeros
            reader = try TargetReader(
                watch: WatchList(
                    requests: SeriesSelector(metric: "requests_total"),
                    errors: try SeriesSelector(parsing: "requests_total{code=~\"5..\"}"), latency: nil),
                limits: ScrapeLimits())
        }

        mutating func read(_ shown: Process, start: String = "") throws -> TargetReading {
            uptimeMs += 1_000
            var text = "\(start)requests_total{code=\"200\"} \(shown.good)\n"
            if shown.bad > 0 || showsZeros { text += "requests_total{code=\"500\"} \(shown.bad)\n" }
            return try reader.read(
                Array(text.utf8), format: .prometheusText, atUptimeMs: uptimeMs, countNewWithin: nil)
        }
    }

    /// Healthy processes with any past: hardly any errors are counted, in whatever order the processes answer. Without a start
    /// time two of them may happen to look like one, about once in a hundred times; then it is little.
    @Test(arguments: [2, 3, 8])
    func theDistanceOfTwoProcessesIsNoError(_ count: Int) throws {
        var mistakes = 0
        for seed in 0..<1_000 as Range<UInt64> {
            var draw = SystemRandomNumberGenerator.Seeded(seed)
            for _ in 0..<5 { _ = draw.next() }
            let perSecond = 1 + draw.next() % 60
            var processes = (0..<count).map { _ in
                let total = Int(draw.next() % 501)
                let bad = Int(draw.next() % UInt64(total / [1, 4, 10][Int(draw.next() % 3)] + 1))
                return Process(good: total - bad, bad: bad)
            }
            var scraper = try Scraper()
            var errors = 0.0
            for _ in 0..<30 {
                errors += try scraper.read(processes[Int(draw.next() % UInt64(count))]).errors ?? 0
                for index in processes.indices { processes[index].good += Int(draw.next() % (2 * perSecond)) }
            }
            if errors > 3 { mistakes += 1 }
            #expect(errors <= 60, "seed \(seed)")
        }
        #expect(mistakes <= 15)
    }

    /// A young instance with a fault is one: its errors are counted with the third scrape, where its traffic is steady.
    @Test(arguments: [12, 30, 90], [true, false])
    func aFaultOfAYoungInstanceIsCountedOneScrapeLater(_ perSecond: Int, _ showsZeros: Bool) throws {
        for seed in 0..<100 as Range<UInt64> {
            var draw = SystemRandomNumberGenerator.Seeded(seed)
            var scraper = try Scraper(showsZeros: showsZeros)
            var (shown, errors) = (Process(good: Int(draw.next() % 500), bad: 0), 0.0)
            for scrape in 0..<6 {
                errors += try scraper.read(shown).errors ?? 0
                let isLate = scrape == 2 && errors == 0
                #expect(!isLate && (scrape < 2 || errors == Double(shown.bad)), "seed \(seed), scrape \(scrape)")
                let bad = perSecond / 3 + Int(draw.next() % 2)
                shown = Process(good: shown.good + perSecond - bad, bad: shown.bad + bad)
            }
        }
    }

    /// A fault that begins while little is known waits for one scrape, and for none once the target is known.
    @Test(arguments: [(3, 1), (5, 1), (12, 0)])
    func aFaultThatBeginsIsCounted(_ beginsAt: Int, _ scrapesLater: Int) throws {
        var scraper = try Scraper()
        var shown = Process(good: 700, bad: 0)
        for scrape in 0...beginsAt + scrapesLater {
            if scrape > 0 { shown.good += 40 }
            if scrape >= beginsAt { shown.bad += 12 }
            let errors = try scraper.read(shown).errors ?? 0
            #expect(errors == (scrape < beginsAt + scrapesLater ? 0 : Double(shown.bad)), "scrape \(scrape)")
        }
    }

    /// Requests that come all at once and are followed by silence are counted after a while: another process would
    /// continue.
    @Test func aBurstBeforeASilenceIsCounted() throws {
        var scraper = try Scraper()
        var (requests, errors) = (0.0, 0.0)
        for scrape in 0..<40 {
            let reading = try scraper.read(Process(good: scrape < 1 ? 500 : 530, bad: scrape < 1 ? 0 : 15))
            requests += reading.requests ?? 0
            errors += reading.errors ?? 0
        }
        #expect(requests == 45 && errors == 15)
    }

    /// What proves that the same process answers needs no second scrape.
    @Test func aStartTimeIsProofEnough() throws {
        var scraper = try Scraper()
        let start = "process_start_time_seconds 1000\n"
        _ = try scraper.read(Process(good: 500, bad: 0), start: start)
        #expect(try scraper.read(Process(good: 560, bad: 20), start: start).errors == 20)
    }
}
