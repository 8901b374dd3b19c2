import Model
import Statistics
import Support
import Telemetry
import Testing

@testable import Kernel

/// Two pools and the evidence of one release, in cycles of a second.
private struct StepWorld {
    var plan: ReleasePlan
    var pools: PoolPair
    var watch: RegressionWatch
    var now = Moment(uptimeMs: 50_000, wallMs: 1_700_000_000_000)
    var canaryErrors = 0.01
    var basisPoints = 5_000
    /// The canary's true share.
    var trueBasisPoints = 5_000
    /// Targets report a histogram, the canary's with so many answers slower than 100 ms, and when their processes started.
    var canarySlow: Double?
    var canaryStartWallMs: Int64 = 0
    private var chance = SeededGenerator(seed: 5)

    private static var step: StepPlan {
        var step = StepPlan(basisPoints: 1_000)
        step.evidence = EvidenceDemand()
        return step
    }

    init(rules: [RulePlan] = [], needsStepEvidence: Bool = true, hasLatency: Bool = false) {
        plan = Plan.regression(rules, baseline: 4, canary: 2).releases[0]
        plan.rules = rules
        plan.indicators.latency = hasLatency ? SeriesSelector(metric: "latency_seconds") : nil
        if needsStepEvidence { plan.rollout = RolloutPlan(steps: [StepWorld.step, StepPlan(basisPoints: 10_000)]) }
        pools = PoolPair(plan, at: now)
        watch = RegressionWatch(plan: plan)
    }

    mutating func cycle(_ count: Int = 1, isWatching: Bool = true) {
        for _ in 0..<count {
            now.uptimeMs += 1_000
            now.wallMs += 1_000
            let share = Double(trueBasisPoints) / 10_000
            report(.baseline, requests: 1_000 * (1 - share), errors: 0.01)
            report(.canary, requests: isWatching ? 1_000 * share : 0, errors: canaryErrors)
            pools.closeCycle(atMs: now.uptimeMs, allowsLate: false)
            watch.take(
                baseline: pools.baseline, canary: pools.canary, basisPoints: basisPoints, isWatching: isWatching,
                at: now)
            pools.openCycle()
        }
    }

    private mutating func report(_ pool: Pool, requests: Double, errors: Double) {
        let targets = plan.pool(pool).targets
        for (index, target) in targets.enumerated() {
            let all = Int(requests / Double(targets.count))
            let failed = (0..<all).count { _ in Double(chance.next() >> 11) * 0x1p-53 < errors }
            var reading = TargetReading(
                requests: Double(all), errors: Double(failed), matches: .init(requests: 1, errors: 1), samples: 10,
                coveredSeconds: 1)
            addLatency(to: &reading, pool)
            pools.take(
                ScrapeReport(
                    release: plan.name, pool: pool, target: index, instance: target.instance,
                    outcome: .success(reading, warnings: [])),
                at: now)
        }
    }

    private func addLatency(to reading: inout TargetReading, _ pool: Pool) {
        guard let canarySlow, let all = reading.requests else { return }
        let slow = (all * (pool == .canary ? canarySlow : 0.1)).rounded()
        reading.latency = .histogram(
            HistogramIncrements(
                upperBounds: [0.1, .infinity], cumulative: [all - slow, all], sumSeconds: all, count: all))
        reading.processStartSeconds = pool == .canary ? Double(canaryStartWallMs) / 1_000 : 1_600_000_000
    }

    mutating func beginStep(ratio: Double = 2) {
        watch.beginStep(ratio: ratio, errorBudget: 0.05, atUptimeMs: now.uptimeMs)
    }
}

