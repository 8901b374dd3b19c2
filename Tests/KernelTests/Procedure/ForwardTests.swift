import Model
import Testing

@testable import Kernel

/// The steps of the ways forward of a rollout, and what undoes them.
@Suite("The roads of a plan")
struct ForwardTests {
    private static func flag(
        _ name: String = "flag", _ road: ProcedureRoad = .begin, at: ProcedureStep.Point = .before,
        onFailure: ProcedureStep.OnFailure = .hold
    ) -> ProcedureStep {
        var step = ProcedureStep.flag(name, at: at, onFailure: onFailure)
        step.work = .flag(FlagWork(flag: name, variant: "on", file: "/flags/\(name).json"))
        step.when = [road]
        return step
    }

    private static func program(
        _ name: String, _ road: ProcedureRoad = .begin, at: ProcedureStep.Point = .before, undo: String? = nil,
        onFailure: ProcedureStep.OnFailure = .hold, isIdempotent: Bool = true
    ) -> ProcedureStep {
        var step = ProcedureStep.program(name, at: at, onFailure: onFailure, isIdempotent: isIdempotent)
        step.when = [road]
        step.undo = undo.map { .exec(ExecWork(command: ["/bin/\($0)"])) }
        return step
    }

    private static func world(_ steps: [ProcedureStep]) -> KernelHarness {
        var world = KernelHarness.led()
        world.plan.releases[0].procedure = ProcedurePlan(steps: steps)
        for step in steps { if let flag = step.work.flag { world.steps.values[flag.flag] = "off" } }
        world.send(.reload(world.plan))
        return world
    }

    private func planEvents(_ world: KernelHarness) -> [String] {
        world.recorded.filter { if case .procedure = $0.event { true } else { false } }.map(\.event.name)
    }

    // MARK: begin

    @Test func noShareIsSetBeforeTheStepsBeforeAreOver() throws {
        var warm = Self.program("warm")
        warm.retries = 3
        var world = Self.world([Self.flag(), warm])
        world.steps.moods["warm"] = .hangs
        _ = world.begin()
        world.cycle(8)
        #expect(world.applied.isEmpty && world.waitsFor.contains("warm, a step of the plan, is under way"))
        #expect(world.running?.halts.isEmpty == true)
        world.steps.moods = [:]
        world.cycle(untilStep: 1)
        #expect(world.steps.sets == ["flag=on"] && world.forwardState("warm") == .done)
        #expect(world.forward?.steps.step("flag")?.valueBefore == "off")
        let proved = try #require(world.recorded.first { $0.event.name == "plan_step_done" })
        let intended = try #require(world.recorded.first { $0.event.name == "step_intended" })
        #expect(proved.sequence < intended.sequence)
    }

