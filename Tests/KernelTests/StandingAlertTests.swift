import Model
import Testing

@Suite("Alerts that last")
struct StandingAlertTests {
    private static func events(_ world: KernelHarness) -> [Notification.Event] {
        world.kernel.standingAlerts(at: world.now).map(\.event)
    }

    @Test func aFiringAlertLastsUntilItIsResolvedAndOverARestart() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(action: .notify)]))
        #expect(Self.events(world) == [])
        world.canary.errors = 30
        world.cycle(3)
        #expect(Self.events(world) == [.alertFiring])
        let told = world.deliveries[0].notification
        world.restart()
        let again = world.kernel.standingAlerts(at: world.now)[0]
        #expect(again.alert == told.alert && again.canaryVersion == told.canaryVersion)
        world.canary.errors = 0
        world.cycle(12)
        #expect(Self.events(world) == [])
    }

    @Test func aRollbackLastsUntilItIsRearmed() {
        var world = KernelHarness()
        world.canary.errors = 30
        world.cycle(8)
        #expect(world.release.phase == .rolledBack && Self.events(world) == [.rollbackIntended])
        let begin = world.kernel.standingAlerts(at: world.now)[0].timeline.first?.atWallMs
        world.restart()
        #expect(Self.events(world) == [.rollbackIntended])
        #expect(world.kernel.standingAlerts(at: world.now)[0].timeline.first?.atWallMs == begin)
        _ = world.command(.rearm(release: "checkout"))
        #expect(Self.events(world) == [])
    }

    @Test func withOtherVersionsARollbackLastsAnHourAtLeast() {
        var world = KernelHarness()
        world.canary.errors = 30
        world.cycle(8)
        world.send(.reload(.example(canaryVersion: "v3")))
        let standing = world.kernel.standingAlerts(at: world.now)
        #expect(standing.map(\.event) == [.rollbackIntended] && standing.first?.canaryVersion == "v2")
        world.now.wallMs += 3_600_000
        #expect(Self.events(world) == [])
    }

    /// A deployment tool removes the release from the configuration as soon as it was rolled back.
    @Test(arguments: [false, true])
    func aRollbackLastsAnHourWithoutItsRelease(isRestarted: Bool) {
        var world = KernelHarness()
        world.canary.errors = 30
        world.cycle(8)
        let begin = world.kernel.standingAlerts(at: world.now)[0].timeline.first?.atWallMs
        world.plan.releases[0].name = "search"
        if isRestarted { world.restart() } else { world.send(.reload(world.plan)) }
        let standing = world.kernel.standingAlerts(at: world.now)
        #expect(standing.map(\.event) == [.rollbackIntended] && standing.first?.release == "checkout")
        #expect(standing.first?.timeline.first?.atWallMs == begin && standing.first?.incident != nil)
        #expect(standing.first?.summary.contains("was rolled back") == true)
        world.now.wallMs += 3_600_000
        #expect(Self.events(world) == [])
    }

    @Test func aRearmedRollbackOfAnAbsentReleaseDoesNotLast() {
        var world = KernelHarness()
        world.canary.errors = 30
        world.cycle(8)
        _ = world.command(.rearm(release: "checkout"))
        world.plan.releases[0].name = "search"
        world.restart()
        #expect(Self.events(world) == [])
    }

    @Test func anOverdueRollbackLastsAsSuch() {
        var world = KernelHarness()
        world.mood = .refuses
        world.canary.errors = 30
        world.cycle(3)
        world.pass(ms: 70_000)
        #expect(Self.events(world) == [.alertFiring, .rollbackIntended, .rollbackAbandoned])
    }

    @Test func aDryRunRollsNothingBack() {
        var world = KernelHarness(isDryRun: true)
        world.canary.errors = 30
        world.cycle(5)
        #expect(!Self.events(world).contains(.rollbackIntended))
    }

    /// Without `keep_firing_for` an alert ends with its release; with it, a rollback that took seconds does not resolve it.
    @Test func keepFiringForOutlivesTheRelease() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(keepFiringForMs: 20_000)]))
        world.canary.errors = 30
        world.cycle(8)
        #expect(world.release.phase == .rolledBack && world.release.rules[0].alert == .firing)
        #expect(Self.events(world) == [.alertFiring, .rollbackIntended])
        world.restart()
        #expect(world.release.rules[0].alert == .firing)
        world.cycle(15)
        #expect(world.count(.alertResolved) == 0)
        world.cycle(10)
        #expect(world.count(.alertResolved) == 1 && world.release.rules[0].alert == .inactive)
        #expect(world.count(.alertFiring) == 1)
    }

    /// What `keep_firing_for` has counted is kept over a restart; downtime adds nothing.
    @Test func keepFiringForContinuesOverARestart() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(keepFiringForMs: 20_000, action: .notify)]))
        world.canary.errors = 30
        world.cycle(3)
        world.canary.errors = 0
        world.cycle(22)
        #expect(world.release.rules[0].alert == .firing)
        world.restart(downMs: 600_000)
        var cycles = 0
        while world.count(.alertResolved) == 0, cycles < 40 {
            world.cycle(1)
            cycles += 1
        }
        #expect((6...14).contains(cycles), "\(cycles)")
    }

    @Test func aReleaseThatBeginsWithinThatTimeGoesOnWithTheAlert() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(keepFiringForMs: 60_000)]))
        world.canary.errors = 30
        world.cycle(8)
        #expect(world.release.phase == .rolledBack)
        _ = world.command(.rearm(release: "checkout"))
        world.canary.errors = 0
        world.canaryBasisPoints = 1_000
        world.cycle(10)
        #expect(world.release.phase == .watching && world.release.rules[0].alert == .firing)
        world.cycle(70)
        #expect(world.release.rules[0].alert == .inactive && world.count(.alertResolved) == 1)
        #expect(world.count(.alertFiring) == 1)
    }
}
