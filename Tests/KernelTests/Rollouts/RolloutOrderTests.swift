import Model
import Testing

@testable import Kernel

@Suite("Orders to a rollout")
struct RolloutOrderTests {
    private static let newer = PrepareOrder(version: VersionIdentity("v1.5.1"))

    @Test("Two jobs at once: one place, one rollout; the same key gets the same answer")
    func twoJobs() {
        var world = KernelHarness.led()
        world.cycle(3)
        let first = world.order(.prepare(KernelHarness.next), key: "job-a")
        let again = world.order(.prepare(KernelHarness.next), key: "job-a")
        let other = world.order(.prepare(Self.newer), key: "job-b")
        let misused = world.order(.prepare(Self.newer), key: "job-a")
        #expect(first.outcome == .created && again.rollout == first.rollout && again.place == first.place)
        #expect(other.outcome == .refused(.busy))
        #expect(misused.outcome == .refused(.keyReused))
        #expect(world.count("rollout_prepared") == 1)
    }

    @Test("A queue holds one, the newer takes its place, and gets the place when that is free")
    func queue() {
        var world = KernelHarness.led()
        _ = world.begin()
        let queued = PrepareOrder(version: VersionIdentity("v1.5.1"), onBusy: .queue)
        let newer = PrepareOrder(version: VersionIdentity("v1.5.2"), onBusy: .queue)
        let first = world.order(.prepare(queued))
        let second = world.order(.prepare(newer))
        #expect(first.outcome == .accepted && second.outcome == .accepted)
        #expect(world.lastEnded?.version.version == "v1.5.1" && world.lastEnded?.end == .superseded)
        _ = world.order(.abort)
        world.cycle(5)
        #expect(world.running?.version.version == "v1.5.2" && world.running?.state == .prepared, "\(world.waitsFor)")
        #expect(world.running?.id == second.rollout)
    }