    /// A failure keeps the canary from getting traffic, and one that continues does not.
    @Test(arguments: [ProcedureStep.OnFailure.hold, .page, .continue])
    func aFailureOfAStepBefore(_ onFailure: ProcedureStep.OnFailure) {
        var world = Self.world([Self.program("warm", onFailure: onFailure)])
        world.steps.moods["warm"] = .fails
        _ = world.begin()
        world.cycle(30)
        guard onFailure != .continue else { return #expect((world.running?.step ?? 0) >= 1) }
        #expect(world.applied.isEmpty && world.running?.isHalted(.plan) == true, "\(world.waitsFor)")
        #expect(world.count(.rolloutHalted) == 1)
        world.steps.moods = [:]
        let id = world.running?.id ?? ""
        #expect(accepted(world.command(.procedure(incident: id, .retry(step: "warm")))))
        let hasBegun = world.cycle(untilStep: 1)
        #expect(hasBegun && world.count(.rolloutUnhalted) == 1, "\(world.waitsFor)")
    }

    @Test func anOperatorLetsItBeginWithoutTheStep() {
        var world = Self.world([Self.program("warm")])
        world.steps.moods["warm"] = .fails
        _ = world.begin()
        world.cycle(10)
        #expect(accepted(world.command(.procedure(incident: world.running?.id ?? "", .skip(step: "warm")))))
        let hasBegun = world.cycle(untilStep: 1)
        #expect(hasBegun)
    }

    /// Given up in the middle of a step, the plan keeps nothing back.
    @Test func aPlanThatIsGivenUpKeepsNothingBack() {
        var world = Self.world([Self.program("warm"), Self.program("later")])
        world.steps.moods["warm"] = .hangs
        _ = world.begin()
        world.cycle(5)
        #expect(accepted(world.command(.procedure(incident: world.running?.id ?? "", .abandon))))
        #expect(world.forwardState("warm") == .unknown && world.forwardState("later") == .skipped)
        let hasBegun = world.cycle(untilStep: 1)
        #expect(hasBegun && world.running?.halts.isEmpty == true, "\(world.waitsFor)")
    }

    @Test func aStepByHandBeforeTheFirstShare() {
        var person = ProcedureStep(name: "ask", work: .person(text: "ask the shops"), at: .before)
        person.when = [.begin]
        var world = Self.world([person])
        _ = world.begin()
        world.cycle(1_000)
        #expect(world.applied.isEmpty && world.forwardState("ask") == .waiting && world.count(.personNeeded) == 1)
        #expect(world.running?.state == .checking, "it is not given up while it waits for an operator")
        #expect(accepted(world.command(.procedure(incident: world.running?.id ?? "", .done(step: "ask")))))
        let hasBegun = world.cycle(untilStep: 1)
        #expect(hasBegun)
    }

    @Test func splitComesWithTheCallAndAfterWithTheShare() throws {
        var world = Self.world([
            Self.program("after", at: .after), Self.program("split", at: .split), Self.program("before"),
        ])
        world.mood = .slow
        _ = world.begin()
        world.cycle(10)
        #expect(world.steps.acts == ["before", "split"] && !world.applied.isEmpty && world.running?.step == 0)
        world.mood = .honest
        world.answerSlowCall()
        world.cycle(untilStep: 1)
        world.cycle(2)
        #expect(world.steps.acts == ["before", "split", "after"])
    }

    // MARK: promote

    @Test func promotionWaitsForItsStepsAndHasItsOwn() {
        var world = Self.world([
            Self.program("expand", .promote, at: .before), Self.program("announce", .promote, at: .split),
            Self.program("clean", .promote, at: .after),
        ])
        world.steps.moods["expand"] = .fails
        _ = world.begin()
        world.cycle(untilStep: 4)
        #expect(world.steps.acts.isEmpty)
        world.cycle(40)
        #expect(world.running?.step == 4 && world.forwardState("expand") == .failed, "\(world.waitsFor)")
        #expect(world.running?.isHalted(.plan) == true)
        world.steps.moods = [:]
        #expect(accepted(world.command(.procedure(incident: world.running?.id ?? "", .retry(step: "expand")))))
        world.cycle(untilStep: 5)
        #expect(world.steps.acts == ["expand", "announce"])
        world.cycle(until: .ended)
        world.cycle(5)
        #expect(world.lastEnded?.end == .promoted && world.steps.acts == ["expand", "announce", "clean"])
        #expect(world.forward?.run.isOpen == false && world.count(.planEnded) == 1)
    }

    /// Both ends of a rollout of one step: what comes before either comes before the share.
    @Test func aRolloutOfOneStep() {
        var world = KernelHarness.led { $0.steps = [StepPlan(basisPoints: 10_000)] }
        world.plan.releases[0].procedure = ProcedurePlan(steps: [
            Self.program("a", .promote, at: .before), Self.program("b", .begin, at: .after),
            Self.program("c", .begin, at: .before),
        ])
        world.send(.reload(world.plan))
        _ = world.begin()
        world.cycle(15)
        #expect(world.steps.acts == ["c", "a", "b"], "\(world.waitsFor)")
        #expect(world.running?.step == 1)
    }

    @Test func anOrderToTheLastStepBeginsItsSteps() {
        var world = Self.world([Self.program("expand", .promote, at: .before)])
        _ = world.begin()
        world.cycle(untilStep: 2)
        let order = RolloutCommand.promote(PromoteOrder(step: 2, toBasisPoints: 10_000))
        let refused = world.order(order)
        #expect(refused.isRefused && refused.text.contains("expand"), "\(refused.text)")
        world.cycle(1)
        #expect(world.forwardState("expand") == .done)
        let taken = world.order(order)
        #expect(!taken.isRefused, "\(taken.text)")
    }

    // MARK: Back

    /// Scenario 15 of the plans.
    @Test func whatBeginDidIsUndoneWithoutAShare() {
        var person = ProcedureStep(name: "drop", work: .person(text: "drop the column"), at: .before)
        (person.when, person.isDestructive) = ([.begin], true)
        var world = Self.world([Self.flag(), person, Self.program("warm")])
        world.steps.moods["warm"] = .fails
        _ = world.begin()
        world.cycle(5)
        let id = world.running?.id ?? ""
        #expect(accepted(world.command(.procedure(incident: id, .doneWithoutBackup(step: "drop")))))
        world.cycle(20)
        #expect(world.applied.isEmpty && world.running?.isHalted(.plan) == true)
        #expect(world.forwardState("flag") == .proved && world.forwardState("warm") == .failed)
        #expect(!world.order(.abort).isRefused)
        world.cycle(10)
        let undo = world.forward?.undo
        #expect(undo?.steps.map(\.plan.name) == ["undo:warm", "undo:drop", "undo:flag"])
        #expect(undo?.steps.map(\.state) == [.skipped, .skipped, .proved])
        #expect(undo?.step("undo:warm")?.detail == "it has no undo")
        #expect(undo?.step("undo:drop")?.detail.contains("drop the column") == true)
        #expect(world.steps.sets == ["flag=on", "flag=off"] && world.applied.isEmpty)
        #expect(undo?.text.contains("undone: 1 of 3") == true, "\(undo?.text ?? "")")
        #expect(world.forward?.run.isOpen == false && world.release.warnings.isEmpty, "\(world.release.warnings)")
    }

    /// After the router's call, newest first, each with its proof; the plan's own steps come before.
    @Test func aRollbackUndoesTheWaysForward() throws {
        var world = Self.world([
            Self.flag(), Self.program("warm", undo: "cool"), Self.program("plain", at: .after),
            .program("kill", at: .split), .program("later"),
        ])
        _ = world.begin()
        world.cycle(untilStep: 2)
        #expect(world.steps.acts == ["flag", "warm", "plain"])
        world.canary.errors = 30
        world.cycle(25)
        #expect(world.release.phase == .rolledBack)
        #expect(world.steps.acts.dropFirst(3) == ["kill", "undo:warm", "undo:flag", "later"])
        #expect(world.steps.sets == ["flag=on", "flag=off"])
        let run = try #require(world.procedure)
        #expect(run.step("undo:plain")?.state == .skipped && run.text.contains("undone: 2 of 3"), "\(run.text)")
        let router = try #require(world.recorded.first { $0.event.name == "applied" })
        let undone = try #require(
            world.recorded.first { $0.event == .procedure(.started(step: "undo:warm", attempt: 1)) })
        #expect(router.wallMs <= undone.wallMs)
        #expect(world.forward?.run.isOpen == false)
    }

