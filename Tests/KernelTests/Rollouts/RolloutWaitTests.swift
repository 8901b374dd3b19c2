import Model
import Testing

@testable import Kernel

@Suite("A rollout that waits, and its way back")
struct RolloutWaitTests {
    private static let fourHours: Int64 = 4 * 3_600_000

    /// Hours in which the process does not run.
    private func wait(_ world: inout KernelHarness, ms: Int64) {
        world.now.uptimeMs += ms
        world.now.wallMs += ms
        world.cycle(2)
    }

    @Test("A rollout that is paused is reported every four hours, and a restart doubles and forgets none")
    func reminders() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.pause(forMs: nil))
        world.cycle(10)
        #expect(world.count("rollout_reminder") == 0)
        wait(&world, ms: Self.fourHours)
        #expect(world.count("rollout_reminder") == 1)
        world.cycle(20)
        world.restart()
        world.cycle(20)
        #expect(world.count("rollout_reminder") == 1)
        wait(&world, ms: Self.fourHours)
        #expect(world.count("rollout_reminder") == 2)
        #expect(world.deliveries.count { $0.notification.event == .rolloutReminder } == 2)
        _ = world.order(.resume(acceptsBaseline: false))
        wait(&world, ms: 2 * Self.fourHours)
        #expect(world.count("rollout_reminder") == 2)
    }

    @Test("A halt that ends by itself asks for no operator, and one that does not is reported again")
    func remindersOfHalts() {
        var world = KernelHarness.led { $0.steps[1].maxMs = 20_000 }
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.canary.isUp = false
        wait(&world, ms: 2 * Self.fourHours)
        #expect(world.count("rollout_reminder") == 0)
        world.canary.isUp = true
        world.cycle(untilStep: 2)
        _ = world.order(.freeze(untilWallMs: world.now.wallMs + 30_000))
        world.cycle(40)
        #expect(world.running?.isHalted(.overdue) == true || world.running?.step != 2, "\(world.waitsFor)")
        wait(&world, ms: Self.fourHours)
        #expect(world.count("rollout_reminder") == (world.running?.isHalted(.overdue) == true ? 1 : 0))
    }

    @Test("Reminders end: no rollout causes more than 84")
    func bounded() {
        var world = KernelHarness.led()
        _ = world.begin()
        world.cycle(untilStep: 1)
        _ = world.order(.pause(forMs: nil))
        for _ in 0..<100 { wait(&world, ms: Self.fourHours) }
        #expect(world.count("rollout_reminder") == 84)
    }

    private func promoted() -> KernelHarness {
        var world = KernelHarness.led { $0.bake = BakePlan(forMs: 5_000) }
        _ = world.begin()
        world.cycle(until: .ended)
        return world
    }

    @Test("The way back is lost when the instances of the version before are gone for a minute; it is reported once")
    func wayBackLost() {
        var world = promoted()
        world.cycle(10)
        world.baseline.isUp = false
        world.cycle(30)
        #expect(world.count("way_back_lost") == 0, "a restart is no loss")
        world.cycle(40)
        #expect(world.count("way_back_lost") == 1)
        #expect(world.release.rollout?.wayBack?.hasPrefix("lost: v1.4.2 in blue, 0 of") == true)
        world.restart()
        world.cycle(100)
        #expect(world.count("way_back_lost") == 1)
        #expect(world.deliveries.count { $0.notification.event == .wayBackLost } == 1)
    }

    @Test("Instances that stay back for ten minutes are a way back again, and may be lost again")
    func wayBackFound() {
        var world = promoted()
        world.baseline.isUp = false
        world.cycle(80)
        world.baseline.isUp = true
        world.cycle(20)
        world.baseline.isUp = false
        world.cycle(80)
        #expect(world.count("way_back_lost") == 1, "one that comes and goes is reported once")
        world.baseline.isUp = true
        world.cycle(620)
        #expect(world.release.rollout?.wayBack?.hasPrefix("v1.4.2 in blue") == true)
        world.baseline.isUp = false
        world.cycle(80)
        #expect(world.count("way_back_lost") == 2)
    }

    @Test("A place that is reserved for the next version is no way back any more")
    func wayBackReused() {
        var world = promoted()
        world.cycle(5)
        _ = world.order(.prepare(PrepareOrder(version: VersionIdentity("v1.6.0"))))
        #expect(world.count("way_back_lost") == 1)
        #expect(world.release.rollout?.wayBack == nil)
        world.restart()
        world.cycle(5)
        #expect(world.count("way_back_lost") == 1)
    }

    @Test("While it bakes the old version's absence is a lost way back")
    func lostInTheBake() {
        var world = KernelHarness.led { $0.bake = BakePlan(forMs: 600_000) }
        _ = world.begin()
        world.cycle(until: .baking)
        world.baseline.isUp = false
        world.cycle(70)
        #expect(world.count("way_back_lost") == 1)
        world.restart()
        world.cycle(70)
        #expect(world.count("way_back_lost") == 1)
    }
}
