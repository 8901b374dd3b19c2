import Declarations
import Model

/// The fields of a rule.
extension RuleReader {
    var section: Section<WrittenRule> {
        Section(
            owner: "a rule", blank: WrittenRule(group: group),
            settings: [
                .required("alert", \.name, .line(limit: 200), "the alert's name, unique in a release").neededOfOwnRules,
                indicator, window, when, regression,
            ] + options + actions)
    }

    private var indicator: Setting<WrittenRule> {
        let schema = SchemaNode.anyOf([.typed("string"), .array(of: .typed("string"), least: 1)])
        return Setting(
            names: ["indicator"], summary: "[name](#indicators)", shownDefault: .required,
            sentence: "what is compared; with `regression` also a list",
            properties: [("indicator", schema)],
            read: { fields, rule in
                let field = fields.required("indicator")
                if fields.has("regression") {
                    rule.regression = field.flatMap(RegressionReader().scope).map { RegressionPlan(scope: $0) }
                    return rule.regression != nil
                }
                guard let field, field.line() != nil else { return false }
                rule.threshold.indicator = builtIn(field) ?? rule.threshold.indicator
                return true
            },
            write: { rule in
                guard let regression = rule.regression else {
                    return [("indicator", .text(rule.threshold.indicator.name))]
                }
                return [("indicator", .list(regression.scope.names.map { .text($0) }))]
            }
        ).neededOfOwnRules
    }

    private var window: Setting<WrittenRule> {
        Setting.required(
            "window", \.threshold.windowMs, .duration(),
            "over which time; at least two and at most 20 000 scrape intervals"
        ).neededOfOwnRules.ofThresholds.shown(default: "required with `when`")
    }

    private var when: Setting<WrittenRule> {
        Setting(
            names: ["when"], summary: "[condition](conditions.md)", shownDefault: .text("this or `regression`"),
            sentence: "what is a breach", properties: [("when", .scalar)],
            read: { fields, rule in
                let indicator = fields["indicator"].flatMap(builtIn)
                guard let found = fields.required("when").flatMap({ condition($0, of: indicator) }) else {
                    return false
                }
                (rule.threshold.condition, rule.threshold.conditionText) = (found.condition, found.text)
                return true
            },
            write: { [("when", .text($0.threshold.conditionText))] }
        ).neededOfOwnRules.ofThresholds
    }

    private var regression: Setting<WrittenRule> {
        let section = RegressionReader().section
        return Setting(
            names: ["regression"], summary: "mapping", shownDefault: .text("this or `when`"),
            sentence: "[proof instead of a threshold](#proof-instead-of-a-threshold)",
            properties: [("regression", section.schema)],
            read: { fields, rule in
                guard fields.has("regression") else { return true }
                RegressionReader.refuseForeign(fields)
                guard let field = fields["regression"] else { return false }
                var read = rule.regression ?? section.blank
                guard section.read(field, into: &read) else { return false }
                if rule.regression != nil { rule.regression = read }
                return true
            },
            write: { plan in plan.regression.map { [("regression", section.tree($0))] } ?? [] })
    }

    /// Fields that only a threshold has.
    private var options: [Setting<WrittenRule>] {
        let all: [Setting<WrittenRule>] = [
            .value(
                "min_requests", \.threshold.minRequests, .number,
                "requests in the window, in the canary and in each pool that `when` names; fewer is inconclusive"),
            .value(
                "for", \.threshold.forMs, .duration(Amounts.orZero),
                "how long the breach lasts before the alert fires; only time between conclusive evaluations counts"),
            .value(
                "keep_firing_for", \.threshold.keepFiringForMs, .duration(Amounts.orZero),
                "how long it continues after the last breach"),
            .value(
                "no_data", \.threshold.noData, .choice(RulePlan.NoDataPolicy.self),
                "what a canary without data means: `hold` inconclusive, `breach`, `ignore` healthy. A missing baseline "
                    + "is never held against the canary"),
        ]
        return all.map(\.ofThresholds)
    }

    private var actions: [Setting<WrittenRule>] {
        let names = "mapping of names to texts"
        return [
            .value(
                "action", \.action, .choice(RulePlan.Action.self),
                "`notify` notifies people, `hold` also marks the release as not to be promoted, `rollback` takes the "
                    + "canary out"),
            .pairs(
                "labels", \.labels, summary: names,
                "names have letters, digits and `_`; `alertname` and names that begin with `__` are taken"
            ) { labels($0["labels"]) },
            Setting.pairs("annotations", \.annotations, summary: names, "names have letters, digits and `_`") { _ in []
            }
            .reading { fields, rule in
                rule.annotations = annotations(fields["annotations"], labels: rule.labels.map(\.name))
                return true
            },
        ]
    }
}

extension Setting<WrittenRule> {
    /// Required, but not of a rule of another tool, which has been refused with what to write instead.
    fileprivate var neededOfOwnRules: Setting {
        reading { fields, rule in
            let isForeign = UnsupportedFields.ofRules.dropLast().contains(where: fields.has)
            return isForeign && !fields.has(names[0]) ? false : read(fields, &rule)
        }
    }

    /// Neither read nor written beside `regression`.
    fileprivate var ofThresholds: Setting {
        reading { fields, rule in fields.has("regression") || read(fields, &rule) }
            .written { $0.regression == nil }
    }
}