    /// Steps that ran at once are undone one after the other, and what was a condition or a proof of the way forward is none of
    /// the way back.
    @Test func anUndoHasNothingOfItsStepButTheEffect() throws {
        var (warm, seed, flag) = (Self.program("warm", undo: "cool"), Self.program("seed", undo: "weed"), Self.flag())
        warm.runsTogether = true
        seed.runsTogether = true
        seed.condition = .versions(baseline: "v1*", canary: nil)
        var counted = FlagWork(flag: "flag", variant: "on", file: "/flags/flag.json")
        counted.metric = FlagMetric()
        flag.work = .flag(counted)
        var world = Self.world([warm, seed, flag, .program("own", at: .split)])
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.canary.errors = 30
        world.cycle(25)
        let run = try #require(world.procedure)
        let undo = run.steps.map(\.plan).filter { $0.undoing != nil }
        #expect(undo.map(\.name) == ["undo:flag", "undo:seed", "undo:warm"])
        #expect(undo.allSatisfy { !$0.runsTogether && $0.condition == nil } && undo[0].work.flag?.metric == nil)
        #expect(world.steps.acts.suffix(4) == ["own", "undo:flag", "undo:seed", "undo:warm"])
        #expect(undo[2].undoing?.formerKey == "\(world.forward?.id ?? "")/warm")
    }

