import Model
import Testing

@testable import Kernel

/// The present step after a takeover: the next leader has watched it too.
@Suite("Replicas: the present step")
struct StepHandoverTests {
    private enum Gate: CaseIterable {
        case lasting, requests, rules, evidence
    }

    /// The lease, 2 s, and two cycles in which the next leader sees both pools.
    private static let takeoverSeconds = 10 + 2 + 3

    private static func world(_ gate: Gate, replicas: Int) -> ReplicaWorld {
        let plan = KernelHarness.led { rollout in
            for index in rollout.steps.indices {
                rollout.steps[index].settleMs = 5_000
                rollout.steps[index].minMs = gate == .lasting ? 60_000 : 0
                rollout.steps[index].requests = gate == .requests ? 2_000 : nil
                rollout.steps[index].rules = gate == .rules ? ["CanaryErrorRate"] : []
                rollout.steps[index].evidence = gate == .evidence ? EvidenceDemand(ratio: 3) : nil
            }
            rollout.steps[0].basisPoints = 500
        }.plan
        var world = ReplicaWorld(replicas: replicas, plan: plan)
        world.errorRate = 0.02
        world.run(seconds: 60)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        return world
    }

    /// Seconds from the begin until the second step is in force; nil when it is not within ten minutes.
    ///
    /// - Parameter death: when the leader ends, seconds after the begin.
    private static func secondsToSecondStep(_ world: ReplicaWorld, death: Int?) -> Int? {
        var world = world
        for second in 0..<600 {
            if world.secondShare >= 1_000 { return world.broken.isEmpty ? second : nil }
            if second == death, let leader = world.leader { world.nodes[leader].isAlive = false }
            world.second()
        }
        return nil
    }

    /// Never earlier than one daemon would, and later by the takeover alone, whenever the leader ends.
    @Test(arguments: Gate.allCases)
    private func aTakeoverNeitherShortensAStepNorBeginsItAgain(_ gate: Gate) throws {
        let alone = try #require(Self.secondsToSecondStep(Self.world(gate, replicas: 1), death: nil))
        #expect(alone > 12, "the gate has to take a while")
        for death in stride(from: 6, to: alone, by: 3) {
            let taken = try #require(Self.secondsToSecondStep(Self.world(gate, replicas: 3), death: death))
            #expect(taken >= alone, "\(gate): the leader ended after \(death) s, alone it takes \(alone) s")
            #expect(taken <= max(alone, death) + Self.takeoverSeconds, "\(gate), \(death) s: \(taken) s, not \(alone)")
        }
    }

    /// A replica that was started in the middle of the step has seen less of it, and says so.
    @Test func aReplicaThatSawAPartBeginsWithItsPart() throws {
        let alone = try #require(Self.secondsToSecondStep(Self.world(.requests, replicas: 1), death: nil))
        var world = Self.world(.requests, replicas: 2)
        world.run(seconds: alone - 8)
        let first = try #require(world.leader)
        world.restart(1 - first)
        world.run(seconds: 3)
        world.nodes[first].isAlive = false
        world.run(seconds: 12)
        let next = try #require(world.leader)
        let process = try #require(world.nodes[next].kernel.releases[0].rollouts.running)
        #expect(next != first && process.rollout.step == 1)
        #expect(process.clock.requests > 0 && process.clock.requests < 2_000)
        #expect(process.clock.standingMs >= 20_000)
    }

    /// The count of the leader is as much as a follower has: its own scrapes may have seen more.
    @Test func aFollowerClaimsNoMoreThanTheLeader() throws {
        var world = Self.world(.requests, replicas: 2)
        world.run(seconds: 25)
        let leader = try #require(world.leader)
        let (own, other) = (world.nodes[leader].kernel.releases[0], world.nodes[1 - leader].kernel.releases[0])
        let rollout = try #require(other.rollouts.running?.rollout)
        let clock = try #require(other.stepWitness.clock(of: rollout))
        let step = try #require(own.handedStep)
        #expect(clock.requests > 0 && clock.requests <= step.requests && clock.standingMs <= step.standingMs)
        // A document that shows less, as after the leader's clock was restarted.
        var witness = other.stepWitness
        var handed = step
        (handed.standingMs, handed.requests) = (clock.standingMs - 5_000, 10)
        let isOfOther = witness.take(handed, of: rollout)
        #expect(!isOfOther)
        #expect(witness.clock(of: rollout)?.requests == 10)
        #expect(witness.clock(of: rollout)?.standingMs == handed.standingMs)
        handed.standingMs -= 20_000
        let isOfEarlier = witness.take(handed, of: rollout)
        #expect(isOfEarlier)
        #expect(witness.clock(of: rollout) == nil)
    }

    /// A leader that loses its lease for a moment continues with what it has seen.
    @Test func aLeaderThatComesBackContinues() throws {
        var world = Self.world(.requests, replicas: 1)
        world.run(seconds: 20)
        let before = try #require(world.nodes[0].kernel.releases[0].rollouts.running?.clock.requests)
        world.isStoreUp = false
        world.run(seconds: 15)
        #expect(world.leader == nil)
        world.isStoreUp = true
        world.run(seconds: 3)
        let process = try #require(world.nodes[0].kernel.releases[0].rollouts.running)
        #expect(world.leader == 0 && (process.rollout.step > 1 || process.clock.requests >= before))
    }

    /// Which share was in force when: the next leader knows it as the first one wrote it.
    @Test func theHistoryOfTheShareIsHandedOver() throws {
        var world = Self.world(.lasting, replicas: 3)
        world.run(seconds: 100)
        let first = try #require(world.leader)
        func arrivals(_ index: Int) -> [Rollout.Line] {
            world.release(index).rollout?.running?.history.filter { $0.event == "step_standing" } ?? []
        }
        let known = arrivals(first)
        #expect(known.count == 2)
        world.nodes[first].isAlive = false
        world.run(seconds: 120)
        let next = try #require(world.leader)
        let later = arrivals(next)
        #expect(next != first && later.count > 2 && Array(later.prefix(2)) == known)
    }
}
