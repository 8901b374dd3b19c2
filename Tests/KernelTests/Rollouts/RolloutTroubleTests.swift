import Model
import Testing

@testable import Kernel

@Suite("Rollouts in trouble: crashes, sick baselines, gates without an answer")
struct RolloutTroubleTests {
    /// The journal up to the entry that intends the step.
    private func cut(_ world: KernelHarness, afterIntentOf step: Int) -> Int {
        let index = world.journal.firstIndex { entry in
            if case .rollout(_, .stepIntended(step, _, _)) = entry.event { true } else { false }
        }
        return (index ?? 0) + 1
    }

    @Test("A crash between the intent and the call: the router is read, and the call is made once")
    func crashBeforeCall() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.canaryBasisPoints = 1_000
        world.restart(keeping: cut(world, afterIntentOf: 3))
        let calls = world.applied.count
        world.cycle(1)
        #expect(world.applied.count == calls, "nothing goes up before two cycles of both pools")
        world.cycle(3)
        #expect(world.running?.step == 3 && world.canaryBasisPoints == 2_500, "\(world.waitsFor)")
        #expect(world.count("step_intended") == 3 && world.count("step_passed") == 2)
    }

    @Test("A crash after the call: the router shows the step, which is in force without another call")
    func crashAfterCall() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.restart(keeping: cut(world, afterIntentOf: 3))
        let calls = world.applied.count
        world.cycle(2)
        #expect(world.running?.step == 3 && world.applied.count == calls)
        #expect(world.count("step_intended") == 3)
    }

    @Test("A crash at every entry of the journal: the rollout ends as it would have, and no step is passed twice")
    func crashAnywhere() {
        var whole = KernelHarness.led()
        _ = whole.begin()
        whole.cycle(until: .ended)
        let entries = whole.journal.count
        #expect(entries > 20)
        // A step that is passed and the next one that is intended are one batch.
        let batches = (1..<entries).filter { !isPassed(whole.journal[$0 - 1]) }
        for kept in batches {
            var world = KernelHarness.led()
            _ = world.begin()
            world.cycle(until: .ended)
            let share = shareShown(after: kept, in: world.journal)
            world.canaryBasisPoints = share
            world.restart(keeping: kept)
            world.cycle(400)
            let last = world.lastEnded?.end
            let isOver =
                last == .promoted || last == .expired || world.running == nil || world.running?.state == .prepared
            #expect(isOver, "cut after \(kept): \(world.running?.state.rawValue ?? "none"): \(world.waitsFor)")
            let passed = world.recorded.compactMap { entry -> Int? in
                if case .rollout(_, .stepPassed(let step, _, _, _)) = entry.event { step } else { nil }
            }
            #expect(Set(passed).count == passed.count, "cut after \(kept): \(passed)")
        }
    }

    private func isPassed(_ entry: JournalEntry) -> Bool {
        if case .rollout(_, .stepPassed) = entry.event { true } else { false }
    }

    /// What the router shows when nothing after that entry was done.
    private func shareShown(after kept: Int, in journal: [JournalEntry]) -> Int {
        journal.prefix(kept).reduce(0) { share, entry in
            if case .rollout(_, .stepStanding(_, let basisPoints, _)) = entry.event { basisPoints } else { share }
        }
    }

    @Test("A baseline that loses a target halts, and continues three cycles after it is back")
    func baselineAway() {
        var world = KernelHarness.led { $0.steps[1].minMs = 30_000 }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.baseline.isUp = false
        world.cycle(2)
        #expect(world.running?.isHalted(.baselineAway) == true)
        world.baseline.isUp = true
        world.cycle(5)
        #expect(world.running?.halts.isEmpty == true, "\(world.waitsFor)")
        world.cycle(untilStep: 3)
        #expect(world.running?.step == 3)
    }

    @Test("A baseline as sick as the canary: no rollback, no step, and afterwards it continues")
    func bothSick() {
        var world = KernelHarness.led(rules: [.absoluteErrorRate()]) { $0.steps[2].minMs = 30_000 }
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.cycle(12)
        (world.baseline.errors, world.canary.errors) = (12, 12)
        world.cycle(60)
        #expect(world.running?.step == 3 && world.running?.isHalted(.baselineSick) == true, "\(world.waitsFor)")
        #expect(world.release.phase == .held)
        (world.baseline.errors, world.canary.errors) = (0, 0)
        world.cycle(until: .ended)
        #expect(world.lastEnded?.end == .promoted, "\(world.waitsFor)")
    }

    @Test("A webhook gate that gives no answer lapses and halts; its next round has another id")
    func gateLapses() {
        var world = KernelHarness.led { plan in
            plan.steps[1].webhook = WebhookGatePlan(name: "smoke", url: "http://gate")
            plan.steps[1].webhook?.withinMs = 60_000
            plan.steps[1].webhook?.everyMs = 5_000
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        for _ in 0..<90 {
            world.cycle()
            if let asked = world.gateQuestions.last {
                world.send(.gateTried(release: "checkout", id: asked.id, .noAnswer("status 200, a login form")))
            }
        }
        #expect(Set(world.gateQuestions.map(\.id)).count == 1 && world.gateQuestions.count > 3)
        #expect(world.running?.isHalted(.gate) == true && world.running?.step == 2)
        let id = world.gateQuestions[0].id
        let late = world.order(.answerGate(id: id, GateReply(.proceed, by: "smoke", reason: "")))
        #expect(late.outcome == .refused(.lapsed))
        _ = world.order(.resume(acceptsBaseline: false))
        world.cycle(3)
        guard let next = world.gateQuestions.last, next.id != id else {
            Issue.record("it is asked in a new round")
            return
        }
        world.send(
            .gateTried(release: "checkout", id: next.id, .answered(GateReply(.proceed, by: "smoke", reason: ""))))
        world.cycle(untilStep: 3)
        #expect(world.running?.step == 3, "\(world.waitsFor)")
    }

    @Test("A gate may ask for the rollback, which latches the version")
    func gateRollsBack() {
        var world = KernelHarness.led { $0.steps[1].webhook = WebhookGatePlan(name: "smoke", url: "http://gate") }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(14)
        let id = world.gateQuestions.last?.id ?? ""
        world.send(
            .gateTried(release: "checkout", id: id, .answered(GateReply(.rollback, by: "smoke", reason: "500s"))))
        world.cycle(20)
        #expect(world.canaryBasisPoints == 0 && world.lastEnded?.end == .rolledBack)
        let again = world.order(.begin(KernelHarness.next))
        #expect(again.outcome == .refused(.latched))
    }

    @Test("A clock that is set back holds windows for five minutes, and a step's time continues")
    func clockSetBack() {
        var world = KernelHarness.led { $0.steps[1].minMs = 20_000 }
        world.plan.releases[0].rollout?.calendar = CalendarPlan()
        world.send(.reload(world.plan))
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.now.wallMs -= 7_200_000
        world.cycle(30)
        #expect(world.running?.isHalted(.clock) == true && world.running?.step == 2)
        world.cycle(300)
        #expect((world.running?.step ?? 9) > 2, "\(world.waitsFor)")
    }

    @Test("A disk that takes nothing lets nothing go up; a breach acts all the same")
    func diskFull() {
        var world = KernelHarness.led { $0.steps[1].minMs = 5_000 }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.isDiskWorking = false
        let calls = world.applied.count
        world.cycle(60)
        #expect(world.applied.count == calls && world.canaryBasisPoints == 1_000)
        world.canary.errors = 40
        world.cycle(30)
        #expect(world.canaryBasisPoints == 0)
    }

    @Test("A step without traffic is overdue after its time, and only halts")
    func overdue() {
        var world = KernelHarness.led { plan in
            plan.steps[1].requests = 1e9
            plan.steps[1].maxMs = 60_000
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(70)
        #expect(world.running?.isHalted(.overdue) == true && world.canaryBasisPoints == 1_000)
    }

    @Test("A bad version that shows it while it bakes is rolled back from everything, and latched")
    func badInTheBake() {
        var world = KernelHarness.led(rules: [.absoluteErrorRate()]) { $0.bake.forMs = 3_600_000 }
        _ = world.begin()
        world.cycle(until: .baking)
        let busy = world.order(.prepare(PrepareOrder(version: VersionIdentity("v1.6.0"))))
        #expect(busy.outcome == .refused(.busy))
        world.canary.errors = 30
        world.cycle(30)
        #expect(world.canaryBasisPoints == 0, "\(world.release.explanation)")
        #expect(world.lastEnded?.end == .rolledBack && world.release.rollout?.deployment.isTurned == false)
        #expect(world.release.rollout?.deployment.failed == [VersionIdentity("v1.5.0")])
    }

    @Test("A holdback keeps a control group while baking, and one last step takes it along")
    func holdback() {
        var world = KernelHarness.led { plan in
            plan.bake.holdbackBasisPoints = 200
            plan.steps[4].basisPoints = 9_800
        }
        _ = world.begin()
        world.cycle(until: .baking)
        #expect(world.canaryBasisPoints == 9_800)
        world.cycle(until: .ended)
        #expect(world.lastEnded?.end == .promoted && world.isTurned)
    }

    @Test("A wrong image: nothing begins, and one that comes later is left out and halts")
    func wrongImage() {
        var world = KernelHarness.led { plan in
            plan.checkingMaxMs = 30_000
            plan.steps[2].minMs = 36_000_000
        }
        world.toldVersions = ["a:1": "v1.4.2", "a:2": "v1.4.2", "b:1": "v1.4.2", "b:2": "v1.5.0"]
        _ = world.begin()
        world.cycle(40)
        #expect(world.lastEnded?.end == .aborted && world.applied.isEmpty)
        #expect(world.count("version_mismatch") == 1)
        world.toldVersions["b:1"] = "v1.5.0"
        _ = world.order(.begin(KernelHarness.next))
        world.cycle(untilStep: 3)
        world.toldVersions["b:2"] = "v1.4.2"
        world.cycle(3)
        #expect(world.running?.isHalted(.mismatch) == true, "\(world.waitsFor)")
        // A rule that breaches on the others still rolls back.
        world.canary.errors = 40
        world.cycle(30)
        #expect(world.canaryBasisPoints == 0 && world.lastEnded?.end == .rolledBack)
    }

    @Test("Too few targets for the next share halt once, and not again while they are missing")
    func capacity() {
        var world = KernelHarness.led()
        world.toldVersions = ["b:1": "v1.5.0", "b:2": "v1.5.0"]
        _ = world.begin()
        world.cycle(untilStep: 4)
        // A target that runs another version is left out; the halt for that ends with the next line.
        world.toldVersions["b:2"] = "v1.4.2"
        world.cycle(60)
        #expect(world.running?.step == 4)
        world.toldVersions["b:2"] = "v1.5.0"
        world.cycle(until: .baking)
        #expect(world.running?.state == .baking, "\(world.waitsFor)")
        #expect(world.count("halted") <= 2)
    }

    @Test("A reservation without a deployment expires")
    func expires() {
        var world = KernelHarness.led { $0.prepareExpiresMs = 30_000 }
        world.cycle(3)
        _ = world.order(.prepare(KernelHarness.next))
        world.cycle(40)
        #expect(world.lastEnded?.end == .expired)
    }

    @Test("A dry run goes as far as the first step and says what it would do")
    func dryRun() {
        var world = KernelHarness.led()
        world = KernelHarness(plan: world.plan, isDryRun: true, canaryBasisPoints: 0)
        _ = world.begin()
        world.cycle(10)
        #expect(
            world.applied.isEmpty && world.plannedSplits.map(\.canaryBasisPoints) == [100, 1_000, 2_500, 5_000, 10_000])
        #expect(world.running?.step == 0)
    }

    @Test("Start conditions that are not met end the rollout without any call")
    func startConditions() {
        var world = KernelHarness.led { $0.checkingMaxMs = 30_000 }
        world.canary.isUp = false
        _ = world.begin()
        world.cycle(20)
        #expect(world.waitsFor.contains("0 of 2 targets"), "\(world.waitsFor)")
        world.cycle(20)
        #expect(world.lastEnded?.end == .aborted && world.applied.isEmpty)
    }

    /// A call of which nothing is heard any more.
    private func loseCall(_ world: inout KernelHarness) {
        var release = world.kernel.releases[0]
        var context = StepContext(
            now: world.now, isDryRun: false, graceMs: 0, desk: NotificationDesk(), journalIdentity: "test",
            nextSequence: 1, nextCall: 10_000, seed: 1)
        release.lead(&context) { lead, step in
            if let rollout = lead.running?.rollout { lead.running?.share.takeUp(rollout, &step) }
        }
        world.kernel.releases[0] = release
    }

    @Test(
        "A call whose answer is lost is waited for as long as a call may take, before the first step and while it bakes",
        arguments: [(Rollout.State.checking, 0), (.baking, 10_000)])
    func lostCall(_ state: Rollout.State, _ share: Int) {
        var world = KernelHarness.led { $0.bake.forMs = 600_000 }
        _ = world.begin()
        if state == .checking { _ = world.order(.pause(forMs: nil)) }
        world.cycle(until: state)
        world.otherShares = [share]
        world.cycle()
        loseCall(&world)
        #expect(world.kernel.releases[0].rollouts.running?.move?.call != nil)
        // Another client changes the share of one instance.
        world.canaryBasisPoints = 5_000
        world.cycle(12)
        #expect(world.running?.state == state && world.canaryBasisPoints == share, "\(world.waitsFor)")
    }
}
