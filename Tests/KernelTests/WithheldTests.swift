import Model
import Support
import Telemetry
import Testing

@testable import Kernel

/// What a scrape body withholds is unknown: neither zero nor "no data".
@Suite("A target that answers and withholds its counts")
struct WithheldTests {
    private enum Answer { case reports(Double), withholds, isAmbiguous, isNegative, lacksTheSeries, isDown }

    private static func reading(_ answer: Answer) -> TargetReading? {
        let matches = TargetReading.Matches(requests: 1, errors: 1)
        switch answer {
        case .reports(let requests):
            return TargetReading(requests: requests, errors: 0, matches: matches, samples: 9, coveredSeconds: 1)
        case .withholds: return TargetReading(matches: matches, samples: 9)
        case .isNegative:
            return TargetReading(
                requests: 0, errors: 0,
                latency: .summary(SummaryValues(quantiles: [], seconds: [], sumSeconds: 0, count: 5)), matches: matches,
                samples: 9, coveredSeconds: 1, notes: [.negativeCounter])
        case .isAmbiguous: return TargetReading(matches: matches, samples: 9, isAmbiguous: true)
        case .lacksTheSeries: return TargetReading(samples: 9)
        case .isDown: return nil
        }
    }

    private static func pool(_ name: Pool, _ cycles: [[Answer]]) -> PoolState {
        let targets = cycles[0].indices.map { TargetPlan(instance: "\(name)\($0)", url: "http://\(name)\($0)/metrics") }
        var pool = PoolState(
            plan: PoolPlan(version: "v", targets: targets),
            window: PoolWindow(windowsMs: [10_000], intervalMs: 1_000, beganAtMs: 0, targets: targets.count),
            isCompared: false)
        for (cycle, answers) in cycles.enumerated() {
            pool.openCycle()
            let now = Int64(cycle + 1) * 1_000
            for (index, answer) in answers.enumerated() {
                let outcome = reading(answer).map { ScrapeReport.Outcome.success($0, warnings: []) }
                pool.take(
                    ScrapeReport(
                        release: "r", pool: name, target: index, instance: targets[index].instance,
                        outcome: outcome ?? .failure("refused")), at: Moment(uptimeMs: now - 100, wallMs: now))
            }
            pool.closeCycle(atMs: now)
        }
        return pool
    }

    private static func verdict(_ canary: [[Answer]], _ noData: RulePlan.NoDataPolicy) -> Verdict {
        let baseline = pool(.baseline, Array(repeating: [.reports(100)], count: canary.count))
        let canary = pool(.canary, canary)
        let condition = Condition.compare(
            .value(.canary), .less, .combine(.number(0.1), .multiply, .value(.baseline)))
        let rule = RulePlan(
            group: "g", name: "Absent", indicator: .requestRate, windowMs: 10_000, condition: condition,
            conditionText: "test", noData: noData, action: .rollback)
        let measures = RuleMeasures(rules: [rule])
        let (prepared, taken) = (measures.rules[0], measures.taken(baseline: baseline, canary: canary))
        return RuleEvaluation(rule: prepared, measure: taken[prepared.place]).evidence.verdict
    }

    @Test(arguments: [RulePlan.NoDataPolicy.hold, .breach, .ignore])
    func isNeitherAbsentNorWithoutData(_ policy: RulePlan.NoDataPolicy) {
        for answer in [Answer.withholds, .isAmbiguous, .isNegative] {
            #expect(Self.verdict([[answer], [answer], [answer]], policy).name == "inconclusive", "\(answer)")
        }
    }

    /// What was counted before several processes were recognised may be of any of them.
    @Test func isAmbiguousWhateverWasCountedBefore() {
        #expect(Self.verdict([[.reports(0)], [.reports(0)], [.isAmbiguous]], .breach).name == "inconclusive")
    }

    @Test(arguments: [([[0.0], [0.0]], "breached"), ([[100.0], [100.0]], "healthy")] as [([[Double]], String)])
    func theReportedShareDecides(_ requests: [[Double]], _ word: String) {
        #expect(Self.verdict(requests.map { $0.map(Answer.reports) }, .hold).name == word)
    }

    /// A process that cannot be reached, or whose body has no such series, has no data.
    @Test func missingDataIsStillABreachWhereTheRuleSaysSo() {
        #expect(Self.verdict([[.isDown], [.isDown]], .breach) == .breached)
        #expect(Self.verdict([[.lacksTheSeries], [.lacksTheSeries]], .breach) == .breached)
    }

    @Test func aNegativeCounterIsNoZero() {
        let pool = Self.pool(.canary, [[.isNegative], [.isNegative]])
        let view = pool.window.view(windowMs: 10_000)
        #expect(Indicator.requestRate.value(in: view, of: pool) == nil)
        #expect(Indicator.latencyMean.value(in: view, of: pool) == nil)
        #expect(pool.targets[0].silence.hasReported == false)
    }

    /// Half of the pool is not known, so the pool's rate is not; one of many may be unknown.
    @Test func leavesThePoolWithoutARateWhenItMayServeMuchOfIt() {
        let two = Self.pool(.canary, [[.reports(100), .withholds], [.reports(100), .withholds]])
        #expect(two.window.view(windowMs: 10_000).requestRate == nil)
        let many = Array(repeating: Array(repeating: Answer.reports(100), count: 20) + [.withholds], count: 2)
        #expect(Self.pool(.canary, many).window.view(windowMs: 10_000).requestRate == 2_000)
    }
}
