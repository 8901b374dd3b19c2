import Foundation
import Model
import Support
import Testing

@testable import Kernel

@Suite("Replicas")
struct ReplicaTests {
    private static func led(_ replicas: Int = 3) -> ReplicaWorld {
        var world = ReplicaWorld(replicas: replicas)
        world.run(seconds: 5)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        return world
    }

    @Test func oneReplicaLeadsAndTheOthersRefuseOrders() throws {
        var world = ReplicaWorld()
        world.run(seconds: 5)
        let leader = try #require(world.leader)
        for index in world.nodes.indices where index != leader {
            let answer = world.order(.begin(KernelHarness.next), to: index)
            #expect(answer.outcome == .refused(.notLeader))
            #expect(answer.text.contains(world.nodes[leader].name))
        }
        #expect(world.order(.begin(KernelHarness.next), to: leader).outcome == .accepted)
        world.run(seconds: 30)
        #expect(world.secondShare > 0)
        for index in world.nodes.indices {
            #expect(world.release(index).rollout?.running?.id == world.release(leader).rollout?.running?.id)
            #expect(world.release(index).phase == .watching)
        }
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// The next leader continues the rollout at its step.
    @Test func aDeadLeadersRolloutContinues() throws {
        var world = Self.led()
        world.run(seconds: 30)
        let first = try #require(world.leader)
        let share = world.secondShare
        #expect(share > 0)
        world.nodes[first].isAlive = false
        var takeoverSeconds = 0
        while world.leader == nil, takeoverSeconds < 60 {
            world.second()
            takeoverSeconds += 1
        }
        #expect(takeoverSeconds <= 12, "within the lease and 2 s")
        world.run(seconds: 120)
        #expect(world.secondShare > share)
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    private static func withPlan(_ steps: [ProcedureStep]) -> ReplicaWorld {
        var plan = KernelHarness.led().plan
        plan.releases[0].procedure = ProcedurePlan(steps: steps)
        var world = ReplicaWorld(plan: plan)
        world.run(seconds: 5)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        world.run(seconds: 40)
        return world
    }

    /// Every replica rolls back; the steps of the plan run once.
    @Test func theLeaderAloneRunsTheStepsOfAPlan() throws {
        var world = Self.withPlan([.flag(), .program("once", isIdempotent: false)])
        let leader = try #require(world.leader)
        world.isSecondSick = true
        world.run(seconds: 60)
        #expect(world.secondShare == 0)
        #expect(world.steps.acts == ["flag", "once"])
        #expect(Set(world.runBy) == [world.nodes[leader].name])
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// A receiver that knows an id drops what comes under it once more.
    @Test func everyMessageOfAPlanHasAnIdOfItsOwn() throws {
        var world = Self.withPlan([.person("first"), .person("second")])
        let leader = try #require(world.leader)
        world.isSecondSick = true
        world.run(seconds: 60)
        let id = try #require(world.nodes[leader].kernel.releases[0].rollback?.id)
        for step in ["first", "second"] {
            _ = world.command(.procedure(incident: id, .done(step: step)), to: leader)
            world.run(seconds: 3)
        }
        let ids = world.nodes[leader].deliveries.map(\.id)
        #expect(Set(ids).count == ids.count, "\(ids)")
        #expect(world.nodes[leader].deliveries.count { $0.notification.event == .personNeeded } == 2)
        #expect(world.nodes[leader].deliveries.count { $0.notification.event == .planEnded } == 1)
    }

    /// The next leader knows what was started: it checks what can be checked, and never runs again what must not run twice.
    @Test(arguments: [false, true])
    func thePlanOfADeadLeaderContinues(_ diesInTheMiddle: Bool) throws {
        var world = Self.withPlan([.flag(), .program("once", isIdempotent: false), .program()])
        let first = try #require(world.leader)
        world.steps.moods = diesInTheMiddle ? ["once": .losesAnswers] : ["flag": .hangs]
        world.isSecondSick = true
        for _ in 0..<40 where world.runBy.isEmpty || diesInTheMiddle && !world.steps.acts.contains("once") {
            world.second()
        }
        world.nodes[first].isAlive = false
        world.steps.moods = [:]
        world.run(seconds: 90)
        let next = try #require(world.leader)
        #expect(next != first && world.secondShare == 0)
        #expect(world.steps.acts.count { $0 == "once" } == 1)
        #expect(world.steps.acts.count { $0 == "flag" } == 1)
        let plan = try #require(
            world.nodes[next].kernel.snapshot(at: .init(uptimeMs: 0, wallMs: 0)).incidents[0].procedure)
        #expect(plan.step("once")?.state == (diesInTheMiddle ? .unknown : .done), "\(plan.text)")
        #expect(plan.step("cache")?.state == (diesInTheMiddle ? .planned : .done), "\(plan.text)")
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    @Test func aFollowerRollsBackWithoutLeaderAndStore() throws {
        var world = Self.led()
        world.run(seconds: 45)
        let leader = try #require(world.leader)
        world.isStoreUp = false
        world.nodes[leader].isAlive = false
        world.isSecondSick = true
        world.run(seconds: 35)
        #expect(world.secondShare == 0)
        #expect(world.broken.isEmpty, "\(world.broken)")
        // The store is back: the next leader knows of the rollback, and nothing goes up again.
        world.isStoreUp = true
        world.isSecondSick = false
        world.restart(leader)
        world.run(seconds: 120)
        #expect(world.secondShare == 0)
        for index in world.nodes.indices { #expect(world.release(index).phase == .rolledBack, "\(index)") }
        world.checkDeliveries()
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    @Test func aRearmAtTheLeaderHoldsForAllAndTheVersionMayBeTriedAgain() throws {
        var world = Self.led()
        world.run(seconds: 45)
        world.isSecondSick = true
        world.run(seconds: 40)
        #expect(world.secondShare == 0)
        world.isSecondSick = false
        let leader = try #require(world.leader)
        let follower = (leader + 1) % 3
        #expect(!world.command(.rearm(release: "checkout"), to: follower).isAccepted)
        #expect(world.command(.rearm(release: "checkout"), to: leader).isAccepted)
        world.run(seconds: 10)
        for index in world.nodes.indices { #expect(world.release(index).phase != .rolledBack, "\(index)") }
        #expect(world.order(.begin(KernelHarness.next), to: leader).outcome == .accepted)
        world.run(seconds: 60)
        #expect(world.secondShare > 0)
        #expect(world.broken.filter { !$0.contains("after a rollback") }.isEmpty, "\(world.broken)")
    }

    /// A replica that was stopped as the leader does nothing of it when it continues.
    @Test func aStoppedLeaderContinuesAsAFollower() throws {
        var world = Self.led()
        world.run(seconds: 30)
        let first = try #require(world.leader)
        world.nodes[first].isPaused = true
        world.run(seconds: 60)
        world.nodes[first].isPaused = false
        world.run(seconds: 60)
        #expect(world.leader != nil && world.leader != first)
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// What a leader began and never handed over has not taken place: the next leader says so.
    @Test func aRolloutThatWasNeverHandedOverIsForgotten() throws {
        var world = ReplicaWorld(replicas: 2)
        world.run(seconds: 5)
        let first = try #require(world.leader)
        world.nodes[first].reachesStore = false
        #expect(world.order(.begin(KernelHarness.next), to: first).outcome == .accepted)
        world.run(seconds: 30)
        #expect(world.leader == 1 - first)
        world.nodes[first].reachesStore = true
        world.run(seconds: 30)
        #expect(world.release(first).rollout?.running == nil)
        world.checkRest()
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// A replica was stopped in the middle of a rollback, which the others ended, and an operator rearmed it.
    private static func stoppedInARollback() throws -> (world: ReplicaWorld, leader: Int) {
        var world = led(2)
        world.run(seconds: 45)
        let leader = try #require(world.leader)
        world.nodes[1 - leader].isRouterSilent = true
        world.isSecondSick = true
        world.run(seconds: 40)
        #expect(world.release(1 - leader).phase == .rollingBack)
        world.nodes[1 - leader].isPaused = true
        world.isSecondSick = false
        #expect(world.command(.rearm(release: "checkout"), to: leader).isAccepted)
        #expect(world.order(.begin(KernelHarness.next), to: leader).outcome == .accepted)
        world.run(seconds: 30)
        #expect(world.secondShare > 0)
        (world.nodes[1 - leader].isPaused, world.nodes[1 - leader].isRouterSilent) = (false, false)
        return (world, leader)
    }

    @Test func aRollbackThatWasRearmedMeanwhileIsOverWhereItIsStillOpen() throws {
        var (world, leader) = try Self.stoppedInARollback()
        let share = world.secondShare
        world.run(seconds: 60)
        #expect(world.secondShare > share)
        #expect(world.release(1 - leader).phase != .rolledBack)
        world.checkRest()
        #expect(world.broken.filter { !$0.contains("after a rollback") }.isEmpty, "\(world.broken)")
    }

    /// An operator who orders a rollback there means what is there now.
    @Test func anOrderToAReplicaWhoseRollbackIsPastIsAnotherRollback() throws {
        var (world, leader) = try Self.stoppedInARollback()
        let command = Command.rollback(release: "checkout", toVersion: nil, evenContracted: false)
        #expect(world.command(command, to: 1 - leader).isAccepted)
        world.run(seconds: 60)
        #expect(world.secondShare == 0)
        for index in world.nodes.indices { #expect(world.release(index).phase == .rolledBack, "\(index)") }
        world.checkRest()
        #expect(world.broken.filter { !$0.contains("after a rollback") }.isEmpty, "\(world.broken)")
    }

    /// A daemon that watched alone gets a second one beside it, which leads first and knows nothing.
    @Test func whatADaemonKnewBeforeItHadReplicasIsOffered() throws {
        var alone = Self.led(1)
        alone.run(seconds: 30)
        let known = try #require(alone.release(0).rollout?.running?.id)
        var world = ReplicaWorld(replicas: 2)
        let now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
        world.nodes[1] = ReplicaNode(
            "rg-2", plan: world.plan, at: now, ttlMs: ReplicaWorld.ttlMs, journal: alone.nodes[0].journal)
        world.nodes[1].reachesStore = false
        world.run(seconds: 5)
        #expect(world.leader == 0)
        world.nodes[1].reachesStore = true
        world.run(seconds: 5)
        for index in 0...1 { #expect(world.release(index).rollout?.running?.id == known, "\(index)") }
    }

    /// A leader that knows nothing of a release takes what another replica offers, publishes it, and continues.
    @Test func aLeaderTakesAnOfferOfWhatTheStoreHasLost() throws {
        var world = Self.led(2)
        world.run(seconds: 30)
        let first = try #require(world.leader)
        let offer = try #require(world.store.documents.first?.document)
        var fresh = ReplicaWorld(replicas: 1)
        fresh.run(seconds: 5)
        #expect(fresh.leader == 0)
        fresh.send(.handedOver(offer), to: 0)
        fresh.run(seconds: 2)
        #expect(fresh.release(0).rollout?.running?.id == world.release(first).rollout?.running?.id)
        let published = try #require(fresh.store.documents.first?.document)
        #expect(published.token == fresh.nodes[0].leadership.token)
        #expect(published.entries.rolloutIDs == offer.entries.rolloutIDs)
        // What it knows itself counts more.
        let known = fresh.release(0).rollout
        var other = offer
        other.token += 100
        other.entries = []
        fresh.send(.handedOver(other), to: 0)
        #expect(fresh.release(0).rollout?.running?.id == known?.running?.id)
    }

    /// The store lost everything, and a replica leads that has never seen the release.
    @Test func aLeaderThatKnowsNothingTakesNothingAway() {
        func document(_ token: UInt64, _ entries: [JournalEntry]) -> HandoverDocument {
            HandoverDocument(release: "checkout", token: token, through: token, ordinal: 0, entries: entries)
        }
        let entry = JournalEntry(
            sequence: 1, wallMs: 0, release: "checkout", incident: nil, event: .rearmed(by: "ada", reason: "because"))
        let (known, empty) = (document(3, [entry]), document(9, []))
        #expect(empty.withWhatIsKnown(known) == document(9, [entry]))
        #expect(empty.withWhatIsKnown(nil) == empty)
        #expect(document(9, [entry, entry]).withWhatIsKnown(known).entries.count == 2)
    }

    /// `ROLLGUARD_REPLICA_LIVES` asks for more.
    private static let lives = UInt64(ProcessInfo.processInfo.environment["ROLLGUARD_REPLICA_LIVES"] ?? "") ?? 30

    /// Drawn lives: crashes, stops, partitions, an outage and a backup of the store, a stopped clock, a sick canary.
    @Test(arguments: 0..<lives) func drawnLivesKeepTheLaws(_ seed: UInt64) {
        var life = ReplicaLife(seed: seed)
        life.run()
        #expect(life.world.broken.isEmpty, "seed \(seed): \(life.troubles); \(life.world.broken.prefix(3))")
    }

    @Test(arguments: ReplicaNode.Defect.allCases) func aDefectIsFound(_ defect: ReplicaNode.Defect) {
        let isFound = (0..<400 as Range<UInt64>).contains { seed in
            var life = ReplicaLife(seed: seed)
            life.world.defect = defect
            life.run()
            return !life.world.broken.isEmpty
        }
        #expect(isFound)
    }
}

/// A life with troubles that follow from a seed.
struct ReplicaLife {
    var world = ReplicaWorld()
    private(set) var troubles: [String] = []
    private var dice: SeededGenerator

    init(seed: UInt64) { dice = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 17) }

    mutating func run() {
        world.run(seconds: 5)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        var backup = world.store
        for _ in 0..<8 {
            world.run(seconds: 5 + Int(dice.next() % 15))
            if dice.next() % 4 == 0 { backup = world.store }
            trouble(backup)
        }
        heal()
        world.run(seconds: 90)
        settle()
    }

    private mutating func trouble(_ backup: ReplicaStore) {
        let index = Int(dice.next() % UInt64(world.nodes.count))
        let name = world.nodes[index].name
        let kind = dice.next() % 10
        switch kind {
        case 0: note("kill \(name)") { $0.nodes[index].isAlive = false }
        case 1: note("restart \(name)") { $0.restart(index) }
        case 2: note("stop \(name)") { $0.nodes[index].isPaused.toggle() }
        case 3: note("cut \(name)") { $0.nodes[index].reachesStore.toggle() }
        case 4: note("store") { $0.isStoreUp.toggle() }
        case 5: note("clock of \(name)") { $0.nodes[index].isClockStopped.toggle() }
        case 6: note("backup") { $0.store.restore(backup) }
        case 7: note("sick") { $0.isSecondSick = true }
        case 8: note("restart all") { world in for one in world.nodes.indices { world.restart(one) } }
        default: note("heal \(name)") { $0.nodes[index].isPaused = false }
        }
    }

    private mutating func note(_ text: String, _ change: (inout ReplicaWorld) -> Void) {
        troubles.append(text)
        change(&world)
    }

    private mutating func heal() {
        world.isStoreUp = true
        for index in world.nodes.indices {
            world.nodes[index].isPaused = false
            world.nodes[index].reachesStore = true
            world.nodes[index].isClockStopped = false
            if !world.nodes[index].isAlive { world.restart(index) }
        }
    }

    /// At rest one replica leads, and all agree on what is where and on the latch.
    private mutating func settle() {
        world.checkDeliveries()
        world.checkRest()
    }
}

extension CommandResult {
    fileprivate var isAccepted: Bool { if case .accepted = self { true } else { false } }
}