    /// What is not undone yet would be taken for the state before by the next rollout.
    @Test func noRolloutBeginsWhileARollbackUndoesTheOneBefore() {
        var world = Self.world([Self.flag(onFailure: .page)])
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.steps.moods["undo:flag"] = .fails
        world.canary.errors = 30
        world.cycle(25)
        world.canary.errors = 0
        #expect(world.release.phase == .rolledBack && world.procedure?.isOpen == true)
        let refused = world.order(.begin(PrepareOrder(version: VersionIdentity("v1.6.0"))))
        #expect(refused.isRefused && refused.text.contains("undo:flag"), "\(refused.text)")
        #expect(accepted(world.command(.procedure(incident: "checkout", .skip(step: "undo:flag")))))
        #expect(!world.order(.begin(PrepareOrder(version: VersionIdentity("v1.6.0")))).isRefused)
    }

    /// A step that has failed halts the rollout, also beside one that is under way.
    @Test func oneOfSeveralThatFailsHaltsTheRollout() {
        var (slow, bad) = (Self.program("slow", at: .after), Self.program("bad", at: .after))
        (slow.runsTogether, bad.runsTogether, slow.timeoutMs) = (true, true, 600_000)
        var world = Self.world([slow, bad])
        world.steps.moods = ["slow": .hangs, "bad": .fails]
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.cycle(60)
        #expect(world.forwardState("bad") == .failed && world.forwardState("slow") == .started)
        #expect(world.running?.isHalted(.plan) == true && world.running?.step == 1)
    }

    @Test func aFlagThatTheRollbackSetsItselfIsNotUndone() {
        var off = ProcedureStep.flag("off")
        off.work = .flag(FlagWork(flag: "flag", variant: "off", file: "/flags/flag.json"))
        var world = Self.world([Self.flag(), off])
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.canary.errors = 30
        world.cycle(25)
        #expect(world.steps.sets == ["flag=on", "flag=off"])
        #expect(world.procedure?.step("undo:flag")?.detail.contains("off, a step of the rollback") == true)
    }

    @Test func whatCouldNotBeUndoneIsNotDone() {
        var world = Self.world([Self.flag()])
        world.steps.values = [:]
        _ = world.begin()
        world.cycle(60)
        #expect(world.forwardState("flag") == .failed && world.steps.sets.isEmpty && world.applied.isEmpty)
    }

    /// A rollback after the promotion goes back to the version before, and undoes both ways forward.
    @Test func aWayBackAfterThePromotionUndoesIt() {
        var world = Self.world([Self.flag(), Self.program("clean", .promote, at: .after, undo: "dirty")])
        _ = world.begin()
        world.cycle(until: .ended)
        world.cycle(10)
        #expect(world.steps.acts == ["flag", "clean"])
        guard case .accepted = world.command(.rollback(release: "checkout", toVersion: "v1.4.2")) else {
            Issue.record("it was not accepted")
            return
        }
        world.cycle(15)
        #expect(world.steps.acts.dropFirst(2) == ["undo:clean", "undo:flag"])
        #expect(world.steps.sets.last == "flag=off")
    }

    /// The router's calls come at the same moments with a hanging step as without it.
    @Test(arguments: [ProcedureStep.Point.split, .after], [ProcedureWorld.Mood.hangs, .losesAnswers, .fails])
    func aHangingStepDelaysNoRollback(_ point: ProcedureStep.Point, _ mood: ProcedureWorld.Mood) throws {
        func run(_ steps: [ProcedureStep]) -> (shares: [Split], atMs: [Int64]) {
            var world = Self.world(steps)
            world.steps.moods["slow"] = mood
            _ = world.begin()
            world.cycle(untilStep: 1)
            world.canary.errors = 60
            world.cycle(40)
            let names = ["intended", "applied", "acknowledged"]
            return (
                world.applied, world.recorded.filter { names.contains($0.event.name) }.map(\.wallMs)
            )
        }
        var slow = Self.program("slow", at: point, undo: "fast")
        slow.timeoutMs = 120_000
        let (without, with) = (run([]), run([slow]))
        #expect(without.shares == with.shares && without.atMs == with.atMs && without.atMs.count == 3)
    }

