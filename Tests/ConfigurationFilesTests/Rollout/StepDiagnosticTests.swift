import ConfigurationFiles
import Testing

/// One row per error in steps: a piece of the sample, its replacement, and every error that follows.
struct StepDiagnosticTests {
    private static let list = "list: [1%, 10%, 100%]"
    private static let every = "every: {min: 5m}"

    @Test(
        arguments: [
            (list, "list: [10%, 1%, 100%]", ["11:19: error: the shares of 'list' rise, and 1% follows 10%"]),
            (list, "list: [1%, 1%, 100%]", ["11:18: error: the shares of 'list' rise, and 1% follows 1%"]),
            (
                list, "list: [1%, 50%]",
                ["11:18: error: the last of 'list' must be 100%: a rollout ends with all the traffic"]
            ),
            (
                list, "list: [100%]",
                [
                    "11:13: error: 'list' needs 2 to 100 percentages that rise to 100%, such as [1%, 5%, 25%, 50%, 100%]"
                ]
            ),
            (
                list, "list: [0.005%, 100%]",
                ["11:14: error: an entry of 'list' is '0.005%', and shares are set in steps of 0.01%"]
            ),
            (
                list, "list: [1, 100%]",
                [
                    "11:14: error: an entry of 'list' must be a percentage such as 0.1%, got '1'; did you mean '1%'?"
                ]
            ),
            (
                list, "linear: {by: 10%}\n      list: [1%, 100%]",
                ["11:7: error: 'steps' has 'list' and 'linear'; keep one of them"]
            ),
            ("      list: [1%, 10%, 100%]\n", "", ["11:7: error: 'steps' needs 'list', 'linear' or 'exponential'"]),
            (
                list, "exponential: {from: 1%, factor: 1}",
                ["11:39: error: 'factor' must be between 1.1 and 100, got '1'"]
            ),
            (
                every, "every: {settle: 1m}",
                [
                    "12:7: error: steps 1%, 10% have none of 'min', 'requests' and 'evidence', and would be passed as soon as the "
                        + "router shows the share; add one of them to 'every' or 'at'"
                ]
            ),
            (
                every, "at: {1%: {approval: {}, min: 1m}, 10%: {approval: {}}}",
                [
                    "12:41: error: step 10% has none of 'min', 'requests' and 'evidence', and would be passed as soon as the "
                        + "router shows the share; add one of them to 'every' or 'at'"
                ]
            ),
            (
                every, "every: {min: 5m}\n      at: {20%: {min: 1m}}",
                ["13:12: error: no step has 20%; the steps are 1%, 10%, 100%"]
            ),
            (
                every, "every: {min: 5m}\n      at: {1%: {min: 1m}, 1.0%: {min: 2m}}",
                ["13:27: error: 'at' has 1% twice"]
            ),
            (
                every, "every: {min: 5m}\n      at: {100%: {min: 1m}}",
                [
                    "13:12: error: nothing follows 100%, so nothing has to hold there; 'bake' says how long it is watched"
                ]
            ),
            (
                every, "every: {min: 5m, rules: [Erors, Worse, x]}",
                [
                    "12:32: error: release \"checkout\" has no rule 'Erors'; did you mean 'Errors'?",
                    "12:46: error: release \"checkout\" has no rule 'x'",
                ]
            ),
            (
                every, "every: {evidence: {rato: 1.5}}",
                ["12:26: error: unknown field 'rato' in 'evidence'; did you mean 'ratio'?"]
            ),
            (
                every, "every: {evidence: {ratio: 1.5, excess: 50%}}",
                ["12:26: error: 'evidence' has 'excess' and 'ratio'; keep one of them"]
            ),
            (
                every, "every: {evidence: {ratio: 1}}",
                [
                    "12:33: error: 'ratio' must be above 1, at most 100, got '1': that two versions are exactly alike cannot be "
                        + "proved; 1.5 asks that the canary is at most half as bad again"
                ]
            ),
            (
                every, "every: {min: 5m, approval: {count: 0}}",
                ["12:42: error: 'count' must be a whole number, 1 to 20, got '0'"]
            ),
            (
                every, "every: {min: 5m, approval: {then: proceed}}",
                ["12:41: error: 'then' must be 'hold' or 'rollback', got 'proceed'"]
            ),
            (
                every, "every: {min: 5m, webhook: {url: \"ftp://gate\"}}",
                [
                    "12:39: error: 'url' must be a URL, got 'ftp://gate'; it has to begin with http:// or https://"
                ]
            ),
            (
                every, "every: {min: 5m, webhook: {url: \"https://gate\", name: approval}}",
                [
                    "12:61: error: 'approval' is the name of another gate; name the webhook after what it checks"
                ]
            ),
            (
                every, "every: {min: 5m, webhook: {url: \"https://gate\", within: 30s}}",
                [
                    "12:63: error: 'within' (30s) must not be shorter than 'every' (1m)"
                ]
            ),
            (
                every, "every: {min: 5m, max: 5m}",
                [
                    "12:29: error: 'max' (5m) must be longer than 'min' (5m), or the step is overdue before it can be passed"
                ]
            ),
            (
                "list: [1%, 10%, 100%]\n      every: {min: 5m}",
                "list: [0%, 10%, 100%]\n      every: {min: 1m}\n      at: {0%: {evidence: {}}}",
                [
                    "13:17: error: at 0% the canary has no share of the traffic, so there is nothing to compare; ask for "
                        + "'requests', a 'webhook' or an 'approval' there"
                ]
            ),
            (
                "list: [1%, 10%, 100%]\n      every: {min: 5m}",
                "list: [0%, 10%, 100%]\n      every: {min: 1m, rules: [Errors, Worse]}",
                [
                    "10:5: error: rule \"Worse\" compares the versions, and at 0% the canary has nothing to compare: the step would "
                        + "never be passed; give '0%' its own 'rules' under 'at'"
                ]
            ),
            (
                "list: [1%, 10%, 100%]\n      every: {min: 5m}",
                "list: [1%, 99%, 100%]\n      every: {min: 1m}\n    bake: {holdback: 1%}",
                [
                    "13:22: error: 'holdback' leaves 99% for the last step, and the one before already has 99%; lower it, or take "
                        + "that step out of the list"
                ]
            ),
            (
                "    steps:\n      list: [1%, 10%, 100%]\n      every: {min: 5m}\n",
                "    bake: {for: 1h}\n    lead: 1h\n",
                [
                    "10:5: error: 'bake' is for a release with 'steps', and this one is only watched; add 'steps', or remove it",
                    "11:5: error: 'lead' is for a release with 'steps', and this one is only watched; add 'steps', or remove it",
                    "11:11: error: 'lead' is a time before a window closes, and there are no 'windows'",
                ]
            ),
            (
                "    indicators: {requests: requests_total, errors: errors_total}",
                "    aa: true\n    indicators: {requests: r, errors: e}",
                [
                    "11:5: error: an A/A release has the same version in both places, so there is nothing to lead; remove 'steps' "
                        + "or 'aa'"
                ]
            ),
            (
                every, "every: {min: 5m}\n    version: {metric: 1a}",
                [
                    "13:23: error: '1a' is not the name of a metric: letters, digits and '_', not beginning with a digit"
                ]
            ),
        ] as [DiagnosticTests.Row])
    func everyMistakeIsReportedAtItsPlace(_ row: DiagnosticTests.Row) {
        #expect(LedSample.errors(row.piece, to: row.other) == row.expected)
    }

