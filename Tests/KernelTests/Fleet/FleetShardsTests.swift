import Model
import Testing

@Suite("The shards of a fleet")
struct FleetShardsTests {
    private static func plan(_ names: [String]) -> Plan {
        var plan = Plan.example()
        let release = plan.releases[0]
        plan.releases = names.map { name in
            var one = release
            one.name = name
            return one
        }
        return plan
    }

    /// The hash is part of what members of different versions agree on, so it never changes: FNV-1a of `a` and of `foobar` as in
    /// its authors' test vectors.
    @Test(arguments: [
        ("a", 0xaf63_dc4c_8601_ec8c as UInt64), ("foobar", 0x8594_4171_f739_67e8), ("", 0xcbf2_9ce4_8422_2325),
    ])
    func areThoseOfTheHash(_ name: String, _ hash: UInt64) {
        let plan = Self.plan([])
        for count in [1, 2, 64, 256] {
            #expect(FleetShards(count: count, plan: plan).shard(of: name) == Int(hash % UInt64(count)))
        }
    }

    @Test func membersOfAGroupShareAShard() {
        var plan = Self.plan(["zebra", "ant", "cat", "dog"])
        let alone = FleetShards(count: 256, plan: plan)
        plan.groups = [
            GroupPlan(name: "g", members: [GroupMember(release: "zebra"), GroupMember(release: "cat")])
        ]
        let shards = FleetShards(count: 256, plan: plan)
        #expect(shards.shard(of: "zebra") == alone.shard(of: "cat"))
        #expect(shards.shard(of: "cat") == alone.shard(of: "cat"))
        #expect(shards.shard(of: "dog") == alone.shard(of: "dog"))
    }

    /// A group with a part of a unit has all of the unit with it; companions on other daemons are in no shard of this fleet.
    @Test func whatBelongsTogetherIsJoinedAcrossGroupsAndUnits() {
        var plan = Self.plan(["shop.web", "shop.api", "mail", "ant"])
        for (index, name) in ["web", "api"].enumerated() {
            plan.releases[index].part = PartPlan(unit: "shop", name: name, rank: index, isLead: index == 0)
        }
        let far = PeerDaemon(url: "https://eu.example:9464")
        plan.groups = [
            GroupPlan(
                name: "g",
                members: [
                    GroupMember(release: "shop.api"), GroupMember(release: "mail"),
                    GroupMember(release: "ant", daemon: far),
                ])
        ]
        let shards = FleetShards(count: 256, plan: plan)
        let expected = FleetShards(count: 256, plan: Self.plan([])).shard(of: "mail")
        for name in ["shop.web", "shop.api", "mail", "shop"] { #expect(shards.shard(of: name) == expected, "\(name)") }
        #expect(shards.shard(of: "ant") != expected)
        #expect(shards.scope(of: "shop") == "shard-\(expected)")
    }

    /// A member that knows only its own shards finds the same.
    @Test func aPartOfTheConfigurationGivesTheSameShards() {
        var plan = Self.plan((1...40).map { "service-\($0)" })
        plan.groups = (0..<5).map { group in
            GroupPlan(
                name: "g\(group)",
                members: (1...3).map { GroupMember(release: "service-\(group * 3 + $0)") })
        }
        let whole = FleetShards(count: 16, plan: plan)
        for shard in 0..<16 {
            var part = plan
            part.releases.removeAll { whole.shard(of: $0.name) != shard }
            let own = FleetShards(count: 16, plan: part)
            for release in part.releases { #expect(own.shard(of: release.name) == shard) }
        }
    }
}
