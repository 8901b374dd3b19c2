import ReleaseKernel

/// Reads one rule.
struct RuleReader {
    private static let names = [
        "alert", "indicator", "window", "when", "regression", "min_requests", "for", "keep_firing_for", "no_data",
        "action", "labels",
        "annotations",
    ]
    static let textLimit = 8_000
    /// Labels, or annotations, of a rule.
    static let pairLimit = 100

    let group: String

    /// Nil after telling why the rule cannot be used.
    func rule(_ field: Field) -> RuleDraft? {
        guard let fields = field.fields(of: owner(field), RuleReader.names) else { return nil }
        // What a rule of another kind lacks has been said with what to write instead.
        let isForeign = UnsupportedFields.ofRules.dropLast().contains(where: fields.has)
        func needed(_ name: String) -> Field? { isForeign ? fields[name] : fields.required(name) }
        if fields.has("regression") { return regressionRule(field, fields) }
        let name = needed("alert")?.line(limit: 200)
        let indicator = needed("indicator").flatMap(self.indicator)
        let windowMs = needed("window")?.durationMs()
        let condition = needed("when").flatMap { self.condition($0, of: indicator) }
        let labels = self.labels(fields["labels"])
        let annotations = self.annotations(fields["annotations"], labels: labels.map(\.name))
        var plan = RulePlan(
            group: group, name: name ?? "", indicator: indicator ?? .errorRate, windowMs: windowMs ?? 1,
            condition: condition?.condition ?? .compare(.number(0), .equal, .number(0)),
            conditionText: condition?.text ?? "", labels: labels, annotations: annotations)
        options(fields, into: &plan)
        plan.source = RulePlan.Source(file: field.place.file.path, line: field.place.line)
        guard name != nil, indicator != nil, windowMs != nil, condition != nil else { return nil }
        if plan.action == .rollback, !plan.condition.mentions(.canary), let action = fields["action"] {
            field.log.warning(
                action.place, "the rule rolls back on a condition that does not look at the canary; is that meant?")
        }
        ImpossibleRule.check(plan, fields)
        return draft(plan, field, fields)
    }

    /// A rule that asks for proof: no condition, no window.
    private func regressionRule(_ field: Field, _ fields: Fields) -> RuleDraft? {
        _ = fields.one(of: ["when", "regression"])
        let name = fields.required("alert")?.line(limit: 200)
        let regression = RegressionReader().plan(fields, owner: owner(field))
        let labels = self.labels(fields["labels"])
        let annotations = self.annotations(fields["annotations"], labels: labels.map(\.name))
        let action = fields["action"]?.choice(RulePlan.Action.self)
        guard let name, let regression else { return nil }
        var plan = RulePlan.regression(
            regression, group: group, name: name, action: action ?? .notify, labels: labels, annotations: annotations)
        plan.source = RulePlan.Source(file: field.place.file.path, line: field.place.line)
        return draft(plan, field, fields)
    }

    private func draft(_ plan: RulePlan, _ field: Field, _ fields: Fields) -> RuleDraft {
        RuleDraft(
            plan: plan, namePlace: fields["alert"]?.place ?? field.place,
            indicatorPlace: fields["indicator"]?.place ?? field.place,
            windowPlace: fields["window"]?.place ?? field.place, actionPlace: fields["action"]?.place ?? field.place)
    }

    /// `rule "CanaryErrors"` where it has a name.
    private func owner(_ field: Field) -> String {
        guard case .text(let name, _) = field.value.member("alert")?.value.content, !name.isEmpty else {
            return "a rule"
        }
        return "rule \(Quote.name(name))"
    }

    private func options(_ fields: Fields, into plan: inout RulePlan) {
        plan.minRequests = fields["min_requests"]?.number() ?? plan.minRequests
        plan.forMs = fields["for"]?.durationMs(Amounts.orZero) ?? plan.forMs
        plan.keepFiringForMs = fields["keep_firing_for"]?.durationMs(Amounts.orZero) ?? plan.keepFiringForMs
        plan.noData = fields["no_data"]?.choice(RulePlan.NoDataPolicy.self) ?? plan.noData
        plan.action = fields["action"]?.choice(RulePlan.Action.self) ?? plan.action
    }

    private func indicator(_ field: Field) -> Indicator? {
        guard let name = field.line() else { return nil }
        if let indicator = Indicator(name: name) { return indicator }
        let known = ["request_rate", "error_rate", "latency_mean", "latency_p50", "latency_p95", "latency_p99"]
        let hint = Quote.suggestion(for: name, among: known)
        let all =
            "; known are request_rate, error_rate, latency_mean and latency_pN with a percentile between 0 and 100"
        field.fail("unknown indicator \(Quote.value(name))" + (hint.isEmpty ? all : hint))
        return nil
    }

    private func condition(_ field: Field, of indicator: Indicator?) -> (condition: Condition, text: String)? {
        guard let text = field.text(), let places = TextPlaces(field.value) else { return nil }
        do throws(ConditionError) {
            let condition = try ConditionParser.condition(text, of: indicator)
            return (condition, text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        } catch {
            field.log.error(places.place(error.offset), error.text)
            return nil
        }
    }

    private func labels(_ field: Field?) -> [TextPair] {
        pairs(field) { name, namePlace, value in
            guard name != "alertname", !name.hasPrefix("__") else {
                value.log.error(namePlace, "the label '\(name)' is set by Rollguard; choose another name")
                return
            }
            TemplateCheck(labels: nil).check(value)
        }
    }

    private func annotations(_ field: Field?, labels: [String]) -> [TextPair] {
        pairs(field) { _, _, value in TemplateCheck(labels: labels).check(value) }
    }

    /// Sorted by name.
    private func pairs(_ field: Field?, check: (String, Place, Field) -> Void) -> [TextPair] {
        guard let field, let pairs = field.pairs() else { return [] }
        guard pairs.count <= RuleReader.pairLimit else {
            field.fail("\(field.label) has more than \(RuleReader.pairLimit) entries")
            return []
        }
        var found: [TextPair] = []
        for (name, namePlace, value) in pairs {
            guard NameRules.isVariable(name) else {
                field.log.error(
                    namePlace,
                    "\(Quote.value(name)) is no name here; use letters, digits and '_', not beginning with a digit")
                continue
            }
            guard let text = value.text() else { continue }
            guard text.unicodeScalars.count <= RuleReader.textLimit else {
                value.fail("\(value.label) is longer than \(RuleReader.textLimit) characters")
                continue
            }
            check(name, namePlace, value)
            found.append(TextPair(name, text))
        }
        return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
