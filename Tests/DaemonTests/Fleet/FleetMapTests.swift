import Model
import Testing

@testable import Daemon

/// The part of a configuration that a member watches.
struct FleetMapTests {
    private static let plan: Plan = {
        var plan = FleetFixture.plan((0..<40).map { "release-\($0)" })
        plan.groups = [
            GroupPlan(
                name: "money", members: [GroupMember(release: "release-3"), GroupMember(release: "release-17")]),
            GroupPlan(
                name: "far",
                members: [
                    GroupMember(release: "release-5"),
                    GroupMember(release: "release-6", daemon: PeerDaemon(url: "http://eu.example")),
                ]),
        ]
        return plan
    }()

    /// Each release is in one part, and so is each group.
    @Test func thePartsOfAllShardsAreTheConfiguration() {
        let map = FleetMap(Self.plan, count: 8)
        let parts = (0..<8).map { map.part(of: Self.plan, shards: [$0]) }
        #expect(parts.flatMap(\.releases).map(\.name).sorted() == Self.plan.releases.map(\.name).sorted())
        #expect(parts.flatMap(\.groups).map(\.name).sorted() == ["far", "money"])
        for part in parts {
            let names = Set(part.releases.map(\.name))
            for group in part.groups {
                let here = group.members.filter { $0.daemon == nil }.map(\.release)
                #expect(names.isSuperset(of: here), "\(group.name) is torn apart")
            }
            // Another member finds the same shards in its part.
            let again = FleetMap(part, count: 8)
            #expect(part.releases.allSatisfy { again.shards.shard(of: $0.name) == map.shards.shard(of: $0.name) })
        }
    }

    @Test func theWholeIsLeftInItsOrder() {
        let map = FleetMap(Self.plan, count: 8)
        #expect(map.part(of: Self.plan, shards: Set(0..<8)) == Self.plan)
        #expect(map.part(of: Self.plan, shards: []).releases.isEmpty)
        #expect(map.targets.reduce(0, +) == 80 && map.warmMs["release-0"] == FleetFixture.warmMs)
    }

    /// The group of two moves one of them.
    @Test func theShardOfAReleaseThatMovesIsAdded() throws {
        let apart = FleetFixture.plan((0..<40).map { "release-\($0)" })
        let (before, after) = (FleetMap(apart, count: 8).shards, FleetMap(Self.plan, count: 8).shards)
        let moved = try #require(
            ["release-3", "release-17"].first { before.shard(of: $0) != after.shard(of: $0) })
        let (old, new) = (before.shard(of: moved), after.shard(of: moved))
        let selection = FleetSelection(apart, count: 8, watched: [old])
        #expect(selection.added(by: Self.plan) == [new] && selection.added(by: apart) == [])
        let part = selection.part(of: Self.plan, adding: [new])
        #expect(part.releases.contains { $0.name == moved })
        selection.take(Self.plan, adding: [new])
        #expect(selection.watched == [old, new] && selection.isWatched(moved) && selection.hasAdded)
        #expect(selection.takeAdded() == [new] && !selection.hasAdded && selection.takeAdded() == [])
    }

    @Test func aReportFindsReleasesAndUnits() {
        var report = FleetReport(copies: 2)
        report.shards = [
            .init(index: 0, releases: ["a"], owner: "rg-1", state: .steady),
            .init(index: 1, releases: ["b"], state: .moving),
        ]
        report.units = ["shop": 1]
        #expect(
            report.shard(of: "a")?.index == 0 && report.shard(of: "shop")?.index == 1 && report.shard(of: "c") == nil)
    }
}
