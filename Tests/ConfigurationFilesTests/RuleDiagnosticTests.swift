import ConfigurationFiles
import Testing

/// One row per error in a rule file.
struct RuleDiagnosticTests {
    typealias Row = (piece: String, other: String, expected: [String])

    private static let when = "when: canary > 2 * baseline and canary > 1%"
    private static let instead =
        "is not supported by this version; write 'indicator' and 'when' instead, for example 'indicator: error_rate' and "
        + "'when: canary > 1%'"

    @Test(
        arguments: [
            (
                "alert: CanaryErrors", "alrt: CanaryErrors",
                [
                    "4:9: error: a rule needs 'alert'",
                    "4:9: error: unknown field 'alrt' in a rule; did you mean 'alert'?",
                ]
            ),
            (
                "window: 1m", "treshold: 1%",
                [
                    "4:9: error: rule \"CanaryErrors\" needs 'window'",
                    "6:9: error: unknown field 'treshold' in rule \"CanaryErrors\"; it has 'alert', 'indicator', 'window', 'when', 'regression', "
                        + "'min_requests', 'for', 'keep_firing_for', 'no_data', 'action', 'labels', 'annotations'",
                ]
            ),
            ("indicator: error_rate", "expr: up == 0", ["5:9: error: 'expr' (PromQL) \(instead)"]),
            (
                "- alert: CanaryErrors\n        indicator: error_rate", "- record: x\n        expr: up == 0",
                [
                    "4:9: error: 'record' (recording rules) \(instead)", "5:9: error: 'expr' (PromQL) \(instead)",
                ]
            ),
            (
                "indicator: error_rate", "indicator: error_rate\n        interval: 5s",
                [
                    "6:9: error: 'interval' is not supported in rules: they are judged after every scrape, as often as "
                        + "'scrape.interval' of the release says; remove it"
                ]
            ),
            (
                "- name: errors", "- name: errors\n    interval: 5s",
                [
                    "3:5: error: 'interval' is not supported in rules: they are judged after every scrape, as often as "
                        + "'scrape.interval' of the release says; remove it"
                ]
            ),
            (
                "indicator: error_rate", "indicator: eror_rate",
                [
                    "5:20: error: unknown indicator 'eror_rate'; did you mean 'error_rate'?"
                ]
            ),
            (
                "indicator: error_rate", "indicator: latency_p100",
                [
                    "5:20: error: unknown indicator 'latency_p100'; did you mean 'latency_p50'?"
                ]
            ),
            (
                "indicator: error_rate", "indicator: cpu",
                [
                    "5:20: error: unknown indicator 'cpu'; known are request_rate, error_rate, latency_mean and latency_pN with a "
                        + "percentile between 0 and 100"
                ]
            ),
            (
                "window: 1m", "window: 9s",
                [
                    "6:17: error: a window of 9s is shorter than two scrape intervals of release \"checkout\" (5s each): a rate is the "
                        + "difference of two scrapes, and one missed scrape would leave nothing to judge; use 10s or more"
                ]
            ),
            (
                "window: 1m", "window: 90d",
                [
                    "6:17: error: a window of 90d is longer than 20000 scrape intervals of release \"checkout\" (5s each), which are "
                        + "kept in memory; shorten it or scrape less often"
                ]
            ),
            (
                "window: 1m",
                "window: 1m\n        no_data: pass\n        action: rolback\n        min_requests: -1\n        for: 5",
                [
                    "7:18: error: 'no_data' must be 'hold', 'breach' or 'ignore', got 'pass'",
                    "8:17: error: 'action' must be 'notify', 'hold' or 'rollback', got 'rolback'; did you mean 'rollback'?",
                    "9:23: error: 'min_requests' must be a number, 0 or more, got '-1'",
                    "10:14: error: 'for' must be a duration such as 500ms, 5s or 1h30m, got '5'; a unit is missing: ms, s, m, h, d or w",
                ]
            ),
            (
                "window: 1m", "window: 1m\n        for: 500 ms",
                [
                    "7:14: error: 'for' must be a duration such as 500ms, 5s or 1h30m, got '500 ms'; write 500ms, without a blank"
                ]
            ),
            (
                "- name: errors", "- name: errors\n    rules: []\n  - name: errors",
                [
                    "3:12: error: 'rules' of the group is empty",
                    "4:11: error: group \"errors\" is already in this file, in line 2",
                ]
            ),
            (
                "- name: errors", "- nam: errors",
                [
                    "2:5: error: a group needs 'name'",
                    "2:5: error: unknown field 'nam' in a group; did you mean 'name'?",
                ]
            ),
            (
                "groups:", "group:",
                [
                    "1:1: error: a rule file needs 'groups'",
                    "1:1: error: unknown field 'group' in a rule file; did you mean 'groups'?",
                ]
            ),
            (
                "labels: {severity: page}",
                "labels: {severity-x: high, alertname: x, __a: b, t: \"{{ $labels.severity }}\"}",
                [
                    "8:18: error: 'severity-x' is not a valid name; use letters, digits and '_', not beginning with a digit",
                    "8:36: error: the label 'alertname' is set by Rollguard; choose another name",
                    "8:50: error: the label '__a' is set by Rollguard; choose another name",
                    "8:65: error: a label cannot name the rule's labels; only annotations can",
                ]
            ),
            (
                "labels: {severity: page}",
                "labels: {severity: page}\n        annotations: {a: \"{{ canry }} {{ $labels.sevrity }} {{ $value | x }} {{ }} {{ x\"}",
                [
                    "9:30: error: unknown name 'canry' in a template; did you mean 'canary'?",
                    "9:42: error: the rule has no label 'sevrity'; did you mean 'severity'?",
                    "9:64: error: templates are names alone, without functions; values come formatted, as in {{ canary }}",
                    "9:81: error: the template names nothing; known are 'canary', 'baseline', '$value', 'release', "
                        + "'canary_version' or 'baseline_version'",
                    "9:84: error: the template is not closed; write }} after the name",
                ]
            ),
            (
                "labels: {severity: page}", "annotations: {summary: {{ canary }}}",
                [
                    "8:33: error: a list or a mapping cannot be a name; a text that begins with '{' or '[' has to be in quotes"
                ]
            ),
            (
                "labels: {severity: page}", "labels: {severity: [a]}",
                ["8:28: error: 'severity' must be a text, got a list"]
            ),
        ] as [Row])
    func rules(_ row: Row) {
        let found = Sample.ruleErrors(row.piece, to: row.other)
        #expect(found == row.expected.map { "rules/errors.yaml:" + $0 })
    }