@Suite("Evidence that a step waits for")
struct StepGateEvidenceTests {
    @Test func aStepIsShownToBeSafeWithoutARegressionRule() throws {
        var world = StepWorld()
        world.cycle(60, isWatching: false)
        world.cycle(5)
        #expect(world.watch.stepEvidence == nil)
        world.beginStep()
        #expect(world.watch.stepEvidence?.isSafe == false)
        world.cycle(5)
        let early = try #require(world.watch.stepEvidence)
        #expect(!early.isSafe && early.missingRequests.map { $0 > 0 } == true && early.missingMs.map { $0 > 0 } == true)
        #expect(
            early.text.hasPrefix("not shown yet to be at most 2x as bad as the baseline, errors: about "),
            "\(early.text)")
        #expect(early.text.contains(" at the present rate: errors "), "\(early.text)")
        world.cycle(200)
        let late = try #require(world.watch.stepEvidence)
        #expect(late.isSafe && late.missingRequests == 0 && late.missingMs == 0)
        #expect(late.text.hasPrefix("shown to be at most 2x as bad as the baseline: errors "), "\(late.text)")
        world.watch.endStep()
        #expect(world.watch.stepEvidence == nil)
    }

    @Test func aStepStartsFromNothingAndABadCanaryDoesNotPass() {
        var world = StepWorld()
        world.cycle(60, isWatching: false)
        world.cycle(5)
        world.beginStep()
        world.cycle(200)
        #expect(world.watch.stepEvidence?.isSafe == true)
        world.canaryErrors = 0.025
        world.beginStep()
        #expect(world.watch.stepEvidence?.isSafe == false)
        for _ in 0..<200 {
            world.cycle()
            #expect(world.watch.stepEvidence?.isSafe == false)
        }
        #expect(world.watch.stepEvidence?.text.contains("errors: not at the present rates") == true)
        #expect(world.watch.stepEvidence?.missingRequests == nil)
    }

    /// It is in the journalled evidence, so a restart continues with it.
    @Test func aStepContinuesAfterARestart() {
        var world = StepWorld()
        world.cycle(60, isWatching: false)
        world.cycle(5)
        world.beginStep()
        #expect(world.watch.isRecordDue(atUptimeMs: world.now.uptimeMs))
        world.cycle(200)
        let record = world.watch.record(atUptimeMs: world.now.uptimeMs)
        var restarted = RegressionWatch(plan: world.plan)
        restarted.restore(record, plan: world.plan, isWatching: true, missingMs: 30_000)
        #expect(restarted.stepEvidence?.isSafe == true)
        world.watch = restarted
        world.pools = PoolPair(world.plan, at: world.now)
        world.cycle(20)
        #expect(world.watch.stepEvidence?.isSafe == true)
    }

    @Test func withoutStepsAndRulesNothingIsCompared() {
        var world = StepWorld(needsStepEvidence: false)
        world.cycle(30)
        #expect(!world.watch.isNeeded && !world.watch.isRecordDue(atUptimeMs: world.now.uptimeMs))
    }

    @Test func aReloadKeepsTheStep() {
        var world = StepWorld()
        world.cycle(60, isWatching: false)
        world.cycle(5)
        world.beginStep()
        world.cycle(200)
        world.watch.adopt(world.plan)
        #expect(world.watch.stepEvidence?.isSafe == true)
    }

    /// A cold canary is slow for a minute. Its latency does not count then, its errors do; nothing of that time is in the proof.
    @Test func theLatencyOfAColdProcessIsLeftOut() throws {
        var world = StepWorld(hasLatency: true)
        world.canarySlow = 0.1
        world.cycle(60, isWatching: false)
        world.canaryStartWallMs = world.now.wallMs
        world.pools.begin(world.plan, at: world.now)
        world.canarySlow = 0.9
        world.cycle(2)
        world.beginStep()
        world.cycle(50)
        #expect(world.pools.canary.increments(of: nil).allSatisfy { $0.latency == nil && $0.isWarmingUp })
        #expect(world.pools.canary.increments(of: nil).allSatisfy { $0.errors != nil && $0.requests != nil })
        #expect(world.pools.baseline.increments(of: nil).allSatisfy { $0.latency != nil && !$0.isWarmingUp })
        #expect(world.watch.stepEvidence?.text.contains("warm up") == true)
        world.canarySlow = 0.1
        world.cycle(200)
        let state = try #require(world.watch.stepEvidence)
        #expect(state.isSafe && state.text.contains("slower than 100 ms 10%, baseline 10"), "\(state.text)")
    }

    /// Only the first process of a release has a warm-up, and none that is older than that, whatever the target's clock shows.
    @Test(arguments: [
        (ageSeconds: 0.0, coldFor: 60), (20, 40), (60, 0), (3_600, 0), (-600, 60),
    ])
    func aWarmUpIsShort(_ ageSeconds: Double, coldFor: Int) {
        var warmUp = WarmUp()
        let now = Moment(uptimeMs: 5_000, wallMs: 1_700_000_000_000)
        warmUp.note(startSeconds: nil, durationMs: 60_000, at: now)
        #expect(!warmUp.covers(uptimeMs: 5_000))
        warmUp.note(startSeconds: 1_700_000_000 - ageSeconds, durationMs: 60_000, at: now)
        let coldMs = Int64(coldFor) * 1_000
        #expect(warmUp.covers(uptimeMs: 5_000 + coldMs - 1) == (coldFor > 0))
        #expect(!warmUp.covers(uptimeMs: 5_000 + coldMs))
        // The same process, with a start time that is not exact, and then another one.
        warmUp.note(startSeconds: 1_700_000_000.4 - ageSeconds, durationMs: 60_000, at: now)
        #expect(warmUp.covers(uptimeMs: 5_000) == (coldFor > 0))
        warmUp.note(startSeconds: 1_700_000_010, durationMs: 60_000, at: now)
        #expect(!warmUp.covers(uptimeMs: 5_000))
    }

    @Test func withoutStepsNothingIsLeftOut() {
        var world = StepWorld(needsStepEvidence: false, hasLatency: true)
        #expect(world.pools.canary.warmUpMs == 0)
        world.plan.rollout = RolloutPlan(steps: [StepPlan(basisPoints: 10_000)])
        world.pools.adopt(world.plan, from: world.plan)
        #expect(world.pools.canary.warmUpMs == 60_000 && world.pools.baseline.warmUpMs == 60_000)
    }

    @Test func trafficThatDoesNotFollowTheSplitIsReported() {
        var world = StepWorld()
        world.basisPoints = 2_000
        world.cycle(60, isWatching: false)
        world.cycle(20)
        #expect(world.watch.shareMismatch?.expected == 0.2)
        #expect(world.watch.shareMismatch.map { abs($0.seen - 0.5) < 0.01 } == true)
    }
}
