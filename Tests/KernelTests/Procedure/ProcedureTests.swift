import Model
import Testing

@testable import Kernel

@Suite("The plan of a rollback")
struct ProcedureTests {
    @Test func stepsFollowTheTrafficAndAreProved() {
        var world = KernelHarness.withPlan([.program(), .flag()])
        world.cycle(10)
        #expect(world.steps.acts == ["flag", "cache"])
        #expect(world.state("flag") == .proved && world.state("cache") == .done)
        #expect(world.procedure?.isOpen == false)
        #expect(world.incidents[0].state == .acknowledged)
        let names = world.entryNames
        let order = [
            "intended", "plan_frozen", "plan_step_started", "plan_step_done", "plan_step_proved", "acknowledged",
            "plan_step_started", "plan_step_done", "plan_ended",
        ]
        #expect(names.filter(Set(order).contains) == order, "\(names)")
        #expect(world.count(.planEnded) == 1 && world.count(.planStuck) == 0)
    }

    /// The law of traffic first: whatever the steps do, the router is called and the rollback acknowledged at the same
    /// moments as without a plan.
    @Test(arguments: [ProcedureWorld.Mood.works, .hangs, .losesAnswers, .fails, .refuses, .claims])
    func noStepDelaysTheRollback(_ mood: ProcedureWorld.Mood) throws {
        var without = KernelHarness()
        without.cycle(3)
        without.canary.errors = 40
        var world = KernelHarness.withPlan([.flag(onFailure: .hold), .program(at: .split)])
        world.steps.moods = ["flag": mood, "cache": mood]
        without.cycle(30)
        world.cycle(30)
        func wallMs(_ world: KernelHarness, _ name: String) -> Int64? {
            world.recorded.first { $0.event.name == name }?.wallMs
        }
        for name in ["intended", "applied", "observed", "acknowledged"] {
            let expected = try #require(wallMs(without, name))
            #expect(wallMs(world, name) == expected, "\(name)")
        }
        #expect(world.applied == without.applied)
    }

    @Test(arguments: [ProcedureWorld.Mood.works, .losesAnswers])
    func noStepActsBeforeTheRouterIsCalled(_ mood: ProcedureWorld.Mood) {
        var world = KernelHarness.withPlan([.flag(), .program(at: .split)])
        world.steps.moods = ["flag": mood, "cache": mood]
        world.isDiskWorking = false
        world.cycle(3)
        #expect(world.applied.isEmpty == world.steps.acts.isEmpty)
        world.cycle(20)
        // Called after the grace of the journal; no start of a step is on the disk.
        #expect(!world.applied.isEmpty && world.steps.acts.isEmpty)
        world.healDisk()
        world.cycle(40)
        #expect(world.steps.acts.first == "flag" && world.steps.acts.contains("cache"))
    }

    @Test func aStepThatHangsFailsAndTheNextRuns() {
        var world = KernelHarness.withPlan([.program("warm", onFailure: .continue, isIdempotent: true), .program()])
        world.steps.moods = ["warm": .hangs]
        world.cycle(40)
        #expect(world.state("warm") == .failed && world.state("cache") == .done)
        #expect(world.procedure?.isOpen == false && world.count(.planStuck) == 0)
    }

