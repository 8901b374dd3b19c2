import Declarations
import Model

/// A rule's indicator that is not built in: a rule file serves many releases, and each of them says what it is.
struct NamedIndicator {
    let name: String
    let field: Field
    /// The rule's `when`, whose units depend on the indicator.
    var condition: Field?

    private static let builtIn = [
        "request_rate", "error_rate", "latency_mean", "latency_p50", "latency_p95", "latency_p99",
    ]

    /// The indicator as the release defines it; nil after an error that says what the release has.
    func resolved(among own: [OwnIndicator]) -> Indicator? {
        guard let found = own.first(where: { $0.name == name }) else {
            let hint = Quote.suggestion(for: name, among: Self.builtIn + own.map(\.name))
            field.fail("unknown indicator \(Quote.value(name))" + (hint.isEmpty ? Self.all(own) : hint))
            return nil
        }
        return .own(found)
    }

    private static func all(_ own: [OwnIndicator]) -> String {
        let known =
            "; known are request_rate, error_rate, latency_mean and latency_pN with a percentile between 0 and 100"
        return own.isEmpty ? known : known + ", and of this release " + own.map(\.name).joined(separator: ", ")
    }

    /// For a rule file that is checked by itself.
    func warn() {
        let hint = Quote.suggestion(for: name, among: Self.builtIn)
        field.log.warning(
            field.place,
            "\(Quote.value(name)) is not a built-in indicator\(hint.isEmpty ? "" : hint); every release that uses the rule "
                + "has to define it under 'indicators.own'")
    }
}

extension RuleDraft {
    /// The same rule with the release's own indicator in it; nil after an error.
    ///
    /// - Parameter defined: the names under `indicators.own`, usable or not.
    func resolved(among own: [OwnIndicator], defined: Set<String>) -> RuleDraft? {
        guard let named else { return self }
        if defined.contains(named.name), !own.contains(where: { $0.name == named.name }) { return nil }
        guard let indicator = named.resolved(among: own) else { return nil }
        var draft = self
        draft.plan.indicator = indicator
        draft.named = nil
        guard let when = named.condition else { return draft }
        guard let read = RuleReader(group: plan.group).condition(when, of: indicator) else { return nil }
        draft.plan.condition = read.condition
        ImpossibleRule.check(draft.plan, condition: when)
        return draft
    }
}
