import Model
import Testing

@testable import Kernel

/// A rollback in steps: half of the canary's half first, then the rest.
@Suite("A rollback in steps")
struct DrainTests {
    private func plan(steps: [Int] = [5_000, 10_000], pauseMs: Int64 = 2_000) -> Plan {
        var plan = Plan.example()
        plan.releases[0].drain = DrainPlan(stepsBasisPoints: steps, pauseMs: pauseMs)
        return plan
    }

    /// Half of the traffic is the canary's, and six of a hundred requests fail there.
    private func sick(_ plan: Plan, errors: Double = 6, cycles: Int = 1) -> KernelHarness {
        var world = KernelHarness(plan: plan, canaryBasisPoints: 5_000)
        world.cycle(3)
        world.canary.errors = errors
        // The window still grows, so that the first cycle alone is no breach.
        world.cycle(cycles + 1)
        return world
    }

    /// The first step is taken, and then the baseline fails: the second is held back, and reported.
    private func held() -> KernelHarness {
        var world = sick(plan())
        world.baseline.errors = 30
        world.cycle(6)
        #expect(world.count(.rollbackHeld) == 1)
        return world
    }

    private func shares(_ world: KernelHarness) -> [Int] { world.applied.map(\.canaryBasisPoints) }

    private func steps(_ world: KernelHarness) -> [String] {
        world.journal.compactMap { if case .draining(let record) = $0.event { record.text } else { nil } }
    }

    @Test func theStepsAreTakenOneAfterTheOther() {
        var world = sick(plan())
        #expect(shares(world) == [2_500] && world.canaryBasisPoints == 2_500)
        #expect(world.release.phase == .rollingBack && world.release.explanation.contains("step 1 of 2"))
        world.cycle()
        #expect(shares(world) == [2_500])
        world.cycle(3)
        #expect(shares(world) == [2_500, 0])
        world.cycle(2)
        #expect(world.release.phase == .rolledBack && world.incidents.map(\.state) == [.acknowledged])
        #expect(steps(world) == ["step 1 of 2: the canary keeps 25%", "step 2 of 2: the canary keeps nothing"])
        #expect(world.durableWhenApplied.allSatisfy { $0 > 0 })
        #expect(world.events == [.alertFiring, .rollbackIntended, .rollbackAcknowledged, .alertResolved])
    }

    @Test func manySteps() {
        var world = sick(plan(steps: [2_000, 4_000, 9_999, 10_000], pauseMs: 1_000))
        world.cycle(12)
        #expect(shares(world) == [4_000, 3_000, 0], "a step to less than a hundredth of a percent is none")
        #expect(world.release.phase == .rolledBack && world.canaryBasisPoints == 0)
    }

    @Test func aVeryBadCanaryLosesEverythingAtOnce() {
        let world = sick(plan(), errors: 100)
        #expect(shares(world) == [0])
        #expect(world.incidents[0].timeline.contains { $0.step == "at_once" && $0.detail.contains("requests fail") })
    }

    @Test func aCanaryThatGetsWorseDoesNotWaitForItsPause() {
        var world = sick(plan(pauseMs: 30_000))
        world.cycle(2)
        #expect(shares(world) == [2_500])
        world.canary.errors = 100
        world.cycle(20)
        #expect(shares(world) == [2_500, 0] && world.release.phase == .rolledBack)
        #expect(steps(world).last?.contains("the canary's requests fail") == true)
    }

    @Test func aCanaryThatCannotBeScrapedDoesNotWaitEither() {
        var world = sick(plan(pauseMs: 30_000))
        world.canary.isUp = false
        world.cycle(2)
        #expect(shares(world) == [2_500], "one failed scrape says little")
        world.cycle(1)
        #expect(shares(world) == [2_500, 0])
        #expect(steps(world).last?.contains("no target of the canary can be scraped") == true)
    }

    @Test func aBaselineThatGetsWorseIsGivenNoMore() {
        var world = sick(plan())
        world.baseline.errors = 30
        world.cycle(30)
        #expect(shares(world) == [2_500], "the baseline cannot carry what it has")
        #expect(world.count(.rollbackHeld) == 1)
        let held = world.deliveries.first { $0.notification.event == .rollbackHeld }?.notification
        #expect(held?.incident == world.incidents[0].id)
        #expect(held?.summary.contains("error_rate of the baseline is") == true, "\(held?.summary ?? "")")
        world.baseline.errors = 0
        world.cycle(8)
        #expect(shares(world) == [2_500, 0] && world.release.phase == .rolledBack)
    }

