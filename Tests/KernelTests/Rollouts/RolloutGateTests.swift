import Model
import Testing

@testable import Kernel

@Suite("Gates of a rollout that are asked")
struct RolloutGateTests {
    private static func withApproval(_ change: (inout ApprovalPlan) -> Void = { _ in }) -> KernelHarness {
        var approval = ApprovalPlan()
        change(&approval)
        return KernelHarness.led { $0.steps[1].approval = approval }
    }

    @Test("An approval of the step in force that comes before it is asked for counts when the other gates open")
    func early() {
        var world = Self.withApproval()
        _ = world.begin()
        world.cycle(untilStep: 2)
        #expect(world.order(.approve(step: 3), by: "ann").outcome == .refused(.stale))
        #expect(world.order(.approve(step: 2), by: "ann").outcome == .accepted)
        #expect(world.order(.approve(step: 2), by: "bob").outcome == .already)
        #expect(world.running?.step == 2, "the other gates are still judged")
        world.cycle(untilStep: 3)
        #expect(world.count("gate_asked") == 0, "who has approved is not asked again")
        #expect(world.count("step_passed") == 2)
    }

    @Test("An early approval is good for its time and its step alone")
    func earlyLapses() {
        var world = Self.withApproval { $0.validMs = 3_000 }
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.approve(step: 2), by: "ann")
        world.cycle(20)
        #expect(world.running?.step == 2 && world.count("gate_asked") == 1, "\(world.waitsFor)")
        #expect(world.order(.approve(step: 2), by: "ann").outcome == .accepted)
        world.cycle(untilStep: 3)
        #expect(world.running?.earlyReplies.isEmpty == true)
    }

    @Test("Of two approvals the early one counts beside the one that is asked for")
    func earlyOfTwo() {
        var world = Self.withApproval { $0.count = 2 }
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.approve(step: 2), by: "ann")
        world.cycle(15)
        #expect(world.count("gate_asked") == 1 && world.running?.step == 2)
        #expect(world.order(.approve(step: 2), by: "ann").outcome == .already)
        #expect(world.order(.approve(step: 2), by: "bob").outcome == .accepted)
        world.cycle(untilStep: 3)
    }

    @Test("Approvals that are asked for have to come from different callers, whichever way they come")
    func distinct() {
        var world = Self.withApproval {
            ($0.count, $0.isNotTheBeginner, $0.of) = (2, true, ["ada", "ann", "bob"])
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(12)
        let id = world.running?.gate("approval")?.id ?? ""
        func answer(_ by: String) -> RolloutAnswer.Outcome {
            world.order(.answerGate(id: id, GateReply(.proceed, by: by, reason: "fine"), once: false), by: by).outcome
        }
        #expect(answer("ada") == .refused(.invalid), "ada began it")
        #expect(answer("eve") == .refused(.invalid), "eve is none of those who may")
        #expect(answer("ann") == .accepted && answer("ann") == .already)
        #expect(world.order(.approve(step: 2), by: "ann").outcome == .already)
        world.cycle(20)
        #expect(world.running?.step == 2, "one operator is not two")
        #expect(answer("bob") == .accepted)
        world.cycle(untilStep: 3)
        #expect(world.running?.step == 3, "\(world.waitsFor)")
    }

    @Test("An early approval survives a restart, and is not taken while the next step is on its way")
    func earlyAndRestart() {
        var world = Self.withApproval()
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.approve(step: 2), by: "ann")
        world.restart()
        world.mood = .hangs
        world.cycle(20)
        #expect(world.running?.state == .moving, "\(world.waitsFor)")
        #expect(world.order(.approve(step: 2), by: "bob").outcome == .refused(.notReady))
    }

    @Test("An operator approves the webhook gate by its name, and no gate that the step does not have")
    func approveByName() {
        var world = KernelHarness.led {
            $0.steps[1].webhook = WebhookGatePlan(name: "smoke", url: "https://gate.example/smoke")
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        let early = world.order(.approve(step: 2, gate: "smoke"))
        #expect(early.outcome == .refused(.notReady))
        world.cycle(15)
        let unknown = world.order(.approve(step: 2, gate: "load"))
        #expect(unknown.outcome == .refused(.invalid) && unknown.text.contains("smoke"), "\(unknown.text)")
        #expect(world.order(.approve(step: 2, gate: "smoke")).outcome == .accepted)
        world.cycle(untilStep: 3)
    }

    @Test("A question's token is good for one answer, in the step that asked alone")
    func answerOnce() {
        var world = KernelHarness.led {
            $0.steps[1].webhook = WebhookGatePlan(name: "smoke", url: "https://gate.example/smoke")
            $0.steps[1].approval = ApprovalPlan()
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(15)
        let id = world.gateQuestions.last?.id ?? ""
        let yes = RolloutCommand.answerGate(id: id, GateReply(.proceed, by: "smoke", reason: "fine"), once: true)
        #expect(world.order(yes).outcome == .accepted)
        #expect(world.order(yes).outcome == .refused(.answered))
        _ = world.order(.approve(step: 2))
        world.cycle(untilStep: 3)
        #expect(world.order(yes).outcome == .refused(.answered))
        #expect(world.count("gate_answered") == 2)
    }

    @Test(
        "A caller that may lead releases alone pauses and aborts its own rollouts, and no other",
        arguments: [RolloutCommand.pause(forMs: nil), .abort])
    func own(_ command: RolloutCommand) {
        var world = KernelHarness.led()
        world.cycle(3)
        _ = world.order(.begin(KernelHarness.next), by: "ci")
        let foreign = world.order(command, by: "other", isLimitedToOwn: true)
        #expect(foreign.outcome == .refused(.notYours) && foreign.text.contains("prepared by ci"), "\(foreign.text)")
        #expect(world.running?.pause == nil && world.running != nil)
        #expect(world.order(command, by: "ci", isLimitedToOwn: true).outcome == .accepted)
    }

    @Test("A version that waits in the queue while it is rolled back does not begin", arguments: [true, false])
    func latchedInTheQueue(_ isPreparedAgain: Bool) {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 2)
        let next = PrepareOrder(version: KernelHarness.next.version, onBusy: .queue)
        #expect(world.order(.prepare(next)).outcome == .accepted)
        world.canary.errors = 30
        world.cycle(until: .ended)
        world.canary.errors = 0
        world.cycle(30)
        #expect(world.running == nil, "it is latched, so its place in the queue ends: \(world.waitsFor)")
        if isPreparedAgain { #expect(world.order(.prepare(next)).outcome == .refused(.latched)) }
        #expect(world.order(.begin(next)).outcome == .refused(.latched))
        #expect(world.running == nil)
    }

    @Test("The same holds for one that waits in the queue")
    func ownInTheQueue() {
        var world = KernelHarness.led()
        _ = world.begin()
        let next = PrepareOrder(version: VersionIdentity("v1.5.1"), onBusy: .queue)
        let queued = world.order(.prepare(next), by: "ci")
        let foreign = world.order(.abort, by: "other", rollout: queued.rollout, isLimitedToOwn: true)
        #expect(foreign.outcome == .refused(.notYours))
        #expect(world.order(.abort, by: "ci", rollout: queued.rollout, isLimitedToOwn: true).outcome == .accepted)
    }
}
