import Model
import Testing

@testable import Kernel

/// Which steps run, and which of them at once.
@Suite("Guards of steps, and steps that run at once")
struct StepChoiceTests {
    // MARK: Guards

    private static let states: [(ProcedureWorld.Mood, [StepGuard.State], Bool)] = [
        (.works, [.proved], true), (.works, [.done, .failed], false), (.fails, [.failed], true),
        (.fails, [.proved, .done], false),
    ]

    @Test(arguments: states)
    func aGuardReadsAnEarlierStep(_ mood: ProcedureWorld.Mood, _ states: [StepGuard.State], _ runs: Bool) throws {
        var guarded = ProcedureStep.program()
        guarded.condition = .step(name: "flag", states: states)
        var world = KernelHarness.withPlan([.flag(), guarded])
        world.steps.moods["flag"] = mood
        world.cycle(40)
        #expect(world.state("cache") == (runs ? .done : .skipped))
        #expect(world.steps.acts.contains("cache") == runs && world.procedure?.isOpen == false)
        guard !runs else { return }
        let detail = try #require(world.procedure?.step("cache")?.detail)
        #expect(detail.hasPrefix("flag ") && detail.contains("its guard wants"), "\(detail)")
    }

    private static let pairs: [(String?, String?, Bool)] = [
        ("v1*", "v2*", true), ("v1", "v2", true), ("v1.*", nil, false), (nil, "v1*", false),
    ]

    @Test(arguments: pairs)
    func aGuardReadsTheVersions(_ baseline: String?, _ canary: String?, _ runs: Bool) {
        var guarded = ProcedureStep.person()
        guarded.condition = .versions(baseline: baseline, canary: canary)
        var world = KernelHarness.withPlan([guarded, .program()])
        world.cycle(20)
        #expect(world.state("queue") == (runs ? .waiting : .skipped))
        #expect(world.state("cache") == (runs ? .planned : .done))
        #expect(world.count(.personNeeded) == (runs ? 1 : 0))
    }

    /// What led to a rollback is in its intent, so a restart changes no answer.
    @Test(arguments: [("*", true), ("Other", false)])
    func aGuardReadsTheRule(_ pattern: String, _ runs: Bool) throws {
        var guarded = ProcedureStep.program()
        guarded.condition = .rule(pattern)
        var world = KernelHarness.withPlan([.flag(), guarded])
        world.cycle(10)
        let started = try #require(world.journal.firstIndex { $0.event.name == "plan_step_proved" })
        world.restart(keeping: started + 1)
        world.cycle(20)
        #expect(world.state("cache") == (runs ? .done : .skipped))
        #expect(runs || world.procedure?.step("cache")?.detail.hasSuffix("its guard wants Other") == true)
    }

    @Test func noRuleLedToAnOperatorsRollback() {
        var guarded = ProcedureStep.program()
        guarded.condition = .rule("*")
        var world = KernelHarness.withPlan([guarded])
        world.canary.errors = 0
        world.cycle(2)
        _ = world.command(.rollback(release: "checkout", toVersion: nil, evenContracted: false))
        world.cycle(20)
        #expect(world.state("cache") == .skipped)
    }

    /// A guard is asked when the step is due, and a further try is no further decision.
    @Test func aFurtherTryIsNotAskedAgain() {
        var guarded = ProcedureStep.program(retries: 2)
        guarded.condition = .step(name: "flag", states: [.proved])
        var world = KernelHarness.withPlan([.flag().watched(everyMs: 5_000), guarded])
        world.steps.moods["cache"] = .fails
        world.cycle(6)
        world.steps.moods["flag"] = .hangs
        world.steps.set("flag", isInForce: false)
        world.cycle(40)
        #expect(world.procedure?.step("cache")?.attempts == 3 && world.state("cache") == .failed)
    }

    // MARK: At once

