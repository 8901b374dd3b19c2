import Model
import Support
import Testing

@testable import Kernel

/// A crash after each entry of the journal: what was under way is checked before it runs again.
@Suite("The plan of a rollback over restarts")
struct ProcedureRestartTests {
    private static let steps: [ProcedureStep] = [.flag(), .program(), .program("once", isIdempotent: false), .person()]

    @Test(arguments: 2...26, [ProcedureWorld.Mood.works, .losesAnswers])
    func everyPlanComesToItsEndOrWaits(_ kept: Int, _ mood: ProcedureWorld.Mood) {
        var world = KernelHarness.withPlan(Self.steps)
        for step in ["flag", "cache", "once"] { world.steps.moods[step] = mood }
        world.diskLimit = kept
        world.cycle(20)
        world.diskLimit = .max
        world.restart()
        world.steps.moods = [:]
        world.canary.errors = 40
        if world.canaryBasisPoints == 0, world.release.phase == .idle { world.canaryBasisPoints = 1_000 }
        world.cycle(60)
        guard let plan = world.procedure else { return #expect(kept < 6, "no rollback after \(kept) entries") }
        #expect(plan.next?.needsOperator == true || !plan.isOpen, "\(kept): \(plan.text)")
        #expect(world.steps.acts.count { $0 == "once" } <= 1, "\(kept): it ran twice")
        #expect(Set(world.steps.keys.filter { $0.hasSuffix("/flag") }).count <= 2)
        check(world)
    }

    /// It was acted, and the entry of that was lost: the check finds it, and it does not act again.
    @Test func whatTookEffectDoesNotActAgain() throws {
        var world = KernelHarness.withPlan([.flag()])
        world.cycle(10)
        let started = try #require(world.journal.firstIndex { $0.event.name == "plan_step_started" })
        world.restart(keeping: started + 1)
        world.cycle(10)
        #expect(world.steps.acts == ["flag"] && world.state("flag") == .proved)
    }

    /// It was not acted: it acts once more, with the same key.
    @Test func whatDidNotTakeEffectActsWithTheSameKey() throws {
        var world = KernelHarness.withPlan([.flag()])
        world.cycle(10)
        world.steps.set("flag", isInForce: false)
        let started = try #require(world.journal.firstIndex { $0.event.name == "plan_step_started" })
        world.restart(keeping: started + 1)
        world.cycle(30)
        #expect(world.steps.acts == ["flag", "flag"])
        #expect(Set(world.steps.keys).count == 1)
        #expect(world.procedure?.step("flag")?.attempts == 2 && world.state("flag") == .proved)
    }

    @Test func anUnknownOutcomeThatMustNotBeRepeatedStopsThePlan() throws {
        var world = KernelHarness.withPlan([.program("once", isIdempotent: false), .program()])
        world.cycle(10)
        let started = try #require(world.journal.firstIndex { $0.event.name == "plan_step_started" })
        world.restart(keeping: started + 1)
        world.cycle(10)
        #expect(world.state("once") == .unknown && world.state("cache") == .planned)
        #expect(world.steps.acts.count { $0 == "once" } == 1)
        #expect(world.deliveries.last?.notification.event == .planStuck)
        _ = world.command(.procedure(incident: world.incidents[0].id, .done(step: "once")))
        world.cycle(5)
        #expect(world.state("cache") == .done)
    }

    /// The entry of its start never reaches the disk, so it has not acted: it begins again, also when it must not run twice.
    @Test func aLostStartIsNoAct() throws {
        var world = KernelHarness.withPlan([.person(), .program("once", isIdempotent: false)])
        world.cycle(10)
        world.isDiskWorking = false
        let order = ProcedureOrder.done(step: "queue")
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, order))))
        let start = try #require(world.recorded.last { $0.event.name == "plan_step_started" }?.sequence)
        world.loseUnwritten()
        world.send(.journalLost(from: start, through: start))
        world.cycle(10)
        #expect(world.state("once") == .done && world.steps.acts == ["once"])
    }

    /// The entry of a start reaches the disk while the configuration does not name the release: the step is not waited for for ever.
    @Test func aReleaseThatComesBackContinuesItsPlan() throws {
        var world = KernelHarness.withPlan([.person(), .program("once", isIdempotent: true)])
        world.cycle(10)
        world.isDiskWorking = false
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .done(step: "queue")))))
        let plan = world.plan
        world.plan.releases = []
        world.send(.reload(world.plan))
        world.healDisk()
        world.plan = plan
        world.send(.reload(plan))
        world.cycle(10)
        #expect(world.state("once") == .done && world.procedure?.isOpen == false)
    }

    /// What the kernel shows, what a restart restores, and what the entries alone say are the same.
    private func check(_ world: KernelHarness) {
        let restarted = Kernel(
            plan: world.plan, replaying: world.recorded, journalIdentity: "test", seed: 1, at: world.now)
        #expect(restarted.snapshot(at: world.now).incidents == world.incidents)
        let started = world.recorded.filter { $0.event.name == "plan_step_started" }
        #expect(started.count >= Set(world.steps.acts).count, "a step acted without an entry")
    }
}
