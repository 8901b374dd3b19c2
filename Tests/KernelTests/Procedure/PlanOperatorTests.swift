import Model
import Testing

@testable import Kernel

/// What operators are notified of, and what they may order.
@Suite("Operators and the plan of a rollback")
struct PlanOperatorTests {
    // MARK: A step by hand

    @Test func aStepByHandReminds() throws {
        var world = KernelHarness.withPlan([.person()], deadlineMs: 86_400_000)
        world.cycle(6)
        #expect(world.count(.personNeeded) == 1)
        world.pass(ms: (3 * 1_800 + 10) * 1_000)
        #expect(world.count(.personNeeded) == 4)
        let last = try #require(world.deliveries.last { $0.notification.event == .personNeeded })
        #expect(last.notification.summary == "checkout: queue waits for an operator since 2 h: replay the queue")
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .done(step: "queue")))))
        world.pass(ms: 4_000_000)
        #expect(world.count(.personNeeded) == 4 && world.procedure?.isOpen == false)
    }

    /// The id of the incident is seldom at hand at three in the morning.
    @Test func theNameOfTheReleaseMeansItsPlan() {
        var world = KernelHarness.withPlan([.person()])
        world.cycle(8)
        guard case .notFound = world.command(.procedure(incident: "cart", .done(step: "queue"))) else {
            return #expect(Bool(false))
        }
        #expect(accepted(world.command(.procedure(incident: "checkout", .done(step: "queue")))))
        #expect(world.state("queue") == .proved && world.procedure?.isOpen == false)
    }

    @Test func zeroRemindsOfNothing() {
        var step = ProcedureStep.person()
        step.remindEveryMs = 0
        var world = KernelHarness.withPlan([step], deadlineMs: 86_400_000)
        world.cycle(10)
        world.pass(ms: 8_000_000)
        #expect(world.count(.personNeeded) == 1)
    }

    /// Neither doubled nor left out by a crash after any entry.
    @Test(arguments: 0...2)
    func aRestartKeepsTheRhythm(_ lost: Int) throws {
        var world = KernelHarness.withPlan([.person()], deadlineMs: 86_400_000)
        world.cycle(10)
        world.pass(ms: 3_700_000)
        let count = world.recorded.count
        world.restart(keeping: count - lost, downMs: 60_000)
        world.cycle(2)
        let reminders = world.recorded.filter { $0.event.name == "plan_person_reminded" }.map(\.wallMs)
        let first = try #require(world.recorded.first { $0.event.name == "plan_person_needed" }?.wallMs)
        let pauses = zip([first] + reminders, reminders).map { $1 - $0 }
        #expect(pauses.allSatisfy { $0 >= 1_800_000 }, "\(pauses)")
        world.pass(ms: 1_800_000)
        let after = world.recorded.filter { $0.event.name == "plan_person_reminded" }.count
        #expect(after == reminders.count + 1)
        let all = world.recorded.filter { $0.event.name == "plan_person_reminded" }.map(\.wallMs)
        // A restart does not make the pause longer; what is lost with its entry comes late.
        let longest = try #require(zip([first] + all, all).map { $1 - $0 }.max())
        #expect(lost > 0 || longest <= 1_802_000, "\(longest)")
    }

    @Test func furtherReceiversAreNotifiedUntilItIsDone() {
        var plan = Plan.example()
        plan.receivers.append(ReceiverPlan(name: "boss", kind: .webhook, url: "http://boss"))
        plan.routes = [
            RoutePlan(
                match: NotificationMatch(events: ["person_needed"]), receivers: ["oncall"],
                escalation: [EscalationStep(afterMs: 600_000, receivers: ["boss"])])
        ]
        plan.releases[0].procedure = ProcedurePlan(deadlineMs: 86_400_000, steps: [.person(), .person("second")])
        var world = KernelHarness(plan: plan)
        world.cycle(3)
        world.canary.errors = 40
        world.cycle(10)
        world.pass(ms: 290_000)
        func isBossNotified(_ world: KernelHarness) -> Int {
            world.deliveries.count { $0.receiver == "boss" && $0.notification.event == .personNeeded }
        }
        #expect(isBossNotified(world) == 0)
        world.pass(ms: 310_000)
        #expect(isBossNotified(world) == 1)
        // The next step begins with the first receivers again.
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .done(step: "queue")))))
        world.pass(ms: 500_000)
        #expect(isBossNotified(world) == 1)
        world.pass(ms: 150_000)
        #expect(isBossNotified(world) == 2)
    }

    // MARK: Scenario 14

    @Test func aReloadWithoutTheStepChangesNothing() {
        var world = KernelHarness.withPlan([.flag().watched(), .person(), .program()])
        world.cycle(10)
        var next = world.plan
        next.releases[0].procedure?.steps.removeAll { $0.name != "queue" }
        world.send(.reload(next))
        world.plan = next
        world.steps.set("flag", isInForce: false)
        world.cycle(35)
        #expect(
            world.steps.acts == ["flag", "flag"], "the drift of a step that the configuration does not have any more")
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .done(step: "queue")))))
        world.cycle(5)
        #expect(world.state("cache") == .done && world.procedure?.isOpen == false)
    }

    @Test func rearmingGivesThePlanUpWhenItIsSaid() throws {
        var world = KernelHarness.withPlan([.flag(), .program(), .program("later")])
        world.steps.moods = ["cache": .hangs]
        world.cycle(6)
        guard case .refused(let text) = world.command(.rearm(release: "checkout")) else { return #expect(Bool(false)) }
        #expect(text.contains("cache") && text.contains("--abandon-plan"), "\(text)")
        #expect(world.incidents[0].state != .rearmed && world.procedure?.isOpen == true)
        #expect(accepted(world.command(.rearm(release: "checkout", abandonPlan: true))))
        #expect(world.incidents[0].state == .rearmed && world.procedure?.isOpen == false)
        #expect(world.state("cache") == .unknown && world.state("later") == .skipped)
        let states = world.recorded.compactMap { entry -> String? in
            if case .procedure(.abandoned(_, _, let states)) = entry.event { states } else { nil }
        }
        #expect(states == ["flag proved, cache started, later planned"])
        world.cycle(30)
        #expect(world.steps.acts == ["flag"])
    }

    // MARK: Running it again

    @Test func anEndedPlanRunsAgainFromAStepOn() {
        var world = KernelHarness.withPlan([.flag(), .program(), .person()])
        world.cycle(10)
        let id = world.incidents[0].id
        #expect(accepted(world.command(.procedure(incident: id, .run(from: "cache")))))
        world.cycle(5)
        #expect(world.steps.acts == ["flag", "cache", "cache"] && world.state("queue") == .waiting)
        #expect(accepted(world.command(.procedure(incident: id, .done(step: "queue")))))
        world.cycle(2)
        #expect(world.procedure?.isOpen == false)
        #expect(accepted(world.command(.procedure(incident: id, .run(from: nil)))))
        world.cycle(5)
        #expect(world.steps.acts.suffix(2) == ["flag", "cache"] && world.state("queue") == .waiting)
        #expect(Set(world.steps.keys).count == 2, "the keys stay the same")
    }

    @Test func whatMustNotRunTwiceHasToBeNamed() {
        var world = KernelHarness.withPlan([.flag(), .program("once", isIdempotent: false), .program()])
        world.cycle(10)
        let id = world.incidents[0].id
        guard case .refused(let text) = world.command(.procedure(incident: id, .run(from: "flag"))) else {
            return #expect(Bool(false))
        }
        #expect(text.contains("once has run, and must not run twice"), "\(text)")
        guard case .notFound = world.command(.procedure(incident: id, .run(from: "cash"))) else {
            return #expect(Bool(false))
        }
        #expect(accepted(world.command(.procedure(incident: id, .run(from: "cache")))))
        world.cycle(3)
        #expect(world.steps.acts.count { $0 == "once" } == 1 && world.steps.acts.count { $0 == "cache" } == 2)
        #expect(accepted(world.command(.procedure(incident: id, .run(from: "once")))))
        world.cycle(5)
        #expect(world.steps.acts.count { $0 == "once" } == 2 && world.procedure?.isOpen == false)
    }

    @Test func aPlanUnderWayIsNotRunAgain() {
        var world = KernelHarness.withPlan([.program(), .program("later")])
        world.steps.moods = ["cache": .hangs]
        world.cycle(6)
        let id = world.incidents[0].id
        #expect(!accepted(world.command(.procedure(incident: id, .run(from: nil)))))
        world.cycle(30)
        // It is stopped, and continues past the step.
        #expect(accepted(world.command(.procedure(incident: id, .run(from: "later")))))
        world.cycle(3)
        #expect(world.state("cache") == .skipped && world.state("later") == .done)
        #expect(accepted(world.command(.rearm(release: "checkout"))))
        guard case .refused(let text) = world.command(.procedure(incident: id, .run(from: nil))) else {
            return #expect(Bool(false))
        }
        #expect(text.contains("was cleared"), "\(text)")
    }

    /// A crash after each entry of the second run.
    @Test(arguments: 0...9)
    func aSecondRunSurvivesACrash(_ kept: Int) {
        var world = KernelHarness.withPlan([.flag().watched(), .program()])
        world.cycle(10)
        let before = world.recorded.count
        world.diskLimit = before + kept
        _ = world.command(.procedure(incident: world.incidents[0].id, .run(from: nil)))
        world.cycle(10)
        world.diskLimit = .max
        world.restart()
        world.cycle(20)
        #expect(world.procedure?.isOpen == false && world.state("flag") == .proved && world.state("cache") == .done)
        #expect(world.steps.acts.count { $0 == "cache" } <= 3)
    }

    @Test func stepsAreMeasured() {
        var world = KernelHarness.withPlan([.flag(), .program(onFailure: .continue)])
        world.steps.moods = ["cache": .fails]
        world.cycle(10)
        let kinds = world.measurements.compactMap { measurement -> String? in
            if case .planStep("checkout", let kind, let seconds) = measurement, seconds >= 0 { kind } else { nil }
        }
        #expect(kinds == ["flag", "exec"])
    }
}
