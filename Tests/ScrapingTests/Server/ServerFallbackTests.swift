import Logging
import Model
import Ports
import Synchronization
import SystemSupport
import Telemetry
import Testing

@testable import Scraping

/// A server that gives no samples for a while, and targets that are scraped meanwhile.
@Suite("Scrapes in the place of a server")
struct ServerFallbackTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        /// Seconds, and whether the server gave samples.
        let cycles: [(second: Int64, isUsable: Bool)]
        let mode: ServerFallback.Mode

        var testDescription: String { what }
    }

    private static func cycles(_ seconds: ClosedRange<Int64>, _ isUsable: Bool) -> [(Int64, Bool)] {
        seconds.map { ($0, isUsable) }
    }

    static let rows: [Row] = [
        Row(what: "a server that answers is asked", cycles: cycles(0...100, true), mode: .server),
        Row(what: "a short silence changes nothing", cycles: cycles(0...29, false), mode: .server),
        Row(what: "a long one does", cycles: cycles(0...30, false), mode: .scrapes),
        Row(
            what: "an answer begins the silence again",
            cycles: cycles(0...29, false) + [(30, true)] + cycles(31...59, false), mode: .server),
        Row(what: "a process that was stopped saw no silence", cycles: [(0, false), (3_600, false)], mode: .server),
        Row(
            what: "a server that is back for a moment is not taken",
            cycles: cycles(0...30, false) + cycles(31...89, true), mode: .scrapes),
        Row(
            what: "one that is back for a minute is", cycles: cycles(0...30, false) + cycles(31...91, true),
            mode: .server),
        Row(
            what: "one that comes and goes is not",
            cycles: cycles(0...30, false) + cycles(31...80, true) + [(81, false)] + cycles(82...130, true),
            mode: .scrapes),
    ]

    @Test(arguments: rows)
    func theModeFollowsWhatTheCyclesSay(_ row: Row) {
        var fallback = ServerFallback()
        for cycle in row.cycles {
            _ = fallback.note(
                isUsable: cycle.isUsable, awayMs: 30_000, intervalMs: 1_000, atUptimeMs: cycle.second * 1_000)
        }
        #expect(fallback.mode == row.mode)
    }

    private struct NoSettings: RouterSettings { static let kind = "" }

    private static func plan() throws -> Plan {
        var server = SampleServerPlan(url: "http://prometheus:9090")
        (server.maxAgeMs, server.fallsBackToScrapes) = (10_000, true)
        func pool(_ version: String, _ name: String) -> PoolPlan {
            var pool = PoolPlan(version: version, targets: [TargetPlan(instance: name, url: "http://\(name)/metrics")])
            pool.server = server
            return pool
        }
        let watch = WatchList(
            requests: try SeriesSelector(parsing: "r_total"), errors: try SeriesSelector(parsing: "e_total"),
            latency: nil)
        var release = ReleasePlan(
            name: "shop", baseline: pool("v1", "b:1"), canary: pool("v2", "c:1"), indicators: watch,
            router: RouterPlan(NoSettings()), rules: [])
        (release.scrape.intervalMs, release.scrape.timeoutMs) = (1_000, 500)
        return Plan(daemon: DaemonPlan(stateDirectory: "/nowhere"), releases: [release])
    }

    private enum Kind: Equatable {
        case server
        case none
        case scraped
    }

    private static func kind(_ report: ScrapeReport?) -> Kind {
        guard let report, case .success = report.outcome, let origin = report.origin else { return .none }
        return origin.isFallback ? .scraped : .server
    }

    /// Nothing is counted twice, and nothing is lost but the time in which neither was read.
    @Test func countsContinueOverBothChanges() async throws {
        let clock = PassingClock()
        let began = clock.now.uptimeMs
        let away = (began + 60_000)...(began + 160_000)
        let (stream, ended) = AsyncStream.makeStream(of: Void.self)
        let service = Mutex<ScrapeService?>(nil)
        let sink = Mutex<ScriptedCycles?>(nil)
        let kinds = Mutex<[Kind]>([])
        let script = ScriptedCycles { number in
            let kind = Self.kind(sink.withLock { $0 }?.newest)
            let (isDone, count) = kinds.withLock { kinds in
                if kinds.last != kind { kinds.append(kind) }
                return (kinds.contains(.scraped) && kind == .server, kinds.count)
            }
            // The server is asked in a task of its own, which needs a turn.
            await Task.yield()
            guard isDone || number > 20_000 || count > 10, let running = service.withLock({ $0 }) else { return }
            await running.stop()
            ended.finish()
        }
        sink.withLock { $0 = script }
        let running = ScrapeService(
            lanes: ScrapeLanes(connections: 64) { _ in ServedTransport(clock: clock, away: away) },
            files: OpenFiles(limit: 1_024, processors: 2), clock: clock, logger: Logger(label: "test"),
            meter: NoMeter(), sink: script)
        service.withLock { $0 = running }
        try await running.follow(Self.plan())
        for await _ in stream {}
        await running.shutdown()
        // Before the first cycle's reports, and at the changes, there is nothing that can be used.
        let seen = kinds.withLock { $0 }
        #expect(seen.filter { $0 != .none } == [.server, .scraped, .server], "\(seen)")
        let seconds = Double(clock.now.uptimeMs - began) / 1_000
        let counted = script.requests(of: "c:1", in: .canary) / ServedTransport.perSecond
        // The first sample is a base, and the last ones may not have been read.
        #expect(counted <= seconds + 1, "\(counted) s of \(seconds) s")
        // Ten seconds until the server is given up, and a base at each change.
        #expect(counted >= seconds - 20, "\(counted) s of \(seconds) s")
    }
}

/// The targets, and a server that scrapes them each second and is away for a while.
private final class ServedTransport: OwnedTransport {
    static let perSecond = 10.0

    private let clock: PassingClock
    private let away: ClosedRange<Int64>
    private let store = SampleStore()
    private let scrapedMs = Mutex<Int64>(0)

    init(clock: PassingClock, away: ClosedRange<Int64>) {
        (self.clock, self.away) = (clock, away)
        scrapedMs.withLock { $0 = clock.now.wallMs / 1_000 * 1_000 }
    }

    var isRunning: Bool { true }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let now = clock.now
        guard request.url.contains("/api/v1/query") else {
            let text = TextPair("Content-Type", "text/plain; version=0.0.4")
            return HTTPResponse(status: 200, headers: [text], body: Array(body(atWallMs: now.wallMs).utf8))
        }
        if away.contains(now.uptimeMs) { throw .connectFailed(address: request.url, reason: "refused") }
        scrapedMs.withLock { scrapedMs in
            while scrapedMs + 1_000 <= now.wallMs {
                scrapedMs += 1_000
                let timeMs = scrapedMs
                store.state.withLock { $0.serverMs = timeMs }
                for instance in ["b:1", "c:1"] { store.scrape(instance, body(atWallMs: timeMs)) }
            }
        }
        store.state.withLock { state in
            state.serverMs = now.wallMs
            state.scrapes.removeFirst(max(0, state.scrapes.count - 800))
        }
        return try await store.send(request)
    }

    private func body(atWallMs wallMs: Int64) -> String {
        let count = Int(Double(wallMs - 1_700_000_000_000) / 1_000 * Self.perSecond)
        return "# TYPE r_total counter\nr_total \(count)\n# TYPE e_total counter\ne_total 0\n"
    }

    func shutdown() async {}
}