    @Test func aTargetLessIsWorse() {
        var world = sick(plan())
        world.baseline.isUp = false
        world.cycle(10)
        #expect(shares(world) == [2_500] && world.count(.rollbackHeld) == 1)
        // A dead baseline gets nothing, however bad the canary is.
        world.canary.errors = 100
        world.cycle(10)
        #expect(shares(world) == [2_500])
        world.baseline.isUp = true
        world.cycle(6)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func askingOnceMoreTakesTheRestOut() {
        var world = sick(plan(pauseMs: 40_000))
        world.cycle()
        let result = world.command(.rollback(release: "checkout", toVersion: nil))
        #expect({ if case .accepted = result { true } else { false } }(), "\(result)")
        #expect(shares(world) == [2_500, 0])
        world.cycle(3)
        #expect(world.release.phase == .rolledBack)
    }

    /// The router must not carry out the step after what follows it.
    @Test func aCallInFlightIsWaitedFor() {
        var world = KernelHarness(plan: plan(pauseMs: 40_000), canaryBasisPoints: 5_000)
        world.cycle(3)
        world.canary.errors = 6
        world.mood = .slow
        world.cycle(2)
        #expect(shares(world) == [2_500] && world.canaryBasisPoints == 5_000)
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        #expect(shares(world) == [2_500])
        world.answerSlowCall()
        #expect(shares(world) == [2_500, 0])
        world.answerSlowCall()
        world.cycle(3)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func anOperatorsRollbackGoesInStepsToo() {
        var world = KernelHarness(plan: plan(), canaryBasisPoints: 5_000)
        world.cycle(3)
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        #expect(shares(world) == [2_500])
        world.cycle(6)
        #expect(shares(world) == [2_500, 0] && world.release.phase == .rolledBack)
    }

    @Test(arguments: [KernelHarness.RouterMood.refuses, .ignores, .blind, .losesReplies, .hangs])
    func aRouterThatDoesNotTakeTheStepDoesNotHoldUpTheRest(_ mood: KernelHarness.RouterMood) {
        var world = KernelHarness(plan: plan(), canaryBasisPoints: 5_000)
        world.cycle(3)
        world.mood = mood
        world.canary.errors = 6
        world.cycle(14)
        #expect(world.applied.last == .allBaseline, "\(shares(world))")
        world.mood = .honest
        world.cycle(15)
        #expect(world.release.phase == .rolledBack && world.canaryBasisPoints == 0)
    }

    @Test func aStepNeverGivesTrafficBack() {
        var world = sick(plan(pauseMs: 10_000))
        // Another client has taken the canary out meanwhile.
        world.canaryBasisPoints = 0
        world.restart()
        world.cycle(20)
        #expect(shares(world) == [2_500, 0], "the step in the journal is not set again")
        #expect(world.release.phase == .rolledBack)
    }

    @Test func aCanaryThatIsPutBackIsLoweredAgain() {
        var world = held()
        world.canaryBasisPoints = 9_000
        world.cycle(8)
        #expect(shares(world) == [2_500, 2_500] && world.canaryBasisPoints == 2_500)
        world.mood = .blind
        world.cycle(8)
        #expect(shares(world) == [2_500, 2_500], "a failed read-back moves nothing to a sick baseline")
        world.mood = .honest
        world.baseline.errors = 0
        world.cycle(9)
        #expect(world.release.phase == .rolledBack)
    }

    /// Who moves traffic away from a baseline that has died in the middle of the steps is let do so.
    @Test func aCanaryThatIsPutBackBesideADeadBaselineIsLoweredWhenThatIsThereAgain() {
        var world = sick(plan(pauseMs: 30_000))
        #expect(shares(world) == [2_500])
        world.baseline.isUp = false
        world.cycle(2)
        world.canaryBasisPoints = 9_000
        world.cycle(6)
        #expect(world.canaryBasisPoints == 9_000)
        world.baseline.isUp = true
        world.cycle(10)
        #expect(world.canaryBasisPoints <= 2_500)
    }

    @Test func aReadBackThatIsNeverAnsweredMovesNothing() {
        var world = held()
        world.mood = .hangs
        world.cycle(40)
        #expect(shares(world) == [2_500])
        world.mood = .blind
        world.restart()
        world.mood = .blind
        world.cycle(20)
        #expect(shares(world) == [2_500], "a restart in front of a router that cannot be read either")
        world.mood = .refuses
        world.canaryBasisPoints = 9_000
        world.cycle(20)
        #expect(!shares(world).contains(0), "nor one that refuses the step: \(shares(world))")
    }

    @Test func aFightIsNotFoughtInSteps() {
        var world = sick(plan(pauseMs: 30_000))
        for _ in 0..<4 where world.release.phase == .rollingBack {
            world.canaryBasisPoints = 5_000
            world.cycle(6)
        }
        #expect(shares(world).contains(0) && world.release.phase == .rolledBack)
        #expect(steps(world).last?.contains("again and again") == true)
    }

    /// An operator answers the report, and the process ends before the answer is on the disk: there would never be a
    /// report of the held step again.
    @Test func aStepThatIsHeldIsReportedAgainAfterARestart() {
        var world = held()
        world.restart(downMs: 120_000)
        world.cycle(8)
        #expect(world.count(.rollbackHeld) == 2 && shares(world) == [2_500])
        world.restart(downMs: 500)
        world.cycle(8)
        #expect(world.count(.rollbackHeld) == 2, "restarts in a row do not repeat it")
        world.cycle(1_800)
        #expect(world.count(.rollbackHeld) == 3, "half an hour later it is repeated")
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        world.cycle(20)
        #expect(world.release.phase == .rolledBack)
    }

    /// The same with a baseline that serves too little to be judged.
    @Test func aStepThatIsHeldIsReportedAgainWhateverTheBaselineServes() {
        var world = held()
        (world.baseline.requests, world.baseline.errors) = (2, 0)
        world.restart(downMs: 120_000)
        world.cycle(8)
        #expect(world.count(.rollbackHeld) == 2 && shares(world) == [2_500])
    }

    @Test func whatWasInTroubleHasToBeSeenToBeWell() {
        var world = held()
        // Too few requests to decide: a baseline that hangs serves few.
        (world.baseline.requests, world.baseline.errors) = (2, 0)
        world.cycle(20)
        #expect(shares(world) == [2_500])
        world.baseline.requests = 100
        world.cycle(8)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func oneBadCycleIsNotReported() {
        var world = sick(plan())
        world.baseline.errors = 30
        world.cycle(1)
        world.baseline.errors = 0
        world.cycle(10)
        #expect(world.count(.rollbackHeld) == 0 && world.release.phase == .rolledBack)
    }

    @Test func aBaselineThatHadNoTrafficIsJudgedAllTheSame() {
        let rule = RulePlan.absoluteErrorRate()
        var plan = Plan.example(rules: [rule])
        plan.releases[0].drain = DrainPlan(stepsBasisPoints: [5_000, 10_000], pauseMs: 2_000)
        var world = KernelHarness(plan: plan, canaryBasisPoints: 9_990)
        world.baseline.requests = 0
        world.cycle(3)
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        (world.baseline.requests, world.baseline.errors) = (100, 30)
        world.cycle(12)
        #expect(!shares(world).contains(0) && world.count(.rollbackHeld) == 1)
    }

    @Test func aTargetThatIsTakenOutOfTheListIsNotMissed() {
        var world = sick(plan(pauseMs: 3_000))
        var fewer = plan(pauseMs: 3_000)
        fewer.releases[0].baseline.targets.removeLast()
        world.send(.reload(fewer))
        world.plan = fewer
        world.cycle(12)
        #expect(world.release.phase == .rolledBack && world.count(.rollbackHeld) == 0)
    }

    @Test func aDryRunLeavesTheStepsOfTheJournalAlone() {
        var world = sick(plan())
        world.restart(isDryRun: true)
        let entries = world.journal.count
        world.cycle(50)
        #expect(world.journal.count == entries && shares(world) == [2_500])
        #expect(
            world.plannedSplits.allSatisfy { $0 == Split(canaryBasisPoints: 2_500) } && !world.plannedSplits.isEmpty)
    }

    @Test func theLastStepHasADeadlineOfItsOwn() {
        var world = sick(plan())
        world.baseline.errors = 30
        world.cycle(70)
        #expect(world.count(.rollbackAbandoned) == 1)
        world.baseline.errors = 0
        world.mood = .refuses
        world.cycle(20)
        world.restart()
        world.mood = .refuses
        world.cycle(80)
        #expect(world.count(.rollbackAbandoned) == 2, "over a restart too")
        world.mood = .honest
        world.cycle(10)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func askingBeforeTheIntentIsOnTheDiskCountsToo() {
        var world = sick(plan(pauseMs: 40_000), cycles: 0)
        world.isDiskWorking = false
        world.cycle(1)
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        #expect(world.applied.isEmpty)
        world.healDisk()
        world.cycle(3)
        #expect(shares(world) == [0] && world.release.phase == .rolledBack)
    }

    @Test func aRestartGoesOnWhereItWas() {
        var world = sick(plan(pauseMs: 5_000))
        world.cycle()
        world.restart()
        #expect(world.release.phase == .rollingBack && world.canaryBasisPoints == 2_500)
        world.cycle(3)
        #expect(shares(world) == [2_500])
        world.cycle(8)
        #expect(shares(world) == [2_500, 0] && world.release.phase == .rolledBack)
    }

    @Test func aRestartAfterEachEntryEndsAtZero() throws {
        var whole = sick(plan())
        whole.cycle(8)
        for count in 1...whole.journal.count {
            var world = sick(plan())
            world.cycle(8)
            world.canaryBasisPoints = 5_000
            world.restart(keeping: count)
            world.cycle(20)
            #expect(world.canaryBasisPoints == 0, "after \(count) entries")
            #expect(world.release.phase == .rolledBack, "after \(count) entries: \(world.release.explanation)")
        }
    }

    @Test func aReloadWithoutStepsTakesTheRestOut() {
        var world = sick(plan(pauseMs: 30_000))
        world.send(.reload(Plan.example()))
        world.plan = .example()
        world.cycle(4)
        #expect(shares(world) == [2_500, 0] && world.release.phase == .rolledBack)
    }

    @Test func theSecondRouterWaitsForTheSteps() {
        var plan = plan(pauseMs: 8_000)
        plan.releases[0].fallback = FallbackPlan(
            router: .sample("http://lb2"), afterMs: 5_000)
        var world = sick(plan)
        world.cycle(7)
        #expect(!world.isOnFallback)
        world.mood = .refuses
        world.cycle(14)
        #expect(world.isOnFallback && world.release.phase == .rolledBack)
    }

    @Test func aDriftIsCorrectedAtOnce() {
        var world = sick(plan())
        world.cycle(8)
        #expect(world.release.phase == .rolledBack)
        world.canaryBasisPoints = 4_000
        world.cycle(8)
        #expect(shares(world).suffix(1) == [0] && !shares(world).contains(2_000))
        #expect(world.release.phase == .rolledBack)
    }

    @Test func aDryRunShowsTheRollback() {
        var world = KernelHarness(plan: plan(), isDryRun: true, canaryBasisPoints: 5_000)
        world.cycle(3)
        world.canary.errors = 6
        world.cycle(5)
        #expect(world.applied.isEmpty && world.plannedSplits == [.init(canaryBasisPoints: 2_500), .allBaseline])
    }

    @Test func aDiskThatIsFullHoldsTheFirstStepUpForTheGraceOnly() {
        var world = sick(plan(), cycles: 0)
        world.isDiskWorking = false
        world.cycle(1)
        #expect(world.applied.isEmpty)
        world.cycle(12)
        #expect(shares(world) == [2_500, 0])
        world.healDisk()
        world.cycle(3)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func twoInstancesThatDisagreeAreNotEvenedOut() {
        let shares = Drain.shares(steps: [5_000, 10_000], shareBefore: 5_000)
        var drain = Drain(restoring: DrainRecord(sharesBasisPoints: shares), atUptimeMs: 0)
        func place(_ shares: Int?...) -> Drain.Place {
            drain.place(
                of: shares.map { RouterObservation(instance: "lb", canaryBasisPoints: $0, level: .loaded) })
        }
        #expect(shares == [2_500])
        #expect(place(5_000, 5_000) == .above(ask: 2_500) && place(2_400, 5_000) == .above(ask: 2_400))
        #expect(place(2_550, 0) == .inPlace && place(0, 5_000) == .mixed && place(nil, 5_000) == .mixed)
        #expect(place(nil, 2_500) == .unread && place() == .unread)
        drain.next()
        #expect(drain.record.isLastStep && drain.record.shareBasisPoints == 0)
        #expect(Drain.shares(steps: [10_000], shareBefore: 5_000) == [])
        #expect(Drain.shares(steps: [5_000, 10_000], shareBefore: 1) == [])
        #expect(Drain.shares(steps: [5_000, 10_000], shareBefore: 0) == [])
    }
}
