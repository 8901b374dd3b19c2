import Model
import Testing

@testable import Kernel

/// A crash after each entry of the journal of a rollout that begins.
@Suite("The roads of a plan over restarts")
struct ForwardRestartTests {
    private static var steps: [ProcedureStep] {
        var flag = ProcedureStep.flag(at: .before, onFailure: .hold)
        flag.work = .flag(FlagWork(flag: "flag", variant: "on", file: "/flags/flag.json"))
        var all = [flag, .program("warm", at: .split, retries: 5), .program("once", at: .after, isIdempotent: false)]
        for index in all.indices { all[index].when = [.begin] }
        all[1].undo = .exec(ExecWork(command: ["/bin/cool"]))
        return all
    }

    private static func world() -> KernelHarness {
        var world = KernelHarness.led()
        world.plan.releases[0].procedure = ProcedurePlan(steps: steps)
        world.steps.values["flag"] = "off"
        world.send(.reload(world.plan))
        return world
    }

    @Test(arguments: 2...24, [ProcedureWorld.Mood.works, .losesAnswers])
    func everyBeginComesToItsFirstShare(_ kept: Int, _ mood: ProcedureWorld.Mood) {
        var world = Self.world()
        for step in ["flag", "warm", "once"] { world.steps.moods[step] = mood }
        _ = world.begin()
        world.diskLimit = kept
        world.cycle(20)
        world.diskLimit = .max
        world.restart()
        world.steps.moods = [:]
        world.cycle(25)
        check(world, kept)
        guard world.running != nil, world.running?.hasBegun == true else { return }
        #expect(world.running?.step ?? 0 >= 1, "\(kept): \(world.waitsFor)")
        #expect(world.forwardState("flag") == .proved && world.forwardState("warm") == .done)
        #expect(world.steps.acts.count { $0 == "once" } <= 1, "\(kept): it ran twice: \(world.newest)")
        #expect(world.forward?.steps.step("flag")?.valueBefore == "off", "\(kept): the value before is kept")
        // Whatever the crash was, a rollback afterwards puts the flag back.
        world.canary.errors = 60
        world.cycle(40)
        #expect(world.steps.values["flag"] == "off", "\(kept): \(world.newest)")
    }

    /// A crash at each entry of the way back: everything that has an undo is undone, and once.
    @Test(arguments: 0...14)
    func everyUndoComesToItsEnd(_ more: Int) {
        var world = Self.world()
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.cycle(5)
        world.canary.errors = 60
        world.diskLimit = world.journal.count + 2 + more
        world.cycle(15)
        world.diskLimit = .max
        world.restart()
        world.cycle(60)
        guard let run = world.procedure else {
            #expect(more < 4, "\(more): the rollback is in no journal: \(world.newest)")
            return
        }
        #expect(!run.isOpen, "\(more): \(run.text)")
        #expect(world.steps.values["flag"] == "off" && run.step("undo:warm")?.state == .done)
        #expect(run.step("undo:once")?.state == .skipped)
        check(world, more)
    }

    private func check(_ world: KernelHarness, _ kept: Int) {
        let restarted = Kernel(
            plan: world.plan, replaying: world.recorded, journalIdentity: "test", seed: 1, at: world.now)
        let (one, other) = (restarted.snapshot(at: world.now), world.snapshot)
        #expect(one.incidents == other.incidents)
        #expect(one.releases[0].procedure?.forward == other.releases[0].procedure?.forward, "\(kept)")
        let started = world.recorded.filter { $0.event.name == "plan_step_started" }
        #expect(started.count >= Set(world.steps.acts).count, "\(kept): a step acted without an entry")
    }
}

extension KernelHarness {
    /// The names of the newest entries, for failures.
    fileprivate var newest: String { "\(recorded.suffix(45).map(\.event.name))" }
}
