import ConfigurationFiles
import Model
import Testing

/// Which changes of a rollback rule let a canary do more before it is taken out.
@Suite("Changes that widen a rollback rule")
struct RuleWideningTests {
    private static func rules(_ fields: String, action: String = "rollback") throws -> [RulePlan] {
        let text = """
            groups:
              - name: errors
                rules:
                  - {alert: CanaryErrors, action: \(action), \(fields)}

            """
        let result = Rulebook.check(ruleFile: "rules.yaml", files: MemoryFiles(["rules.yaml": text]))
        #expect(result.errors.isEmpty, "\(result.errors)")
        return result.rules
    }

    private static func texts(_ old: String, _ new: String) throws -> [String] {
        RuleWidening.texts(from: try rules(old), to: try rules(new))
    }

    private static func rule(_ when: String) -> String { "indicator: error_rate, window: 1m, when: '\(when)'" }

    /// Each row: before, after, whether the rule is wider afterwards.
    @Test(arguments: [
        ("canary > 1%", "canary > 1%", false), ("canary > 1%", "canary > 2%", true),
        ("canary > 2%", "canary > 1%", false), ("canary > 1%", "canary >= 1%", false),
        ("canary >= 1%", "canary > 1%", true), ("1% < canary", "canary > 1%", false),
        ("canary > 2 * baseline", "canary > 3 * baseline", true),
        ("canary > 3 * baseline", "canary > 2 * baseline", false),
        ("canary > 2 * baseline and canary > 1%", "canary > 2 * baseline", false),
        ("canary > 2 * baseline", "canary > 2 * baseline and canary > 1%", true),
        ("canary > 2 * baseline and canary > 1%", "canary > 1% and canary > 2 * baseline", false),
        ("canary > 2 * baseline and canary > 1%", "canary > 2 * baseline and canary > 3%", true),
        ("canary > 5%", "canary > 5% or canary > 2 * baseline", false),
        ("canary > 5% or canary > 2 * baseline", "canary > 5%", true),
        ("not canary < 5%", "not canary < 4%", false), ("not canary < 4%", "not canary < 5%", true),
        ("canary - baseline > 1%", "canary - baseline > 2%", true),
        ("canary - baseline > 2%", "canary - baseline > 1%", false),
        ("canary > baseline + 1%", "canary > baseline + 2%", true),
        ("canary > baseline + 2%", "canary > baseline + 1%", false),
        // Stricter in truth, and not shown by its form: it counts as wider.
        ("canary > 2 * baseline", "canary - baseline > baseline", true),
    ])
    func conditionsAreComparedByTheirNumbers(_ old: String, _ new: String, _ isWider: Bool) throws {
        let texts = try Self.texts(Self.rule(old), Self.rule(new))
        #expect(texts.isEmpty != isWider, "\(old) -> \(new): \(texts)")
        if isWider { #expect(texts == ["rule CanaryErrors: when '\(old)' -> '\(new)'"]) }
    }

    /// Wherever the answer is "not wider", the new condition holds at all values at which the old one does.
    @Test func aConditionThatIsNotWiderHoldsWhereTheOldOneDid() throws {
        let conditions = try [
            "canary > 1%", "canary >= 1%", "canary > 2%", "canary > 2 * baseline", "canary > 3 * baseline",
            "canary > 2 * baseline and canary > 1%", "canary > 1% or canary > 2 * baseline", "canary - baseline > 1%",
            "canary > baseline + 2%", "not canary < 1%", "not canary <= baseline", "canary == baseline",
        ].map { try #require(try Self.rules(Self.rule($0)).first?.threshold?.condition) }
        let values = [0, 0.001, 0.01, 0.011, 0.02, 0.021, 0.05, 0.3, 1]
        for old in conditions {
            for new in conditions where old.implies(new) {
                for canary in values {
                    for baseline in values where old.holds(IndicatorValues(baseline: baseline, canary: canary)) == true
                    {
                        #expect(
                            new.holds(IndicatorValues(baseline: baseline, canary: canary)) == true,
                            "\(old) \(new) \(canary) \(baseline)")
                    }
                }
            }
        }
    }

    @Test(arguments: [
        ("window: 1m, for: 10s", "window: 1m, for: 1m", "for 10s -> 1m"),
        ("window: 1m, for: 1m", "window: 1m, for: 10s", nil),
        ("window: 1m", "window: 90s", "window 1m -> 90s"), ("window: 5m", "window: 1m", nil),
        ("window: 1m, min_requests: 10", "window: 1m, min_requests: 500", "min_requests 10 -> 500"),
        ("window: 1m, min_requests: 500", "window: 1m, min_requests: 10", nil),
        ("window: 1m, no_data: breach", "window: 1m", "no_data breach -> hold"),
        ("window: 1m", "window: 1m, no_data: breach", nil),
    ])
    func timesAndAmountsAreNamed(_ old: String, _ new: String, _ text: String?) throws {
        func fields(_ more: String) -> String { "indicator: error_rate, when: 'canary > 1%', \(more)" }
        #expect(try Self.texts(fields(old), fields(new)) == (text.map { ["rule CanaryErrors: \($0)"] } ?? []))
    }

    @Test func aRuleThatLeavesOrOnlyNotifiesIsWider() throws {
        let rules = try Self.rules(Self.rule("canary > 1%"))
        let notifies = try Self.rules(Self.rule("canary > 1%"), action: "notify")
        #expect(RuleWidening.texts(from: rules, to: []) == ["rule CanaryErrors is removed"])
        #expect(
            RuleWidening.texts(from: rules, to: notifies) == ["rule CanaryErrors: action rollback -> notify"])
        #expect(RuleWidening.texts(from: notifies, to: []).isEmpty, "it took nothing out")
        #expect(RuleWidening.texts(from: [], to: rules).isEmpty)
    }

