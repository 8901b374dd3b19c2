import Model
import Testing

@testable import Kernel

/// The canary's share changes while a release is watched, at a moment at which both pools fall ill: the worst one, because
/// a canary with a small share in the good time and a large one in the bad time appears worse than a baseline with the
/// opposite.
@Suite("A change of the canary's share")
struct ShareChangeTests {
    private static let canaryAlone = RulePlan.errorRate(
        name: "Alone", condition: .compare(.value(.canary), .greater, .number(0.5)), action: .notify)

    private func world(_ rules: [RulePlan]) -> KernelHarness {
        var plan = Plan.example(rules: rules)
        plan.releases[0].rollback.observeEveryMs = 1_000
        return KernelHarness(plan: plan, canaryBasisPoints: 500)
    }

    /// The window of a rule that names both pools starts over with the new share; one that names the canary keeps its own.
    @Test func startsTheWindowsThatCompareThePoolsOver() {
        var world = world([.errorRate(), Self.canaryAlone])
        world.cycle(20)
        let requestsBefore = world.release.rules[1].evidence?.canary.requests ?? 0
        world.canaryBasisPoints = 5_000
        (world.baseline.errors, world.canary.errors) = (10, 10)
        world.cycle(1)
        let verdict = world.release.rules[0].evidence?.verdict
        #expect(
            verdict
                == .inconclusive(reason: "the canary's share of the traffic has changed; the windows start over"))
        #expect(world.release.rules[1].evidence?.verdict == .healthy)
        #expect((world.release.rules[1].evidence?.canary.requests ?? 0) > requestsBefore)
        for _ in 0..<20 {
            world.cycle(1)
            #expect(world.release.phase == .watching && world.events.isEmpty)
        }
        #expect(world.release.rules[0].evidence?.verdict == .healthy)
        #expect(world.release.rules[0].evidence?.canary.value == 0.1)
    }

    /// A canary that fails with its new share is found all the same.
    @Test func doesNotHideACanaryThatFailsWithIt() {
        var world = world([.errorRate()])
        world.cycle(20)
        world.canaryBasisPoints = 5_000
        world.canary.errors = 30
        world.cycle(6)
        #expect(world.release.phase != .watching)
    }

    /// The targets of a cycle are scraped one after the other, so the canary's counts may cover a part of a trouble of both versions
    /// that the baseline's do not cover yet, or do not cover any more.
    @Test(arguments: [0.2, 0.5, 0.95], [0.3, 1.0, 4.0])
    func doesNotTakeAPartOfACycleForTheCanarysFault(_ skewCycles: Double, _ lengthCycles: Double) {
        for tenths in stride(from: -9, through: 70, by: 4) {
            var world = world([.errorRate()])
            world.cycle(20)
            world.canaryBasisPoints = 5_000
            world.cycle(1)
            let trouble = (from: Double(tenths) / 10, to: Double(tenths) / 10 + lengthCycles)
            for cycle in 1...22 {
                /// The part of a cycle that ends at this time which the trouble takes.
                func part(endingAt end: Double) -> Double { max(0, min(end, trouble.to) - max(end - 1, trouble.from)) }
                world.canary.errors = 60 * part(endingAt: Double(cycle))
                world.baseline.errors = 60 * part(endingAt: Double(cycle) - skewCycles)
                world.cycle(1)
                #expect(world.release.phase == .watching, "trouble from \(trouble.from), cycle \(cycle)")
            }
        }
    }

    /// The same when the release has just begun.
    @Test(arguments: [0.2, 0.5, 0.95]) func doesNotTakeAPartOfTheFirstCyclesForTheCanarysFault(_ skewCycles: Double) {
        for tenths in stride(from: 0, through: 60, by: 4) {
            var world = world([.errorRate()])
            for cycle in 1...16 {
                func part(endingAt end: Double) -> Double { max(0, end - max(end - 1, Double(tenths) / 10)) }
                world.canary.errors = 60 * part(endingAt: Double(cycle))
                world.baseline.errors = 60 * part(endingAt: Double(cycle) - skewCycles)
                world.cycle(1)
                #expect(world.release.phase == .watching, "trouble from \(tenths) tenths, cycle \(cycle)")
            }
        }
    }

    /// The second cycle with a fault is enough, whenever it begins.
    @Test(arguments: 0...12) func doesNotWaitLongerThanACycleForTheCanarysFault(_ cyclesBefore: Int) {
        var world = world([.errorRate()])
        world.cycle(20)
        world.canaryBasisPoints = 5_000
        world.cycle(1 + cyclesBefore)
        world.canary.errors = 30
        world.cycle(2)
        #expect(world.release.phase != .watching)
    }

    /// Two router instances, of which one follows later: until both show the same, or the same as before, nothing is compared.
    @Test func isOverWhenAllInstancesShowIt() {
        func observation(_ instance: String, _ share: Int?) -> RouterObservation {
            RouterObservation(instance: instance, canaryBasisPoints: share, level: .loaded, baselineHealthy: nil)
        }
        var history = ShareHistory()
        history.take([observation("a", 500), observation("b", 500)], atUptimeMs: 1_000)
        #expect(history.isSettled(sinceUptimeMs: 0))
        history.take([observation("a", 5_000), observation("b", 500)], atUptimeMs: 2_000)
        #expect(!history.isSettled(sinceUptimeMs: 2_000))
        history.take([observation("a", 5_000), observation("b", 5_000)], atUptimeMs: 3_000)
        #expect(!history.isSettled(sinceUptimeMs: 2_999) && history.isSettled(sinceUptimeMs: 3_000))
        // One that cannot be read for a while has not changed.
        history.take([observation("a", 5_000), observation("b", nil)], atUptimeMs: 4_000)
        history.take([observation("a", 5_000), observation("b", 5_000)], atUptimeMs: 5_000)
        #expect(history.isSettled(sinceUptimeMs: 3_000))
        // Instances that stay different are a split like any other.
        history.take([observation("a", 5_000), observation("b", 4_000)], atUptimeMs: 6_000)
        #expect(!history.isSettled(sinceUptimeMs: 6_000))
        history.take([observation("a", 5_000), observation("b", 4_000)], atUptimeMs: 7_000)
        #expect(history.isSettled(sinceUptimeMs: 7_000) && !history.isSettled(sinceUptimeMs: 6_999))
    }

    /// Statistical rules: the cycle in which the share changes is left out, the rest is compared as ever.
    @Test(arguments: [10, 1], [UInt64](1...2))
    func isNoEvidence(_ baselineTargets: Int, _ seed: UInt64) {
        let plan = RegressionPlan(scope: .errors, tolerance: 0.1, falseAlarm: 0.01)
        var world = RegressionWorld(plan, baseline: baselineTargets, seed: seed)
        world.baselineErrors = 0.002
        world.canaryErrors = 0.002
        world.cycle(60)
        world.begin(basisPoints: 500)
        world.cycle(30)
        world.release(basisPoints: 5_000)
        (world.baselineErrors, world.canaryErrors) = (0.1, 0.1)
        world.cycle(30)
        #expect(!world.isRolledBack && (world.found?.maxLogEvidence ?? 9) < 4.6)
        let ratio = world.found?.comparisons.first?.ratio ?? 0
        #expect(ratio > 0.7 && ratio < 1.4, "\(ratio)")
        // With one baseline instance the bets are made once per 15 s, so that a proof takes minutes.
        guard baselineTargets > 1 else { return }
        world.canaryErrors = 0.6
        world.cycle(30)
        let isRolledBack = world.isRolledBack
        #expect(isRolledBack)
    }

    /// The canary is scraped so long after the baseline that the two cycles hardly overlap, while outages of both come and
    /// go; the daemon knows when it scraped.
    @Test(arguments: [UInt64](1...3))
    func andAnOutageBetweenTheScrapesAreNoEvidence(_ seed: UInt64) {
        let plan = RegressionPlan(scope: .errors, tolerance: 0.1, falseAlarm: 0.01)
        var world = RegressionWorld(plan, seed: seed)
        world.cycle(60)
        world.begin()
        for second in 0..<200 {
            let (baseline, canary) = (
                (second % 20) >= 10, (second % 20) == 9 || ((second % 20) >= 10 && (second % 20) < 19)
            )
            world.baselineErrors = baseline ? 0.2 : 0.01
            world.canaryErrors = canary ? 0.2 : 0.01
            world.cycle(1)
            #expect(!world.isRolledBack)
        }
    }
}
