import Declarations
import Model

/// Reads one rule.
struct RuleReader {
    static let textLimit = 8_000
    /// Labels, or annotations, of a rule.
    static let pairLimit = 100

    let group: String

    /// Nil after telling why the rule cannot be used.
    func rule(_ field: Field) -> RuleDraft? {
        let section = section
        guard let fields = field.fields(of: owner(field), section.names) else { return nil }
        if fields.has("regression") { _ = fields.one(of: ["when", "regression"]) }
        var plan = section.blank
        plan.source = RulePlan.Source(file: field.place.file.path, line: field.place.line)
        var isUsable = true
        for setting in section.settings where !setting.read(fields, &plan) { isUsable = false }
        guard isUsable else { return nil }
        if let regression = plan.regression { return draft(proof(regression, plan), field, fields) }
        if plan.action == .rollback, !plan.condition.mentions(.canary), let action = fields["action"] {
            field.log.warning(
                action.place, "the rule rolls back on a condition that does not use the canary; is that intended?")
        }
        let named = named(fields)
        ImpossibleRule.check(plan, fields, isIndicatorKnown: named == nil)
        var draft = draft(plan, field, fields)
        draft.named = named
        return draft
    }

    /// An indicator that only a release can say what it is.
    private func named(_ fields: Fields) -> NamedIndicator? {
        guard let field = fields["indicator"], let name = field.line(), Indicator(name: name) == nil else { return nil }
        return NamedIndicator(name: name, field: field, condition: fields["when"])
    }

    /// A rule that asks for proof has no condition and no window of its own.
    private func proof(_ regression: RegressionPlan, _ read: RulePlan) -> RulePlan {
        var plan = RulePlan.regression(
            regression, group: group, name: read.name, action: read.action, labels: read.labels,
            annotations: read.annotations)
        plan.source = read.source
        return plan
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

    /// Nil for one that the release has to define.
    func builtIn(_ field: Field) -> Indicator? { field.line().flatMap { Indicator(name: $0) } }

    func condition(_ field: Field, of indicator: Indicator?) -> (condition: Condition, text: String)? {
        guard let text = field.text(), let places = TextPlaces(field.value) else { return nil }
        do throws(ConditionError) {
            let condition = try ConditionParser.condition(text, of: indicator)
            return (condition, text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        } catch {
            field.log.error(places.place(error.offset), error.text)
            return nil
        }
    }

    func labels(_ field: Field?) -> [TextPair] {
        pairs(field) { name, namePlace, value in
            guard name != "alertname", !name.hasPrefix("__") else {
                value.log.error(namePlace, "the label '\(name)' is set by Rollguard; choose another name")
                return
            }
            TemplateCheck(labels: nil).check(value)
        }
    }

    func annotations(_ field: Field?, labels: [String]) -> [TextPair] {
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
                    "\(Quote.value(name)) is not a valid name; use letters, digits and '_', not beginning with a digit")
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
