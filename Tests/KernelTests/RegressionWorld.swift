import Model
import Statistics
import Support
import Telemetry

/// A kernel with two pools of instances whose requests fail and linger by chance, from a seed.
struct RegressionWorld {
    /// Bounds of the histogram, seconds.
    static let bounds = [0.1, 0.25, 0.5, 1]

    var harness: KernelHarness
    /// Of both pools together.
    var requestsPerSecond = 1_000
    var baselineErrors = 0.01
    var canaryErrors = 0.01
    /// Shares slower than each bound.
    var baselineSlow = [0.3, 0.03, 0.01, 0.001]
    var canarySlow = [0.3, 0.03, 0.01, 0.001]
    var hasHistogram = false
    /// The counts come as signals of the release's own instead: failures, requests, a histogram. Requests themselves are all
    /// well then.
    var reportsSignals = false
    /// For each failure that a signal counts.
    var eventsPerFailure = 1.0
    var isBaselineUp = true
    var isCanaryUp = true
    /// Instances whose scrapes fail; what they do meanwhile comes with their next scrape body.
    var silent: Set<String> = []
    /// Instances whose answers come when their cycle is over.
    var late: Set<String> = []
    private var owed: [String: TargetReading] = [:]
    private var chance: SeededGenerator

    init(_ regression: RegressionPlan, others: [RulePlan] = [], baseline: Int = 10, canary: Int = 10, seed: UInt64) {
        let rule = RulePlan.regression(regression, group: "checkout", name: "CanaryIsWorse", action: .rollback)
        harness = KernelHarness(
            plan: .regression([rule] + others, baseline: baseline, canary: canary), canaryBasisPoints: 0)
        chance = SeededGenerator(seed: seed)
    }

    /// Half of the traffic, from now on.
    mutating func release(basisPoints: Int = 5_000) { harness.canaryBasisPoints = basisPoints }

    /// The next poll of the router, so that the release has begun.
    mutating func begin(basisPoints: Int = 5_000) {
        release(basisPoints: basisPoints)
        while harness.release.phase != .watching { cycle() }
    }

    mutating func cycle(_ count: Int = 1) {
        for _ in 0..<count {
            harness.pass(ms: 1_000)
            reportAll()
        }
    }

    /// A cycle in which the router shows another split than the one that is in force.
    mutating func cycleWithRouterSaying(_ basisPoints: Int) {
        let inForce = harness.canaryBasisPoints
        harness.canaryBasisPoints = basisPoints
        harness.pass(ms: 1_000)
        harness.canaryBasisPoints = inForce
        reportAll()
    }

    private mutating func reportAll() {
        let share = Double(harness.canaryBasisPoints) / 10_000
        report(.baseline, share: 1 - share, errors: baselineErrors, slow: baselineSlow, isUp: isBaselineUp)
        report(.canary, share: share, errors: canaryErrors, slow: canarySlow, isUp: isCanaryUp)
        harness.send(.cycleEnded(release: "checkout"))
    }

    private mutating func report(_ pool: Pool, share: Double, errors: Double, slow: [Double], isUp: Bool) {
        let targets = harness.plan.releases[0].pool(pool).targets
        let requests = Int((Double(requestsPerSecond) * share / Double(targets.count)).rounded())
        for (index, target) in targets.enumerated() {
            let reading = reading(requests: requests, errors: errors, slow: slow)
            guard let outcome = outcome(of: target.instance, reading, isUp: isUp) else { continue }
            harness.send(
                .scraped(
                    ScrapeReport(
                        release: "checkout", pool: pool, target: index, instance: target.instance, outcome: outcome)))
        }
    }

    private mutating func outcome(of instance: String, _ reading: TargetReading, isUp: Bool) -> ScrapeReport.Outcome? {
        guard isUp else { return .failure("refused") }
        let before = owed.removeValue(forKey: instance)
        if late.contains(instance) {
            owed[instance] = reading
            return before.map { .success($0, warnings: []) }
        }
        var sum = reading
        if let before {
            sum.requests = (sum.requests ?? 0) + (before.requests ?? 0)
            sum.errors = (sum.errors ?? 0) + (before.errors ?? 0)
            sum.coveredSeconds = (sum.coveredSeconds ?? 0) + (before.coveredSeconds ?? 0)
        }
        guard silent.contains(instance) else { return .success(sum, warnings: []) }
        owed[instance] = sum
        return .failure("timed out")
    }

    private mutating func reading(requests: Int, errors: Double, slow: [Double]) -> TargetReading {
        var failed = 0
        var slower = slow.map { _ in 0.0 }
        for _ in 0..<requests {
            if uniform() < errors { failed += 1 }
            guard hasHistogram else { continue }
            // One number per request decides its latency, so that the buckets are cumulative.
            let draw = uniform()
            for index in slow.indices where draw < slow[index] { slower[index] += 1 }
        }
        let all = Double(requests)
        let histogram = HistogramIncrements(
            upperBounds: RegressionWorld.bounds + [.infinity], cumulative: slower.map { all - $0 } + [all],
            sumSeconds: all * 0.1, count: all)
        if reportsSignals {
            return TargetReading(
                requests: all, errors: 0, matches: .init(requests: 1, errors: 1, signals: [1, 1, 6]), samples: 10,
                coveredSeconds: 1,
                signals: [.counter(Double(failed) * eventsPerFailure), .counter(all), .histogram(histogram)])
        }
        return TargetReading(
            requests: all, errors: Double(failed), latency: hasHistogram ? .histogram(histogram) : .absent,
            matches: .init(requests: 1, errors: 1, latency: hasHistogram ? 6 : 0), samples: 10, coveredSeconds: 1)
    }

    private mutating func uniform() -> Double { Double(chance.next() >> 11) * 0x1p-53 }

    // MARK: What tests ask

    var rule: RuleSnapshot { harness.release.rules[0] }
    var found: RegressionRecord? { rule.evidence?.regression }
    var isRolledBack: Bool { harness.release.phase == .rolledBack || harness.release.phase == .rollingBack }

    var records: [EvidenceRecord] {
        harness.journal.compactMap { entry in
            if case .evidence(let record) = entry.event { record } else { nil }
        }
    }

    var reason: String {
        if case .inconclusive(let reason)? = rule.evidence?.verdict { reason } else { "" }
    }
}

extension Plan {
    static func regression(_ rules: [RulePlan], baseline: Int, canary: Int) -> Plan {
        var plan = Plan.example(rules: rules)
        plan.releases[0].rollback.observeEveryMs = 1_000
        func targets(_ name: String, _ count: Int) -> [TargetPlan] {
            (0..<count).map { TargetPlan(instance: "\(name)\($0):1", url: "http://\(name)\($0)/metrics") }
        }
        plan.releases[0].baseline.targets = targets("a", baseline)
        plan.releases[0].canary.targets = targets("b", canary)
        return plan
    }
}
