import Model
import Testing

@testable import Kernel

/// What operators order about messages at one replica holds in all of them.
@Suite("Replicas: silences and acknowledgements")
struct OperatorHandoverTests {
    private static let hour: Int64 = 3_600_000
    private static let all = NotificationMatch(releases: ["checkout"])

    /// A rule reports a sick canary, whose share stays; the pager's messages are escalated after a minute.
    private static func world() -> ReplicaWorld {
        var rule = RulePlan.errorRate(name: "Report", action: .notify)
        rule.labels = [TextPair("severity", "critical")]
        var plan = KernelHarness.led(rules: [rule]) { rollout in
            for index in rollout.steps.indices { rollout.steps[index].minMs = 3_600_000 }
            rollout.steps[0].basisPoints = 1_000
        }.plan
        plan.receivers = ["pager", "boss"].map { ReceiverPlan(name: $0, kind: .webhook, url: "http://\($0)") }
        plan.routes = [
            RoutePlan(receivers: ["pager"], escalation: [EscalationStep(afterMs: 60_000, receivers: ["boss"])])
        ]
        var world = ReplicaWorld(plan: plan)
        world.run(seconds: 5)
        return world
    }

    private func silences(_ world: ReplicaWorld, _ index: Int) -> [String] {
        world.snapshot(index).silences.map(\.id)
    }

    private func silence(_ world: inout ReplicaWorld, at index: Int, forMs: Int64 = hour) {
        guard case .accepted = world.command(.silence(Self.all, forMs: forMs), to: index) else {
            return #expect(Bool(false))
        }
    }

