import ConfigurationFiles
import Model
import Testing

/// `indicators.own`, and rules that use it.
struct OwnIndicatorReadingTests {
    private static let own = """
          latency: seconds
              own:
                retries_per_request: {ratio: [retries_total, requests_total]}
                retries: {rate: retries_total}
                restarts: {increase: 'restarts_total{kind="crash"}'}
                queue_depth: {gauge: queue_length, over: max, across: mean}
                threads: {gauge: threads}
                checkout_p95: {histogram: checkout_seconds, quantile: 0.95}
                size_p50: {histogram: response_bytes, quantile: 0.5}
        """

    private func load(_ indicator: String, _ when: String, own: String = Self.own) -> Rulebook.Result {
        var rule = Sample.rules.replacing("indicator: error_rate", with: "indicator: \(indicator)")
        rule = rule.replacing("when: canary > 2 * baseline and canary > 1%", with: "when: \(when)")
        return Sample.load(Sample.changed("      latency: seconds", to: "    \(own)"), rules: rule)
    }

    @Test func everyKindIsRead() throws {
        let result = load("queue_depth", "canary > 10")
        let release = try #require(result.plan, "\(result.errors)").releases[0]
        #expect(result.errors.isEmpty && result.warnings.isEmpty)
        #expect(
            release.indicators.signals.map { "\($0.kind) \($0.selector) \($0.unit?.rawValue ?? "-")" } == [
                "counter retries_total -", "counter requests_total -", "counter restarts_total{kind=\"crash\"} -",
                "gauge queue_length -", "gauge threads -", "histogram checkout_seconds s",
                "histogram response_bytes -",
            ])
        #expect(
            release.ownIndicators == [
                OwnIndicator(
                    name: "retries_per_request", formula: .ratio(numerator: 0, denominator: 1), measure: .share),
                OwnIndicator(name: "retries", formula: .rate(counter: 0), measure: .perSecond),
                OwnIndicator(name: "restarts", formula: .increase(counter: 2), measure: .number),
                OwnIndicator(name: "queue_depth", formula: .gauge(3, over: .max, across: .mean), measure: .number),
                OwnIndicator(name: "threads", formula: .gauge(4, over: .last, across: .sum), measure: .number),
                OwnIndicator(name: "checkout_p95", formula: .quantile(histogram: 5, 0.95), measure: .seconds),
                OwnIndicator(name: "size_p50", formula: .quantile(histogram: 6, 0.5), measure: .number),
            ])
        #expect(release.rules[0].indicator == .own(release.ownIndicators[3]))
    }

    @Test func theEffectiveConfigurationHasIt() throws {
        let result = load("checkout_p95", "canary > 1.5 * baseline and canary > 250ms")
        let plan = try #require(result.plan, "\(result.errors)")
        let again = Sample.load(Rulebook.effectiveYAML(of: plan), rules: "")
        var loaded = try #require(again.plan, "\(again.errors)")
        loaded.releases[0].rules[0].source = plan.releases[0].rules[0].source
        #expect(loaded == plan)
    }

    @Test(arguments: [
        (
            "retries_per_request", "canary > 250ms",
            "a time cannot be compared with a share (retries_per_request is a share)"
        ),
        ("checkout_p95", "canary > 5%", "a share cannot be compared with a time (checkout_p95 is a time)"),
        ("retries", "canary > 1s", "a time cannot be compared with a rate (retries is a rate)"),
        ("queue_dept", "canary > 1", "unknown indicator 'queue_dept'; did you mean 'queue_depth'?"),
        ("cpu", "canary > 1", "of this release retries_per_request, retries, restarts, queue_depth"),
    ])
    func aRuleThatDoesNotFitIsRefused(_ indicator: String, _ when: String, _ text: String) {
        let errors = load(indicator, when).errors.map { "\($0)" }
        #expect(errors.count == 1 && errors[0].contains(text), "\(errors)")
    }

    @Test(arguments: [
        ("{ratio: [a_total]}", "'ratio' is a list of two counters"),
        ("{ratio: a_total}", "'ratio' must be a list of two counters"),
        ("{rate: a_total, gauge: b}", "has 'rate' and 'gauge'; keep one of them"),
        ("{}", "needs 'ratio', 'rate', 'increase', 'gauge' or 'histogram'"),
        ("{rate: a_total, over: max}", "'over' belongs to 'gauge'"),
        ("{gauge: a, quantile: 0.5}", "'quantile' belongs to 'histogram'"),
        ("{gauge: a, over: median}", "'over' must be 'last', 'min', 'max' or 'mean'"),
        ("{gauge: a, across: min}", "'across' must be 'sum', 'max' or 'mean'"),
        ("{histogram: a}", "needs 'quantile'"),
        ("{histogram: a, quantile: 95}", "'quantile' must be a number between 0 and 1, such as 0.95"),
        ("{histogram: a, quantile: 0.5, unit: minutes}", "'unit' must be 's', 'ms', 'us' or 'ns'"),
        ("{rate: 'a{'}", "'rate' is not a valid selector"),
        ("{rat: a}", "unknown field 'rat'"),
        ("5", "'x' must be a mapping"),
    ])
    func whatIsWrongIsSaid(_ definition: String, _ text: String) {
        let own = "  latency: seconds\n      own: {x: \(definition)}"
        let errors = load("error_rate", "canary > 1%", own: own).errors.map { "\($0)" }
        #expect(errors.contains { $0.contains(text) }, "\(errors)")
    }

    @Test(arguments: ["error_rate", "latency_p99", "latency", "\"a b\"", "9a"])
    func aNameThatCannotBeUsedIsRefused(_ name: String) {
        let own = "  latency: seconds\n      own: {\(name): {gauge: q}}"
        #expect(!load("error_rate", "canary > 1%", own: own).errors.isEmpty)
    }

    private func loadRegression(_ indicator: String, _ fields: String = "tolerance: 20%") -> Rulebook.Result {
        let rules = """
            groups:
              - name: own
                rules:
                  - {alert: Own, indicator: \(indicator), regression: {\(fields)}, action: rollback}
            """
        return Sample.load(Sample.changed("      latency: seconds", to: "    \(Self.own)"), rules: rules)
    }

    @Test(arguments: ["retries_per_request", "[retries_per_request]", "checkout_p95"])
    func aRuleMayAskForProofOfCounts(_ indicator: String) throws {
        let result = loadRegression(indicator)
        let plan = try #require(result.plan, "\(result.errors)")
        let scope = plan.releases[0].rules[0].regression?.scope
        #expect(scope?.own.map { indicator.contains($0.name) } == true)
        var again = try #require(Sample.load(Rulebook.effectiveYAML(of: plan), rules: "").plan)
        again.releases[0].rules[0].source = plan.releases[0].rules[0].source
        #expect(again == plan)
    }

    @Test(arguments: [
        ("retries", "", "'retries' is neither: a single counter has nothing of the kind"),
        ("queue_depth", "", "a gauge has nothing of the kind"),
        ("size_p50", "", "a histogram without a unit of time"),
        ("checkout_p95", "floor: 1%", "'floor' is a share, and 'checkout_p95' is a percentile"),
        ("checkout_p9", "", "unknown indicator 'checkout_p9'; did you mean 'checkout_p95'?"),
        ("[retries_per_request, latency]", "", "is a name or [error_rate, latency]"),
        ("[error_rate, error_rate]", "", "is a name or [error_rate, latency]"),
    ])
    func whatHasNoCountsIsRefusedAsProof(_ indicator: String, _ fields: String, _ text: String) {
        let errors = loadRegression(indicator, fields).errors.map { "\($0)" }
        #expect(errors.count == 1 && errors[0].contains(text), "\(errors)")
    }

    /// The same rule file may serve releases that define the name and ones that do not.
    @Test func aRuleFileByItselfIsOnlyWarnedOf() {
        let files = MemoryFiles([
            "r.yaml": Sample.rules.replacing("indicator: error_rate", with: "indicator: queue_depth")
        ])
        let result = Rulebook.check(ruleFile: "r.yaml", files: files)
        #expect(result.errors.isEmpty)
        #expect(result.warnings.map { "\($0)" }.contains { $0.contains("'queue_depth' is not a built-in indicator") })
    }
}
