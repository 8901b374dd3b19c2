import ReleaseKernel

/// Reads what a rule with `regression` says beside its name, labels and action.
struct RegressionReader {
    private static let names = ["tolerance", "false_alarm", "floor", "safe", "self_check"]
    private static let known = ["error_rate", "latency", "latency_p50", "latency_p90", "latency_p95", "latency_p99"]
    /// Ten times as bad: whoever tolerates more wants a threshold.
    private static let toleranceLimit = 10.0

    /// Fields that a threshold needs, and why proof does not.
    private static let foreign: [(name: String, why: String)] = [
        ("window", "the evidence covers the whole release"),
        ("min_requests", "too few requests are no proof, whatever they say"),
        ("for", "looking again and again is part of the test"),
        ("keep_firing_for", "what is proven stays proven until the release ends"),
        ("no_data", "without data there is no proof"),
    ]

    /// Nil after telling why it cannot be used.
    func plan(_ fields: Fields, owner: String) -> RegressionPlan? {
        for (name, why) in RegressionReader.foreign where fields.has(name) {
            let text = "'\(name)' does not go with 'regression': \(why); remove it"
            fields[name]?.log.error(fields.namePlace(name), text)
        }
        let scope = fields.required("indicator").flatMap(self.scope)
        guard let field = fields["regression"] else { return nil }
        guard let parts = field.fields(of: "'regression'", RegressionReader.names) else { return nil }
        guard let scope else { return nil }
        var plan = RegressionPlan(scope: scope)
        plan.tolerance = parts["tolerance"]?.percentage(0...RegressionReader.toleranceLimit) ?? plan.tolerance
        plan.falseAlarm = parts["false_alarm"]?.percentage(1e-9...0.5) ?? plan.falseAlarm
        plan.floor = floor(parts["floor"], scope) ?? plan.floor
        plan.safe = safe(parts["safe"], tolerance: plan.tolerance)
        plan.selfCheck = parts["self_check"]?.bool() ?? plan.selfCheck
        return plan
    }

    /// One name, or error_rate and latency together.
    private func scope(_ field: Field) -> RegressionPlan.Scope? {
        guard case .list = field.value.content else { return single(field) }
        guard let entries = field.entries(of: "indicators") else { return nil }
        if entries.isEmpty { field.fail("'indicator' is empty; use for example [error_rate, latency]") }
        let scopes = entries.compactMap(single)
        guard scopes.count == entries.count, let first = scopes.first else { return nil }
        if scopes.count == 1 { return first }
        guard scopes.count == 2, scopes.contains(.errors), scopes.contains(.latency) else {
            field.fail(
                "'indicator' of one rule with 'regression' is a name or [error_rate, latency]; write further rules for the rest"
            )
            return nil
        }
        return .release
    }

    private func single(_ field: Field) -> RegressionPlan.Scope? {
        guard let name = field.line() else { return nil }
        if name == "latency" { return .latency }
        switch Indicator(name: name) {
        case .errorRate?: return .errors
        case .latencyQuantile(let quantile)?: return .percentile(quantile)
        case .requestRate?, .latencyMean?:
            field.fail(
                "'regression' compares shares of requests, which '\(name)' does not have; "
                    + "use error_rate, latency or latency_pN, or a rule with 'when'")
            return nil
        case nil:
            let hint = Quote.suggestion(for: name, among: RegressionReader.known)
            let all = "; 'regression' knows error_rate, latency and latency_pN with a percentile between 0 and 100"
            field.fail("unknown indicator \(Quote.value(name))" + (hint.isEmpty ? all : hint))
            return nil
        }
    }

    private func floor(_ field: Field?, _ scope: RegressionPlan.Scope) -> Double? {
        guard let field, let floor = field.percentage(0...0.5) else { return nil }
        guard scope.hasErrors || floor == 0 else {
            field.fail("'floor' is an error rate, and the rule does not look at error_rate; remove it")
            return nil
        }
        return floor
    }

    private func safe(_ field: Field?, tolerance: Double) -> RegressionPlan.Safe {
        var safe = RegressionPlan.Safe()
        // Without the field the default moves along, so that it stays above what is tolerated.
        safe.ratio = RegressionPlan.Safe.usualRatio(tolerance: tolerance)
        guard let field, let fields = field.fields(of: "'safe'", ["ratio", "false_safe"]) else { return safe }
        if let ratio = fields["ratio"]?.number() {
            safe.ratio = ratio
            if ratio <= 1 + tolerance || ratio > 100 {
                let low = EffectiveConfiguration.number(((1 + tolerance) * 1_000).rounded() / 1_000)
                fields["ratio"]?.fail(
                    "'ratio' must be above \(low), which the tolerance allows already, and at most 100, "
                        + "got \(EffectiveConfiguration.number(ratio))")
            }
        }
        safe.falseSafe = fields["false_safe"]?.percentage(1e-9...0.5) ?? safe.falseSafe
        return safe
    }
}

extension Field {
    /// A percentage such as `0.1%`, as a share. The sign is asked for, because `10` and `0.1` can both mean 10 %.
    func percentage(_ range: ClosedRange<Double>) -> Double? {
        let (low, high) = (Field.percent(range.lowerBound), Field.percent(range.upperBound))
        guard case .text(let text, _) = value.content, !value.isNothing else {
            return refuse("a percentage such as \(example(in: range))")
        }
        guard text.hasSuffix("%") else {
            let hint =
                Amounts.number(text).map { "; did you mean '\($0 < 1 ? Field.percent($0) : "\(text)%")'?" } ?? ""
            fail("\(label) must be a percentage such as \(example(in: range)), got \(Quote.value(text))\(hint)")
            return nil
        }
        let digits = String(text.dropLast())
        guard let number = Amounts.number(digits), let share = Double("\(digits)e-2") else {
            return refuse("a percentage such as \(example(in: range))")
        }
        guard range.contains(share), number.isFinite else {
            fail("\(label) must be between \(low) and \(high), got \(Quote.value(text))")
            return nil
        }
        return share
    }

    private func example(in range: ClosedRange<Double>) -> String { range.upperBound > 1 ? "10%" : "0.1%" }

    /// Reads back as the same share.
    static func percent(_ share: Double) -> String {
        // 0.07 * 100 is 7.000000000000001; the shortest text that gives the share back is wanted.
        for digits in [1e3, 1e6, 1e9, 1e12] {
            let rounded = (share * 100 * digits).rounded() / digits
            let text = EffectiveConfiguration.number(rounded)
            if Double("\(text)e-2") == share { return "\(text)%" }
        }
        return "\(EffectiveConfiguration.number(share * 100))%"
    }
}
