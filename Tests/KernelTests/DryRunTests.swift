import Model
import Testing

/// A dry run over the state of a run that moves traffic.
@Suite("A dry run over an open rollback")
struct DryRunTests {
    private func stuck(fallback: Bool = false) -> KernelHarness {
        var plan = Plan.example()
        if fallback {
            plan.releases[0].fallback = FallbackPlan(
                router: .sample("http://lb2"), afterMs: 10_000)
        }
        var world = KernelHarness(plan: plan)
        world.cycle(3)
        world.mood = .refuses
        world.canary.errors = 30
        world.cycle(2)
        return world
    }

    @Test(arguments: [false, true])
    func changesNothing(_ hasFallback: Bool) {
        var world = stuck(fallback: hasFallback)
        let (journal, told, calls) = (world.journal, world.deliveries, world.applied)
        world.restart(isDryRun: true)
        world.cycle(200)
        _ = world.command(.rollback(release: "checkout", toVersion: nil))
        _ = world.command(.rearm(release: "checkout"))
        world.cycle(10)
        #expect(world.journal == journal)
        #expect(world.deliveries == told)
        #expect(world.applied == calls)
        #expect(world.release.phase == .rollingBack && world.release.explanation.contains("dry run"))
        world.restart()
        world.mood = .honest
        world.cycle(10)
        #expect(world.release.phase == .rolledBack && world.incidents.count == 1)
    }

    /// Nothing is due that a dry run will not do, so it does not wake up for it again and again.
    @Test func sleeps() throws {
        var world = stuck()
        world.restart(isDryRun: true)
        world.cycle(100)
        let wake = try #require(world.kernel.nextWakeUptimeMs)
        #expect(wake > world.now.uptimeMs)
    }

    @Test func doesNotClearALatch() {
        var world = KernelHarness()
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(15)
        #expect(world.release.phase == .rolledBack)
        world.restart(isDryRun: true)
        let result = world.command(.rearm(release: "checkout"))
        #expect({ if case .refused = result { true } else { false } }(), "\(result)")
        #expect(world.release.phase == .rolledBack)
    }

    @Test func mayClearItsOwnLatch() {
        var world = KernelHarness(isDryRun: true)
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(3)
        let result = world.command(.rearm(release: "checkout"))
        #expect({ if case .accepted = result { true } else { false } }(), "\(result)")
    }

    /// Journals of earlier versions hold entries of dry runs among those of runs that moved traffic.
    @Test(arguments: [false, true])
    func ofOtherVersionsLeavesARollbackAlone(isOpen: Bool) throws {
        var world = isOpen ? stuck() : KernelHarness()
        if !isOpen {
            world.cycle(3)
            world.canary.errors = 30
            world.cycle(15)
        }
        let before = world.release.phase
        let incident = try #require(world.incidents.first)
        let plan = world.plan
        world.plan = .example(canaryVersion: "v3")
        world.canaryBasisPoints = 1_000
        world.restart(isDryRun: true)
        world.cycle(10)
        #expect(world.journal.contains { if case .intended(let intent) = $0.event { intent.isDryRun } else { false } })
        world.plan = plan
        world.restart()
        #expect(world.release.phase == before && before == (isOpen ? .rollingBack : .rolledBack))
        #expect(world.incidents.first { $0.id == incident.id }?.isOpen == isOpen)
        world.mood = .honest
        world.cycle(20)
        #expect(world.release.phase == .rolledBack && world.canaryBasisPoints == 0)
    }
}
