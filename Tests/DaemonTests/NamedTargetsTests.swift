import Discovery
import Model
import SystemSupport
import TargetSources
import Telemetry
import Testing

@testable import Daemon

/// Which targets a listed name is, over the answers of name servers.
@Suite("Listed names with several addresses")
struct NamedTargetsTests {
    private struct Router: RouterSettings {
        static let kind = "none"
    }

    private static let listed = [
        TargetPlan(instance: "app.example:80", url: "http://App.example:80/metrics"),
        TargetPlan(instance: "10.0.0.9:80", url: "http://10.0.0.9:80/metrics"),
    ]

    private static func release(
        canary: [TargetPlan] = [TargetPlan(instance: "db.example:80", url: "http://db.example:80/metrics")]
    ) -> ReleasePlan {
        ReleasePlan(
            name: "checkout", baseline: PoolPlan(version: "v1", targets: listed),
            canary: PoolPlan(version: "v2", targets: canary), indicators: WatchList(), router: RouterPlan(Router()),
            rules: [])
    }

    private static func roster(_ release: ReleasePlan = release()) throws -> TargetRoster {
        let plan = HostNamesPlan(names: release.hostNames)
        let source = TargetRoster.Source(
            plan: SourcePlan(plan), name: "names", refreshMs: 30_000,
            list: SourceList(times: .standard(refreshMs: 30_000)))
        return try TargetRoster(release, sources: [], namesSource: source, revision: 0, at: moment(0))
    }

    private static func moment(_ second: Int64) -> Moment { Moment(uptimeMs: second * 1_000, wallMs: second * 1_000) }

    private static func groups(_ app: [String], _ other: [String]) -> [TargetGroup] {
        [("app.example", app), ("db.example", other)].map { name, addresses in
            TargetGroup(source: name, targets: addresses.map { DiscoveredTarget(address: $0) })
        }
    }

    /// The baseline and the canary after each answer; nil where nothing changed.
    private static func follow(
        _ roster: inout TargetRoster, _ answers: [(second: Int64, answer: SourceAnswer)]
    ) -> [String?] {
        answers.map { second, answer in
            roster.take(answer, source: 0, at: moment(second))
            return roster.update().map { lists in
                [lists.first, lists.second].map { $0.map(\.instance).joined(separator: " ") }.joined(separator: " | ")
            }
        }
    }

    @Test func oneAddressIsWhatItWas() throws {
        var roster = try Self.roster()
        let changes = Self.follow(
            &roster,
            [
                (0, .list(Self.groups(["10.0.0.1"], ["10.0.1.1"]))), (30, .list(Self.groups(["10.0.0.2"], []))),
                (60, .partial([], unread: ["app.example", "db.example"], reason: "away")),
                (300, .list(Self.groups(["10.0.0.2"], []))),
            ])
        #expect(changes == [nil, nil, nil, nil])
        #expect(roster.report(at: Self.moment(300)).sources.isEmpty && roster.sources[0].problem == nil)
        #expect(roster.state(at: Self.moment(300))?.remarks == [])
    }

    @Test func severalAddressesAreTargetsOfTheirOwn() throws {
        var roster = try Self.roster()
        let both = "app.example:80@10.0.0.1 app.example:80@10.0.0.2 10.0.0.9:80 | db.example:80"
        let changes = Self.follow(
            &roster,
            [
                (0, .list(Self.groups(["10.0.0.2", "10.0.0.1"], ["10.0.1.1"]))),
                // The order in which a server names them says nothing.
                (30, .list(Self.groups(["10.0.0.1", "10.0.0.2"], ["10.0.1.1"]))),
                (60, .list(Self.groups(["10.0.0.2"], ["10.0.1.1"]))),
                (90, .list(Self.groups(["10.0.0.2"], ["10.0.1.1"]))),
            ])
        // The one that is left is the same process as before.
        #expect(changes == [both, nil, nil, "app.example:80@10.0.0.2 10.0.0.9:80 | db.example:80"])
        let target = try #require(roster.lists.first.first)
        #expect(target.address == "10.0.0.2" && target.url == "http://App.example:80/metrics")
        #expect(target.listed == Self.listed[0])
    }

    @Test func aNameThatCannotBeLookedUpKeepsItsAddressesAndTakesNothingFromOthers() throws {
        var roster = try Self.roster()
        let changes = Self.follow(
            &roster,
            [
                (0, .list(Self.groups(["10.0.0.1", "10.0.0.2"], ["10.0.1.1"]))),
                (
                    30,
                    .partial(
                        [
                            TargetGroup(
                                source: "db.example",
                                targets: [
                                    DiscoveredTarget(address: "10.0.1.1"), DiscoveredTarget(address: "10.0.1.2"),
                                ])
                        ], unread: ["app.example"], reason: "app.example: away")
                ),
            ])
        #expect(
            changes[1]
                == "app.example:80@10.0.0.1 app.example:80@10.0.0.2 10.0.0.9:80 | db.example:80@10.0.1.1 db.example:80@10.0.1.2"
        )
        let report = roster.report(at: Self.moment(30))
        #expect(report.sources.map(\.problem) == ["app.example: away"])
        #expect(roster.state(at: Self.moment(30))?.remarks.count == 2)
        // It is without an answer for minutes: operators get to know.
        for _ in 0..<10 { roster.pass(ms: 20_000) }
        #expect(roster.state(at: Self.moment(230))?.stale.count == 1)
    }

    @Test func aNameThatLosesMostOfItsAddressesIsHeld() throws {
        var roster = try Self.roster()
        let gone: (Int64) -> (Int64, SourceAnswer) = { ($0, .list(Self.groups([], ["10.0.1.1"]))) }
        let changes = Self.follow(
            &roster,
            [(0, .list(Self.groups(["10.0.0.1", "10.0.0.2"], ["10.0.1.1"]))), gone(30), gone(60), gone(90), gone(120)])
        #expect(changes[1...3].allSatisfy { $0 == nil })
        #expect(changes[4] == "app.example:80 10.0.0.9:80 | db.example:80", "the name itself is asked again")
    }

    @Test func aRestartAndAReloadKeepTheAddresses() throws {
        var roster = try Self.roster()
        _ = Self.follow(&roster, [(0, .list(Self.groups(["10.0.0.1", "10.0.0.2"], ["10.0.1.1"])))])
        var restarted = try Self.roster()
        restarted.restore(try #require(StoredTargetLists(try roster.stored(wallMs: 7).encoded())))
        let after = restarted.update()
        #expect(after?.first == roster.lists.first)
        // A name server that is away at the start takes nothing.
        let changes = Self.follow(
            &restarted, [(1, .partial([], unread: ["app.example", "db.example"], reason: "away"))])
        #expect(changes == [nil])
        var reloaded = try Self.roster(Self.release(canary: []))
        reloaded.continueFrom(roster)
        let lists = reloaded.update()
        #expect(lists?.first == roster.lists.first && lists?.second == [])
    }

    /// One scrape body with both pools stays one: both have the same targets.
    @Test func aSharedExpositionHasTheSameTargetsInBothPools() throws {
        var release = Self.release(canary: Self.listed)
        release.baseline.match = try SeriesMatchers(parsing: #"{server="old"}"#)
        release.canary.match = try SeriesMatchers(parsing: #"{server="new"}"#)
        var roster = try Self.roster(release)
        roster.take(.list(Self.groups(["10.0.0.1", "10.0.0.2"], []).dropLast()), source: 0, at: Self.moment(0))
        let update = roster.update()
        let lists = try #require(update)
        #expect(lists.first.count == 3 && lists.first == lists.second)
    }
}
