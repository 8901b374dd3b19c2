import Model
import Testing

/// A configuration may forget a release for a while; its latch holds the version, not the configuration.
@Suite("A release that the configuration forgets")
struct AbsentReleaseTests {
    /// A plan with another release in the place of the first one.
    private var other: Plan {
        var plan = Plan.example()
        plan.releases[0].name = "search"
        return plan
    }

    private func rolledBack() -> KernelHarness {
        var world = KernelHarness()
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(6)
        return world
    }

    @Test func keepsItsLatch() {
        var world = rolledBack()
        world.send(.reload(other))
        #expect(world.release.name == "search")
        world.canaryBasisPoints = 500
        world.send(.reload(.example()))
        #expect(world.release.phase == .rolledBack)
        world.cycle(10)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.incidents.count == 1)
    }

    @Test func keepsItsLatchOverARestartMeanwhile() {
        var world = rolledBack()
        world.plan = other
        world.send(.reload(other))
        world.restart()
        world.plan = .example()
        world.canaryBasisPoints = 500
        world.send(.reload(.example()))
        #expect(world.release.phase == .rolledBack)
        world.cycle(10)
        #expect(world.canaryBasisPoints == 0)
    }

    @Test func isANewOneWithANewVersion() {
        var world = rolledBack()
        world.send(.reload(other))
        world.send(.reload(.example(canaryVersion: "v3")))
        #expect(world.release.phase == .idle)
    }

    @Test func endsWhenItIsWatched() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(action: .notify)]))
        world.canary.errors = 30
        world.cycle(3)
        world.send(.reload(other))
        #expect(world.events == [.alertFiring, .alertResolved])
        #expect(world.journal.last?.event == .ended(.replaced))
        world.send(.reload(.example(rules: [.errorRate(action: .notify)])))
        world.plan = .example(rules: [.errorRate(action: .notify)])
        world.cycle(6)
        #expect(world.release.phase == .watching)
    }

    /// The rollback would never be finished.
    @Test func isNotForgottenInTheMiddleOfARollback() {
        var world = KernelHarness()
        world.cycle(3)
        world.mood = .refuses
        world.canary.errors = 30
        world.cycle(2)
        #expect(world.kernel.reasonsToRefuse(other).count == 1)
        #expect(world.kernel.reasonsToRefuse(.example(canaryVersion: "v3")).count == 1)
        #expect(world.kernel.reasonsToRefuse(.example()).isEmpty)
        world.mood = .honest
        world.cycle(12)
        #expect(world.kernel.reasonsToRefuse(other).isEmpty)
    }
}
