import Model
import Testing

@testable import Kernel

@Suite("The new version's targets, named in the order")
struct OrderedTargetTests {
    private func order(_ targets: [String]) -> RolloutCommand {
        .begin(PrepareOrder(version: VersionIdentity("v1.5.0"), targets: targets))
    }

    @Test("They become the place's targets, in the form of the other place's, and stay after a restart")
    func becomeTheList() {
        var world = KernelHarness.led()
        world.cycle(3)
        let answer = world.order(order(["10.0.0.7:80", "10.0.0.8:80"]))
        #expect(answer.outcome == .accepted, "\(answer)")
        func canary() -> [TargetPlan] { world.kernel.effectivePlan.releases[0].canary.targets }
        #expect(canary().map(\.url) == ["http://10.0.0.7:80/metrics", "http://10.0.0.8:80/metrics"])
        #expect(world.poolsChanged > 0)
        world.cycle(untilStep: 1)
        #expect(world.running?.step == 1, "\(world.waitsFor)")
        world.restart()
        #expect(canary().map(\.instance) == ["10.0.0.7:80", "10.0.0.8:80"])
        world.cycle(until: .ended)
        #expect(world.isTurned)
        #expect(
            world.kernel.effectivePlan.releases[0].baseline.targets.map(\.instance) == ["10.0.0.7:80", "10.0.0.8:80"])
    }

    @Test("What the other place counts continues")
    func otherPlaceContinues() {
        var world = KernelHarness.led()
        world.cycle(12)
        let before = world.release.baseline.requestRate
        _ = world.order(order(["10.0.0.7:80"]))
        #expect(before != nil && world.release.baseline.requestRate == before)
        world.cycle(1)
        #expect(world.release.baseline.requestRate == before)
    }

    @Test("A rollout without them has the configured targets again")
    func nextRollout() {
        var world = KernelHarness.led()
        world.cycle(3)
        _ = world.order(order(["10.0.0.7:80"]))
        _ = world.order(.abort)
        let second = world.order(.begin(KernelHarness.next))
        #expect(second.outcome == .accepted, "\(second)")
        #expect(world.kernel.effectivePlan.releases[0].canary.targets.map(\.instance) == ["b:1", "b:2"])
    }

    @Test(
        "What cannot be a target is refused, and nothing is written",
        arguments: [
            (["10.0.0.7"], "an address such as"), (["10.0.0.7:80", "10.0.0.7:80"], "named twice"),
            (["api=10.0.0.7:80"], "has no parts"), (["http://10.0.0.7:80/x"], "an address such as"),
            (["a:1"], "which serves"),
            ((0...1_000).map { "10.0.0.1:\($0 + 1)" }, "at most 1000"),
        ])
    func refused(targets: [String], text: String) {
        var world = KernelHarness.led()
        world.cycle(3)
        let entries = world.journal.count
        let answer = world.order(order(targets))
        #expect(answer.outcome == .refused(.invalid) && answer.text.contains(text), "\(answer)")
        #expect(world.journal.count == entries)
    }
}
