import Model
import Statistics

extension RegressionRecord {
    /// A rule that has found something: every field is there.
    static let sample = RegressionRecord(
        tolerance: 0.1, falseAlarm: 0.001, method: "pair", logEvidence: 7.2, maxLogEvidence: 7.3, barLogEvidence: 6.9,
        chanceOneIn: 1_480, isWorse: true, isSafe: false, safeRatio: 1.5,
        comparisons: [
            Comparison(
                name: "errors", baseline: Side(requests: 900, bad: 9, rate: 0.01, rateLow: 0.004, rateHigh: 0.02),
                canary: Side(requests: 100, bad: 8, rate: 0.08, rateLow: 0.03, rateHigh: 0.2), ratio: 8, ratioLow: 1.4,
                ratioHigh: 33, toleratedRatio: 1.1, logEvidence: 7.2, dispersion: 1.2),
            Comparison(
                name: "slower than 250 ms",
                baseline: Side(requests: 0, bad: 0, rate: nil, rateLow: 0, rateHigh: 1),
                canary: Side(requests: 0, bad: 0, rate: nil, rateLow: 0, rateHigh: 1), ratio: nil, ratioLow: nil,
                ratioHigh: nil, toleratedRatio: 1.1, logEvidence: 0, dispersion: 2),
        ],
        percentiles: [
            Percentile(
                name: "p99", baselineLowSeconds: 0.25, baselineHighSeconds: 0.5, canaryLowSeconds: 0.5,
                canaryHighSeconds: nil)
        ], requestsNeeded: 1_900, secondsNeeded: 40,
        detectable: [Detectable(seconds: 60, ratio: 2.1), Detectable(seconds: 1, ratio: nil)],
        sentence: "errors: baseline 1%, canary 8%", selfCheck: SelfCheckRecord(runs: 24, falseAlarms: 0))
}
