import Model
import Testing

/// `deadline` and `fallback.after` are promises to people: a process that restarts keeps them too.
@Suite("The limits of a rollback")
struct LimitTests {
    /// A rollback is wanted, and the router does not take it.
    private func stuck(fallbackAfterMs: Int64? = nil) -> KernelHarness {
        var plan = Plan.example()
        plan.releases[0].fallback = fallbackAfterMs.map {
            FallbackPlan(router: .sample("http://lb2"), afterMs: $0)
        }
        var world = KernelHarness(plan: plan)
        world.cycle(12)
        world.mood = .refuses
        world.canary.errors = 30
        world.cycle(1)
        return world
    }

    /// Lives of a few seconds, half a second apart. Gives the seconds from the intent to the report, or nil.
    private func secondsUntilReported(_ world: inout KernelHarness, lifeSeconds: Int, shiftMs: Int64 = 0) -> Int64? {
        for life in 0..<60 {
            world.restart(downMs: 500, clockShiftMs: life == 3 ? shiftMs : 0)
            world.mood = .refuses
            world.cycle(lifeSeconds)
            guard world.count(.rollbackAbandoned) == 0 else {
                return Int64(life + 1) * (Int64(lifeSeconds) * 1_000 + 500) / 1_000
            }
        }
        return nil
    }

    @Test(arguments: [1, 3, 7, 20])
    func theDeadlineIsKeptOverRestarts(_ lifeSeconds: Int) throws {
        var world = stuck()
        let seconds = try #require(secondsUntilReported(&world, lifeSeconds: lifeSeconds))
        #expect((55...80).contains(seconds), "\(seconds)")
        world.cycle(100)
        #expect(world.count(.rollbackAbandoned) == 1)
        world.mood = .honest
        world.cycle(8)
        #expect(world.release.phase == .rolledBack)
    }

    /// Whatever the wall clock does, no notification is later than promised.
    @Test(arguments: [-3_600_000, -30_000, -2_000, 3_600_000, 20_000] as [Int64])
    func aClockThatIsSetDelaysNothing(_ shiftMs: Int64) throws {
        var world = stuck()
        let seconds = try #require(secondsUntilReported(&world, lifeSeconds: 3, shiftMs: shiftMs))
        #expect(seconds <= 64, "\(seconds)")
    }

    @Test func aLongDowntimeIsReportedAtOnce() {
        var world = stuck()
        world.restart(downMs: 600_000)
        #expect(world.count(.rollbackAbandoned) == 1)
        let text = world.deliveries.last?.notification.summary ?? ""
        #expect(!text.contains("journal is not durable"), "\(text)")
    }

    @Test func theSecondRouterTakesOverInTimeOverRestarts() {
        var world = stuck(fallbackAfterMs: 20_000)
        for _ in 0..<5 {
            world.restart(downMs: 500)
            world.mood = .refuses
            world.cycle(3)
        }
        #expect(!world.isOnFallback)
        for _ in 0..<2 {
            world.restart(downMs: 500)
            world.mood = .refuses
            world.cycle(3)
        }
        #expect(world.isOnFallback)
    }

    /// A restart while the proof is under way is no reason to leave a router that did everything right.
    @Test func aRouterThatObeyedIsAskedBeforeItIsLeft() {
        var world = stuck(fallbackAfterMs: 10_000)
        world.mood = .honest
        world.cycle(1)
        #expect(world.canaryBasisPoints == 0 && world.release.phase == .rollingBack)
        world.restart(downMs: 30_000)
        world.cycle(12)
        #expect(!world.isOnFallback && world.release.phase == .rolledBack, "\(world.release.explanation)")
    }

    /// The proof takes 8 cycles here, and the limit ends in the middle of it: a router that shows a share of 0 is given the
    /// time that the proof takes.
    @Test(arguments: [3_000, 5_000, 8_500] as [Int64])
    func aRouterThatObeysIsNotLeft(_ afterMs: Int64) {
        var plan = Plan.example(proof: ProofPlan(cycles: 8))
        plan.releases[0].fallback = FallbackPlan(
            router: .sample("http://lb2"), afterMs: afterMs)
        var world = KernelHarness(plan: plan)
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(14)
        #expect(!world.isOnFallback && world.release.phase == .rolledBack, "\(world.incidents.map(\.timeline))")
    }

    /// One that shows a share of 0 and sends traffic all the same is left when the limit is over.
    @Test func aRouterThatLiesIsLeft() {
        var world = stuck(fallbackAfterMs: 10_000)
        world.mood = .honest
        world.strayRequests = 50
        world.cycle(14)
        #expect(world.isOnFallback)
    }
}
