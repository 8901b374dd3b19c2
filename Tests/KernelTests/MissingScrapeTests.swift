import Model
import Testing

/// Instances that do not answer in every cycle, while both pools are in trouble.
@Suite("Regression rules and scrapes that are missing")
struct MissingScrapeTests {
    private func world(canary: Int = 2, lateAfterMs: Int64? = nil) -> RegressionWorld {
        let plan = RegressionPlan(scope: .errors, tolerance: 0.1, falseAlarm: 0.001)
        var world = RegressionWorld(plan, canary: canary, seed: 11)
        world.harness.plan.releases[0].scrape.lateAfterMs = lateAfterMs
        world.harness.send(.reload(world.harness.plan))
        world.cycle(60)
        world.begin()
        world.cycle(10)
        return world
    }

    private func trouble(_ world: inout RegressionWorld, _ isThere: Bool) {
        (world.baselineErrors, world.canaryErrors) = isThere ? (0.2, 0.2) : (0.01, 0.01)
    }

    /// What one instance of the canary brings back of a trouble that all had is not the canary's fault; nor is it the
    /// baseline's.
    @Test(arguments: ["b0:1", "a0:1"])
    func aTroubleOfBothBehindAMissingInstanceIsNoEvidence(_ instance: String) {
        var world = world()
        world.silent = [instance]
        trouble(&world, true)
        world.cycle(12)
        trouble(&world, false)
        world.silent = []
        world.cycle(1)
        #expect((world.found?.maxLogEvidence ?? 9) < 3 && (world.found?.logEvidence ?? -9) > -3)
        world.cycle(20)
        #expect(!world.isRolledBack)
        // Nothing of it is lost: the block was only kept open.
        #expect((world.found?.comparisons.first?.baseline.requests ?? 0) > 20_000)
        #expect((world.found?.comparisons.first?.canary.requests ?? 0) > 20_000)
    }

    @Test func aCanaryThatIsMissingAsAWholeIsJudgedByWhatItBrings() {
        var world = world(canary: 1)
        world.silent = ["b0:1"]
        world.cycle(4)
        world.canaryErrors = 0.1
        world.cycle(9)
        world.silent = []
        world.cycle(2)
        #expect(world.isRolledBack)
    }

    /// After a while it continues without the missing one, and what that one brings later is left out.
    @Test func oneThatIsMissingForLongHoldsNothingUp() {
        var world = world()
        world.silent = ["b0:1"]
        world.cycle(14)
        let waiting = world.found?.comparisons.first?.canary.requests ?? 0
        world.cycle(20)
        let going = world.found?.comparisons.first?.canary.requests ?? 0
        #expect(waiting < 6_000 && going > waiting + 6_000, "\(waiting), then \(going)")
        trouble(&world, true)
        world.cycle(10)
        trouble(&world, false)
        world.silent = []
        let before = world.found?.comparisons.first?.canary.requests ?? 0
        world.cycle(1)
        #expect((world.found?.comparisons.first?.canary.requests ?? 0) - before <= 500)
        world.cycle(20)
        #expect(!world.isRolledBack)
        #expect((world.found?.comparisons.first?.canary.requests ?? 0) - before > 9_000, "it counts again")
    }

    /// The canary could not be scraped while both fell ill. What the baseline did before, in good health, is not held
    /// against a canary that comes back ill.
    @Test func aCanaryThatIsNotSeenForLongIsNotComparedWithThePast() {
        var world = world(canary: 1)
        world.silent = ["b0:1"]
        world.cycle(60)
        trouble(&world, true)
        world.cycle(20)
        world.silent = []
        world.cycle(20)
        let (evidence, isRolledBack) = (world.found?.maxLogEvidence ?? 9, world.isRolledBack)
        #expect(evidence < 3 && !isRolledBack)
    }

    /// Late in every cycle, while a trouble of both comes and goes: each answer belongs to the cycle before.
    @Test func lateAnswersAreComparedWithTheirOwnCycle() {
        var world = world(lateAfterMs: 100)
        world.late = ["b0:1", "b1:1"]
        for step in 0..<40 {
            trouble(&world, step % 4 == 0)
            world.cycle(1)
        }
        #expect(!world.isRolledBack)
        #expect((world.found?.maxLogEvidence ?? 9) < 3, "\(world.found?.maxLogEvidence ?? 9)")
        #expect((world.found?.comparisons.first?.canary.requests ?? 0) > 23_000)
        world.canaryErrors = 0.1
        world.cycle(30)
        #expect(world.isRolledBack)
    }
}
