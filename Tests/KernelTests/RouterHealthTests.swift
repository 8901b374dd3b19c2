import Model
import Testing

@testable import Kernel

/// A router that could not be used is found before it is needed.
@Suite("A router that cannot be used")
struct RouterHealthTests {
    private func unusable(_ world: KernelHarness) -> Int { world.count(.routerUnusable) }

    @Test(arguments: [KernelHarness.RouterMood.hangs, .unreachable, .readOnly])
    func isReportedWhileTheReleaseIsWatched(_ mood: KernelHarness.RouterMood) {
        var world = KernelHarness()
        world.cycle(8)
        #expect(world.release.isRouterUsable == true && world.release.explanation == "all rules healthy")
        world.mood = mood
        world.cycle(60)
        #expect(unusable(world) == 1 && world.count(.routerRecovered) == 0)
        #expect(world.release.isRouterUsable == false && world.release.phase == .watching)
        #expect(!world.release.explanation.hasPrefix("all rules healthy"), "\(world.release.explanation)")
        #expect(world.logs.contains { $0.level == .warning && $0.text.contains("cannot be used") })
        world.restart()
        world.mood = mood
        world.cycle(60)
        #expect(unusable(world) == 1, "people know already")
        world.mood = .honest
        world.cycle(20)
        #expect(world.count(.routerRecovered) == 1 && world.release.isRouterUsable == true)
        #expect(world.applied.isEmpty)
    }

    @Test func oneFailedPollIsOnlyLogged() {
        var world = KernelHarness()
        world.cycle(8)
        world.mood = .unreachable
        world.cycle(6)
        world.mood = .honest
        world.cycle(20)
        #expect(unusable(world) == 0 && world.journal.allSatisfy { $0.event.name != "router_unusable" })
        #expect(world.logs.contains { $0.text.contains("cannot be used") })
    }

    /// A driver without a read-back never shows it, and that is no fault of the router's.
    @Test func oneThatIsNeverReadBackIsFine() {
        var world = KernelHarness()
        world.cycle(3)
        world.mood = .blind
        world.cycle(60)
        #expect(unusable(world) == 0 && world.release.isRouterUsable == true)
    }

    @Test func isNotReportedWhileNothingIsWatched() {
        var world = KernelHarness(canaryBasisPoints: 0)
        world.cycle(3)
        world.mood = .unreachable
        world.baseline.requests = 0
        world.canary.requests = 0
        world.cycle(60)
        #expect(unusable(world) == 0)
        #expect(world.logs.contains { $0.text.contains("cannot be used") })
    }

    @Test func afterARollbackItIsReportedToo() {
        var world = KernelHarness()
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(15)
        #expect(world.release.phase == .rolledBack)
        world.mood = .unreachable
        world.cycle(30)
        #expect(unusable(world) == 1)
        let notification = world.deliveries.last { $0.notification.event == .routerUnusable }?.notification
        #expect(notification?.incident == nil && notification?.summary.contains("lb1") == true)
    }

    @Test func anInstanceInTroubleIsNamed() {
        func one(_ name: String, _ share: Int?, problem: String? = nil, writable: Bool? = nil) -> RouterObservation {
            RouterObservation(
                instance: name, canaryBasisPoints: share, level: .loaded, problem: problem, isWritable: writable)
        }
        #expect(([one("a", 0), one("b", 5, problem: "odd", writable: true)] as [RouterObservation]).problem == nil)
        #expect(([one("a", 0), one("b", nil, problem: "gone")] as [RouterObservation]).problem == "b: gone")
        #expect(
            ([one("a", 5, problem: "level user", writable: false)] as [RouterObservation]).problem == "a: level user")
        #expect(([] as [RouterObservation]).problem != nil)
        let unread = RouterObservation(
            instance: "a", canaryBasisPoints: nil, level: .none, problem: "no read-back configured")
        #expect(([unread] as [RouterObservation]).problem == nil)
    }

    /// Requests reach the canary past a router that shows 0 %: then a rollback may be asked for at any time.
    @Test func isReportedWhenTheCanaryHasTrafficAlthoughItIsNotWatched() {
        var world = KernelHarness(canaryBasisPoints: 0)
        world.mood = .readOnly
        world.cycle(60)
        #expect(world.release.phase == .idle && unusable(world) == 0)
        world.strayRequests = 50
        world.cycle(60)
        #expect(world.release.phase == .idle && unusable(world) == 1)
    }
}
