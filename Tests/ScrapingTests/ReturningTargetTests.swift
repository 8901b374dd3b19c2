import Logging
import Model
import Ports
import Support
import Synchronization
import SystemSupport
import Telemetry
import Testing

@testable import Scraping

/// A target that is away for a moment was there all the time; one that is away for longer is read from the beginning, and so is one
/// that was in the other pool meanwhile.
@Suite("A target that returns")
struct ReturningTargetTests {
    private static let intervalMs: Int64 = 1_000
    private static let perSecond = 10.0

    private struct NoSettings: RouterSettings { static let kind = "" }

    private static func plan(baseline: [String], canary: [String]) throws -> Plan {
        func pool(_ version: String, _ names: [String]) -> PoolPlan {
            PoolPlan(version: version, targets: names.map { TargetPlan(instance: $0, url: "http://\($0)/metrics") })
        }
        let watch = WatchList(
            requests: try SeriesSelector(parsing: "r_total"), errors: try SeriesSelector(parsing: "e_total"),
            latency: nil)
        var release = ReleasePlan(
            name: "shop", baseline: pool("v1", baseline), canary: pool("v2", canary), indicators: watch,
            router: RouterPlan(NoSettings()), rules: [])
        (release.scrape.intervalMs, release.scrape.timeoutMs) = (intervalMs, 500)
        return Plan(daemon: DaemonPlan(stateDirectory: "/nowhere"), releases: [release])
    }

    /// Requests of `c:1` that were counted in the canary over ten cycles.
    ///
    /// - Parameters:
    ///   - away: intervals without it, after the third cycle.
    ///   - asBaseline: it is one of the baseline meanwhile.
    private static func counted(away: Int, asBaseline: Bool = false) async throws -> Double {
        let clock = PassingClock()
        let (with, without) = (
            try plan(baseline: ["b:1"], canary: ["c:1", "c:2"]),
            try plan(baseline: ["b:1"] + (asBaseline ? ["c:1"] : []), canary: ["c:2"])
        )
        let (stream, ended) = AsyncStream.makeStream(of: Void.self)
        let service = Mutex<ScrapeService?>(nil)
        let script = ScriptedCycles { number in
            guard let service = service.withLock({ $0 }) else { return }
            if number == 3 { try? await service.follow(without) }
            if number == 3 + away { try? await service.follow(with) }
            if number == 10 {
                await service.stop()
                ended.finish()
            }
        }
        let running = ScrapeService(
            lanes: ScrapeLanes(connections: 64) { _ in CountingTransport(clock: clock, perSecond: perSecond) },
            files: OpenFiles(limit: 1_024, processors: 2), clock: clock, logger: Logger(label: "test"),
            meter: NoMeter(), sink: script)
        service.withLock { $0 = running }
        try await running.follow(with)
        for await _ in stream {}
        await running.shutdown()
        return script.requests(of: "c:1", in: .canary)
    }

    /// Of a cycle's time: when in it a target is asked depends on how many there are.
    private static func isAbout(_ counted: Double, intervals: Int) -> Bool {
        abs(counted - Double(intervals) * perSecond) < 0.6 * perSecond
    }

    @Test(arguments: [1, 2, 3])
    func withinThreeIntervalsNothingIsLost(_ away: Int) async throws {
        let counted = try await Self.counted(away: away)
        #expect(Self.isAbout(counted, intervals: 9), "\(counted)")
    }

    @Test(arguments: [4, 6])
    func afterwardsItsFirstScrapeIsABase(_ away: Int) async throws {
        let counted = try await Self.counted(away: away)
        #expect(Self.isAbout(counted, intervals: 8 - away), "\(counted)")
    }

    @Test func whatItCountsInTheOtherPoolStaysThere() async throws {
        let counted = try await Self.counted(away: 2, asBaseline: true)
        #expect(Self.isAbout(counted, intervals: 6), "\(counted)")
    }
}
