import Model
import Support
import Testing

@testable import Kernel

/// The share of a router instance that cannot be read is unknown, not 0.
@Suite("A router instance whose share is not known")
struct UnknownShareTests {
    private static func one(_ name: String, _ share: Int?) -> RouterObservation {
        RouterObservation(
            instance: name, canaryBasisPoints: share, level: .loaded, problem: share == nil ? "connection refused" : nil
        )
    }

    private static let shares: [([Int?], Int?)] = [
        ([0, 0], 0), ([0, nil], nil), ([nil, 0], nil), ([nil, nil], nil), ([500, nil], 500), ([nil, 500], 500),
        ([0, 500], 500), ([], nil),
    ]

    @Test(arguments: shares)
    func isZeroOnlyWhenEveryInstanceWasRead(_ shares: [Int?], _ wanted: Int?) {
        #expect(shares.map { Self.one("lb", $0) }.canaryShare == wanted)
    }

    /// One instance shows 0 %, the other cannot be read and gives the canary traffic.
    private func world(requests: Double) -> KernelHarness {
        var world = KernelHarness(canaryBasisPoints: 0)
        world.unreadInstances = ["lb2"]
        world.strayRequests = requests
        return world
    }

    @Test func trafficOfTheCanaryStartsTheWatch() {
        var world = world(requests: 50)
        world.cycle(12)
        #expect(world.release.phase == .watching && world.release.observedCanaryBasisPoints == nil)
        world.strayErrors = 25
        world.cycle(5)
        #expect(world.applied.last == .allBaseline)
    }

    @Test func noShareIsClaimedWhileThereIsNoTraffic() {
        var world = world(requests: 0)
        world.cycle(20)
        #expect(world.release.phase == .idle)
        #expect(world.release.explanation.contains("not known") && world.release.explanation.contains("lb2"))
    }

    @Test func theRouterIsReportedWhileTheCanaryHasTraffic() {
        var world = world(requests: 50)
        world.cycle(40)
        #expect(world.count(.routerUnusable) == 1)
    }

    /// An operator took the canary back from 100 %, on one instance at least.
    @Test func aPromotionEndsWhenOneInstanceShowsZero() {
        var world = KernelHarness()
        world.cycle(3)
        world.canaryBasisPoints = 10_000
        world.cycle(20)
        #expect(world.release.phase == .promoted)
        world.canaryBasisPoints = 0
        world.unreadInstances = ["lb2"]
        world.strayRequests = 50
        world.cycle(20)
        #expect(world.release.phase == .watching)
    }
}
