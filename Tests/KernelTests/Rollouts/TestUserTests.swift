import Model
import Testing

@testable import Kernel

@Suite("A step for test users")
struct TestUserTests {
    /// The first step has no share, and asks for 20 requests of test users.
    private static func world(
        rules: [RulePlan] = [.errorRate(condition: .compare(.value(.canary), .greater, .number(0.05)))]
    ) -> KernelHarness {
        var world = KernelHarness.led(rules: rules) { plan in
            var step = StepPlan(basisPoints: 0)
            (step.settleMs, step.minMs, step.requests, step.forced) = (0, 3_000, 20, true)
            plan.steps.insert(step, at: 0)
        }
        world.testRequests = 2
        return world
    }

    @Test("Its route is open while the step is in force, and closed when the first share is")
    func route() {
        var world = Self.world()
        _ = world.begin()
        world.cycle(untilStep: 1)
        #expect(world.isForced && world.canaryBasisPoints == 0)
        #expect(world.release.phase == .watching)
        world.cycle(untilStep: 2)
        #expect(!world.isForced && world.canaryBasisPoints == 100, "\(world.waitsFor)")
        #expect(world.forcedCalls == [true, false])
    }

    @Test("Requests of test users pass its gate, and without them it waits")
    func requests() {
        var world = Self.world()
        world.testRequests = 0
        _ = world.begin()
        world.cycle(40)
        #expect(world.running?.step == 1 && world.waitsFor.contains("0 of 20 requests"), "\(world.waitsFor)")
        #expect(world.running?.halts.isEmpty == true)
        world.testRequests = 2
        let isPassed = world.cycle(untilStep: 2)
        #expect(isPassed)
    }

    @Test("A rule about the canary alone takes it out, and closes the route before anything else")
    func absoluteRule() {
        var world = Self.world()
        _ = world.begin()
        world.cycle(untilStep: 1)
        (world.testRequests, world.testErrors) = (20, 10)
        for _ in 0..<20 where world.release.phase != .rollingBack && world.running != nil { world.cycle() }
        #expect(!world.isForced)
        world.cycle(20)
        #expect(world.lastEnded?.end == .rolledBack && world.release.rollout?.deployment.failed.count == 1)
        #expect(world.canaryBasisPoints == 0)
    }

    @Test("A rule that compares the versions has nothing to compare")
    func comparison() {
        var world = Self.world(rules: [.errorRate()])
        world.testErrors = 1
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.cycle(3)
        #expect(world.running?.incident == nil && world.running?.step == 1, "\(world.waitsFor)")
    }

    @Test("An abort and an operator's rollback close the route", arguments: [true, false])
    func taken(_ isAbort: Bool) {
        var world = Self.world()
        _ = world.begin()
        world.cycle(untilStep: 1)
        if isAbort {
            _ = world.order(.abort)
        } else {
            _ = world.command(.rollback(release: "checkout", toVersion: nil))
        }
        #expect(!world.isForced)
        world.cycle(20)
        #expect(world.lastEnded?.end == (isAbort ? .aborted : .rolledBack))
    }

    @Test("A restart opens it again, and one in the middle of a rollback does not")
    func restarts() {
        var world = Self.world()
        world.testRequests = 0
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.restart()
        world.cycle(2)
        #expect(world.forcedCalls == [true, true] && world.isForced)
        _ = world.order(.abort)
        world.restart()
        world.cycle(20)
        #expect(!world.isForced && world.forcedCalls.filter { $0 }.count == 2)
    }

    @Test("A call that opens the route and is lost is repeated, and the step waits for it")
    func lostCall() {
        var world = Self.world()
        world.losesForcedCalls = true
        _ = world.begin()
        world.cycle(untilStep: 1)
        world.cycle(30)
        #expect(world.running?.step == 1 && world.waitsFor.contains("test users"), "\(world.waitsFor)")
        #expect((2...5).contains(world.forcedCalls.count), "\(world.forcedCalls)")
        world.losesForcedCalls = false
        world.cycle(untilStep: 2)
        #expect(world.running?.step == 2, "\(world.waitsFor)")
    }

    @Test("A rollback waits for the call that opens the route, because that one could be the last to arrive")
    func rollbackBehindACall() {
        var world = Self.world()
        world.losesForcedCalls = true
        _ = world.begin()
        world.cycle(untilStep: 1)
        let before = world.applied.count
        _ = world.order(.abort)
        #expect(world.applied.count == before && world.forcedCalls == [true])
        world.cycle(20)
        #expect(world.applied.count > before && world.lastEnded?.end == .aborted)
        #expect(!world.isForced)
    }

    @Test("A router that refuses the route keeps the step closed")
    func refused() {
        var world = Self.world()
        _ = world.begin()
        world.cycle(3)
        world.mood = .refuses
        world.cycle(30)
        let isOpen = world.running?.step == 1 && world.isForced
        #expect(isOpen || world.waitsFor.contains("test users") || world.running?.state != .standing)
        #expect(world.running?.step ?? 0 <= 1)
    }
}
