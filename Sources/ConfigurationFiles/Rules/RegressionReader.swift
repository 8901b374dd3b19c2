import Declarations
import Model

/// Reads what a rule with `regression` says beside its name, labels and action.
struct RegressionReader {
    private static let known = ["error_rate", "latency", "latency_p50", "latency_p90", "latency_p95", "latency_p99"]
    /// Ten times as bad: whoever tolerates more wants a threshold.
    private static let toleranceLimit = 10.0

    /// Fields that a threshold needs, and why proof does not.
    private static let foreign: [(name: String, why: String)] = [
        ("window", "the evidence covers the whole release"),
        ("min_requests", "too few requests are no proof, whatever they say"),
        ("for", "repeated evaluation is part of the test"),
        ("keep_firing_for", "what is proven stays proven until the release ends"),
        ("no_data", "without data there is no proof"),
    ]

    static func refuseForeign(_ fields: Fields) {
        for (name, why) in foreign where fields.has(name) {
            let text = "'\(name)' does not go with 'regression': \(why); remove it"
            fields[name]?.log.error(fields.namePlace(name), text)
        }
    }

    /// `regression`, read into a value that has its scope.
    var section: Section<RegressionPlan> {
        Section(
            owner: "'regression'", blank: RegressionPlan(scope: .release),
            settings: [
                .value(
                    "tolerance", \.tolerance, .percentage(0...RegressionReader.toleranceLimit),
                    "how much worse the canary may be"),
                .value(
                    "false_alarm", \.falseAlarm, Self.probability,
                    "probability that a release which is no worse than the baseline is ever accused; five times that for one "
                        + "that is worse by the whole tolerance"),
                Setting.value(
                    "floor", \.floor, .percentage(0...0.5),
                    "error rates of the canary below this are of no interest; only with `error_rate`"
                ).written { $0.floor > 0 }.reading { fields, plan in
                    plan.floor = floor(fields["floor"], plan.scope) ?? plan.floor
                    return true
                },
                safe,
                .value(
                    "self_check", \.selfCheck, .bool,
                    "runs the same rule between two halves of the baseline's instances, an hour at a time, and counts "
                        + "how often it is wrong here"),
            ])
    }

    private static var probability: ValueForm<Double> {
        ValueForm.percentage(1e-9...0.5).described("above `0%`, to `50%`")
    }

    private var safe: Setting<RegressionPlan> {
        func section(_ tolerance: Double) -> Section<RegressionPlan.Safe> {
            // Without the field the default moves along, so that it stays above what is tolerated.
            let blank = RegressionPlan.Safe(ratio: RegressionPlan.Safe.usualRatio(tolerance: tolerance))
            return Section(
                owner: "'safe'", blank: blank,
                settings: [
                    .value(
                        "ratio", \.ratio, .number, shownDefault: "1.5, or 1.25 times what the tolerance allows",
                        "the canary is shown to be at most this many times as bad; above what the tolerance allows, at "
                            + "most 100"),
                    .value(
                        "false_safe", \.falseSafe, Self.probability, "probability that this is shown wrongly"),
                ],
                finish: { safe, fields in
                    checkRatio(fields["ratio"], safe.ratio, tolerance: tolerance)
                    return true
                })
        }
        let usual = section(RegressionPlan(scope: .release).tolerance)
        return Setting.section("safe", \.safe, usual, "when the verdict is *healthy*").reading { fields, plan in
            let section = section(plan.tolerance)
            plan.safe = section.blank
            if let field = fields["safe"] { section.read(field, into: &plan.safe) }
            return true
        }
    }

    private func checkRatio(_ field: Field?, _ ratio: Double, tolerance: Double) {
        guard let field, ratio <= 1 + tolerance || ratio > 100 else { return }
        let low = PlainNumber.text(((1 + tolerance) * 1_000).rounded() / 1_000)
        field.fail(
            "'ratio' must be above \(low), which the tolerance allows already, and at most 100, "
                + "got \(PlainNumber.text(ratio))")
    }

    /// One name, or error_rate and latency together.
    func scope(_ field: Field) -> RegressionPlan.Scope? {
        guard case .list = field.value.content else { return single(field) }
        guard let entries = field.entries(of: "indicators") else { return nil }
        if entries.isEmpty { field.fail("'indicator' is empty; use for example [error_rate, latency]") }
        let scopes = entries.compactMap(single)
        guard scopes.count == entries.count, let first = scopes.first else { return nil }
        if scopes.count == 1 { return first }
        // An indicator that the release defines is for a rule of its own too.
        guard Set(entries.compactMap { $0.line() }) == ["error_rate", "latency"], scopes.count == 2 else {
            field.fail(
                "'indicator' of one rule with 'regression' is a name or [error_rate, latency]; write further rules for "
                    + "the rest"
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
        case .requestRate?, .latencyMean?, .own?:
            field.fail(
                "'regression' compares shares of requests, which '\(name)' does not have; "
                    + "use error_rate, latency or latency_pN, or a rule with 'when'")
            return nil
        // One that the release defines, and only there it can be seen what it is.
        case nil: return .errors
        }
    }

    private func floor(_ field: Field?, _ scope: RegressionPlan.Scope) -> Double? {
        guard let field, let floor = field.percentage(0...0.5) else { return nil }
        guard scope.hasShare || floor == 0 else {
            field.fail("'floor' is an error rate, and the rule does not use error_rate; remove it")
            return nil
        }
        return floor
    }

    /// The same for an indicator that has become known; false after an error.
    static func allowsFloor(_ plan: RegressionPlan, _ field: Field) -> Bool {
        guard plan.floor > 0, !plan.scope.hasShare else { return true }
        field.fail("'floor' is a share, and '\(plan.name)' is a percentile; remove it")
        return false
    }
}