    @Test func aFailureIsTriedAgainAndThenStopsThePlan() {
        var world = KernelHarness.withPlan([.program(retries: 2), .program("later")])
        world.steps.moods = ["cache": .fails]
        world.cycle(40)
        #expect(world.procedure?.step("cache")?.attempts == 3)
        #expect(world.state("cache") == .failed && world.state("later") == .planned)
        #expect(world.count(.planStuck) == 1 && world.procedure?.isOpen == true)
        #expect(world.incidents[0].isAcknowledged)
        world.steps.moods = [:]
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .retry(step: "cache")))))
        world.cycle(5)
        #expect(world.state("cache") == .done && world.state("later") == .done)
        #expect(world.procedure?.isOpen == false)
    }

    /// A receipt is not an effect.
    @Test func aClaimWithoutAnEffectIsNoProof() {
        var world = KernelHarness.withPlan([.flag(onFailure: .page)])
        world.steps.moods = ["flag": .claims]
        world.cycle(60)
        #expect(world.state("flag") == .failed && world.steps.checks > 3)
        #expect(world.count(.planStuck) == 1)
    }

    @Test func aStepByHandWaitsForTheOperator() {
        var world = KernelHarness.withPlan([.person(), .program()])
        world.cycle(20)
        #expect(world.state("queue") == .waiting && world.state("cache") == .planned)
        #expect(world.count(.personNeeded) == 1)
        #expect(
            world.deliveries.last { $0.notification.event == .personNeeded }?.notification.summary
                == "checkout: queue waits for an operator: replay the queue")
        let id = world.incidents[0].id
        #expect(accepted(world.command(.procedure(incident: id, .done(step: "queue")))))
        world.cycle(5)
        #expect(world.state("queue") == .proved && world.state("cache") == .done)
        #expect(!accepted(world.command(.procedure(incident: id, .done(step: "cache")))))
    }

    @Test func ordersNameWhatIsThere() {
        var world = KernelHarness.withPlan([.person()])
        world.cycle(10)
        let id = world.incidents[0].id
        guard case .notFound = world.command(.procedure(incident: id, .done(step: "cash"))) else {
            return #expect(Bool(false))
        }
        guard case .notFound = world.command(.procedure(incident: "checkout-1", .abandon)) else {
            return #expect(Bool(false))
        }
        guard case .refused = world.command(.procedure(incident: id, .retry(step: "queue"))) else {
            return #expect(Bool(false))
        }
        #expect(accepted(world.command(.procedure(incident: id, .abandon))))
        #expect(world.procedure?.isOpen == false && world.state("queue") == .skipped)
        #expect(!accepted(world.command(.procedure(incident: id, .abandon))))
    }

    @Test func aReloadChangesTheNextPlanOnly() {
        var world = KernelHarness.withPlan([.flag(), .person(), .program()])
        world.cycle(10)
        var next = world.plan
        next.releases[0].procedure = nil
        world.send(.reload(next))
        world.plan = next
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .done(step: "queue")))))
        world.cycle(5)
        #expect(world.state("cache") == .done)
    }

    @Test func theDeadlineNotifiesAndTheStepsGoOn() {
        var world = KernelHarness.withPlan([.person(), .program()], deadlineMs: 30_000)
        world.cycle(60)
        #expect(world.procedure?.isOverdue == true && world.count(.planStuck) == 1)
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .done(step: "queue")))))
        world.cycle(3)
        #expect(world.procedure?.isOpen == false)
    }

    @Test func drainedStepsWaitForWhatTheCanaryHasInHand() throws {
        var step = ProcedureStep.program("scale", at: .drained)
        step.drainMs = 45_000
        var world = KernelHarness.withPlan([step])
        world.cycle(20)
        #expect(world.incidents[0].isAcknowledged && world.steps.acts.isEmpty)
        world.cycle(40)
        #expect(world.steps.acts == ["scale"])
        let started = try #require(world.recorded.first { $0.event.name == "plan_step_started" })
        let acknowledged = try #require(world.recorded.first { $0.event == .acknowledged })
        #expect(started.wallMs - acknowledged.wallMs >= 45_000)
    }

    @Test func rearmingEndsThePlanButNotAStepThatRuns() {
        var world = KernelHarness.withPlan([.program(), .program("later")])
        world.steps.moods = ["cache": .hangs]
        world.cycle(6)
        guard case .refused(let text) = world.command(.rearm(release: "checkout")) else { return #expect(Bool(false)) }
        #expect(text.contains("cache"), "\(text)")
        world.cycle(20)
        #expect(accepted(world.command(.rearm(release: "checkout"))))
        #expect(world.procedure?.isOpen == false && world.state("later") == .skipped)
    }

    /// What a plan has left undone does not vanish with its rollback: the journal and the operators get it, and so does whoever
    /// reads the incident later.
    @Test func anotherVersionEndsThePlanThatWaits() throws {
        var world = KernelHarness.withPlan([.program(), .person()])
        world.cycle(8)
        #expect(world.state("queue") == .waiting)
        let id = world.incidents[0].id
        var next = world.plan
        next.releases[0].canary.version = "v1.5.1"
        world.send(.reload(next))
        world.cycle(3)
        let left = try #require(world.incidents.first { $0.id == id }?.procedure)
        #expect(!left.isOpen && left.step("queue")?.state == .skipped)
        #expect(world.entryNames.contains("plan_ended") && world.count(.planEnded) == 1)
        let ofIncident = world.recorded.filter { $0.incident == id }
        #expect(Incident(history: ofIncident)?.procedure == left)
    }

    /// The same when the daemon was stopped, its configuration changed, and started again.
    @Test func anotherVersionAfterAStopEndsThePlan() throws {
        var world = KernelHarness.withPlan([.program(), .person()])
        world.cycle(8)
        let id = world.incidents[0].id
        world.plan.releases[0].canary.version = "v1.5.1"
        world.restart()
        world.cycle(3)
        let left = try #require(world.incidents.first { $0.id == id }?.procedure)
        #expect(!left.isOpen && left.step("queue")?.state == .skipped && world.count(.planEnded) == 1)
        world.restart()
        world.cycle(3)
        #expect(world.count(.planEnded) == 1, "it ends once")
        let ofIncident = world.recorded.filter { $0.incident == id }
        #expect(Incident(history: ofIncident)?.procedure == left)
    }

    @Test func aDryRunHasNoPlan() {
        var plan = Plan.example()
        plan.releases[0].procedure = ProcedurePlan(steps: [.flag()])
        var world = KernelHarness(plan: plan, isDryRun: true)
        world.cycle(3)
        world.canary.errors = 40
        world.cycle(10)
        #expect(world.procedure == nil && world.steps.acts.isEmpty)
    }
}
