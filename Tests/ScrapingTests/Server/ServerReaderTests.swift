import Model
import Ports
import Support
import Telemetry
import Testing

@testable import Scraping

@Suite("Samples that are read from a server")
struct ServerReaderTests {
    private static func release(maxAgeMs: Int64? = nil, match: [String] = ["", ""]) throws -> ReleasePlan {
        var server = SampleServerPlan(url: "http://prometheus:9090")
        server.maxAgeMs = maxAgeMs
        func pool(_ version: String, _ instance: String, _ match: String) throws -> PoolPlan {
            var pool = PoolPlan(
                version: version, targets: [TargetPlan(instance: instance, url: "http://\(instance)/m")])
            if !match.isEmpty { pool.match = try SeriesMatchers(parsing: match) }
            pool.server = server
            return pool
        }
        var watch = WatchList(
            requests: try SeriesSelector(parsing: "r_total"),
            errors: try SeriesSelector(parsing: "r_total{code=~\"5..\"}"),
            latency: try SeriesSelector(parsing: "s_seconds"))
        watch.presence = try SeriesSelector(parsing: "process_start_time_seconds")
        return ReleasePlan(
            name: "shop", baseline: try pool("v1", "old:1", match[0]), canary: try pool("v2", "new:1", match[1]),
            indicators: watch, router: RouterPlan(NoSettings()), rules: [])
    }

    private struct NoSettings: RouterSettings { static let kind = "" }

    private static func reader(_ release: ReleasePlan, _ store: SampleStore, aheadMs: Int64 = 0) throws -> ServerReader
    {
        let group = try #require(ServerReader.groups(of: release).first)
        #expect(ServerReader.groups(of: release).count == 1 && group.pools == [.baseline, .canary])
        return try ServerReader(
            group.server, release: release, pools: group.pools, place: (0, store),
            clock: StoreClock(store, aheadMs: aheadMs))
    }

    /// Counters of a process, as its exposition shows them.
    struct Service {
        var ok = 0.0
        var failed = 0.0
        var startSeconds = 1_699_999_000.0

        var body: String {
            """
            process_start_time_seconds \(startSeconds)
            r_total{code="200"} \(ok)
            r_total{code="500"} \(failed)
            s_seconds_bucket{le="0.1"} \(ok)
            s_seconds_bucket{le="+Inf"} \(ok + failed)
            s_seconds_sum \(ok * 0.05 + failed)
            s_seconds_count \(ok + failed)

            """
        }
    }

    private struct Totals: Equatable {
        var requests = 0.0
        var errors = 0.0
        var latencies = 0.0
        var seconds = 0.0

        mutating func add(_ reading: TargetReading) {
            requests += reading.requests ?? 0
            errors += reading.errors ?? 0
            if case .histogram(let histogram) = reading.latency { latencies += histogram.count }
            seconds += reading.coveredSeconds ?? 0
        }
    }

    private static func reading(_ report: ServerReader.Report?) throws -> TargetReading {
        guard case .success(let reading, _)? = report?.outcome else {
            Issue.record("no reading: \(String(describing: report?.outcome))")
            return TargetReading()
        }
        return reading
    }

