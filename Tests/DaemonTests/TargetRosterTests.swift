import Discovery
import Model
import Telemetry
import Testing

@testable import Daemon

/// What is in force over reloads and restarts.
@Suite("The targets of a release")
struct TargetRosterTests {
    private struct Router: RouterSettings {
        static let kind = "none"
    }

    private struct Settings: SourceSettings {
        static let kind = "test"
    }

    private static func release(canary: String = "new") throws -> ReleasePlan {
        var plan = ReleasePlan(
            name: "checkout", baseline: PoolPlan(version: "v1", targets: []),
            canary: PoolPlan(version: "v2", targets: []),
            indicators: WatchList(), router: RouterPlan(Router()), rules: [])
        plan.discovery = DiscoveryPlan(sources: [SourcePlan(Settings())])
        plan.baseline.select = try SeriesMatchers(parsing: #"{color="old"}"#)
        plan.canary.select = try SeriesMatchers(parsing: "{color=\"\(canary)\"}")
        return plan
    }

    private static func roster(_ release: ReleasePlan) throws -> TargetRoster {
        let now = moment(0)
        let source = TargetRoster.Source(
            plan: SourcePlan(Settings()), name: "test", refreshMs: 10_000,
            list: SourceList(times: .standard(refreshMs: 10_000)))
        return try TargetRoster(release, sources: [source], revision: 0, at: now)
    }

    private static func moment(_ second: Int64) -> Moment {
        Moment(uptimeMs: second * 1_000, wallMs: 1_700_000_000_000 + second * 1_000)
    }

    private static func list(_ old: [String], _ new: [String]) -> SourceAnswer {
        func group(_ names: [String], _ color: String) -> TargetGroup {
            TargetGroup(
                source: color, labels: ["color": color], targets: names.map { DiscoveredTarget(address: "\($0):1") })
        }
        return .list([group(old, "old"), group(new, "new")])
    }

    private static func names(_ lists: TargetLists) -> [[String]] {
        [lists.first, lists.second].map { $0.map(\.instance) }
    }

    @Test func anAnswerBecomesTheListsOfBothPlaces() throws {
        var roster = try Self.roster(Self.release())
        #expect(!roster.isReady(at: Self.moment(1)))
        roster.take(Self.list(["a"], ["b", "c"]), source: 0, at: Self.moment(1))
        #expect(roster.isReady(at: Self.moment(1)))
        let lists = roster.update()
        #expect(lists.map(Self.names) == [["a:1"], ["b:1", "c:1"]] && lists?.revision == 1)
        roster.take(Self.list(["a"], ["b", "c"]), source: 0, at: Self.moment(11))
        let rosterAgain = roster.update()
        #expect(rosterAgain == nil, "the same is no change")
    }

    /// A reload in the moment in which an empty answer is held must not make it believed.
    @Test func aReloadKeepsWhatIsHeld() throws {
        var roster = try Self.roster(Self.release())
        roster.take(Self.list(["a"], ["b"]), source: 0, at: Self.moment(1))
        _ = roster.update()
        roster.take(.list([]), source: 0, at: Self.moment(11))
        let rosterAgain = roster.update()
        #expect(rosterAgain == nil)
        var next = try Self.roster(Self.release())
        next.continueFrom(roster)
        let nextLists = next.update()
        #expect(nextLists.map(Self.names) == [["a:1"], ["b:1"]])
        next.take(.list([]), source: 0, at: Self.moment(21))
        let nextAgain = next.update()
        #expect(nextAgain == nil)
    }

    @Test func aReloadWithOtherSelectorsChoosesAgain() throws {
        var roster = try Self.roster(Self.release(canary: "green"))
        roster.take(Self.list(["a"], ["b"]), source: 0, at: Self.moment(1))
        let rosterLists = roster.update()
        #expect(rosterLists.map(Self.names) == [["a:1"], []])
        #expect(roster.report(at: Self.moment(1)).dropped.map(\.reason) == [.unmatched])
        var next = try Self.roster(Self.release())
        next.continueFrom(roster)
        let nextLists = next.update()
        #expect(nextLists.map(Self.names) == [["a:1"], ["b:1"]])
    }

    /// A process that was stopped for an hour had no chance to read a source.
    @Test func onlyTimeThatTheProcessRanMakesASourceStale() throws {
        var roster = try Self.roster(Self.release())
        roster.take(Self.list(["a"], ["b"]), source: 0, at: Self.moment(1))
        roster.pass(ms: 20_000)
        #expect(roster.state(at: Self.moment(3_600))?.stale.isEmpty == true)
        for _ in 0..<6 { roster.pass(ms: 20_000) }
        #expect(roster.state(at: Self.moment(3_800))?.stale.count == 1)
        roster.take(.failed(reason: "away"), source: 0, at: Self.moment(3_810))
        #expect(roster.state(at: Self.moment(3_810))?.stale.count == 1)
        roster.take(Self.list(["a"], ["b"]), source: 0, at: Self.moment(3_820))
        #expect(roster.state(at: Self.moment(3_820))?.stale.isEmpty == true)
    }

    @Test func aRestartBeginsWithTheStoredLists() throws {
        var roster = try Self.roster(Self.release())
        roster.take(Self.list(["a"], ["b"]), source: 0, at: Self.moment(1))
        _ = roster.update()
        let stored = roster.stored(wallMs: 7)
        var next = try Self.roster(Self.release())
        next.restore(stored)
        #expect(next.isReady(at: Self.moment(0)))
        let nextLists = next.update()
        #expect(nextLists.map(Self.names) == [["a:1"], ["b:1"]])
        #expect(next.report(at: Self.moment(0)).sources[0].isFromDisk)
    }
}
