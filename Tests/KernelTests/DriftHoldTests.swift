import Model
import Testing

@Suite("A canary that comes back while the baseline is away")
struct DriftHoldTests {
    /// Rolled back; then a deployer gives the canary a half, and the old version is switched off.
    private func promotedByHand(isCanaryUp: Bool = true) -> KernelHarness {
        var world = KernelHarness()
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(5)
        world.baseline.isUp = false
        world.canary.isUp = isCanaryUp
        world.cycle(2)
        world.canaryBasisPoints = 5_000
        return world
    }

    @Test func isLeftWithItsTraffic() {
        var world = promotedByHand()
        let before = world.applied.count
        world.cycle(100)
        #expect(world.applied.count == before)
        #expect(world.canaryBasisPoints == 5_000)
        #expect(world.release.phase == .rolledBack)
        #expect(world.count(.rollbackHeld) == 1)
        #expect(world.count(.rollbackDrifted) == 0)
        #expect(world.release.explanation.contains("no target of the baseline could be scraped"))
        let told = world.deliveries.last { $0.notification.event == .rollbackHeld }
        #expect(told?.notification.incident == world.incidents[0].id)
    }

    @Test func isTakenOutWhenTheBaselineIsThereAgain() {
        var world = promotedByHand()
        world.cycle(12)
        world.baseline.isUp = true
        world.cycle(12)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.incidents.map(\.state) == [.acknowledged])
        // A receiver that was notified that nothing is done is notified that it is, also within the minute.
        #expect(world.events.suffix(3) == [.rollbackHeld, .rollbackDrifted, .rollbackAcknowledged])
    }

    @Test func isTakenOutWhenAPersonAsks() {
        var world = promotedByHand()
        world.cycle(12)
        #expect(world.canaryBasisPoints == 5_000)
        let result = world.command(.rollback(release: "checkout", toVersion: nil))
        #expect(result == .accepted(text: "checkout's canary is taken out again", incident: world.incidents[0].id))
        world.cycle(6)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.journal.contains { $0.event == .driftOverruled(by: "ada", reason: "because") })
    }

    @Test(arguments: [false, true])
    func theRoutersAnswerIsEnough(_ isHealthy: Bool) {
        var world = KernelHarness()
        world.baselineHealthy = true
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(5)
        (world.baselineHealthy, world.canaryBasisPoints) = (isHealthy, 5_000)
        world.cycle(30)
        #expect(world.canaryBasisPoints == (isHealthy ? 0 : 5_000))
        #expect(world.count(.rollbackHeld) == (isHealthy ? 0 : 1))
    }

    /// Then the network may be away, and the canary is known to be bad.
    @Test func isTakenOutWhenNeitherVersionCanBeScraped() {
        var world = promotedByHand(isCanaryUp: false)
        world.cycle(12)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.count(.rollbackHeld) == 0)
    }

    /// A canary that misses a scrape now and then, or a baseline that crashes again and again and answers in between, settles
    /// nothing.
    @Test(arguments: Pool.allCases)
    func isStillLeftWhenAPoolFlickers(_ pool: Pool) {
        var world = promotedByHand()
        func set(isUp: Bool) { if pool == .canary { world.canary.isUp = isUp } else { world.baseline.isUp = isUp } }
        world.cycle(12)
        let isUpBefore = pool == .canary
        for _ in 0..<5 {
            set(isUp: !isUpBefore)
            world.cycle(2)
            set(isUp: isUpBefore)
            world.cycle(2)
        }
        #expect(world.canaryBasisPoints == 5_000)
    }

    /// One cycle without an answer delays the correction, and no operator is paged.
    @Test func aBaselineThatMissesOneCycleIsNotAway() {
        var world = promotedByHand()
        world.baseline.isUp = true
        world.cycle(3)
        world.canaryBasisPoints = 0
        world.cycle(20)
        let told = world.count(.rollbackHeld)
        world.baseline.isUp = false
        world.cycle(1)
        world.baseline.isUp = true
        world.canaryBasisPoints = 5_000
        world.cycle(10)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.count(.rollbackHeld) == told)
    }

    @Test func anUnreadableRouterIsNoEnd() {
        var world = promotedByHand()
        world.cycle(12)
        for _ in 0..<10 {
            world.mood = .blind
            world.cycle(6)
            world.mood = .honest
            world.cycle(6)
        }
        #expect(world.count(.rollbackHeld) == 1)
        #expect(world.release.warnings.contains { $0.contains("is left with it") })
    }

    /// The request comes before the read-back that finds the canary back.
    @Test func aRequestIsRememberedUntilTheNextReadBack() {
        var world = promotedByHand()
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        world.cycle(6)
        #expect(world.canaryBasisPoints == 0)
        #expect(world.journal.contains { $0.event == .driftOverruled(by: "ada", reason: "because") })
    }

    @Test func isReportedAgainEveryHalfHour() {
        var world = promotedByHand()
        world.cycle(2 * 3_600_000 / Int(world.plan.releases[0].scrape.intervalMs))
        #expect((3...5).contains(world.count(.rollbackHeld)))
    }

    @Test func endsByItself() {
        var world = promotedByHand()
        world.cycle(12)
        world.canaryBasisPoints = 0
        world.cycle(12)
        #expect(world.release.explanation == "rolled back to v1")
        #expect(world.count(.rollbackHeld) == 1)
    }

    @Test func isHeldAgainAfterARestart() {
        var world = promotedByHand()
        world.cycle(12)
        world.restart()
        world.cycle(12)
        #expect(world.canaryBasisPoints == 5_000)
        #expect(world.count(.rollbackHeld) == 2)
        #expect(world.incidents.map(\.state) == [.acknowledged])
        #expect(world.incidents[0].timeline.map(\.step).contains("drift_held"))
    }
}
