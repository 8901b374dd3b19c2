import Model
import Testing

@testable import Kernel

@Suite("What waits in a rollout's queue, and versions that begin once more")
struct RolloutQueueTests {
    private static let waiting = PrepareOrder(version: KernelHarness.next.version, onBusy: .queue)

    /// The same version is under way and waits.
    private static func queued(_ change: (inout RolloutPlan) -> Void) -> (KernelHarness, RolloutAnswer) {
        var world = KernelHarness.led(change)
        _ = world.begin()
        world.cycle(untilStep: 2)
        let answer = world.order(.prepare(waiting))
        return (world, answer)
    }

    @Test("A version that is rolled back while it waits does not get the place, not after a restart either")
    func latched() {
        var (world, queued) = Self.queued { $0.steps[1].minMs = 36_000_000 }
        #expect(queued.outcome == .accepted)
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        world.cycle(15)
        #expect(world.canaryBasisPoints == 0 && world.running == nil, "\(world.waitsFor)")
        #expect(world.lastEnded?.id == queued.rollout && world.lastEnded?.end == .aborted)
        #expect(world.release.phase == .rolledBack)
        #expect(world.order(.begin(KernelHarness.next)).outcome == .refused(.latched))
        world.restart()
        world.cycle(5)
        #expect(world.running == nil && world.release.phase == .rolledBack)
        _ = world.command(.rearm(release: "checkout"))
        #expect(world.order(.begin(KernelHarness.next)).outcome == .accepted)
    }

    @Test("A version that is promoted while it waits does not get the place of its neighbour")
    func promoted() {
        var (world, queued) = Self.queued { _ in }
        world.cycle(until: .ended)
        #expect(world.running == nil)
        #expect(world.lastEnded?.id == queued.rollout && world.lastEnded?.end == .aborted)
        #expect(world.release.rollout?.deployment.baseline.running == KernelHarness.next.version)
    }

    @Test(
        "A version that is older than what serves by then does not get the place, unless its order allowed it",
        arguments: [false, true])
    func olderByThen(_ allowsDowngrade: Bool) {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 2)
        let version = VersionIdentity("v1.4.9")
        let order = PrepareOrder(version: version, onBusy: .queue, allowsDowngrade: allowsDowngrade)
        let queued = world.order(.prepare(order))
        #expect(queued.outcome == .accepted)
        world.restart()
        for _ in 0..<300 where world.release.rollout?.deployment.baseline.running != KernelHarness.next.version {
            world.cycle()
        }
        if allowsDowngrade {
            #expect(world.running?.id == queued.rollout && world.running?.state == .prepared)
        } else {
            #expect(world.running == nil)
            #expect(world.lastEnded?.id == queued.rollout && world.lastEnded?.end == .aborted)
            #expect(world.lastEnded?.endReason.contains("v1.4.9 is older than v1.5.0") == true)
        }
    }

    @Test("A beginning ends nothing where nothing was under way, and what was under way once")
    func endsOnce() {
        var world = KernelHarness.led()
        func replaced() -> Int { world.recorded.count { $0.event == .ended(.replaced) } }
        _ = world.begin()
        #expect(replaced() == 0)
        world.cycle(untilStep: 2)
        _ = world.order(.abort)
        world.cycle(15)
        #expect(world.order(.begin(PrepareOrder(version: VersionIdentity("v1.5.1")))).outcome == .accepted)
        #expect(replaced() == 1)
        world.restart()
        world.cycle(untilStep: 1)
        #expect(world.running?.version.version == "v1.5.1" && world.canaryBasisPoints == 100, "\(world.waitsFor)")
    }

    @Test("A version that begins once more after an abort is not rolled back after a restart")
    func againAfterAbort() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.abort)
        world.cycle(15)
        #expect(world.lastEnded?.end == .aborted)
        #expect(world.order(.begin(KernelHarness.next)).outcome == .accepted)
        let before = world.release.phase
        world.restart()
        #expect(world.release.phase == before, "\(world.release.explanation)")
        world.cycle(untilStep: 1)
        #expect(world.running?.step == 1 && world.canaryBasisPoints == 100, "\(world.waitsFor)")
    }
}
