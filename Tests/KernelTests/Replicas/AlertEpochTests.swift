import Model
import Testing

@testable import Kernel

/// Messages about one firing of one rule have one id in all replicas.
@Suite("Replicas: messages about alerts")
struct AlertEpochTests {
    /// A rule that notifies of a sick canary, whose share stays.
    private static func world() -> ReplicaWorld {
        let plan = KernelHarness.led(rules: [.errorRate(name: "Errors, 5xx", action: .notify)]) { rollout in
            for index in rollout.steps.indices { rollout.steps[index].minMs = 3_600_000 }
            rollout.steps[0].basisPoints = 1_000
        }.plan
        var watched = plan
        watched.receivers = [ReceiverPlan(name: "chat", kind: .webhook, url: "http://chat")]
        var world = ReplicaWorld(plan: watched)
        world.isOutOfTheWay = true
        world.run(seconds: 5)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        world.run(seconds: 30)
        return world
    }

    private static func turnSick(_ world: inout ReplicaWorld, times: Int = 1) {
        for _ in 0..<times {
            world.isSecondSick = true
            world.run(seconds: 15)
            world.isSecondSick = false
            world.run(seconds: 25)
        }
    }

    private static func ids(_ node: ReplicaNode) -> [String] {
        node.deliveries.filter { $0.notification.alert != nil && $0.notification.incident == nil }.map(\.id)
    }

    @Test func allReplicasGiveThemOneId() throws {
        var world = Self.world()
        Self.turnSick(&world, times: 3)
        let leader = try #require(world.leader)
        let ids = Self.ids(world.nodes[leader])
        #expect(ids.count == 6 && Set(ids).count == 6, "\(ids)")
        #expect(ids[0] == "test-checkout-Errors-2c-205xx-1-alert_firing-chat")
        #expect(ids[1] == "test-checkout-Errors-2c-205xx-1-alert_resolved-chat")
        for node in world.nodes { #expect(Self.ids(node) == ids) }
    }

    /// The leader ends right after its message: what the next leader sends is the same message.
    @Test func theNextLeaderRepeatsNothingUnderAnotherId() throws {
        var world = Self.world()
        Self.turnSick(&world)
        world.isSecondSick = true
        let first = try #require(world.leader)
        for _ in 0..<30 where Self.ids(world.nodes[first]).count < 3 { world.second() }
        let sent = Set(Self.ids(world.nodes[first]))
        #expect(sent.count == 3)
        world.nodes[first].isAlive = false
        world.run(seconds: 20)
        let next = try #require(world.leader)
        #expect(next != first && Set(Self.ids(world.nodes[next])) == sent)
        // It counts on, and so does the replica that was away.
        world.isSecondSick = false
        world.run(seconds: 25)
        world.restart(first)
        world.run(seconds: 20)
        Self.turnSick(&world)
        let last = Self.ids(world.nodes[next]).suffix(2)
        #expect(last.first == "test-checkout-Errors-2c-205xx-3-alert_firing-chat")
        #expect(Array(Self.ids(world.nodes[first]).suffix(2)) == Array(last))
    }

    /// Two replicas that do not agree on what fires give no number to two troubles.
    @Test func noNumberMeansTwoTroubles() {
        var (leader, other) = (AlertEpochs(), AlertEpochs())
        leader.lead()
        other.adopt(leader.handed)
        // The other one fires alone, twice.
        let name1 = other.fired("A", leads: false, replica: "b")
        #expect(name1 == "1")
        let name2 = other.resolved("A", leads: false)
        #expect(name2 == "1")
        let name3 = other.fired("A", leads: false, replica: "b")
        #expect(name3 == "1-b-1")
        _ = other.resolved("A", leads: false)
        // Once more both fire: they agree no more than before, but the next time they do.
        let name4 = leader.fired("A", leads: true, replica: "a")
        #expect(name4 == "1")
        other.adopt(leader.handed)
        let name5 = other.fired("A", leads: false, replica: "b")
        #expect(name5 == "1-b-2")
        _ = (leader.resolved("A", leads: true), other.resolved("A", leads: false))
        other.adopt(leader.handed)
        let name6 = other.fired("A", leads: false, replica: "b")
        #expect(name6 == "2")
        let name7 = leader.fired("A", leads: true, replica: "a")
        #expect(name7 == "2")
        other.adopt(leader.handed)
        // The next leader counts on from what it has used.
        other.lead()
        let name8 = other.resolved("A", leads: true)
        #expect(name8 == "2")
        let name9 = other.fired("A", leads: true, replica: "b")
        #expect(name9 == "3")
    }

    /// A leader of a version that does not count says nothing of it; numbers that were used are not used again.
    @Test func withoutACountNamesAreEachReplicasOwn() {
        var epochs = AlertEpochs()
        let name10 = epochs.fired("A", leads: false, replica: "b")
        #expect(name10 == "1-b-1")
        epochs.adopt([AlertEpoch(rule: "A", ordinal: 7, isFiring: false)])
        let name11 = epochs.fired("A", leads: false, replica: "b")
        #expect(name11 == "8")
        epochs.adopt(nil)
        let name12 = epochs.fired("A", leads: false, replica: "b")
        #expect(name12 == "8-b-2")
    }

    /// A restart knows what it has used.
    @Test func theJournalKeepsTheNames() throws {
        var world = Self.world()
        world.isSecondSick = true
        world.run(seconds: 15)
        let follower = (try #require(world.leader) + 1) % 3
        let fired = Self.ids(world.nodes[follower])
        #expect(fired.count == 1)
        world.restart(follower)
        world.isSecondSick = false
        world.run(seconds: 30)
        #expect(Self.ids(world.nodes[follower]).last == "test-checkout-Errors-2c-205xx-1-alert_resolved-chat")
    }
}
