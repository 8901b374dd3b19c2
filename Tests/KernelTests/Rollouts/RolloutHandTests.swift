import Model
import Testing

@testable import Kernel

@Suite("Changes by another client, and routers that forget")
struct RolloutHandTests {
    private func standing(_ step: Int = 3, _ change: (inout RolloutPlan) -> Void = { _ in }) -> KernelHarness {
        var world = KernelHarness.led { plan in
            plan.steps[step - 1].minMs = 36_000_000
            change(&plan)
        }
        _ = world.begin()
        world.cycle(untilStep: step)
        world.cycle(4)
        return world
    }

    @Test("A share that another client lowers is left so, and the rollout halts until it is resumed")
    func lowered() {
        var world = standing()
        let calls = world.applied.count
        world.canaryBasisPoints = 500
        world.cycle(4)
        #expect(world.applied.count == calls && world.running?.isHalted(.hand) == true)
        #expect(world.count("share_moved") == 1)
        let resumed = world.order(.resume(acceptsBaseline: false))
        #expect(resumed.outcome == .accepted)
        world.cycle(3)
        // The first step above what was set.
        #expect(world.running?.step == 2 && world.canaryBasisPoints == 1_000)
    }

    @Test("A share that another client raises is set back at once, and the second time halts")
    func raised() {
        var world = standing()
        world.canaryBasisPoints = 6_000
        world.cycle(2)
        #expect(world.canaryBasisPoints == 2_500 && world.running?.isHalted(.hand) == false)
        world.canaryBasisPoints = 6_000
        world.cycle(2)
        #expect(world.canaryBasisPoints == 2_500 && world.running?.isHalted(.hand) == true)
    }

    @Test("Nothing everywhere for ten minutes ends the rollout without a latch")
    func withdrawn() {
        var world = standing()
        world.canaryBasisPoints = 0
        world.cycle(4)
        #expect(world.running?.isHalted(.hand) == true && world.canaryBasisPoints == 0)
        world.cycle(610)
        #expect(world.lastEnded?.end == .withdrawn, "\(world.waitsFor)")
        #expect(world.release.phase == .idle)
        let again = world.order(.begin(KernelHarness.next))
        #expect(again.outcome == .accepted)
    }

    @Test("After an operator set 0, resume begins again at the first step")
    func resumedFromNothing() {
        var world = standing()
        world.canaryBasisPoints = 0
        world.cycle(5)
        _ = world.order(.resume(acceptsBaseline: false))
        world.cycle(4)
        #expect(world.running?.step == 1 && world.canaryBasisPoints == 100, "\(world.waitsFor)")
    }

    @Test("An instance that forgets its share gets it again, and the fourth time in ten minutes halts")
    func restartedInstance() {
        var world = standing()
        world.otherShares = [2_500]
        world.cycle(3)
        for round in 1...4 {
            let calls = world.applied.count
            world.otherShares = [0]
            for _ in 0..<6 where world.applied.count == calls { world.cycle() }
            #expect(world.applied.count > calls || round == 4)
            world.otherShares = [2_500]
            world.cycle(3)
        }
        #expect(world.running?.isHalted(.router) == true)
    }

    @Test("A share that is to be set again is not set when its entry becomes durable after a rollback began")
    func restoredTooLate() {
        var world = standing()
        world.otherShares = [2_500]
        world.cycle(3)
        let calls = world.applied.count
        world.isDiskWorking = false
        world.otherShares = [0]
        world.cycle(4)
        #expect(world.applied.count == calls)
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        world.cycle(8)
        #expect(world.canaryBasisPoints == 0)
        world.healDisk()
        world.cycle(3)
        #expect(world.applied.dropFirst(calls).allSatisfy { $0 == .allBaseline }, "\(world.applied.dropFirst(calls))")
    }

    @Test("A step that reaches half of the instances is undone, three times, and then halts")
    func halfMoved() {
        var world = standing(2) { $0.steps[1].minMs = 10_000 }
        world.unreadInstances = ["edge2"]
        world.cycle(60)
        #expect(world.count("step_undone") == 1, "\(world.waitsFor)")
        #expect(world.canaryBasisPoints == 1_000)
        world.unreadInstances = []
        world.cycle(3)
        // After the pause it is tried again.
        world.unreadInstances = ["edge2"]
        world.cycle(250)
        world.unreadInstances = []
        world.cycle(3)
        world.unreadInstances = ["edge2"]
        world.cycle(200)
        #expect(world.count("step_undone") <= 3)
    }

    @Test("An instance that comes back with more than the step is set down at once")
    func lateInstance() {
        var world = standing(2)
        world.otherShares = [2_500]
        let calls = world.applied.count
        world.cycle(2)
        #expect(world.applied.count > calls && world.applied.last?.canaryBasisPoints == 1_000)
        #expect(world.count("share_moved") >= 1)
    }
}
