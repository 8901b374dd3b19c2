import Model
import Testing

@testable import Kernel

/// A release whose share the centre orders, through the whole of its life.
@Suite("A share of the centre")
struct CentreShareTests {
    private func world(share: Int = 0, isDryRun: Bool = false) -> KernelHarness {
        var plan = Plan.example()
        plan.releases[0].shareFrom = .centre
        var world = KernelHarness(plan: plan, isDryRun: isDryRun, canaryBasisPoints: share)
        world.cycle(2)
        return world
    }

    private func order(_ percent: Int, _ revision: Int, _ memory: ShareOrder.Memory = .other) -> Input {
        .shareRead(
            release: "checkout",
            .order(
                ShareOrder(
                    basisPoints: percent * 100, revision: "\(revision)", source: "etcd:/r/policy/checkout/",
                    memory: memory)))
    }

    private func records(_ world: KernelHarness) -> [ConfigurationRecord] {
        world.journal.compactMap { if case .configured(let record) = $0.event { record } else { nil } }
    }

    private func rollBack(_ world: inout KernelHarness) {
        world.canary.errors = 30
        world.cycle(6)
        #expect(world.release.phase == .rolledBack && world.canaryBasisPoints == 0)
        world.canary.errors = 0
    }

    @Test func theRouterFollowsUpAndDown() {
        var world = world()
        world.send(order(10, 1))
        #expect(world.canaryBasisPoints == 1_000, "at once, without another cycle")
        #expect(world.release.phase == .watching, "and it is watched at once")
        world.send(order(5, 2))
        #expect(world.canaryBasisPoints == 500)
        world.send(order(0, 3))
        #expect(world.canaryBasisPoints == 0 && world.release.phase == .idle)
        #expect(world.release.explanation == "the configuration centre took the canary out")
        #expect(
            records(world).map(\.changes) == [
                "checkout: share 0 % -> 10 %", "checkout: share 10 % -> 5 %", "checkout: share 5 % -> 0 %",
            ])
    }

    @Test func theEntryIsOnTheDiskBeforeAShareRises() {
        var world = world()
        world.isDiskWorking = false
        world.send(order(10, 1))
        world.cycle(3)
        #expect(world.canaryBasisPoints == 0)
        world.healDisk()
        world.cycle(1)
        #expect(world.canaryBasisPoints == 1_000)
        let entry = world.journal.first { if case .configured = $0.event { true } else { false } }
        #expect(entry.map { world.durableWhenApplied[0] >= $0.sequence } == true)
    }

    /// A fall needs no disk.
    @Test func aShareFallsWithoutTheDisk() {
        var world = world(share: 1_000)
        world.isDiskWorking = false
        world.send(order(0, 1))
        #expect(world.canaryBasisPoints == 0)
    }

    @Test func afterARollbackAHigherShareWaitsForRearm() {
        var world = world()
        world.send(order(10, 1))
        world.cycle(3)
        rollBack(&world)
        let taken = world.kernel.centreShares(at: world.now)[0]
        #expect(taken.isTakenOut && taken.wasInForce, "the daemon writes 0 to the centre")
        world.send(order(0, 2))
        world.send(order(20, 3))
        world.cycle(5)
        #expect(world.canaryBasisPoints == 0)
        #expect(records(world).last?.problems.first?.contains("rollguard rearm checkout") == true)
        #expect(records(world).count { $0.outcome == .refused } == 1, "once for each value")
        #expect(!world.kernel.centreShares(at: world.now)[0].wasInForce, "so it stays in the centre")
        let answer = world.command(.rearm(release: "checkout"))
        #expect("\(answer)".contains("share of 20 % follows now"))
        world.cycle(1)
        #expect(world.canaryBasisPoints == 2_000)
    }

    /// In a centre that is only read the old value stays: it is no order any more.
    @Test func theValueThatWasTakenBackRisesNeverByItself() {
        var world = world()
        world.send(order(10, 1))
        world.cycle(3)
        rollBack(&world)
        let report = world.kernel.centreShares(at: world.now)[0]
        #expect(report.text.contains("10 % at revision 1") && report.text.contains("0 % since the rollback"))
        _ = world.command(.rearm(release: "checkout"))
        world.cycle(5)
        world.send(order(10, 1))
        world.cycle(1)
        #expect(world.canaryBasisPoints == 0)
        world.send(order(10, 2))
        #expect(world.canaryBasisPoints == 1_000, "the same value, written once more")
    }

    @Test func aCallOnItsWayIsNotMetByTheRollback() {
        var world = world(share: 1_000)
        world.cycle(2)
        world.mood = .slow
        world.send(order(20, 1))
        world.mood = .honest
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        #expect(world.applied.map(\.canaryBasisPoints) == [2_000], "it waits for the answer")
        world.answerSlowCall()
        world.cycle(3)
        #expect(world.canaryBasisPoints == 0 && world.release.phase == .rolledBack)
        _ = world.command(.rearm(release: "checkout"))
        world.cycle(3)
        #expect(world.canaryBasisPoints == 0, "what was sent before the rollback is over")
    }

    /// What another client does holds until the centre changes.
    @Test func whatAnotherClientChangesIsNotUndone() {
        var world = world()
        world.send(order(10, 1))
        world.cycle(2)
        world.canaryBasisPoints = 0
        world.cycle(20)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.kernel.centreShares(at: world.now)[0].text.contains("the router has 0 %"))
    }

    @Test func aRouterThatRefusesIsTriedAgainWithPauses() {
        var world = world()
        world.mood = .refuses
        world.send(order(10, 1))
        world.cycle(60)
        #expect((5...20).contains(world.applied.count), "\(world.applied.count)")
        #expect(records(world).count == 1)
        world.mood = .honest
        world.cycle(120)
        #expect(world.canaryBasisPoints == 1_000)
    }

    /// After a restart the value that was in force is no order; one that is new is.
    @Test(arguments: [ShareOrder.Memory.same, .other])
    func aRestartRepeatsNothing(_ memory: ShareOrder.Memory) {
        var world = world()
        world.send(order(10, 1))
        world.cycle(2)
        world.canaryBasisPoints = 0
        world.cycle(2)
        world.restart()
        world.cycle(2)
        world.send(order(10, 1, memory))
        world.cycle(3)
        #expect(world.canaryBasisPoints == (memory == .same ? 0 : 1_000))
    }

    @Test func aLatchOutlivesARestart() {
        var world = world()
        world.send(order(10, 1))
        world.cycle(3)
        rollBack(&world)
        world.restart()
        for memory in [ShareOrder.Memory.nothing, .same, .other] {
            world.send(order(20, memory == .other ? 9 : 1, memory))
            world.cycle(3)
        }
        #expect(world.canaryBasisPoints == 0)
    }

    @Test func aDryRunMovesNothing() {
        var world = world(isDryRun: true)
        world.send(order(10, 1))
        world.cycle(5)
        #expect(world.applied.isEmpty && records(world).isEmpty)
    }

    @Test func aReleaseWithoutShareFromFollowsNothing() {
        var world = KernelHarness(canaryBasisPoints: 0)
        world.cycle(2)
        world.send(order(10, 1))
        world.cycle(3)
        #expect(world.applied.isEmpty && world.kernel.centreShares(at: world.now).isEmpty)
    }

    /// What the router showed before the order came, or before the last call had ended, does not end the order.
    @Test(arguments: [(0, 50, 0), (20, 50, 20), (20, 60, 40)])
    func aFallIsNotEndedByAReadingOfBefore(_ before: Int, _ raised: Int, _ wanted: Int) {
        var world = world(share: before * 100)
        world.mood = .slow
        world.send(order(raised, 1))
        #expect(world.applied.map(\.canaryBasisPoints) == [raised * 100])
        world.send(order(wanted, 2))
        world.mood = .honest
        world.answerSlowCall()
        world.cycle(2)
        #expect(world.canaryBasisPoints == wanted * 100)
        #expect(world.kernel.centreShares(at: world.now)[0].wasInForce)
    }

    /// What was sent and was not seen: see `ShareOrder.Memory.sent`.
    @Test(arguments: [(50, 0, 0), (50, 20, 20), (0, 50, 0), (50, 50, 50)])
    func whatWasSentBeforeARestartLowersAndRaisesNothing(_ router: Int, _ wanted: Int, _ result: Int) {
        var world = world(share: router * 100)
        world.restart()
        world.cycle(2)
        world.send(order(wanted, 2, .sent))
        world.cycle(20)
        #expect(world.canaryBasisPoints == result * 100)
        let report = world.kernel.centreShares(at: world.now)[0]
        #expect(report.wasInForce == (wanted <= router) && report.isOver)
        #expect(wanted <= router || report.text.contains("write it again"))
    }

    @Test func whatWasRefusedIsNotInForce() {
        var world = world(share: 5_000)
        world.mood = .refuses
        world.send(order(0, 2))
        world.cycle(10)
        let report = world.kernel.centreShares(at: world.now)[0]
        #expect(report.wasSent && !report.wasInForce && !report.isOver)
    }

    /// A router that can never be read has no more than its answer.
    @Test func anAcceptedAnswerEndsTheOrderOfARouterThatCannotBeRead() {
        var world = world(share: 1_000)
        world.mood = .blind
        world.cycle(2)
        world.send(order(0, 1))
        world.cycle(60)
        #expect(world.applied.count == 1)
        #expect(world.kernel.centreShares(at: world.now)[0].wasInForce)
        world.canaryBasisPoints = 2_000
        world.cycle(60)
        #expect(world.canaryBasisPoints == 2_000, "what another client does is not undone")
    }

    @Test func aRiseIsNotTriedForEver() {
        var world = world()
        world.mood = .ignores
        world.send(order(10, 1))
        for _ in 0..<200 where !world.kernel.centreShares(at: world.now)[0].isOver { world.cycle(20) }
        #expect(world.applied.count == CentreShare.raiseLimit)
        #expect(world.kernel.centreShares(at: world.now)[0].text.contains("called 60 times and was never seen with it"))
        #expect(records(world).map(\.outcome) == [.applied, .refused])
        world.mood = .honest
        world.send(order(10, 2))
        #expect(world.canaryBasisPoints == 1_000, "written once more")
    }

    @Test func nothingIsCarriedOutWhileTheHostIsDetached() {
        var world = world()
        world.canary.errors = 0
        world.isDiskWorking = false
        world.send(order(10, 1))
        world.send(.shareRead(release: "checkout", .detached(true)))
        world.healDisk()
        world.cycle(5)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.kernel.centreShares(at: world.now)[0].text.contains("detached from the centre"))
        world.send(.shareRead(release: "checkout", .detached(false)))
        world.cycle(1)
        #expect(world.canaryBasisPoints == 1_000)
    }

    /// What cannot be read changes nothing, and is shown.
    @Test func aProblemOfTheCentreLeavesTheValue() {
        var world = world()
        world.send(order(10, 1))
        world.send(.shareRead(release: "checkout", .problem("the key holds 'ten'")))
        world.cycle(3)
        #expect(world.canaryBasisPoints == 1_000)
        #expect(world.kernel.centreShares(at: world.now)[0].text.contains("the key holds 'ten'"))
    }
}