    /// A pool whose samples come late is not compared with what the other pool did after them; what waits is counted once they come.
    @Test func samplesBeyondTheOtherPoolsWait() async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(maxAgeMs: 120_000), store)
        var (old, new) = (Service(), Service())
        func pass(baseline: Bool) {
            store.pass(ms: 15_000)
            new.ok += 10
            store.scrape("new:1", new.body)
            guard baseline else { return }
            old.ok += 10
            store.scrape("old:1", old.body)
        }
        func counted() async throws -> [Double] {
            try await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000).map {
                try Self.reading($0).requests ?? 0
            }
        }
        for _ in 0..<3 { pass(baseline: true) }
        _ = try await counted()
        pass(baseline: true)
        #expect(try await counted() == [10, 10])
        // One interval ahead is the phase of the server's scrapes.
        pass(baseline: false)
        #expect(try await counted() == [0, 10])
        pass(baseline: false)
        pass(baseline: false)
        #expect(try await counted() == [0, 0])
        pass(baseline: true)
        #expect(try await counted() == [10, 30])
    }

    /// The law: whatever happens to the counters, and however often the server is asked, what is counted is what scraping at
    /// the server's times counts.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func whatIsCountedIsWhatScrapingCounts(_ seed: UInt64) async throws {
        var dice = SeededGenerator(seed: seed)
        let store = SampleStore()
        let release = try Self.release()
        let reader = try Self.reader(release, store)
        var direct = try TargetReader(watch: release.indicators, limits: ScrapeLimits(), readsOwnScrapes: true)
        let clock = StoreClock(store)
        var service = Service()
        var (scraped, served) = (Totals(), Totals())
        func scrape() throws {
            if Int.random(in: 0..<12, using: &dice) == 0 {
                service = Service(startSeconds: Double(clock.now.wallMs) / 1_000 - 5)
            }
            service.ok += Double(Int.random(in: 0..<40, using: &dice))
            service.failed += Double(Int.random(in: 0..<3, using: &dice))
            store.scrape("old:1", service.body)
            scraped.add(
                try direct.read(
                    Array(service.body.utf8), format: .prometheusText, atUptimeMs: clock.now.uptimeMs,
                    countNewWithin: nil))
        }
        func ask() async throws {
            served.add(try Self.reading(await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000).first))
        }
        try scrape()
        try await ask()
        for second in 1...600 {
            store.pass(ms: 1_000)
            if second % 15 == 0 { try scrape() }
            if second % [1, 5, 20, 40][Int(seed % 4)] == 0 { try await ask() }
        }
        #expect(served == scraped)
        #expect(scraped.requests > 0)
    }

    @Test func aReportNamesTheAgeOfItsNewestSample() async throws {
        let store = SampleStore()
        // This machine's clock is wrong by an hour, which changes nothing.
        let reader = try Self.reader(try Self.release(), store, aheadMs: 3_600_000)
        var service = Service()
        for _ in 0..<3 {
            service.ok += 10
            store.scrape("old:1", service.body)
            store.scrape("new:1", service.body)
            store.pass(ms: 15_000)
        }
        let reports = await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)
        #expect(reports.map(\.pool) == [.baseline, .canary])
        #expect(reports.allSatisfy { $0.origin == SampleOrigin(ageMs: 15_000, intervalMs: 15_000) })
        #expect(reports.allSatisfy { $0.sampledUptimeMs == StoreClock(store).now.uptimeMs - 15_000 })
        // Both pools in one evaluation, and raw samples.
        let queries = store.state.withLock(\.queries)
        #expect(queries.count == 2 && queries[0].contains("new%3A1%7Cold%3A1") && queries[0].contains("dedup=false"))
        #expect(!queries.joined().contains("rate"))
    }

    /// A sample that is too old says nothing about now: not "no requests", not "no errors".
    @Test func aTargetWhoseSamplesAreOldCountsAsUnseen() async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(maxAgeMs: 45_000), store)
        for _ in 0..<3 {
            for instance in ["old:1", "new:1"] { store.scrape(instance, Service(ok: 5).body) }
            store.pass(ms: 15_000)
        }
        for _ in 0..<3 {
            store.scrape("old:1", Service(ok: 5).body)
            store.pass(ms: 15_000)
        }
        let reports = await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)
        if case .failure(let reason) = reports[0].outcome { Issue.record("\(reason)") }
        guard case .failure(let reason) = reports[1].outcome else { return #expect(Bool(false)) }
        #expect(reason == "the newest sample of new:1 is 60 s old, and older than 45 s says nothing about now")
    }

    @Test func aCycleWithoutANewSampleReportsNoCounts() async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(), store)
        for ok in [5.0, 15, 25] {
            for instance in ["old:1", "new:1"] { store.scrape(instance, Service(ok: ok).body) }
            _ = await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)
            store.pass(ms: 15_000)
        }
        let again = try Self.reading(await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)[0])
        #expect(again.requests == nil && again.errors == nil && again.coveredSeconds == nil && again.latency == .absent)
        #expect(again.matches.requests == 2 && !again.freshness.isKnownNew)
    }

    /// What was scraped in the place of the server's samples is not counted from them as well.
    @Test func afterScrapesTheNextSampleIsABase() async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(), store)
        var counted: [Double?] = []
        for (step, ok) in [5.0, 15, 30, 40].enumerated() {
            for instance in ["old:1", "new:1"] { store.scrape(instance, Service(ok: ok).body) }
            store.pass(ms: 15_000)
            if step == 2 { await reader.startOver() }
            counted.append(
                try Self.reading(await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)[1]).requests)
        }
        #expect(counted == [nil, 10, nil, 10])
    }

    /// Series that the server no longer has say nothing by themselves, and with a presence they say it once per scrape.
    @Test func anAbsenceIsReportedOncePerScrapeOfTheServer() async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(), store)
        func ask(_ body: String) async throws -> [Double?] {
            for instance in ["old:1", "new:1"] { store.scrape(instance, body) }
            store.pass(ms: 7_000)
            let one = try Self.reading(await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)[1])
            store.pass(ms: 8_000)
            let other = try Self.reading(await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)[1])
            #expect(other.absentSeconds == nil)
            return [one.requests, one.absentSeconds]
        }
        let gone = "process_start_time_seconds 1699999000\n"
        _ = try await ask(Service(ok: 5).body)
        #expect(try await ask(Service(ok: 9).body) == [4, nil])
        #expect(try await ask(Service(ok: 9).body) == [0, nil])
        #expect(try await ask(gone) == [nil, nil])
        #expect(try await ask(gone) == [nil, 15])
        #expect(try await ask("") == [nil, nil])
    }

    @Test(arguments: [
        (HTTPResponse(status: 503, headers: [], body: Array("busy".utf8)), "has the status 503"),
        (
            HTTPResponse(
                status: 200, headers: [], body: Array("{\"status\":\"success\",\"warnings\":[\"w\"],\"data\":{}}".utf8)),
            "is not the JSON"
        ),
    ])
    func aServerThatCannotAnswerMakesAllTargetsUnseen(_ answer: HTTPResponse, _ reason: String) async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(), store)
        store.state.withLock { $0.failure = answer }
        let reports = await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)
        #expect(reports.count == 2)
        for report in reports {
            guard case .failure(let text) = report.outcome else { return #expect(Bool(false)) }
            #expect(text.contains(reason), "\(text)")
        }
        // Said once, not in each cycle.
        #expect(reports.allSatisfy { $0.news.count == 1 })
        #expect(await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000).allSatisfy { $0.news.isEmpty })
    }

    @Test func aTargetOfTwoJobsIsNotCountedTwice() async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(), store)
        store.scrape("old:1", Service(ok: 5).body)
        let twice = Service(ok: 5).body.replacing("{code", with: "{job=\"other\",code")
        store.scrape("new:1", Service(ok: 5).body + twice)
        let reports = await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)
        guard case .failure(let reason) = reports[1].outcome else { return #expect(Bool(false)) }
        #expect(reason.contains("in several jobs (other, shop)"), "\(reason)")
        // As the message says.
        let chosen = try Self.reader(try Self.release(match: ["{job=\"shop\"}", "{job=\"shop\"}"]), store)
        let matches = try Self.reading(await chosen.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)[1]).matches
        #expect(matches.requests == 2)
    }

    @Test func aTargetThatTheServerCannotScrapeIsUnseen() async throws {
        let store = SampleStore()
        let reader = try Self.reader(try Self.release(), store)
        store.scrape("old:1", Service(ok: 5).body)
        store.state.withLock { $0.scrapes.append(($0.serverMs, "new:1", "up 0\n")) }
        let reports = await reader.read(watchedSinceUptimeMs: nil, timeoutMs: 1_000)
        guard case .failure(let reason) = reports[1].outcome else { return #expect(Bool(false)) }
        #expect(reason == "the server cannot scrape new:1: 'up' is 0")
    }
}
