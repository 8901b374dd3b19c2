import Model
import Support
import Telemetry
import Testing

@testable import Kernel

/// Percentiles from histograms as exporters really write them.
@Suite("A percentile")
struct PercentileTests {
    /// Requests of one target in one cycle, as a histogram.
    private static func histogram(_ seconds: [Double], bounds: [Double]) -> HistogramIncrements {
        HistogramIncrements(
            upperBounds: bounds, cumulative: bounds.map { bound in Double(seconds.count { $0 <= bound }) },
            sumSeconds: seconds.reduce(0, +), count: Double(seconds.count))
    }

    /// What a rule says after one cycle in which each target brought its part.
    private static func evaluation(
        _ rule: RulePlan, baseline: [TargetReading.Latency], canary: [TargetReading.Latency]
    ) -> RuleEvaluation {
        let (baseline, canary) = (pool(.baseline, baseline), pool(.canary, canary))
        let measures = RuleMeasures(rules: [rule])
        let (rule, taken) = (measures.rules[0], measures.taken(baseline: baseline, canary: canary))
        return RuleEvaluation(rule: rule, measure: taken[rule.place])
    }

    private static func pool(_ name: Pool, _ latencies: [TargetReading.Latency]) -> PoolState {
        let targets = latencies.indices.map { TargetPlan(instance: "\(name)\($0)", url: "http://\(name)\($0)/metrics") }
        var pool = PoolState(
            plan: PoolPlan(version: "v", targets: targets),
            window: PoolWindow(windowsMs: [10_000], intervalMs: 1_000, beganAtMs: 0), isCompared: false)
        for (index, latency) in latencies.enumerated() {
            let reading = TargetReading(requests: 100, errors: 0, latency: latency, coveredSeconds: 1)
            pool.take(
                ScrapeReport(
                    release: "r", pool: name, target: index, instance: targets[index].instance,
                    outcome: .success(reading, warnings: [])), at: Moment(uptimeMs: 900, wallMs: 900))
        }
        pool.closeCycle(atMs: 1_000)
        return pool
    }

    private static func rule(
        _ condition: Condition, noData: RulePlan.NoDataPolicy = .hold
    ) -> RulePlan {
        RulePlan(
            group: "g", name: "Slow", indicator: .latencyQuantile(0.99), windowMs: 10_000, condition: condition,
            conditionText: "test", noData: noData, action: .rollback)
    }

    private static let worse = Condition.compare(
        .value(.canary), .greater, .combine(.number(1.5), .multiply, .value(.baseline)))
    private static let above = Condition.compare(.value(.canary), .greater, .number(2))

    private struct Drawn {
        var generator: SeededGenerator

        mutating func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

        /// Some of the usual bounds, and +Inf.
        mutating func bounds() -> [Double] {
            [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5].filter { _ in uniform() < 0.6 } + [.infinity]
        }

        mutating func seconds(_ count: Int) -> [Double] {
            (0..<count).map { _ in 0.02 * 250.0.power(uniform()) }
        }
    }