    /// A step that was under way may act after the rollback has begun: it is undone when its call has ended.
    @Test func whatWasUnderWayIsUndoneAfterItsCall() {
        var slow = Self.program("slow", at: .after, undo: "fast")
        slow.timeoutMs = 40_000
        var world = Self.world([slow])
        world.steps.moods["slow"] = .hangs
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.canary.errors = 60
        world.cycle(20)
        #expect(world.release.phase == .rolledBack)
        #expect(world.forwardState("slow") == .unknown && world.procedure?.step("undo:slow")?.state == .planned)
        world.cycle(40)
        #expect(world.procedure?.step("undo:slow")?.state == .done)
    }

    /// A rollout whose plan is undone keeps the next one waiting.
    @Test func theNextRolloutWaitsForTheUndo() {
        var world = Self.world([Self.flag(onFailure: .page), Self.program("warm")])
        world.steps.moods = ["warm": .fails]
        _ = world.begin()
        world.cycle(10)
        world.steps.moods["undo:flag"] = .fails
        #expect(!world.order(.abort).isRefused)
        world.cycle(5)
        let first = world.forward?.id ?? ""
        world.steps.moods = ["undo:flag": .fails]
        #expect(!world.order(.begin(KernelHarness.next)).isRefused)
        world.cycle(20)
        #expect(world.applied.isEmpty && world.waitsFor.contains("which is undone"), "\(world.waitsFor)")
        #expect(accepted(world.command(.procedure(incident: first, .abandon))))
        let hasBegun = world.cycle(untilStep: 1)
        #expect(hasBegun && world.forward?.id == world.running?.id)
    }