    @Test func aSilenceHoldsInAllReplicasAndAfterATakeover() throws {
        var world = Self.world()
        let leader = try #require(world.leader)
        silence(&world, at: (leader + 1) % 3)
        world.run(seconds: 3)
        let id = silences(world, leader)
        #expect(id.count == 1)
        for index in world.nodes.indices { #expect(silences(world, index) == id, "\(index)") }
        world.nodes[leader].isAlive = false
        world.run(seconds: 20)
        let next = try #require(world.leader)
        #expect(silences(world, next) == id)
        world.restart(leader)
        #expect(silences(world, leader) == id)
    }

    @Test func aSilenceThatWasEndedAnywhereIsOverEverywhere() throws {
        var world = Self.world()
        silence(&world, at: 0)
        world.run(seconds: 3)
        let id = try #require(silences(world, 1).first)
        // The third one hears of its end last, and says first what it knows itself.
        world.nodes[2].reachesStore = false
        _ = world.command(.endSilence(id: id), to: 1)
        world.run(seconds: 3)
        #expect(silences(world, 0).isEmpty && silences(world, 1).isEmpty && silences(world, 2) == [id])
        _ = world.command(.silence(NotificationMatch(releases: ["other"]), forMs: Self.hour), to: 2)
        world.nodes[2].reachesStore = true
        world.run(seconds: 3)
        for index in world.nodes.indices {
            #expect(silences(world, index).count == 1 && silences(world, index) != [id], "\(index)")
        }
    }

    /// An end that was ordered while the store was gone outlives a restart, and reaches the others.
    @Test func withoutTheStoreAnOrderHoldsWhereItWasGiven() throws {
        var world = Self.world()
        silence(&world, at: 0)
        world.run(seconds: 3)
        let id = try #require(silences(world, 1).first)
        world.isStoreUp = false
        _ = world.command(.endSilence(id: id), to: 1)
        silence(&world, at: 2, forMs: Self.hour / 2)
        world.run(seconds: 30)
        #expect(silences(world, 0) == [id] && silences(world, 1).isEmpty && silences(world, 2).count == 2)
        world.restart(1)
        world.restart(2)
        world.run(seconds: 5)
        #expect(silences(world, 1).isEmpty && silences(world, 2).count == 2)
        world.isStoreUp = true
        world.run(seconds: 5)
        let left = silences(world, 0)
        #expect(left.count == 1 && left != [id])
        for index in world.nodes.indices { #expect(silences(world, index) == left, "\(index)") }
    }

    /// No wall clock is compared with that of another host while the writer is there.
    @Test(arguments: [-7_200_000, 7_200_000] as [Int64])
    func aWallClockThatIsWrongChangesNoSilence(_ skewMs: Int64) {
        var world = Self.world()
        world.nodes[1].wallSkewMs = skewMs
        world.run(seconds: 5)
        silence(&world, at: 0, forMs: 120_000)
        silence(&world, at: 1, forMs: 120_000)
        world.run(seconds: 105)
        for index in world.nodes.indices { #expect(silences(world, index).count == 2, "\(index)") }
        world.run(seconds: 30)
        for index in world.nodes.indices { #expect(silences(world, index).isEmpty, "\(index)") }
    }

    /// A replica that was away reads what is left of it, not all of it.
    @Test func aReplicaThatWasAwayTakesWhatIsLeft() {
        var world = Self.world()
        world.nodes[2].isAlive = false
        silence(&world, at: 0, forMs: 120_000)
        world.run(seconds: 90)
        world.restart(2)
        world.run(seconds: 5)
        #expect(silences(world, 2).count == 1)
        world.run(seconds: 40)
        #expect(silences(world, 2).isEmpty)
    }

    @Test func aStoreFromABackupHasTheSilenceAgain() {
        var world = Self.world()
        let backup = world.store
        silence(&world, at: 0)
        world.run(seconds: 3)
        world.store.restore(backup)
        world.run(seconds: 20)
        #expect(world.store.operators.count == 3)
    }

    /// The book is as large as it was, and the newest silences are in it.
    @Test func thereAreNoMoreThanTheLimit() {
        var world = Self.world()
        for index in [0, 1] {
            world.nodes[index].reachesStore = false
            for _ in 0..<150 { silence(&world, at: index) }
            world.run(seconds: 2)
        }
        for index in [0, 1] { world.nodes[index].reachesStore = true }
        world.run(seconds: 20)
        for index in world.nodes.indices { #expect(silences(world, index).count == 200, "\(index)") }
        #expect(Set(world.nodes.indices.map { Set(silences(world, $0)) }).count == 1)
    }

    /// The order comes before this replica's alert, which opens a little later; an older one was about another trouble.
    @Test(arguments: [(0, true), (60_000, false)] as [(Int64, Bool)])
    func anAcknowledgementWaitsForItsSubject(_ ageMs: Int64, _ isTaken: Bool) throws {
        var world = Self.world()
        let leader = try #require(world.leader)
        world.isOutOfTheWay = true
        _ = world.order(.begin(KernelHarness.next), to: leader)
        world.run(seconds: 30)
        var acts = OperatorActs(replica: "rg-9", atWallMs: 0)
        acts.acknowledgements = [
            OperatorAcknowledgement(
                id: "ack-rg-9-1", subject: "checkout", by: "eve", reason: "because",
                untilWallMs: OperatorAcknowledgement.keptMs)
        ]
        world.send(.operatorsActed(acts, ageMs: ageMs), to: leader)
        #expect(world.snapshot(leader).openSubjects.isEmpty)
        world.isSecondSick = true
        world.run(seconds: 10)
        #expect(world.snapshot(leader).openSubjects.map(\.acknowledgedBy) == [isTaken ? "eve" : nil])
    }

    /// An alert that an operator has acknowledged at a follower is escalated by no leader.
    @Test(arguments: [true, false]) func anAcknowledgementHoldsAfterATakeover(_ isAcknowledged: Bool) throws {
        var world = Self.world()
        let leader = try #require(world.leader)
        world.isOutOfTheWay = true
        _ = world.order(.begin(KernelHarness.next), to: leader)
        world.run(seconds: 30)
        world.isSecondSick = true
        world.run(seconds: 10)
        if isAcknowledged {
            _ = world.command(.acknowledge(subject: "checkout"), to: (leader + 1) % 3)
            world.run(seconds: 3)
            for index in world.nodes.indices {
                #expect(world.snapshot(index).openSubjects.map(\.acknowledgedBy) == ["ada"], "\(index)")
            }
        }
        world.nodes[leader].isAlive = false
        world.run(seconds: 120)
        let next = try #require(world.leader)
        let escalated = world.nodes[next].deliveries.filter { $0.receiver == "boss" }
        #expect(escalated.isEmpty == isAcknowledged, "\(escalated.map(\.notification.event))")
        let messages = world.nodes.flatMap(\.deliveries).filter { $0.notification.event == .operatorAcknowledged }
        #expect(
            messages.count == (isAcknowledged ? 3 : 0) && Set(messages.map(\.id)).count <= 1, "\(messages.map(\.id))")
    }
}