    @Test("A hotfix supersedes a lower version: its canary is out, proven, and then the place is free")
    func supersede() {
        var world = KernelHarness.led { $0.steps[2].minMs = 36_000_000 }
        _ = world.begin()
        world.cycle(untilStep: 3)
        let older = world.order(.prepare(PrepareOrder(version: VersionIdentity("v1.4.9"), onBusy: .supersede)))
        #expect(older.outcome == .refused(.older))
        let hotfix = world.order(.prepare(PrepareOrder(version: VersionIdentity("v1.5.1"), onBusy: .supersede)))
        #expect(hotfix.outcome == .accepted)
        world.cycle(20)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.lastEnded?.end == .superseded && world.running?.version.version == "v1.5.1")
        #expect(world.release.rollout?.deployment.failed.isEmpty == true)
    }

    @Test("An abort takes the canary out without a verdict: the version may begin again")
    func abort() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.pause(forMs: nil))
        let aborted = world.order(.abort)
        #expect(aborted.outcome == .accepted)
        world.cycle(15)
        #expect(world.canaryBasisPoints == 0 && world.lastEnded?.end == .aborted, "\(world.release.explanation)")
        let again = world.order(.begin(KernelHarness.next))
        #expect(again.outcome == .accepted)
        world.cycle(untilStep: 1)
        #expect(world.running?.preparation.attempt == 2 && world.canaryBasisPoints == 100)
    }

    @Test("An approval counts once, for its own step, and its repetition is answered by whose it was")
    func approval() {
        var world = KernelHarness.led { $0.steps[1].approval = ApprovalPlan() }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(15)
        #expect(world.count("gate_asked") == 1, "\(world.waitsFor)")
        let wrong = world.order(.approve(step: 1), by: "ann")
        #expect(wrong.outcome == .refused(.stale))
        let yes = world.order(.approve(step: 2), by: "ann", key: "k1")
        let repeated = world.order(.approve(step: 2), by: "ann", key: "k1")
        let other = world.order(.approve(step: 2), by: "bob", key: "k2")
        #expect(yes.outcome == .accepted && repeated == yes)
        #expect(other.outcome == .already && other.text == "already, by ann")
        world.cycle(untilStep: 3)
        #expect(world.applied.map(\.canaryBasisPoints) == [100, 1_000, 2_500])
        let late = world.order(.approve(step: 2), by: "bob")
        #expect(late.outcome == .refused(.stale))
    }

    @Test("An approval of a caller who is not named does not count")
    func approvalOfOthers() {
        var world = KernelHarness.led {
            var approval = ApprovalPlan()
            (approval.of, approval.count) = (["ann", "sre"], 2)
            $0.steps[1].approval = approval
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(15)
        let other = world.order(.approve(step: 2), by: "bob")
        #expect(
            other.outcome == .refused(.invalid) && other.text.contains("by ann or sre, not by bob"), "\(other.text)")
        #expect(world.order(.approve(step: 2), by: "ann").outcome == .accepted)
        world.cycle(5)
        #expect(world.running?.step == 2)
        #expect(world.order(.approve(step: 2), by: "sre").outcome == .accepted)
        world.cycle(untilStep: 3)
    }

    @Test("An old approval does not count: it has a time, and the gates are judged again when it comes")
    func oldApproval() {
        var world = KernelHarness.led { plan in
            var approval = ApprovalPlan()
            approval.validMs = 20_000
            plan.steps[1].approval = approval
            plan.steps[1].requests = 1
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(15)
        _ = world.order(.pause(forMs: nil))
        let yes = world.order(.approve(step: 2), by: "ann")
        #expect(yes.outcome == .accepted)
        world.cycle(30)
        _ = world.order(.resume(acceptsBaseline: false))
        world.cycle(10)
        #expect(world.running?.step == 2, "the approval has lapsed")
        #expect(world.count("gate_lapsed") == 1 && world.count("gate_asked") == 2)
    }

    @Test("Down beats up: while a rollback is wanted or under way nothing that goes up is taken or remembered")
    func downBeatsUp() {
        var world = KernelHarness.led { $0.steps[2].minMs = 36_000_000 }
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.isDiskWorking = false
        world.canary.errors = 40
        for _ in 0..<12 where world.release.phase != .rollingBack { world.cycle() }
        #expect(world.release.phase == .rollingBack)
        let promoted = world.order(.promote(PromoteOrder(step: 3, skip: ["min"])))
        #expect(promoted.outcome == .refused(.downBeatsUp))
        let resumed = world.order(.resume(acceptsBaseline: false))
        #expect(resumed.outcome == .refused(.downBeatsUp))
        world.healDisk()
        world.cycle(20)
        #expect(world.canaryBasisPoints == 0 && world.lastEnded?.end == .rolledBack)
        #expect(world.applied.map(\.canaryBasisPoints) == [100, 1_000, 2_500, 0])
    }

    @Test("A rollback waits for the answer of a forward call that is on its way")
    func rollbackBehindACall() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.mood = .slow
        world.cycle(12)
        #expect(world.running?.state == .moving && world.applied.last?.canaryBasisPoints == 2_500)
        let asked = world.command(.rollback(release: "checkout", toVersion: nil))
        guard case .accepted = asked else {
            Issue.record("\(asked)")
            return
        }
        #expect(world.applied.last?.canaryBasisPoints == 2_500)
        world.answerSlowCall()
        #expect(world.applied.last?.canaryBasisPoints == 0)
        world.mood = .honest
        world.cycle(20)
        #expect(world.canaryBasisPoints == 0 && world.running == nil)
    }

    @Test("Frozen: nothing begins or goes up, and a rollback and an abort go through")
    func frozen() {
        var world = KernelHarness.led { $0.steps[1].minMs = 5_000 }
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.freeze(untilWallMs: nil))
        world.cycle(40)
        #expect(world.running?.step == 2)
        let other = world.order(.begin(Self.newer))
        #expect(other.outcome == .refused(.frozen))
        world.canary.errors = 40
        world.cycle(30)
        #expect(world.canaryBasisPoints == 0 && world.release.phase == .rolledBack)
        world.canary.errors = 0
        _ = world.order(.unfreeze)
        let next = world.order(.begin(Self.newer))
        #expect(next.outcome == .accepted)
    }

    @Test("The calendar holds a step back, and at its opening everything is judged again")
    func calendar() {
        var world = KernelHarness.led()
        let opens = world.now.wallMs + 300_000
        world.plan.releases[0].rollout?.calendar = CalendarPlan(
            blackouts: [Blackout(fromWallMs: world.now.wallMs + 40_000, toWallMs: opens)])
        world.send(.reload(world.plan))
        _ = world.begin()
        world.cycle(120)
        let step = world.running?.step ?? 0
        #expect(step > 0 && step < 5 && world.now.wallMs < opens)
        #expect(world.waitsFor.contains("calendar"), "\(world.waitsFor)")
        let refused = world.order(.promote(PromoteOrder(step: step, skip: ["min"])))
        #expect(refused.outcome == .refused(.outside))
        let overridden = world.order(
            .promote(PromoteOrder(step: step, skip: ["min", "settle"], overridesCalendar: true)))
        #expect(overridden.outcome == .accepted)
        world.cycle(untilStep: step + 1)
        world.cycle(250)
        #expect(world.running == nil || (world.running?.step ?? 0) > step + 1)
    }
}
