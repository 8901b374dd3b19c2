import Model
import Testing

@Suite("A rollback")
struct RollbackTests {
    /// A canary that fails from the start, after a few cycles.
    private func sick(_ plan: Plan = .example()) -> KernelHarness {
        var world = KernelHarness(plan: plan)
        world.cycle(3)
        world.canary.errors = 30
        return world
    }

    @Test func goesFromTheVerdictToTheAcknowledgement() {
        var world = sick()
        world.cycle(4)
        #expect(world.release.phase == .rolledBack)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.incidents.map(\.state) == [.acknowledged])
        let steps = world.incidents[0].timeline.map(\.step)
        #expect(steps == ["intended", "applied", "observed", "proven", "acknowledged"])
        #expect(world.events == [.alertFiring, .rollbackIntended, .rollbackAcknowledged, .alertResolved])
    }

    /// The same trouble at each try is logged once a minute.
    @Test func aRouterThatIsAwayForAnHourFillsNoLog() {
        var world = sick()
        world.mood = .unreachable
        world.cycle(3_600)
        #expect(world.release.phase == .rollingBack)
        let errors = world.logs.count { $0.level == .error }
        #expect(errors >= 50 && errors <= 70, "\(errors)")
    }

    @Test func callsTheRouterOnlyAfterTheIntentIsDurable() throws {
        var world = sick()
        world.cycle(4)
        let intended = try #require(world.journal.first { if case .intended = $0.event { true } else { false } })
        #expect(world.durableWhenApplied.allSatisfy { $0 >= intended.sequence })
    }

    @Test func doesNotHappenToAHealthyCanary() {
        var world = KernelHarness()
        world.cycle(200)
        #expect(world.release.phase == .watching)
        #expect(world.applied.isEmpty)
        #expect(world.events.isEmpty)
    }

    @Test func isNotAcknowledgedWhileTheRouterIgnoresIt() {
        var world = sick()
        world.mood = .ignores
        world.cycle(90)
        #expect(world.incidents[0].state == .abandoned)
        #expect(world.incidents[0].isOpen)
        #expect(world.count(.rollbackAbandoned) == 1)
        #expect(world.count(.rollbackAcknowledged) == 0)
        #expect(world.applied.count > 5)
        world.mood = .honest
        world.cycle(12)
        #expect(world.incidents[0].state == .acknowledged)
        #expect(world.count(.rollbackAcknowledged) == 1)
    }

    @Test(arguments: [KernelHarness.RouterMood.refuses, .hangs])
    func isTriedOnUntilTheRouterTakesIt(_ mood: KernelHarness.RouterMood) {
        var world = sick()
        world.mood = mood
        world.cycle(90)
        #expect(world.count(.rollbackAbandoned) == 1)
        world.mood = .honest
        world.cycle(25)
        #expect(world.release.phase == .rolledBack)
        #expect(world.incidents.count == 1)
    }

