import Model
import Testing

@Suite("The life of a release")
struct LifeTests {
    @Test func startsIdleAndBeginsWithTheCanarysShare() {
        var world = KernelHarness()
        world.canaryBasisPoints = 0
        world.restart()
        world.cycle(10)
        #expect(world.release.phase == .idle)
        world.canaryBasisPoints = 500
        world.cycle(6)
        #expect(world.release.phase == .watching)
        #expect(world.kernel.watchedSinceUptimeMs(release: "checkout") != nil)
    }

    @Test func endsPromotedOrWithdrawn() {
        var world = KernelHarness()
        world.cycle(2)
        world.canaryBasisPoints = 10_000
        world.cycle(6)
        #expect(world.release.phase == .promoted)
        world.canaryBasisPoints = 1_000
        world.cycle(6)
        #expect(world.release.phase == .watching)
        world.canaryBasisPoints = 0
        world.cycle(6)
        #expect(world.release.phase == .idle)
    }

    @Test func judgesNothingWhileIdle() {
        var world = KernelHarness()
        world.canaryBasisPoints = 0
        world.restart()
        world.canary.errors = 100
        world.strayRequests = 50
        world.cycle(20)
        #expect(world.events.isEmpty)
    }

    @Test func anOperatorsRollbackIsValidInEveryState() {
        var idle = KernelHarness()
        idle.canaryBasisPoints = 0
        idle.restart()
        #expect(accepted(idle.command(.rollback(release: "checkout", toVersion: nil))))
        idle.cycle(5)
        #expect(idle.release.phase == .rolledBack)
        var promoted = KernelHarness()
        promoted.canaryBasisPoints = 10_000
        promoted.cycle(6)
        #expect(accepted(promoted.command(.rollback(release: "checkout", toVersion: "v1"))))
        promoted.cycle(5)
        #expect(promoted.canaryBasisPoints == 0)
        let second = promoted.command(.rollback(release: "checkout", toVersion: nil))
        #expect(accepted(second))
        #expect(promoted.incidents.count == 1)
    }

    @Test func refusesUnknownNamesAndVersions() {
        var world = KernelHarness()
        guard case .notFound = world.command(.rollback(release: "unknown", toVersion: nil)) else {
            return #expect(Bool(false))
        }
        guard case .refused = world.command(.rollback(release: "checkout", toVersion: "v0")) else {
            return #expect(Bool(false))
        }
        guard case .refused = world.command(.rearm(release: "checkout")) else { return #expect(Bool(false)) }
    }

    @Test func aReloadKeepsTheLatchAndTheFiringAlerts() {
        var world = KernelHarness()
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(6)
        var next = world.plan
        next.releases[0].rules.append(.errorRate(name: "Another", action: .notify))
        world.send(.reload(next))
        world.plan = next
        #expect(world.release.phase == .rolledBack)
        #expect(world.release.rules.count == 2)
        world.send(.reload(.example(canaryVersion: "v3")))
        #expect(world.release.phase == .idle)
    }

    @Test func aReloadInTheMiddleOfARollbackGoesOn() {
        var world = KernelHarness()
        world.cycle(3)
        world.mood = .refuses
        world.canary.errors = 30
        world.cycle(2)
        world.send(.reload(world.plan))
        world.mood = .honest
        world.cycle(12)
        #expect(world.release.phase == .rolledBack)
        #expect(world.incidents.count == 1)
    }

    @Test func aRemovedRuleResolvesItsAlert() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(action: .notify)]))
        world.canary.errors = 30
        world.cycle(3)
        var next = world.plan
        next.releases[0].rules = []
        world.send(.reload(next))
        #expect(world.events == [.alertFiring, .alertResolved])
    }

    private func accepted(_ result: CommandResult) -> Bool {
        if case .accepted = result { true } else { false }
    }
}
