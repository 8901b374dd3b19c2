import Support

/// In which way a change of a rule lets a canary do more before the rule takes it out.
///
/// A change that cannot be compared counts as one that lets it do more: the guard of a release in mid rollout asks for a
/// confirmation rather than guess.
public enum RuleWidening {
    /// One text for each rollback rule of `old` that would fire later, or not at all: `rule CanaryErrors: for 10s -> 1m`.
    ///
    /// Rules that only notify or hold are free to change, and so are rules that become stricter.
    public static func texts(from old: [RulePlan], to new: [RulePlan]) -> [String] {
        old.filter { $0.action == .rollback }.compactMap { rule in
            guard let next = new.first(where: { $0.name == rule.name }) else {
                return "rule \(rule.name) is removed"
            }
            let changes = changes(from: rule, to: next)
            return changes.isEmpty ? nil : "rule \(rule.name): \(changes.joined(separator: ", "))"
        }
    }

    private static func changes(from old: RulePlan, to new: RulePlan) -> [String] {
        let action = new.action == .rollback ? [] : ["action rollback -> \(new.action.rawValue)"]
        switch (old.test, new.test) {
        case (.threshold(let before), .threshold(let after)): return action + changes(from: before, to: after)
        case (.regression(let before), .regression(let after)): return action + changes(from: before, to: after)
        case (.threshold, .regression): return action + ["when -> regression"]
        case (.regression, .threshold): return action + ["regression -> when"]
        }
    }

    private static func changes(from old: ThresholdPlan, to new: ThresholdPlan) -> [String] {
        var changes: [String] = []
        if old.indicator != new.indicator {
            changes.append("indicator \(old.indicator.name) -> \(new.indicator.name)")
        }
        if new.windowMs > old.windowMs { changes.append("window \(span(old.windowMs)) -> \(span(new.windowMs))") }
        if new.forMs > old.forMs { changes.append("for \(span(old.forMs)) -> \(span(new.forMs))") }
        if new.minRequests > old.minRequests {
            changes.append(
                "min_requests \(NumberText.plain(old.minRequests)) -> \(NumberText.plain(new.minRequests))")
        }
        if strictness(new.noData) < strictness(old.noData) {
            changes.append("no_data \(old.noData.rawValue) -> \(new.noData.rawValue)")
        }
        if !old.condition.implies(new.condition) {
            changes.append("when '\(old.conditionText)' -> '\(new.conditionText)'")
        }
        return changes
    }

    private static func strictness(_ policy: RulePlan.NoDataPolicy) -> Int {
        switch policy {
        case .breach: 2
        case .hold: 1
        case .ignore: 0
        }
    }

    private static func changes(from old: RegressionPlan, to new: RegressionPlan) -> [String] {
        var changes: [String] = []
        func note(_ name: String, _ before: Double, _ after: Double, isWider: Bool) {
            guard isWider else { return }
            changes.append("\(name) \(NumberText.percent(before)) -> \(NumberText.percent(after))")
        }
        if old.scope != new.scope { changes.append("regression \(old.name) -> \(new.name)") }
        note("tolerance", old.tolerance, new.tolerance, isWider: new.tolerance > old.tolerance)
        note("false_alarm", old.falseAlarm, new.falseAlarm, isWider: new.falseAlarm < old.falseAlarm)
        note("floor", old.floor, new.floor, isWider: new.floor > old.floor)
        return changes
    }

    /// As configurations write it: `10s`, `90s`, `5m`.
    private static func span(_ ms: Int64) -> String {
        for (unit, lengthMs) in [("h", Int64(3_600_000)), ("m", 60_000), ("s", 1_000)]
        where ms > 0 && ms.isMultiple(of: lengthMs) {
            return "\(ms / lengthMs)\(unit)"
        }
        return "\(ms)ms"
    }
}