    @Test func isAppliedAgainWhenSomethingPutsTheCanaryBack() {
        var world = sick()
        world.cycle(5)
        #expect(world.release.phase == .rolledBack)
        world.canaryBasisPoints = 1_000
        world.cycle(10)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.release.phase == .rolledBack)
        #expect(world.incidents.count == 1)
        #expect(world.incidents[0].reapplications == 1)
        #expect(world.count(.rollbackDrifted) == 1)
        #expect(world.count(.rollbackAcknowledged) == 2)
    }

    @Test func reportsAFightOverTheSplitAtMostOncePerMinute() {
        var world = sick()
        world.cycle(5)
        for _ in 0..<30 {
            world.canaryBasisPoints = 1_000
            world.cycle(8)
        }
        let corrections = world.measurements.count { if case .driftCorrection = $0 { true } else { false } }
        #expect(corrections >= 20)
        #expect((3...6).contains(world.count(.rollbackDrifted)))
        // The journal has those that people were notified of.
        #expect(world.incidents[0].reapplications == world.count(.rollbackDrifted))
    }

    @Test func isNotAcknowledgedWhileTheCanaryStillHasTraffic() {
        var world = sick()
        world.strayRequests = 5
        world.cycle(20)
        #expect(world.release.phase == .rollingBack)
        #expect(world.incidents[0].state == .observed)
        world.strayRequests = 0
        world.cycle(6)
        #expect(world.incidents[0].state == .acknowledged)
    }

    @Test func isProvenInSpiteOfHealthChecks() {
        var world = sick(.example(proof: ProofPlan(belowPerSecond: 0.5)))
        world.strayRequests = 0.2
        world.cycle(8)
        #expect(world.incidents[0].state == .observed, "nothing distinguishes them from users yet")
        world.cycle(8)
        #expect(world.incidents[0].state == .acknowledged)
    }

    @Test func believesTheRouterWhenACrashedCanaryCannotBeScraped() {
        var world = sick(.example(rules: [.errorRate(noData: .breach)]))
        world.canary.isUp = false
        world.cycle(8)
        #expect(world.incidents[0].state == .acknowledged)
        #expect(world.incidents[0].timeline.contains { $0.step == "unproven" })
    }

    @Test func restsOnTrafficAloneWhenTheRouterCannotBeRead() {
        var world = KernelHarness()
        world.mood = .blind
        world.cycle(3)
        #expect(world.release.phase == .watching)
        world.canary.errors = 30
        world.cycle(6)
        #expect(world.incidents[0].state == .acknowledged)
        #expect(world.canaryBasisPoints == 0)
    }

    @Test func isHeldWhenTheBaselineBreachesToo() {
        var world = KernelHarness(plan: .example(rules: [.absoluteErrorRate()]))
        world.baseline.errors = 20
        world.canary.errors = 30
        world.cycle(12)
        #expect(world.release.phase == .held)
        #expect(world.applied.isEmpty)
        #expect(world.count(.rollbackHeld) == 1)
        // The baseline recovers first: nothing is moved before a whole window of its own says that it is the canary.
        world.baseline.errors = 0
        world.cycle(12)
        #expect(world.applied.isEmpty)
        world.cycle(18)
        #expect(world.release.phase == .rolledBack)
        #expect(world.count(.rollbackHeld) == 1)
    }

    /// A trouble of both versions that ends for one a moment earlier is no reason to move anything.
    @Test func anOutageOfBothThatEndsMovesNothing() {
        var world = KernelHarness(plan: .example(rules: [.absoluteErrorRate()]))
        (world.baseline.errors, world.canary.errors) = (30, 30)
        world.cycle(12)
        world.baseline.errors = 0
        world.cycle(2)
        world.canary.errors = 0
        world.cycle(30)
        #expect(world.applied.isEmpty)
        #expect(world.release.phase == .watching)
    }

    /// Something puts the canary back every few seconds, for ten minutes: people hear of it once a minute, and the journal
    /// does not grow with every round.
    @Test func aFightIsReportedAndWrittenOnceAMinute() {
        var world = KernelHarness()
        world.canary.errors = 30
        world.cycle(8)
        let before = world.journal.count
        for _ in 0..<60 {
            world.canaryBasisPoints = 1_000
            world.cycle(10)
        }
        #expect(world.canaryBasisPoints == 0)
        #expect((5...11).contains(world.count(.rollbackDrifted)))
        #expect(world.count(.rollbackAcknowledged) <= world.count(.rollbackDrifted) + 1)
        #expect(world.journal.count - before < 100)
        // And it is still known after a restart.
        world.restart()
        world.cycle(10)
        #expect(world.release.phase == .rolledBack)
    }

    /// Started as a dry run, the daemon does not continue what an earlier run began.
    @Test func isNotGoneOnWithInADryRun() {
        var world = KernelHarness()
        world.mood = .refuses
        world.canary.errors = 30
        world.cycle(4)
        #expect(world.incidents[0].isOpen)
        let before = world.applied.count
        world.mood = .honest
        world.restart(isDryRun: true)
        world.cycle(90)
        #expect(world.applied.count == before)
        #expect(world.canaryBasisPoints == 1_000)
    }

    @Test func isHeldWhenNoBaselineTargetAnswers() {
        var world = KernelHarness(plan: .example(rules: [.absoluteErrorRate()]))
        world.cycle(3)
        world.baseline.isUp = false
        world.canary.errors = 30
        world.cycle(8)
        #expect(world.applied.isEmpty)
        #expect(world.count(.rollbackHeld) == 1)
    }

    @Test(arguments: [(false, 1), (true, 0), (nil, 0)] as [(Bool?, Int)])
    func isHeldWhenTheRouterHasNoHealthyBaselineServer(_ isHealthy: Bool?, _ held: Int) {
        var world = KernelHarness()
        world.baselineHealthy = isHealthy
        // Until the router was read once more.
        world.cycle(70)
        world.canary.errors = 30
        world.cycle(20)
        #expect(world.applied.isEmpty == (held > 0))
        #expect(world.count(.rollbackHeld) == held)
    }

    @Test func goesAheadAfterTheGraceWhenTheDiskIsFull() {
        var world = sick()
        world.isDiskWorking = false
        world.cycle(3)
        #expect(world.applied.isEmpty)
        world.cycle(6)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.snapshot.journalProblem == "no space left")
        world.healDisk()
        world.cycle(3)
        #expect(world.snapshot.journalProblem == nil)
        #expect(world.journal.contains { if case .actedBeforeDurable = $0.event { true } else { false } })
        #expect(world.journal.map(\.sequence) == Array(1...UInt64(world.journal.count)))
    }

    @Test func isOnlyShownInADryRun() {
        var world = KernelHarness(isDryRun: true)
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(20)
        #expect(world.applied.isEmpty)
        #expect(world.plannedSplits == [.allBaseline])
        #expect(world.incidents.map(\.state) == [.dryRun])
        #expect(world.count(.rollbackIntended) == 1)
        #expect(world.release.phase == .watching)
    }

    @Test func latchesUntilARearm() {
        var world = sick()
        world.cycle(5)
        world.canary.errors = 0
        world.cycle(30)
        #expect(world.release.phase == .rolledBack)
        let result = world.command(.rearm(release: "checkout"))
        guard case .accepted = result else { return #expect(Bool(false), "\(result)") }
        world.canaryBasisPoints = 1_000
        world.cycle(12)
        #expect(world.release.phase == .watching)
        #expect(world.incidents.count == 1)
    }

    @Test func measuresItsPhasesInOrder() {
        var world = sick()
        world.cycle(5)
        let phases = world.measurements.compactMap { measurement -> String? in
            if case .rollbackPhase(_, let phase, _) = measurement { phase } else { nil }
        }
        #expect(phases == ["durable", "applied", "observed", "proven", "acknowledged"])
    }
}
