import Model
import Testing

@testable import Kernel

/// A group whose sick release has several replicas: the leader alone asks and decides.
struct ReplicaGroupTests {
    /// Its canary is sick, and the rollback is under way.
    private static func sick(isCompanionAway: Bool = false) -> ReplicaWorld {
        var plan = KernelHarness.led().plan
        let daemon = PeerDaemon(url: "https://eu.example:9464")
        plan.groups = [
            GroupPlan(
                name: "shop",
                members: [
                    GroupMember(release: plan.releases[0].name), GroupMember(release: "cart", daemon: daemon),
                ])
        ]
        var world = ReplicaWorld(plan: plan)
        world.isCompanionAway = isCompanionAway
        world.run(seconds: 5)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        world.run(seconds: 40)
        world.isSecondSick = true
        world.run(seconds: 15)
        return world
    }

    @Test func theLeaderAloneAsks() throws {
        let world = Self.sick()
        let leader = try #require(world.leader)
        #expect(world.secondShare == 0)
        #expect(world.orders.map(\.order.kind) == [.prepare, .commit])
        #expect(world.orders.allSatisfy { $0.by == world.nodes[leader].name })
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    @Test func theNextLeaderSendsTheCommitsAgainWithTheSameKey() throws {
        var world = Self.sick(isCompanionAway: true)
        let first = try #require(world.leader)
        let name = world.nodes[first].name
        #expect(world.orders.contains { $0.order.kind == .commit && $0.by == name })
        world.nodes[first].isAlive = false
        world.isCompanionAway = false
        world.run(seconds: 60)
        let leader = try #require(world.leader)
        #expect(leader != first)
        #expect(world.orders.count { $0.order.kind == .prepare } == 1, "it was decided already")
        #expect(world.orders.last?.order.kind == .commit && world.orders.last?.by == world.nodes[leader].name)
        #expect(Set(world.orders.map(\.order.link.key)).count == 1)
        let group = world.nodes[leader].kernel.snapshot(at: Moment(uptimeMs: 0, wallMs: 0)).incidents.first?.group
        #expect(group?.committed.map(\.incident) == ["cart-7"])
    }
}