    /// A step by hand after a promotion gives way to the next rollout, and its message is closed.
    @Test func whatStillWaitsGivesWayToTheNextRollout() {
        var drop = ProcedureStep(name: "drop", work: .person(text: "drop the column"), at: .after)
        (drop.when, drop.isDestructive) = ([.promote], true)
        var world = Self.world([drop])
        _ = world.begin()
        world.cycle(until: .ended)
        world.cycle(10)
        #expect(world.forwardState("drop") == .waiting && world.count(.personNeeded) == 1)
        let first = world.forward?.id
        _ = world.order(.begin(PrepareOrder(version: VersionIdentity("v1.6.0"))))
        world.cycle(3)
        #expect(world.forward?.id != first && world.count(.planEnded) == 1)
        #expect(
            world.recorded.contains { entry in
                if case .procedure(.skipped(step: "drop", _, let reason)) = entry.event {
                    reason.hasSuffix("begins")
                } else {
                    false
                }
            })
    }

    // MARK: watch

    @Test func aWatchedStepIsReportedOnceAndHoldsTheRollout() {
        var lag = Self.program("lag", .watch, onFailure: .hold)
        lag.everyMs = 5_000
        var world = Self.world([lag])
        _ = world.begin()
        world.cycle(untilStep: 2)
        let acts = world.steps.acts.count
        #expect(acts >= 2, "it repeats")
        world.steps.moods["lag"] = .fails
        world.cycle(40)
        #expect(world.count(.watchFailed) == 1 && world.running?.isHalted(.plan) == true && world.running?.step == 2)
        #expect(world.release.warnings.contains { $0.contains("lag") })
        world.restart()
        world.cycle(10)
        #expect(world.count(.watchFailed) == 1)
        world.steps.moods = [:]
        let continues = world.cycle(untilStep: 3)
        #expect(continues && world.count(.watchRecovered) == 1, "\(world.waitsFor)")
    }

    @Test func aWatchedStepStopsNoRollbackAndEndsWithIt() {
        var lag = Self.program("lag", .watch, onFailure: .hold)
        lag.everyMs = 5_000
        var world = Self.world([lag])
        world.steps.moods["lag"] = .hangs
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.cycle(30)
        #expect(world.count(.watchFailed) == 1)
        world.canary.errors = 60
        world.cycle(20)
        #expect(world.release.phase == .rolledBack)
        #expect(world.count(.watchRecovered) == 1, "\(world.recorded.suffix(30).map(\.event.name))")
    }

    // MARK: A release that others lead

    @Test func aReleaseWithoutARolloutBeginsWhenItsCanaryHasAShare() {
        var plan = Plan.example()
        plan.releases[0].procedure = ProcedurePlan(steps: [
            Self.program("before-all", at: .split), Self.flag(at: .after), Self.program("done", .promote, at: .after),
        ])
        var world = KernelHarness(plan: plan, canaryBasisPoints: 0)
        world.steps.values["flag"] = "off"
        world.cycle(5)
        #expect(world.steps.acts.isEmpty)
        world.canaryBasisPoints = 1_000
        world.cycle(40)
        #expect(world.steps.acts == ["before-all", "flag"] && world.forwardState("flag") == .proved)
        // Another client takes it out.
        world.canaryBasisPoints = 0
        world.cycle(40)
        #expect(world.release.phase == .idle && world.steps.sets == ["flag=on", "flag=off"])
        world.canaryBasisPoints = 10_000
        world.cycle(40)
        #expect(world.release.phase == .promoted)
    }

    /// Nothing waits for the undo of such a release: the next canary has its share already, and steps of its own.
    @Test func withoutARolloutTheNextCanaryEndsTheUndo() {
        var plan = Plan.example()
        plan.releases[0].procedure = ProcedurePlan(steps: [Self.flag(at: .after, onFailure: .page)])
        var world = KernelHarness(plan: plan, canaryBasisPoints: 1_000)
        world.steps.values["flag"] = "off"
        world.cycle(30)
        world.steps.moods["undo:flag"] = .fails
        world.canaryBasisPoints = 0
        world.cycle(30)
        let first = world.forward?.id
        #expect(world.forward?.undo?.isOpen == true)
        world.canaryBasisPoints = 1_000
        world.cycle(30)
        #expect(world.forward?.id != first && world.forwardState("flag") == .proved)
        let closed = world.recorded.contains { $0.incident == first && $0.event.name == "plan_ended" }
        #expect(closed)
        let before = world.forward
        world.restart()
        #expect(world.forward == before)
    }

    /// Parts of a unit have the rollout's id in common, and plans of their own.
    @Test func partsOfAUnitHavePlansOfTheirOwn() {
        func person(_ name: String) -> ProcedurePlan {
            var step = ProcedureStep(name: name, work: .person(text: "ask"), at: .before)
            step.when = [.begin]
            return ProcedurePlan(steps: [step])
        }
        var world = UnitWorld { plan in
            (plan.releases[0].procedure, plan.releases[1].procedure) = (person("ask-api"), person("ask-web"))
        }
        _ = world.begin()
        world.cycle(20)
        #expect(world.calls.isEmpty && world.waitsFor.contains("ask-"), "\(world.waitsFor)")
        let id = world.running?.id ?? ""
        #expect(accepted(world.command(.procedure(incident: id, .done(step: "ask-web")))))
        world.cycle(20)
        #expect(world.calls.isEmpty, "the other part waits")
        #expect(accepted(world.command(.procedure(incident: id, .done(step: "ask-api")))))
        world.cycle(20)
        #expect(!world.calls.isEmpty)
        let keys = world.kernel.releases.map { release in
            StepCall(
                release: release.name, incident: id, number: 1, step: .program("same"), attempt: 1, baselineVersion: "",
                canaryVersion: ""
            ).key
        }
        #expect(keys == ["\(id)/shop.api/same", "\(id)/shop.web/same"])
    }

    private func accepted(_ result: CommandResult) -> Bool {
        if case .accepted = result { true } else { false }
    }
}

extension KernelHarness {
    var forward: ForwardProcedure? { release.procedure?.forward }

    func forwardState(_ step: String) -> ProcedureRun.State? { forward?.steps.step(step)?.state }
}