    /// The caret is under the character, however YAML wrote it.
    @Test(arguments: [
        (when, "when: canary > 2 * baselin", "7:28"),
        (when, "when: 'canary > 2 * baselin'", "7:29"),
        (when, "when: \"canary > 2 * baselin\"", "7:29"),
        (when, "when: \"\\x63anary > \\u0032 * baselin\"", "7:37"),
        (when, "when:   &w !!str canary > 2 * baselin", "7:39"),
        (when, "when: canary > 1% or ''''''", "7:30"),
        (when, "when: 'canary > 1% or ''x'''", "7:31"),
        (when, "when:\n          canary > 2 * baselin", "8:24"),
        (when, "when: canary > 1%\n          and canary >   2 * baselin", "8:30"),
        (when, "when: \"canary > 1%\n          and \\\n          canary > 2 * baselin\"", "9:24"),
        (when, "when: \"canary > 1%\\n and canary > 2 * baselin\"", "7:47"),
        (when, "when: |\n          canary > 1%\n          and canary > 2 * baselin", "9:28"),
        (when, "when: >-  # folded\n          canary > 1%\n\n            and canary > 2 * baselin", "10:30"),
        (when, "when: canary > 1% and", "7:30"),
        (when, "when: (canary > 1%", "7:27"),
        (when, "when: \"\"", "7:15"),
    ])
    func conditionsHaveExactPlaces(_ piece: String, _ other: String, _ place: String) {
        let found = Sample.ruleErrors(piece, to: other)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("rules/errors.yaml:\(place): error: ") == true, "\(found)")
    }

    @Test func templatesInBlocksHaveTheirLine() {
        let found = Sample.ruleErrors(
            "labels: {severity: page}",
            to: "annotations:\n          summary: |\n            line one\n            line {{ foo }}\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("rules/errors.yaml:11:21: error: unknown name 'foo' in a template") == true)
    }

    @Test func bareRuleFilesAreChecked() {
        let files = MemoryFiles(["a.yaml": Sample.rules, "b.yaml": Sample.changed("1m", to: "1", in: Sample.rules)])
        #expect(Rulebook.check(ruleFile: "a.yaml", files: files).rules.map(\.name) == ["CanaryErrors"])
        let bad = Rulebook.check(ruleFile: "b.yaml", files: files)
        #expect(bad.rules.isEmpty)
        #expect(bad.errors.map { "\($0.line):\($0.column)" } == ["6:17"])
        #expect(
            Rulebook.check(ruleFile: "c.yaml", files: files).errors.map(\.description) == [
                "c.yaml: error: there is no such file"
            ])
    }

    @Test func oneAlertNameInAFile() {
        let twice = Sample.rules + Sample.rules.split(separator: "rules:\n")[1]
        let result = Rulebook.check(ruleFile: "a.yaml", files: MemoryFiles(["a.yaml": String(twice)]))
        #expect(
            result.errors.map(\.text) == [
                "alert \"CanaryErrors\" is already in line 4; names are unique in a release"
            ])
    }

    @Test func doubtfulRulesAreWarnings() {
        let rules = Sample.changed(
            Self.when, to: "when: baseline > 1%\n        action: rollback", in: Sample.rules)
        let result = Sample.load(rules: rules)
        #expect(result.plan != nil)
        #expect(
            result.warnings.map(\.text) == [
                "the rule rolls back on a condition that does not use the canary; is that intended?"
            ])
        #expect(result.warnings.first?.description.contains(":8:17: warning: ") == true)
    }

    @Test func kindsOfFilesAreDistinguished() {
        let files = MemoryFiles([
            "rules.yaml": Sample.rules, "config.yaml": Sample.configuration, "broken.yaml": "groups:\n\t- x: [",
            "empty.yaml": "",
        ])
        #expect(Rulebook.isRuleFile("rules.yaml", files: files))
        #expect(!Rulebook.isRuleFile("config.yaml", files: files))
        #expect(Rulebook.isRuleFile("broken.yaml", files: files))
        #expect(!Rulebook.isRuleFile("empty.yaml", files: files))
        #expect(!Rulebook.isRuleFile("missing.yaml", files: files))
    }
}
