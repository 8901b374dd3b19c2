import Model
import Support
import Testing

@testable import Kernel

@Suite("A rule")
struct RuleTests {
    @Test func firesOnlyAfterItsFor() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(forMs: 5_000, action: .notify)]))
        world.canary.errors = 30
        world.cycle(4)
        #expect(world.release.rules[0].alert == .pending)
        #expect(world.release.explanation == "pending: CanaryErrorRate", "\(world.release.explanation)")
        world.cycle(3)
        #expect(world.release.rules[0].alert == .firing)
    }

    @Test func freezesItsForWhileScrapesFail() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(forMs: 5_000, action: .notify)]))
        world.canary.errors = 30
        world.cycle(4)
        world.canary.isUp = false
        world.cycle(5)
        #expect(world.release.rules[0].alert == .pending)
        #expect(world.events.isEmpty)
        world.canary.isUp = true
        world.cycle(4)
        #expect(world.release.rules[0].alert == .firing)
    }

    @Test func keepsFiringForAsLongAsAsked() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(keepFiringForMs: 4_000, action: .notify)]))
        world.canary.errors = 30
        world.cycle(3)
        world.canary.errors = 0
        world.cycle(11)
        #expect(world.release.rules[0].alert == .firing)
        world.cycle(5)
        #expect(world.release.rules[0].alert == .inactive)
        #expect(world.events == [.alertFiring, .alertResolved])
    }

    @Test func isInconclusiveWithTooFewRequests() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(minRequests: 1_000)]))
        world.canary.errors = 90
        world.cycle(20)
        #expect(world.release.rules[0].evidence?.verdict.name == "inconclusive")
        #expect(world.applied.isEmpty)
        #expect(world.release.explanation.contains("of the 1000 requests"))
    }

    @Test func takesMissingDataAsItsPolicySays() {
        for (policy, word) in [
            (RulePlan.NoDataPolicy.hold, "inconclusive"), (.breach, "breached"), (.ignore, "healthy"),
        ] {
            var world = KernelHarness(plan: .example(rules: [.errorRate(noData: policy, action: .notify)]))
            world.canary.isUp = false
            world.cycle(3)
            #expect(world.release.rules[0].evidence?.verdict.name == word)
        }
    }

    /// Cycles that end a moment early, as they do in a real daemon, still add up to the `for`.
    @Test(arguments: [(990, 3), (900, 4)] as [(Int64, Int)])
    func firesWhenItsForIsOverGiveOrTakeAMoment(_ stepMs: Int64, _ looks: Int) {
        var alert = AlertState()
        var now = Moment(uptimeMs: 0, wallMs: 0)
        var counted = 0
        func take() -> AlertState.Change {
            alert.take(.breached, forMs: 2_000, keepFiringForMs: 0, longestStepMs: 1_500, at: now)
        }
        while take() != .fired, counted < 10 {
            now.uptimeMs += stepMs
            counted += 1
        }
        #expect(counted + 1 == looks)
    }

    @Test func saysThatMissingDataWasTheBreach() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(noData: .breach, action: .notify)]))
        world.canary.isUp = false
        world.cycle(3)
        #expect(
            world.release.rules[0].evidence?.notes == [
                "no target of the canary could be scraped, which the rule takes for a breach (no_data: breach)"
            ])
    }

    /// `no_data: breach` does not override what the rest of the condition says.
    @Test func missingDataIsNoBreachWhenTheConditionCannotHold() {
        let condition = Condition.and(
            .compare(.value(.canary), .greater, .number(0.5)), .compare(.value(.baseline), .greater, .number(0.9)))
        var world = KernelHarness(plan: .example(rules: [.errorRate(condition: condition, noData: .breach)]))
        world.canary.isUp = false
        world.cycle(8)
        #expect(world.release.rules[0].evidence?.verdict == .healthy)
        #expect(world.applied.isEmpty)
    }

    @Test func neverHoldsAMissingBaselineAgainstTheCanary() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(noData: .breach)]))
        world.baseline.isUp = false
        world.cycle(5)
        #expect(world.release.rules[0].evidence?.verdict.name == "inconclusive")
        #expect(world.applied.isEmpty)
    }

    @Test func withActionHoldMovesNothing() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(action: .hold)]))
        world.canary.errors = 30
        world.cycle(4)
        #expect(world.release.phase == .held)
        #expect(world.applied.isEmpty)
    }

    @Test func fillsInItsTemplates() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(action: .notify)]))
        world.canary.errors = 30
        world.cycle(3)
        #expect(world.deliveries[0].notification.alert?.annotations == [TextPair("summary", "30% against 0%, urgent")])
    }

    @Test func countsInAWindowThatSlides() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(action: .notify)]))
        world.canary.errors = 50
        world.cycle(10)
        world.canary.errors = 0
        world.cycle(5)
        let half = world.release.rules[0].evidence?.canary.value ?? 0
        #expect(abs(half - 0.25) < 0.001)
        world.cycle(10)
        #expect(world.release.rules[0].evidence?.canary.value == 0)
    }
}

@Suite("A condition")
struct ConditionTests {
    private let canaryAboveFive = Condition.compare(.value(.canary), .greater, .number(5))
    private let baselineAboveFive = Condition.compare(.value(.baseline), .greater, .number(5))

    @Test func isUndecidedOnlyWhereTheMissingValueMatters() {
        let unknownBaseline = IndicatorValues(baseline: nil, canary: 3)
        #expect(Condition.and(canaryAboveFive, baselineAboveFive).holds(unknownBaseline) == false)
        #expect(Condition.or(canaryAboveFive, baselineAboveFive).holds(unknownBaseline) == nil)
        #expect(Condition.or(.not(canaryAboveFive), baselineAboveFive).holds(unknownBaseline) == true)
        #expect(Condition.not(baselineAboveFive).holds(unknownBaseline) == nil)
    }

    @Test func isUndecidedWhereItDividesByZero() {
        let ratio = Condition.compare(.combine(.value(.canary), .divide, .value(.baseline)), .greater, .number(2))
        #expect(ratio.holds(IndicatorValues(baseline: 0, canary: 1)) == nil)
        #expect(ratio.holds(IndicatorValues(baseline: 1, canary: 3)) == true)
    }
}

@Suite("Numbers for people")
struct NumberTextTests {
    @Test(arguments: [
        (0.0, "0"), (0.0812, "0.0812"), (0.08123, "0.0812"), (1.5, "1.5"), (12.34, "12.3"), (1234.6, "1235"),
        (99.96, "100"), (-0.5, "-0.5"),
    ])
    func areShort(_ value: Double, _ text: String) { #expect(NumberText.plain(value) == text) }

    @Test func carryTheirUnits() {
        #expect(NumberText.value(0.0812, of: .errorRate) == "8.12%")
        #expect(NumberText.value(0.312, of: .latencyQuantile(0.99)) == "312 ms")
        #expect(NumberText.value(nil, of: .errorRate) == "no value")
    }

    @Test(arguments: ["latency_p50", "latency_p99", "latency_p99.9", "error_rate", "request_rate", "latency_mean"])
    func indicatorNamesAreReadAsTheyArePrinted(_ name: String) { #expect(Indicator(name: name)?.name == name) }

    @Test(arguments: ["latency_p0", "latency_p100", "latency_p", "latency_p9x", "latency_p1.2345", "errors"])
    func unknownIndicatorsAreRefused(_ name: String) { #expect(Indicator(name: name) == nil) }
}
