import Model
import Testing

@testable import Daemon

/// Which releases the guard against a bad push takes for under way.
struct LossOfWatchTests {
    private static func release(
        _ phase: ReleaseSnapshot.Phase, share: Int?, isUsable: Bool?, cycles: Int = 40
    ) -> ReleaseSnapshot {
        let pool = PoolSnapshot(version: "v1", targets: [], requestRate: nil, errorRate: nil, latencyP99: nil)
        var release = ReleaseSnapshot(
            name: "checkout", phase: phase, sinceWallMs: 0, baseline: pool, canary: pool,
            observedCanaryBasisPoints: share, observations: [], rules: [], openIncident: nil, explanation: "",
            warnings: [], cycles: cycles)
        release.isRouterUsable = isUsable
        return release
    }

    private static func isUnderWay(_ release: ReleaseSnapshot) -> Bool { !LossOfWatch.underWay([release]).isEmpty }

    /// A poll that failed, and a router without a read-back, give no share; the watch is the same.
    @Test(arguments: [true, false])
    func aWatchedReleaseWithoutAShareIsUnderWay(_ isUsable: Bool) {
        for phase in [ReleaseSnapshot.Phase.watching, .held, .rollingBack] {
            let release = Self.release(phase, share: nil, isUsable: isUsable)
            #expect(Self.isUnderWay(release), "\(phase)")
            #expect(LossOfWatch.unread([release]) == nil, "it is refused, and does not only wait")
            #expect(
                LossOfWatch.reasons([release], in: FleetFixture.plan(["cart"])) == [
                    "checkout would no longer be watched, and the share of its canary is not known"
                ])
        }
        for phase in [ReleaseSnapshot.Phase.idle, .rolledBack, .promoted] {
            #expect(!Self.isUnderWay(Self.release(phase, share: nil, isUsable: isUsable)), "\(phase)")
        }
    }

    /// A start waits for the first poll, and not for ever for a router that cannot be read.
    @Test func aStartWaitsForTheRouter() {
        for release in [
            Self.release(.idle, share: nil, isUsable: nil), Self.release(.watching, share: nil, isUsable: nil),
        ] {
            #expect(Self.isUnderWay(release))
            #expect(LossOfWatch.unread([release]) == "the router of checkout has not been read yet")
            #expect(
                LossOfWatch.reasons([release], in: FleetFixture.plan(["cart"])) == [
                    "checkout would no longer be watched, and its router has not been read yet"
                ])
        }
        for release in [
            Self.release(.idle, share: 0, isUsable: true, cycles: 0),
            Self.release(.idle, share: 0, isUsable: false, cycles: 0),
            Self.release(.idle, share: nil, isUsable: true, cycles: 0),
            Self.release(.idle, share: nil, isUsable: false, cycles: 3),
            Self.release(.idle, share: nil, isUsable: false),
        ] {
            #expect(!Self.isUnderWay(release) && LossOfWatch.unread([release]) == nil)
        }
    }

    /// No rule is judged after the promotion, until the canary is taken back.
    @Test func aPromotedReleaseIsNotUnderWay() {
        #expect(!Self.isUnderWay(Self.release(.promoted, share: 10_000, isUsable: true)))
        #expect(Self.isUnderWay(Self.release(.promoted, share: 5_000, isUsable: true)))
        #expect(Self.isUnderWay(Self.release(.watching, share: 10_000, isUsable: true)))
        let leaving = LossOfWatch.reasons(
            [Self.release(.promoted, share: 10_000, isUsable: true)], in: FleetFixture.plan(["cart"]))
        #expect(leaving == ["checkout would no longer be watched, and its canary has 100 % of the traffic"])
    }
}