    private static let gray = #"router: {kind: gray, instances: ["http://127.0.0.1:9412"]}"#

    /// A router of weights that add up to so much; nil for one that cannot be read.
    private static func http(total: Int, readBack: Bool = true) -> String {
        let read = #", read_back: {steps: [{url: /w}], canary: {pointer: /new}, baseline: {pointer: /old}}"#
        return #"router: {kind: http, instances: ["http://a"], total: \#(total), set: [{method: PUT, url: /w, "#
            + #"body: {old: "${weight.baseline}", new: "${weight.canary}"}}]\#(readBack ? read : "")}"#
    }

    @Test func sharesThatTheRouterWouldRoundAreErrorsAtTheirPlaces() {
        #expect(LedSample.errors(Self.gray, to: Self.http(total: 100)) == [])
        #expect(
            LedSample.errors(Self.gray, to: Self.http(total: 10)) == [
                "11:14: error: release \"checkout\": step 1 of 1% is less than the router's smallest step of 10%, so the canary "
                    + "would get nothing; change 'steps', or the router",
                "11:18: error: release \"checkout\": step 2 of 10% is less than the router's smallest step of 10% above the one "
                    + "before, 1%, so it may change nothing; change 'steps', or the router",
            ])
        let linear = LedSample.changed("list: [1%, 10%, 100%]", to: "linear: {by: 5%}")
        let errors = Sample.errors(Sample.load(Sample.changed(Self.gray, to: Self.http(total: 10), in: linear)))
        #expect(
            errors.first?.hasPrefix("rollguard.yaml:10:5: error: release \"checkout\": step 1 of 5% is less") == true)
        #expect(
            LedSample.errors(Self.gray, to: Self.http(total: 100, readBack: false)) == [
                "10:5: error: release \"checkout\": the router's split cannot be read back, so no step would ever be known to be "
                    + "in place; change 'steps', or the router"
            ])
    }

    @Test(
        arguments: [
            (
                "every: {min: 10s, max: 1m, rules: [Errors]}",
                "12:25: warning: 'max' (1m) is over before rule \"Errors\" can be healthy over a whole window (1m) inside the step; "
                    + "make 'max' longer"
            ),
            (
                "every: {min: 5m}\n      at: {1%: {max: {time: 30m}, webhook: {name: smoke, url: \"https://gate\"}}}",
                "13:17: warning: 'max' (30m) may be over while \"smoke\" may still answer: it is asked after 5m at the soonest, and "
                    + "has 30m ('within'); make 'max' longer"
            ),
            ("every: {min: 10s, max: 61s, rules: [Errors]}", nil),
            ("every: {min: 5m, max: 36m, webhook: {name: smoke, url: \"https://gate\"}}", nil),
        ] as [(String, String?)])
    func aMaximumThatTheGatesCannotKeepIsRemarkedOn(_ every: String, _ expected: String?) {
        let result = Sample.load(LedSample.changed(Self.every, to: every))
        #expect(result.errors.isEmpty)
        #expect(result.warnings.map(Sample.headline) == [expected].compactMap { $0.map { "rollguard.yaml:\($0)" } })
    }

    @Test func evidenceNeedsSomethingToCompare() {
        let text = Sample.changed(
            ", errors: errors_total", to: "",
            in: LedSample.changed("every: {min: 5m}", to: "every: {evidence: {}}"))
        let rules =
            text.split(separator: "\n").filter { !$0.contains("alert: ") }.joined(separator: "\n")
            + "\n              - {alert: A, indicator: request_rate, window: 1m, when: canary < 1}\n"
        #expect(
            Sample.errors(Sample.load(rules)) == [
                "rollguard.yaml:12:15: error: 'evidence' compares the versions' errors and latency, and 'indicators' has "
                    + "neither 'errors' nor 'latency'"
            ])
    }
}
