import Model
import Testing

@Suite("A second router")
struct FallbackTests {
    private func world(_ mood: KernelHarness.RouterMood, afterMs: Int64 = 5_000) -> KernelHarness {
        var plan = Plan.example()
        plan.releases[0].fallback = FallbackPlan(
            router: .sample("http://lb2"), afterMs: afterMs)
        var world = KernelHarness(plan: plan)
        world.cycle(3)
        world.mood = mood
        world.canary.errors = 30
        return world
    }

    @Test(arguments: [KernelHarness.RouterMood.refuses, .hangs, .ignores, .losesReplies])
    func takesOverWhenTheFirstIsNotAcknowledged(_ mood: KernelHarness.RouterMood) throws {
        var world = world(mood)
        if mood == .losesReplies { world.strayRequests = 50 }
        world.cycle(4)
        #expect(!world.isOnFallback && world.release.phase == .rollingBack)
        if mood == .losesReplies { world.strayRequests = 0 }
        world.cycle(8)
        #expect(world.isOnFallback)
        #expect(world.release.phase == .rolledBack && world.canaryBasisPoints == 0)
        #expect(world.incidents.map(\.state) == [.acknowledged])
        let timeline = world.incidents[0].timeline
        #expect(timeline.count { $0.step == "fallback" } == 1, "\(timeline)")
        #expect(world.journal.count { $0.event.name == "fallback" } == 1 && world.count(.rollbackFallback) == 1)
        #expect(world.count(.rollbackAcknowledged) == 1)
        #expect(world.durableWhenApplied.allSatisfy { $0 > 0 })
    }

    @Test func isNotAskedWhenTheFirstIsEnough() {
        var world = world(.honest)
        world.cycle(30)
        #expect(!world.isOnFallback)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func watchesOverTheDriftOnceItHasTakenOver() {
        var world = world(.refuses)
        world.cycle(12)
        #expect(world.isOnFallback && world.release.phase == .rolledBack)
        world.canaryBasisPoints = 3_000
        world.cycle(8)
        #expect(world.canaryBasisPoints == 0 && world.release.phase == .rolledBack)
        #expect(world.incidents[0].reapplications == 1 && world.isOnFallback)
    }

    @Test func aNewReleaseBeginsOnTheFirst() {
        var world = world(.refuses)
        world.cycle(12)
        #expect(world.isOnFallback)
        let result = world.command(.rearm(release: "checkout"))
        #expect({ if case .accepted = result { true } else { false } }(), "\(result)")
        world.cycle(2)
        #expect(!world.isOnFallback, "the first router is read again at once")
        world.mood = .honest
        world.canary.errors = 0
        world.canaryBasisPoints = 1_000
        world.cycle(8)
        #expect(!world.isOnFallback && world.release.phase == .watching)
    }

    @Test func strayTrafficAfterwardsIsAnsweredOnBoth() {
        var world = world(.refuses)
        world.cycle(12)
        #expect(world.isOnFallback && world.release.phase == .rolledBack)
        let calls = world.applied.count
        world.strayRequests = 50
        world.cycle(13)
        #expect(world.applied.count > calls && world.isOnFallback && world.release.phase == .rollingBack)
        #expect(world.count(.rollbackDrifted) == 1)
        world.strayRequests = 0
        world.cycle(3)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func strayTrafficIsLeftWhileTheBaselineIsAway() {
        var world = world(.refuses)
        world.cycle(12)
        let calls = world.applied.count
        (world.strayRequests, world.baseline.isUp) = (50, false)
        world.cycle(40)
        #expect(world.applied.count == calls && world.release.phase == .rolledBack)
        world.baseline.isUp = true
        world.cycle(13)
        #expect(world.applied.count > calls)
    }

    @Test func twoRoutersThatBothRefuseAreReported() {
        var world = world(.refuses)
        world.fallbackMood = .refuses
        world.cycle(70)
        #expect(world.release.phase == .rollingBack && world.count(.rollbackAbandoned) == 1)
        world.fallbackMood = .honest
        world.cycle(8)
        #expect(world.release.phase == .rolledBack && world.canaryBasisPoints == 0)
    }

    @Test func afterACrashItIsStillTheSecondThatCounts() {
        var world = world(.refuses)
        world.cycle(8)
        #expect(world.isOnFallback && world.release.phase == .rolledBack)
        world.canaryBasisPoints = 1_000
        world.restart()
        world.cycle(3)
        #expect(world.isOnFallback && world.release.phase == .rolledBack && world.canaryBasisPoints == 0)
        #expect(world.incidents[0].timeline.count { $0.step == "fallback" } == 1)
    }

    @Test func aJournalThatIsNotDurableHoldsTheSecondRouterUpToo() {
        var world = world(.refuses, afterMs: 100)
        world.isDiskWorking = false
        world.cycle(2)
        #expect(world.applied.isEmpty && !world.isOnFallback)
        world.healDisk()
        world.cycle(5)
        #expect(world.release.phase == .rolledBack)
    }
}
