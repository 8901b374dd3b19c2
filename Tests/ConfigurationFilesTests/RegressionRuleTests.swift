import ConfigurationFiles
import Model
import Testing

/// Rules with `regression`: what they say, and one row per error.
struct RegressionRuleTests {
    private static let rules = """
        groups:
          - name: proof
            rules:
              - alert: CanaryIsWorse
                indicator: error_rate
                regression: {tolerance: 10%, false_alarm: 0.1%, floor: 0.1%}
                action: rollback

        """

    private static func load(_ piece: String = "error_rate", to other: String = "error_rate") -> Rulebook.Result {
        Sample.load(rules: Sample.changed(piece, to: other, in: rules))
    }

    @Test func everyFieldIsRead() throws {
        let text = """
            groups:
              - name: proof
                rules:
                  - alert: All
                    indicator: [error_rate, latency]
                    regression:
                      tolerance: 7%
                      false_alarm: 0.1%
                      floor: 0.05%
                      safe: {ratio: 2, false_safe: 1%}
                      self_check: true
                  - {alert: Defaults, indicator: latency, regression: {}}
                  - {alert: Tail, indicator: latency_p99.9, regression: {tolerance: 200%}}

            """
        let result = Sample.load(rules: text)
        let rules = try #require(result.plan, "\(result.errors)").releases[0].rules
        #expect(
            rules.map(\.regression) == [
                RegressionPlan(
                    scope: .release, tolerance: 0.07, falseAlarm: 0.001, floor: 0.0005,
                    safe: .init(ratio: 2, falseSafe: 0.01), selfCheck: true),
                RegressionPlan(scope: .latency),
                RegressionPlan(scope: .percentile(0.999), tolerance: 2, safe: .init(ratio: 3.75)),
            ])
        #expect(rules[0].conditionText == "regression: tolerance 7%, false alarm 0.1%, floor 0.05%")
        #expect(rules.allSatisfy { $0.action == .notify && $0.windowMs == 60_000 })
    }

    @Test func theBudgetIsTheSumOfTheRulesThatRollBack() throws {
        let more = """
                  - {alert: Slow, indicator: latency, regression: {false_alarm: 0.4%}, action: rollback}
                  - {alert: Quiet, indicator: latency, regression: {false_alarm: 5%}}

            """
        let release = try #require(Sample.load(rules: Self.rules + more.replacing("          -", with: "      -")).plan)
            .releases[0]
        #expect(abs(release.falseRollbackBudget - 0.005) < 1e-12)
    }

    @Test func itComesBackFromTheEffectiveConfiguration() throws {
        let plan = try #require(Self.load().plan)
        let written = Rulebook.effectiveYAML(of: plan)
        let again = try #require(Sample.load(written).plan, "\(written)")
        #expect(again.releases[0].rules.map(\.regression) == plan.releases[0].rules.map(\.regression))
        #expect(again.releases[0].latencyBounds == plan.releases[0].latencyBounds)
        #expect(written.contains("tolerance: 10%\n") && written.contains("false_alarm: 0.1%\n"), "\(written)")
    }

    @Test(
        arguments: [
            (
                "regression: {", "when: canary > 1%\n        window: 1m\n        regression: {",
                [
                    "7:9: error: 'window' does not go with 'regression': the evidence covers the whole release; remove it",
                    "8:9: error: rule \"CanaryIsWorse\" has 'when' and 'regression'; keep one of them",
                ]
            ),
            (
                "action: rollback", "for: 10s\n        no_data: breach\n        min_requests: 10",
                [
                    "7:9: error: 'for' does not go with 'regression': repeated evaluation is part of the test; remove it",
                    "8:9: error: 'no_data' does not go with 'regression': without data there is no proof; remove it",
                    "9:9: error: 'min_requests' does not go with 'regression': too few requests are no proof, whatever they "
                        + "say; remove it",
                ]
            ),
            (
                "tolerance: 10%", "tolerance: 0.1",
                [
                    "6:33: error: 'tolerance' must be a percentage such as 10%, got '0.1'; did you mean '10%'?"
                ]
            ),
            (
                "tolerance: 10%", "tolerance: 10",
                [
                    "6:33: error: 'tolerance' must be a percentage such as 10%, got '10'; did you mean '10%'?"
                ]
            ),
            (
                "tolerance: 10%", "tolerance: 2000%",
                [
                    "6:33: error: 'tolerance' must be between 0% and 1000%, got '2000%'"
                ]
            ),
            (
                "false_alarm: 0.1%", "false_alarm: 0%",
                [
                    "6:51: error: 'false_alarm' must be between 0.0000001% and 50%, got '0%'"
                ]
            ),
            (
                "tolerance: 10%", "tolerence: 10%",
                [
                    "6:22: error: unknown field 'tolerence' in 'regression'; did you mean 'tolerance'?"
                ]
            ),
            (
                "floor: 0.1%", "safe: {ratio: 1.1}",
                [
                    "6:71: error: 'ratio' must be above 1.1, which the tolerance allows already, and at most 100, got 1.1"
                ]
            ),
            (
                "indicator: error_rate", "indicator: request_rate",
                [
                    "5:20: error: 'regression' compares shares of requests, which 'request_rate' does not have; use error_rate, "
                        + "latency or latency_pN, or a rule with 'when'"
                ]
            ),
            (
                "indicator: error_rate", "indicator: eror_rate",
                [
                    "5:20: error: unknown indicator 'eror_rate'; did you mean 'error_rate'?"
                ]
            ),
            (
                "indicator: error_rate", "indicator: [error_rate, latency_p99]",
                [
                    "5:20: error: 'indicator' of one rule with 'regression' is a name or [error_rate, latency]; write further "
                        + "rules for the rest"
                ]
            ),
            (
                "indicator: error_rate", "indicator: latency",
                [
                    "6:64: error: 'floor' is an error rate, and the rule does not use error_rate; remove it"
                ]
            ),
            (
                "indicator: error_rate", "indicator: [error_rate",
                nil
            ),
        ] as [(String, String, [String]?)])
    func eachErrorIsReportedWithItsPlace(_ piece: String, _ other: String, _ expected: [String]?) {
        let errors = Sample.errors(Self.load(piece, to: other))
        guard let expected else { return #expect(!errors.isEmpty) }
        #expect(errors == expected.map { "rules/errors.yaml:\($0)" })
    }

    // MARK: Bounds that are known

    private static func bounds(_ bounds: String, tolerance: String) -> Rulebook.Result {
        let configuration = Sample.changed("latency: seconds", to: "latency: seconds\n      latency_bounds: \(bounds)")
        let rule = Sample.changed(
            "indicator: error_rate\n        regression: {tolerance: 10%, false_alarm: 0.1%, floor: 0.1%}",
            to: "indicator: latency_p99\n        regression: {tolerance: \(tolerance)}", in: rules)
        return Sample.load(configuration, rules: rule)
    }

    @Test func aPercentileThatNoBucketCanShowIsRefused() {
        let errors = Sample.errors(Self.bounds("[0.1, 0.25, 0.5, 1]", tolerance: "20%"))
        #expect(
            errors == [
                "rules/errors.yaml:5:20: error: no bucket of the latency is fine enough for 20% of latency_p99 in rule "
                    + "\"CanaryIsWorse\": the one from 100 ms to 250 ms is 2.5 times wide; add a boundary at 0.12 to the "
                    + "histogram, or raise the tolerance"
            ])
    }

    @Test func aFewBucketsThatAreTooWideAreWarnedOf() throws {
        let result = Self.bounds("[100ms, 250ms, 500ms, 1, +Inf]", tolerance: "100%")
        #expect(result.plan?.releases[0].latencyBounds == [0.1, 0.25, 0.5, 1])
        let warning = try #require(result.warnings.first).description
        #expect(warning.contains("1 of 3 buckets are too wide for 100% of latency_p99"), "\(warning)")
        #expect(warning.contains("add a boundary at 0.2 to the histogram"), "\(warning)")
        #expect(Self.bounds("[0.1, 0.25, 0.5, 1]", tolerance: "150%").warnings.isEmpty)
    }

    @Test func boundsHaveToRise() {
        let errors = Sample.errors(Self.bounds("[0.5, 0.25]", tolerance: "150%"))
        #expect(
            errors == [
                "rollguard.yaml:14:29: error: the bounds of a histogram are above 0 and rise; put them in order"
            ])
    }
}
