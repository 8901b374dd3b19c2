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
        var rule = section.blank
        var isUsable = true
        for setting in section.settings where !setting.read(fields, &rule) { isUsable = false }
        guard isUsable else { return nil }
        let draft = draft(rule, field, fields)
        if rule.regression == nil { check(rule, fields, isIndicatorKnown: draft.named == nil) }
        return draft
    }

    private func check(_ rule: WrittenRule, _ fields: Fields, isIndicatorKnown: Bool) {
        if rule.action == .rollback, !rule.threshold.condition.mentions(.canary), let action = fields["action"] {
            action.log.warning(
                action.place, "the rule rolls back on a condition that does not use the canary; is that intended?")
        }
        ImpossibleRule.check(rule.threshold, rule.action, fields, isIndicatorKnown: isIndicatorKnown)
    }

    /// An indicator that only a release can say what it is.
    private func named(_ fields: Fields) -> NamedIndicator? {
        guard var field = fields["indicator"] else { return nil }
        if fields.has("regression"), case .list = field.value.content {
            guard let only = field.entries(of: "indicators"), only.count == 1 else { return nil }
            field = only[0]
        }
        guard let name = field.line(), Indicator(name: name) == nil else { return nil }
        guard fields.has("regression") else {
            return NamedIndicator(name: name, field: field, condition: fields["when"])
        }
        return name == "latency" ? nil : NamedIndicator(name: name, field: field)
    }

    private func draft(_ rule: WrittenRule, _ field: Field, _ fields: Fields) -> RuleDraft {
        let source = RulePlan.Source(file: field.place.file.path, line: field.place.line)
        return RuleDraft(
            plan: rule.plan(source: source), namePlace: fields["alert"]?.place ?? field.place,
            indicatorPlace: fields["indicator"]?.place ?? field.place,
            windowPlace: fields["window"]?.place ?? field.place, actionPlace: fields["action"]?.place ?? field.place,
            named: named(fields))
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