    private static func together(_ steps: [ProcedureStep]) -> [ProcedureStep] {
        steps.map { step in
            var step = step
            step.runsTogether = true
            return step
        }
    }

    @Test func markedNeighboursRunAtOnce() {
        let steps = Self.together([.program("a"), .program("b"), .program("c")]) + [.program("last")]
        var world = KernelHarness.withPlan(steps)
        world.steps.moods = ["a": .hangs, "c": .hangs]
        world.cycle(6)
        // None waits for another.
        #expect(world.state("a") == .started && world.state("b") == .done && world.state("c") == .started)
        #expect(world.state("last") == .planned)
        world.steps.moods = ["c": .hangs]
        world.cycle(40)
        #expect(world.state("a") == .failed && world.state("last") == .planned)
        let id = world.incidents[0].id
        #expect(accepted(world.command(.procedure(incident: id, .skip(step: "c")))))
        world.steps.moods = [:]
        #expect(accepted(world.command(.procedure(incident: id, .retry(step: "a")))))
        world.cycle(5)
        #expect(world.steps.acts == ["b", "a", "last"] && world.procedure?.isOpen == false)
    }

    /// Those that are not marked, or belong to another moment, run one after the other as before.
    @Test func othersWaitForEachOther() {
        let marked = Self.together([.program("a", at: .split), .program("b")])
        var world = KernelHarness.withPlan(marked + [.program("c")])
        world.steps.moods = ["a": .hangs]
        world.cycle(6)
        #expect(world.state("a") == .started && world.state("b") == .planned && world.state("c") == .planned)
    }

    @Test func ordersAreAboutOneOfThem() {
        var world = KernelHarness.withPlan(Self.together([.person("x"), .program("y"), .person("z")]))
        world.cycle(6)
        #expect(world.count(.personNeeded) == 2 && world.state("y") == .done)
        let id = world.incidents[0].id
        #expect(world.procedure?.text.contains("x waits for an operator; z waits for an operator") == true)
        #expect(accepted(world.command(.procedure(incident: id, .done(step: "z")))))
        world.cycle(2)
        #expect(world.procedure?.isOpen == true && world.state("x") == .waiting)
        #expect(accepted(world.command(.procedure(incident: id, .skip(step: "x")))))
        world.cycle(1)
        #expect(world.procedure?.isOpen == false)
    }

    /// A crash after each entry: what was under way is continued step by step.
    @Test(arguments: 2...22, [ProcedureWorld.Mood.works, .losesAnswers])
    func aCrashInTheMiddleContinuesEach(_ kept: Int, _ mood: ProcedureWorld.Mood) {
        let once = ProcedureStep.program("once", isIdempotent: false)
        var world = KernelHarness.withPlan(Self.together([.flag(at: .proof), once, .program()]) + [.program("last")])
        for step in ["flag", "once", "cache"] { world.steps.moods[step] = mood }
        world.diskLimit = kept
        world.cycle(20)
        world.diskLimit = .max
        world.restart()
        world.steps.moods = [:]
        world.canary.errors = 40
        if world.canaryBasisPoints == 0, world.release.phase == .idle { world.canaryBasisPoints = 1_000 }
        world.cycle(60)
        guard let plan = world.procedure else { return #expect(kept < 6, "no rollback after \(kept) entries") }
        #expect(world.steps.acts.count { $0 == "once" } <= 1, "\(kept): it ran twice")
        #expect(plan.step("flag")?.state == .proved, "\(kept): \(plan.text)")
        let cache = plan.step("cache")?.state
        #expect(cache == .done || cache == .failed && mood == .losesAnswers, "\(kept): \(plan.text)")
        #expect(plan.current.allSatisfy { $0.needsOperator }, "\(kept): \(plan.text)")
        let restarted = Kernel(
            plan: world.plan, replaying: world.recorded, journalIdentity: "test", seed: 1, at: world.now)
        #expect(restarted.snapshot(at: world.now).incidents == world.incidents)
    }
}
