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

    /// Whether both pools have counts of it that can be compared request by request; false after an error.
    fileprivate func isComparable(_ own: OwnIndicator) -> Bool {
        let why: String
        switch own.formula {
        case .ratio: return true
        case .quantile:
            if own.measure == .seconds { return true }
            why = "a histogram without a unit of time has"
        case .rate, .increase: why = "a single counter has"
        case .gauge: why = "a gauge has"
        }
        field.fail(
            "'regression' compares shares and latencies, and '\(name)' is neither: \(why) nothing of the kind; use a "
                + "ratio of two counters, a quantile of a histogram with 'unit', or a rule with 'when'")
        return false
    }

    /// A threshold with the indicator in it. Units in its condition depend on the indicator, so it is read again.
    fileprivate static func resolve(
        _ threshold: ThresholdPlan, _ named: NamedIndicator, _ indicator: Indicator, _ plan: RulePlan
    ) -> ThresholdPlan {
        var threshold = threshold
        threshold.indicator = indicator
        guard let when = named.condition else { return threshold }
        // What is wrong with it has been reported when it was read.
        guard let read = RuleReader(group: plan.group).condition(when, of: indicator) else { return threshold }
        threshold.condition = read.condition
        ImpossibleRule.check(threshold, plan.action, condition: when)
        return threshold
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
        draft.named = nil
        switch plan.test {
        case .threshold(let threshold):
            draft.plan.test = .threshold(NamedIndicator.resolve(threshold, named, indicator, plan))
        case .regression(var regression):
            guard case .own(let own) = indicator, named.isComparable(own) else { return nil }
            regression.scope = .own(own)
            guard RegressionReader.allowsFloor(regression, named.field) else { return nil }
            draft.plan.test = .regression(regression)
        }
        return draft
    }
}
