import Model

/// A rule as it is written: one mapping, in which `when` or `regression` says what kind it is.
struct WrittenRule {
    var group: String
    var name = ""
    var threshold = ThresholdPlan(
        indicator: .errorRate, windowMs: 1, condition: .compare(.number(0), .equal, .number(0)), conditionText: "")
    /// Takes the place of the threshold.
    var regression: RegressionPlan?
    var action = RulePlan.Action.notify
    var labels: [TextPair] = []
    var annotations: [TextPair] = []

    init(group: String) { self.group = group }

    init(_ plan: RulePlan) {
        group = plan.group
        name = plan.name
        switch plan.test {
        case .threshold(let written): threshold = written
        case .regression(let written): regression = written
        }
        (action, labels, annotations) = (plan.action, plan.labels, plan.annotations)
    }

    func plan(source: RulePlan.Source) -> RulePlan {
        RulePlan(
            group: group, name: name, test: regression.map { .regression($0) } ?? .threshold(threshold), action: action,
            labels: labels, annotations: annotations, source: source)
    }
}
