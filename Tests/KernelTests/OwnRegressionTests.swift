import Model
import Telemetry
import Testing

@testable import Kernel

@Suite("Rules that ask for proof about an indicator of one's own")
struct OwnRegressionTests {
    private static let ratio = OwnIndicator(
        name: "failures_per_request", formula: .ratio(numerator: 0, denominator: 1), measure: .share)
    private static let slow = OwnIndicator(
        name: "checkout_p90", formula: .quantile(histogram: 2, 0.9), measure: .seconds)

    private static func world(_ own: OwnIndicator, tolerance: Double = 0, seed: UInt64 = 1) -> RegressionWorld {
        var world = RegressionWorld(RegressionPlan(scope: .own(own), tolerance: tolerance), seed: seed)
        (world.reportsSignals, world.hasHistogram) = (true, true)
        world.cycle(60)
        world.begin()
        return world
    }

    @Test(arguments: UInt64(1)...8)
    func aDoubledRatioIsProvenAndAnEqualOneIsNot(_ seed: UInt64) {
        var healthy = Self.world(Self.ratio, seed: seed)
        healthy.cycle(40)
        #expect(!healthy.isRolledBack)
        #expect(healthy.found?.comparisons.first?.name == "failures_per_request")

        var sick = Self.world(Self.ratio, seed: seed)
        sick.canaryErrors = 0.03
        sick.cycle(60)
        #expect(sick.isRolledBack)
    }

    @Test func aHistogramThatMovedIsProven() throws {
        var world = Self.world(Self.slow, tolerance: 1.5)
        world.canarySlow = [0.9, 0.8, 0.2, 0.15]
        world.cycle(60)
        #expect(world.isRolledBack)
        let sentence = try #require(world.found?.sentence)
        #expect(sentence.contains("slower than") && sentence.contains("p90"), "\(sentence)")
    }

    /// The counts of requests are sound and say that nothing failed.
    @Test func onlyItsOwnCountsAreCompared() {
        var world = Self.world(Self.ratio)
        world.canaryErrors = 0.05
        world.cycle(10)
        let comparison = world.found?.comparisons.first
        #expect((comparison?.canary.bad ?? 0) > 3 * (comparison?.baseline.bad ?? 1) / 2)
    }

    @Test func moreEventsThanRequestsAreNoShare() {
        var world = Self.world(Self.ratio)
        (world.canaryErrors, world.baselineErrors, world.eventsPerFailure) = (0.9, 0.9, 3)
        world.cycle(20)
        #expect(!world.isRolledBack)
        #expect(world.reason.contains("failures_per_request counts more than one event"), "\(world.reason)")
    }

    @Test func aRestartKeepsWhatWasFound() {
        var world = Self.world(Self.ratio)
        world.cycle(30)
        let before = world.found?.comparisons.first?.canary.requests ?? 0
        world.harness.restart()
        world.cycle(3)
        let after = world.found?.comparisons.first?.canary.requests ?? 0
        #expect(before > 1_000 && after > before * 0.4, "\(before) \(after)")
    }

    @Test func aRuleThatComesWithAReloadBeginsAtOnce() {
        var world = Self.world(Self.ratio)
        world.cycle(10)
        var plan = world.harness.plan
        plan.releases[0].rules.append(
            .regression(RegressionPlan(scope: .own(Self.slow)), group: "checkout", name: "Slow"))
        world.harness.plan = plan
        world.harness.send(.reload(plan))
        world.cycle(10)
        let added = world.harness.release.rules[1].evidence?.regression
        #expect((added?.comparisons.first?.canary.requests ?? 0) > 1_000)
        #expect((world.found?.comparisons.first?.canary.requests ?? 0) > 5_000)
    }
}