    /// The estimate lies in the bucket of the shared bounds that holds the true percentile, however the targets' bounds
    /// differ; without a shared bound there is none.
    @Test func liesInTheSharedBucketOfTheTruePercentile() {
        var drawn = Drawn(generator: SeededGenerator(seed: 12))
        for _ in 0..<300 {
            let targets = (0..<3).map { _ in (seconds: drawn.seconds(200), bounds: drawn.bounds()) }
            let found = Self.evaluation(
                Self.rule(Self.above), baseline: [.absent],
                canary: targets.map { .histogram(Self.histogram($0.seconds, bounds: $0.bounds)) })
            let value = found.evidence.canary.value
            let shared = targets[0].bounds.filter { bound in targets.allSatisfy { $0.bounds.contains(bound) } }
            guard shared.contains(where: { $0 < .infinity }) else {
                #expect(value == nil && found.evidence.verdict.isInconclusive)
                continue
            }
            let all = targets.flatMap(\.seconds).sorted()
            let truth = all[Int((0.99 * Double(all.count)).rounded(.up)) - 1]
            let upper = shared.first { $0 >= truth } ?? .infinity
            let lower = shared.last { $0 < truth } ?? 0
            #expect(
                value.map { $0 <= upper && $0 >= lower } == true, "\(truth) in \(shared): \(String(describing: value))")
            let isCoarser = Set(targets.flatMap(\.bounds)).count > shared.count
            #expect(isCoarser == found.evidence.notes.contains { $0.contains("configure the same buckets") })
        }
    }

    /// Both pools served the very same latencies: whatever bounds they have, neither is slower than the other.
    @Test func ofEqualLatenciesIsEqualWhateverTheBounds() {
        var drawn = Drawn(generator: SeededGenerator(seed: 77))
        for _ in 0..<300 {
            let seconds = drawn.seconds(300)
            let found = Self.evaluation(
                Self.rule(Self.worse, noData: .breach),
                baseline: [.histogram(Self.histogram(seconds, bounds: drawn.bounds()))],
                canary: [.histogram(Self.histogram(seconds, bounds: drawn.bounds()))])
            #expect(found.evidence.verdict != .breached)
            #expect(found.evidence.canary.value == found.evidence.baseline.value)
        }
    }

    /// One that is really slower is found on the shared bounds.
    @Test func ofASlowerCanaryIsHigherOnTheSharedBounds() {
        let found = Self.evaluation(
            Self.rule(Self.worse),
            baseline: [
                .histogram(Self.histogram(Array(repeating: 0.2, count: 100), bounds: [0.1, 0.25, 0.5, 1, .infinity]))
            ],
            canary: [.histogram(Self.histogram(Array(repeating: 0.9, count: 100), bounds: [0.1, 0.25, 1, .infinity]))])
        #expect(found.evidence.verdict == .breached)
        #expect(found.evidence.notes.contains { $0.contains("of the baseline is estimated on the bounds") })
    }

    private static let sound = TargetReading.Latency.histogram(
        histogram(Array(repeating: 0.08, count: 100), bounds: [0.1, 0.5, 1, .infinity]))

    private static func counts(_ bounds: [Double], _ cumulative: [Double], count: Double = 100) -> TargetReading.Latency
    {
        .histogram(HistogramIncrements(upperBounds: bounds, cumulative: cumulative, sumSeconds: 8, count: count))
    }

    private static func summary(_ quantiles: [Double]) -> TargetReading.Latency {
        .summary(SummaryValues(quantiles: quantiles, seconds: quantiles.map { $0 }, sumSeconds: 8, count: 100))
    }

    /// What a canary exposes, and a part of what is said of it. None of it is a breach.
    private static let unusable: [(canary: [TargetReading.Latency], said: String)] = [
        ([counts([0.1, 0.5, 1, 5, .infinity], [50, 40, 10, 0, 0])], "not cumulative: le=\"0.5\""),
        ([counts([0.1, 0.5, 1, .infinity], [0, 0, 0, 0])], "contradict the count"),
        ([counts([0.1, 0.5], [90, 100])], "no bucket le=\"+Inf\""),
        ([counts([.infinity], [100])], "no bound in common"),
        ([counts([0.1, .infinity], [0, 100]), counts([0.25, .infinity], [0, 100])], "no bound in common"),
        ([counts([0.2, 2, .infinity], [0, 0, 100])], "no bound in common"),
        ([counts([0.1, .infinity], [0, 100]), summary([0.99])], "cannot be"),
        ([summary([0.99])], "one pool exposes a summary and the other a histogram"),
    ]

    @Test(arguments: unusable.indices)
    func ofContradictingCountsIsInconclusiveAndSaysWhatToChange(_ index: Int) {
        let (canary, said) = Self.unusable[index]
        let rule = Self.rule(.or(Self.worse, Self.above))
        let found = Self.evaluation(rule, baseline: [Self.sound], canary: canary)
        guard case .inconclusive(let reason) = found.evidence.verdict else {
            Issue.record("\(found.evidence)")
            return
        }
        #expect(reason.contains(said), "\(reason)")
        #expect(found.evidence.notes.contains { $0.contains(said) } && !found.obstacles.isEmpty)
    }

    @Test func ofTargetsWithoutACommonBoundNamesTheirBounds() {
        let canary = [Self.counts([0.1, .infinity], [0, 100]), Self.counts([0.25, .infinity], [0, 100])]
        let found = Self.evaluation(Self.rule(Self.above, noData: .hold), baseline: [Self.sound], canary: canary)
        #expect("\(found.evidence.verdict)".contains("without a common bound (0.1, +Inf; 0.25, +Inf)"))
    }

    @Test func ofASummaryWithoutItNamesTheQuantilesThatThereAre() {
        let found = Self.evaluation(
            Self.rule(Self.above), baseline: [Self.sound], canary: [Self.summary([0.5, 0.9])])
        guard case .inconclusive(let reason) = found.evidence.verdict else {
            Issue.record("\(found.evidence)")
            return
        }
        #expect(reason.contains("0.99, only for 0.5, 0.9"), "\(reason)")
        let bare = Self.evaluation(Self.rule(Self.above), baseline: [Self.sound], canary: [Self.summary([])])
        #expect("\(bare.evidence.verdict)".contains("neither buckets nor a quantile"))
    }

    /// Without requests a summary's quantiles are `NaN`: nothing has to be changed for that.
    @Test func ofAnIdleSummaryIsMissingAndNoMore() {
        let idle = TargetReading.Latency.summary(
            SummaryValues(quantiles: [], seconds: [], sumSeconds: 0, count: 0))
        let found = Self.evaluation(Self.rule(Self.above), baseline: [Self.sound], canary: [idle])
        #expect(found.evidence.verdict == .inconclusive(reason: "the canary has no latency_p99 in the window"))
        #expect(found.obstacles.isEmpty && found.evidence.notes.isEmpty)
    }

    @Test func aboveTheLargestBoundSaysSo() {
        let found = Self.evaluation(
            Self.rule(.compare(.value(.canary), .greater, .number(0.9))), baseline: [Self.sound],
            canary: [.histogram(Self.histogram(Array(repeating: 7, count: 100), bounds: [0.1, 0.5, 1, .infinity]))])
        #expect(found.evidence.verdict == .breached && found.evidence.canary.value == 1)
        #expect(
            found.evidence.notes.contains { $0.contains("above the largest bound, 1 s") }, "\(found.evidence.notes)")
    }

    private static let usual: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, .infinity]

    /// A rule that names the canary alone moves traffic only when the baseline would not breach on the same bounds.
    @Test(arguments: [[0.1, 1, 10, .infinity], [10, .infinity]])
    func ofEqualLatenciesNeverMovesTrafficByCoarserBounds(_ bounds: [Double]) {
        let seconds = Array(repeating: 0.2, count: 200)
        let found = Self.evaluation(
            Self.rule(.compare(.value(.canary), .greater, .number(0.4))),
            baseline: [.histogram(Self.histogram(seconds, bounds: Self.usual))],
            canary: [.histogram(Self.histogram(seconds, bounds: bounds))])
        #expect(found.evidence.verdict != .breached || found.baselineBreachesToo)
        let slower = Self.evaluation(
            Self.rule(.compare(.value(.canary), .greater, .number(0.4))),
            baseline: [.histogram(Self.histogram(Array(repeating: 0.05, count: 200), bounds: Self.usual))],
            canary: [.histogram(Self.histogram(seconds, bounds: [0.1, 1, 10, .infinity]))])
        #expect(slower.evidence.verdict == .breached && !slower.baselineBreachesToo)
    }

    @Test func withoutACommonBoundMovesNothing() {
        let found = Self.evaluation(
            Self.rule(.compare(.value(.canary), .greater, .number(0.4))),
            baseline: [.histogram(Self.histogram(Array(repeating: 0.2, count: 200), bounds: Self.usual))],
            canary: [.histogram(Self.histogram(Array(repeating: 0.2, count: 200), bounds: [0.45, 3, .infinity]))])
        #expect("\(found.evidence.verdict)".contains("no bound in common"), "\(found.evidence.verdict)")
    }

    /// One version counts milliseconds, the other seconds.
    @Test(arguments: [Indicator.latencyQuantile(0.99), .latencyMean], [worse, above])
    func inTwoUnitsIsInconclusive(_ indicator: Indicator, _ condition: Condition) {
        var rule = Self.rule(condition)
        rule.changeThreshold { $0.indicator = indicator }
        let seconds = Array(repeating: 0.2, count: 200)
        let found = Self.evaluation(
            rule, baseline: [.histogram(Self.histogram(seconds, bounds: Self.usual))],
            canary: [
                .histogram(
                    Self.histogram(
                        seconds.map { $0 * 1_000 }, bounds: [5, 10, 25, 50, 100, 250, 500, 1_000, .infinity]))
            ])
        #expect("\(found.evidence.verdict)".contains("same unit"), "\(found.evidence.verdict)")
    }

    @Test(arguments: [
        [0.1, 1, 10], [10], [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60], [1, 10, 60],
        [0.001, 0.002, 0.004], [0.05, 0.5, 5],
    ])
    func otherBucketsAreNoOtherUnit(_ bounds: [Double]) {
        #expect(UnitDoubt.text([Self.usual], [bounds]) == nil && UnitDoubt.text([bounds], [Self.usual]) == nil)
    }

    @Test func boundsThatAreFarApartAreAnotherUnit() {
        #expect(UnitDoubt.text([Self.usual], [[3, 30, 300, 3_000]]) != nil)
    }

    @Test func aNegativeQuantileIsNoValue() {
        let negative = TargetReading.Latency.summary(
            SummaryValues(quantiles: [0.99], seconds: [-1], sumSeconds: 0, count: 0))
        let found = Self.evaluation(Self.rule(Self.above), baseline: [Self.sound], canary: [negative])
        #expect(found.evidence.canary.value == nil && found.evidence.verdict.isInconclusive)
    }

    /// A scrape body is not written at one moment: a request or two too few are no contradiction.
    @Test func toleratesCountsThatWereTakenMomentsApart() {
        let found = Self.evaluation(
            Self.rule(Self.above), baseline: [Self.sound],
            canary: [Self.counts([0.1, 0.5, 1, .infinity], [90, 99, 98, 99], count: 100)])
        #expect(found.evidence.verdict == .healthy && found.evidence.canary.value != nil)
    }
}

extension Verdict {
    fileprivate var isInconclusive: Bool {
        if case .inconclusive = self { true } else { false }
    }
}

extension Double {
    /// By repeated halving of the exponent: no C library is needed, so it is the same everywhere.
    fileprivate func power(_ exponent: Double) -> Double {
        var (result, base, rest) = (1.0, squareRoot(), exponent)
        for _ in 0..<30 {
            rest *= 2
            if rest >= 1 {
                result *= base
                rest -= 1
            }
            base = base.squareRoot()
        }
        return result
    }
}
