import Model
import Testing

@testable import Kernel

@Suite("A rollout from the first share to everybody")
struct RolloutTests {
    @Test("A good version goes through all steps, bakes, and its place becomes the baseline without a router call")
    func goodRelease() throws {
        var world = KernelHarness.led()
        world.cycle(3)
        let prepared = world.order(.prepare(KernelHarness.next))
        #expect(prepared.outcome == .created && prepared.place == "green")
        let result1 = world.order(.begin(KernelHarness.next))
        #expect(result1.outcome == .accepted)
        for step in 1...4 {
            let isThere = world.cycle(untilStep: step)
            #expect(isThere, "step \(step): \(world.waitsFor)")
        }
        let result2 = world.cycle(until: .baking)
        #expect(result2, "\(world.waitsFor)")
        #expect(world.canaryBasisPoints == 10_000)
        let calls = world.applied.map(\.canaryBasisPoints)
        #expect(calls == [100, 1_000, 2_500, 5_000, 10_000])
        let result3 = world.cycle(until: .ended)
        #expect(result3, "\(world.waitsFor)")
        #expect(world.lastEnded?.end == .promoted)
        #expect(world.applied.map(\.canaryBasisPoints) == calls)
        #expect(world.isTurned)
        #expect(world.release.baseline.version == "v1.5.0")
        #expect(world.release.phase == .idle)
        world.cycle(5)
        #expect(world.applied.map(\.canaryBasisPoints) == calls)
        #expect(world.rolloutEvents.filter { $0 == "step_passed" }.count == 4)
        #expect(world.rolloutEvents.last == "rollout_ended")
    }

    @Test("Each intent of a step is on disk before the router is called")
    func intentFirst() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 4)
        let intents = world.recorded.filter { entry in
            if case .rollout(_, .stepIntended) = entry.event { true } else { false }
        }.map(\.sequence)
        #expect(intents.count == 4)
        for (intent, durable) in zip(intents, world.durableWhenApplied) { #expect(intent <= durable) }
    }

    @Test("A bad version at a step is taken out, latched, and cannot begin again before it is rearmed")
    func badRelease() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.canary.errors = 30
        world.cycle(25)
        #expect(world.release.phase == .rolledBack, "\(world.release.explanation)")
        #expect(world.canaryBasisPoints == 0)
        #expect(world.lastEnded?.end == .rolledBack)
        let result4 = world.order(.begin(KernelHarness.next))
        #expect(result4.outcome == .refused(.latched))
        #expect(world.order(.prepare(PrepareOrder(version: VersionIdentity("v1.5.1")))).outcome == .created)
    }

    @Test("A second order for the same step is stale: two clicks are one step")
    func twoClicks() {
        var world = KernelHarness.led { $0.steps[1].minMs = 3_600_000 }
        _ = world.begin()
        world.cycle(untilStep: 2)
        let order = RolloutCommand.promote(PromoteOrder(step: 2, skip: ["min", "settle"]))
        let result5 = world.order(order)
        #expect(result5.outcome == .accepted)
        let result6 = world.order(order)
        #expect(result6.isRefused)
        world.cycle(untilStep: 3)
        let result7 = world.order(order)
        #expect(result7.outcome == .refused(.stale))
        #expect(world.applied.map(\.canaryBasisPoints) == [100, 1_000, 2_500])
    }

    @Test("After the promotion, rollback --to goes back to the version of the other place")
    func wayBack() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(until: .ended)
        #expect(world.isTurned)
        world.cycle(5)
        let answer = world.command(.rollback(release: "checkout", toVersion: "v1.4.2"))
        guard case .accepted = answer else {
            Issue.record("\(answer)")
            return
        }
        world.cycle(20)
        #expect(!world.isTurned && world.canaryBasisPoints == 0)
        #expect(world.release.baseline.version == "v1.4.2")
        #expect(world.release.phase == .rolledBack, "\(world.release.explanation)")
        let unknown = world.command(.rollback(release: "checkout", toVersion: "v1.3.0"))
        guard case .refused(let text) = unknown else {
            Issue.record("v1.3.0 runs nowhere")
            return
        }
        #expect(text.contains("v1.3.0"))
    }

    @Test("Before the first promotion no rollback turns the roles: the other place never served")
    func nothingToGoBackTo() {
        var world = KernelHarness.led()
        world.plan.releases[0].canary.version = "v2"
        world = KernelHarness(plan: world.plan, canaryBasisPoints: 0)
        world.cycle(5)
        for version in [nil, "v2"] {
            _ = world.command(.rollback(release: "checkout", toVersion: version))
            world.cycle(5)
            #expect(!world.isTurned && world.release.baseline.version == "v1.4.2")
            #expect(world.canaryBasisPoints == 0)
        }
    }

    @Test("A rollback without a version goes back after a promotion, and ends a rollout that has no share")
    func rollbackWithoutVersion() {
        var world = KernelHarness.led()
        world.cycle(3)
        _ = world.order(.prepare(KernelHarness.next))
        let ended = world.command(.rollback(release: "checkout", toVersion: nil))
        guard case .accepted = ended else {
            Issue.record("\(ended)")
            return
        }
        #expect(world.lastEnded?.end == .rolledBack && world.applied.isEmpty)
        _ = world.command(.rearm(release: "checkout"))
        _ = world.begin()
        world.cycle(until: .ended)
        world.cycle(5)
        let back = world.command(.rollback(release: "checkout", toVersion: nil))
        guard case .accepted = back else {
            Issue.record("\(back)")
            return
        }
        world.cycle(20)
        #expect(!world.isTurned && world.canaryBasisPoints == 0 && world.release.baseline.version == "v1.4.2")
    }
}
