import Model
import Testing

@testable import Kernel

/// Targets that are not known, or of which there are none, are reported once, and once more when that is over.
@Suite("Targets that are not known")
struct TargetHealthTests {
    private typealias Lists = TargetChangeTests

    private static let stale = "file a.json has given no list for more than 150 s, and the targets may be others by now"

    private static func sources(_ stale: [String] = [], remarks: [String] = []) -> Input {
        .sourcesChanged(release: "checkout", TargetSourcesState(stale: stale, remarks: remarks))
    }

    private static func watched() -> KernelHarness {
        var world = KernelHarness(plan: Lists.plan())
        world.send(Lists.lists(1, ["a:1"], ["b:1"]))
        world.send(sources())
        world.cycle(6)
        return world
    }

    @Test func aStaleSourceIsReportedOnceAlsoOverARestart() {
        var world = Self.watched()
        world.send(Self.sources([Self.stale]))
        world.cycle(5)
        #expect(world.count(.targetsUnusable) == 1 && world.count(.targetsRecovered) == 0)
        #expect(world.release.warnings.contains(Self.stale))
        #expect(world.applied.isEmpty && world.release.phase == .watching)
        #expect(world.kernel.standingAlerts(at: world.now).contains { $0.event == .targetsUnusable })
        world.restart()
        world.send(Lists.lists(1, ["a:1"], ["b:1"]))
        world.cycle(3)
        #expect(world.count(.targetsRecovered) == 0, "nothing is known of the source yet")
        world.send(Self.sources([Self.stale]))
        world.cycle(3)
        #expect(world.count(.targetsUnusable) == 1, "operators know already")
        world.send(Self.sources())
        world.cycle()
        #expect(world.count(.targetsRecovered) == 1 && !world.release.warnings.contains(Self.stale))
        #expect(!world.kernel.standingAlerts(at: world.now).contains { $0.event == .targetsUnusable })
    }

    @Test(arguments: [(["a:1"], [String](), "canary"), ([], ["b:1"], "baseline")])
    func anEmptyPoolOfAReleaseUnderWayIsReported(_ baseline: [String], _ canary: [String], _ name: String) {
        var world = Self.watched()
        world.send(Lists.lists(2, baseline, canary))
        world.cycle(4)
        #expect(world.count(.targetsUnusable) == 1)
        let summary = world.deliveries.last { $0.notification.event == .targetsUnusable }?.notification.summary ?? ""
        #expect(summary.contains("the \(name)") && summary.contains("has no targets"), "\(summary)")
        world.send(Lists.lists(3, ["a:1"], ["b:1"]))
        world.cycle(2)
        #expect(world.count(.targetsRecovered) == 1)
    }

    /// A second trouble is news, and what is over is reported when nothing is left.
    @Test func eachReasonIsReportedOnItsOwn() {
        var world = Self.watched()
        world.send(Self.sources([Self.stale]))
        world.send(Lists.lists(2, ["a:1"], []))
        world.cycle(3)
        #expect(world.count(.targetsUnusable) == 2)
        world.send(Self.sources())
        world.cycle(2)
        #expect(world.count(.targetsRecovered) == 0)
        world.send(Lists.lists(3, ["a:1"], ["b:1"]))
        world.cycle(2)
        #expect(world.count(.targetsUnusable) == 2 && world.count(.targetsRecovered) == 1)
    }

    /// Between two releases a place has no targets.
    @Test func anEmptyPoolBetweenReleasesIsNoTrouble() {
        var world = KernelHarness(plan: Lists.plan(), canaryBasisPoints: 0)
        world.canary.requests = 0
        world.send(Lists.lists(1, ["a:1"], []))
        world.send(Self.sources())
        world.cycle(10)
        #expect(world.count(.targetsUnusable) == 0)
    }

    @Test func aRemarkIsAWarningAndNoNotification() {
        var world = Self.watched()
        world.send(Self.sources(remarks: ["file a.json lists targets that come and go: b:1"]))
        world.cycle(2)
        #expect(world.release.warnings.contains { $0.contains("come and go") })
        #expect(world.count(.targetsUnusable) == 0)
    }
}