    @Test(arguments: [
        ("tolerance: 10%", "tolerance: 50%", "tolerance 10% -> 50%"), ("tolerance: 50%", "tolerance: 10%", nil),
        ("false_alarm: 1%", "false_alarm: 0.1%", "false_alarm 1% -> 0.1%"),
        ("false_alarm: 0.1%", "false_alarm: 1%", nil),
    ])
    func statisticalRulesAreCompared(_ old: String, _ new: String, _ text: String?) throws {
        func fields(_ more: String) -> String { "indicator: error_rate, regression: {\(more)}" }
        #expect(try Self.texts(fields(old), fields(new)) == (text.map { ["rule CanaryErrors: \($0)"] } ?? []))
        #expect(try !Self.texts(fields(old), Self.rule("canary > 1%")).isEmpty, "another test cannot be compared")
    }

    // MARK: Of whole plans

    private static func plan(_ releases: [String: [RulePlan]]) throws -> Plan {
        var plan = try #require(Sample.load().plan)
        let release = plan.releases[0]
        plan.releases = releases.sorted { $0.key < $1.key }.map { name, rules in
            var release = release
            (release.name, release.rules) = (name, rules)
            return release
        }
        return plan
    }

    @Test func onlyReleasesUnderWayAreHeldToTheirRules() throws {
        let strict = try Self.rules(Self.rule("canary > 1%"))
        let loose = try Self.rules(Self.rule("canary > 3%"))
        let check = ConfigurationGuard(
            from: try Self.plan(["cart": strict, "checkout": strict]),
            to: try Self.plan(["cart": loose, "checkout": loose]))
        #expect(check.reasons(underWay: []).isEmpty)
        let reasons = check.reasons(underWay: ["checkout"])
        #expect(reasons.count == 1)
        #expect(reasons.first?.contains("checkout is in mid rollout") == true)
        #expect(reasons.first?.contains("when 'canary > 1%' -> 'canary > 3%'") == true)
    }

    /// Each row: the releases afterwards, of four before, and whether it is refused.
    @Test(arguments: [
        (["a", "b", "c", "d"], [], false), (["a", "b"], [], false), (["a"], [], true), ([], [], true),
        (["a", "x", "y", "z"], [], false), (["a", "b", "c", "d"], ["a", "b", "c"], true),
        (["a", "b", "c", "d"], ["a", "b"], false), (["a", "b", "c"], ["a", "b"], true),
    ])
    func mostReleasesAreNotDisabledAtOnce(_ names: [String], _ toothless: [String], _ isRefused: Bool) throws {
        let rules = try Self.rules(Self.rule("canary > 1%"))
        let notifies = try Self.rules(Self.rule("canary > 1%"), action: "notify")
        let before = Dictionary(uniqueKeysWithValues: ["a", "b", "c", "d"].map { ($0, rules) })
        let after = Dictionary(uniqueKeysWithValues: names.map { ($0, toothless.contains($0) ? notifies : rules) })
        let reason = ConfigurationGuard(from: try Self.plan(before), to: try Self.plan(after)).disabled
        #expect((reason != nil) == isRefused, "\(reason ?? "")")
    }
}
