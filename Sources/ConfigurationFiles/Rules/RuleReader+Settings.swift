import Declarations
import Model

/// The fields of a rule.
extension RuleReader {
    var section: Section<RulePlan> {
        Section(
            owner: "a rule", blank: blank,
            settings: [
                .required("alert", \.name, .line(limit: 200), "the alert's name, unique in a release").neededOfOwnRules,
                indicator, window, when, regression,
            ] + options + actions)
    }

    private var blank: RulePlan {
        RulePlan(
            group: group, name: "", indicator: .errorRate, windowMs: 1,
            condition: .compare(.number(0), .equal, .number(0)), conditionText: "")
    }

    private var indicator: Setting<RulePlan> {
        let schema = SchemaNode.anyOf([.typed("string"), .array(of: .typed("string"), least: 1)])
        return Setting(
            names: ["indicator"], summary: "[name](#indicators)", shownDefault: .required,
            sentence: "what is compared; with `regression` also a list",
            properties: [("indicator", schema)],
            read: { fields, plan in
                let field = fields.required("indicator")
                if fields.has("regression") {
                    plan.regression = field.flatMap(RegressionReader().scope).map { RegressionPlan(scope: $0) }
                    return plan.regression != nil
                }
                guard let field, field.line() != nil else { return false }
                plan.indicator = builtIn(field) ?? plan.indicator
                return true
            },
            write: { plan in
                guard let regression = plan.regression else { return [("indicator", .text(plan.indicator.name))] }
                return [("indicator", .list(regression.scope.names.map { .text($0) }))]
            }
        ).neededOfOwnRules
    }

    private var window: Setting<RulePlan> {
        Setting.required(
            "window", \.windowMs, .duration(), "over which time; at least two and at most 20 000 scrape intervals"
        ).neededOfOwnRules.ofThresholds.shown(default: "required with `when`")
    }

    private var when: Setting<RulePlan> {
        Setting(
            names: ["when"], summary: "[condition](conditions.md)", shownDefault: .text("this or `regression`"),
            sentence: "what is a breach", properties: [("when", .scalar)],
            read: { fields, plan in
                let indicator = fields["indicator"].flatMap(builtIn)
                guard let found = fields.required("when").flatMap({ condition($0, of: indicator) }) else {
                    return false
                }
                (plan.condition, plan.conditionText) = (found.condition, found.text)
                return true
            },
            write: { [("when", .text($0.conditionText))] }
        ).neededOfOwnRules.ofThresholds
    }

    private var regression: Setting<RulePlan> {
        let section = RegressionReader().section
        return Setting(
            names: ["regression"], summary: "mapping", shownDefault: .text("this or `when`"),
            sentence: "[proof instead of a threshold](#proof-instead-of-a-threshold)",
            properties: [("regression", section.schema)],
            read: { fields, plan in
                guard fields.has("regression") else { return true }
                RegressionReader.refuseForeign(fields)
                guard let field = fields["regression"] else { return false }
                var read = plan.regression ?? section.blank
                guard section.read(field, into: &read) else { return false }
                if plan.regression != nil { plan.regression = read }
                return true
            },
            write: { plan in plan.regression.map { [("regression", section.tree($0))] } ?? [] })
    }

    /// Fields that only a threshold has.
    private var options: [Setting<RulePlan>] {
        let all: [Setting<RulePlan>] = [
            .value(
                "min_requests", \.minRequests, .number,
                "requests in the window, in the canary and in each pool that `when` names; fewer is inconclusive"),
            .value(
                "for", \.forMs, .duration(Amounts.orZero),
                "how long the breach lasts before the alert fires; only time between conclusive evaluations counts"),
            .value(
                "keep_firing_for", \.keepFiringForMs, .duration(Amounts.orZero),
                "how long it continues after the last breach"),
            .value(
                "no_data", \.noData, .choice(RulePlan.NoDataPolicy.self),
                "what a canary without data means: `hold` inconclusive, `breach`, `ignore` healthy. A missing baseline "
                    + "is never held against the canary"),
        ]
        return all.map(\.ofThresholds)
    }

    private var actions: [Setting<RulePlan>] {
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
            .reading { fields, plan in
                plan.annotations = annotations(fields["annotations"], labels: plan.labels.map(\.name))
                return true
            },
        ]
    }
}

extension Setting<RulePlan> {
    /// Required, but not of a rule of another tool, which has been refused with what to write instead.
    fileprivate var neededOfOwnRules: Setting {
        reading { fields, plan in
            let isForeign = UnsupportedFields.ofRules.dropLast().contains(where: fields.has)
            return isForeign && !fields.has(names[0]) ? false : read(fields, &plan)
        }
    }

    /// Neither read nor written beside `regression`.
    fileprivate var ofThresholds: Setting {
        reading { fields, plan in fields.has("regression") || read(fields, &plan) }
            .written { $0.regression == nil }
    }

    fileprivate func shown(default text: String) -> Setting {
        var setting = self
        setting.shownDefault = .text(text)
        return setting
    }
}
