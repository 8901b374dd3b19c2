import Model

/// What a release does with the decision of its rules.
extension Release {
    mutating func act(_ context: inout StepContext) {
        let known = DecisionFacts(
            facts: facts, cycles: cycles, isHeld: heldReason != nil, heldUntilUptimeMs: heldUntilUptimeMs)
        let decision = rules.decide(known, at: context.now)
        if case .none(let isWanted) = decision {
            if !isWanted { heldReason = nil }
            return explain(rules.summary(routerProblem: poll.health.problem))
        }
        // A dry run says once what it would have done.
        if context.isDryRun, let incident = rollback?.incident, incident.intent.isDryRun, !incident.isRearmed { return }
        switch decision {
        case .none: break
        case .wait(let text): explain(text)
        case .hold(let rule, let reason, let until):
            if let until { heldUntilUptimeMs = until }
            hold(rule: rule, because: reason, &context)
        case .rollback(let rule):
            guard let alert = rules.alertRecord(rule: rule, at: context.now) else { return }
            startRollback(.rule(alert), because: "\(alert.rule): \(rules.comparison(of: rule))", &context)
        }
    }

    private mutating func hold(rule index: Int, because reason: String, _ context: inout StepContext) {
        guard heldReason != reason, let evidence = rules.evaluations[index]?.evidence else { return }
        heldReason = reason
        explain("held: \(reason)")
        let record = HoldRecord(rule: plan.rules[index].name, reason: reason, evidence: evidence)
        let sequence = context.record(.held(record), release: name)
        context.notify(
            notification(
                .rollbackHeld, sequence: sequence, at: context.now,
                summary: "\(name): \(record.rule) asks for a rollback, but \(reason). An operator is needed.",
                alert: rules.alertRecord(rule: index, at: context.now), isDryRun: context.isDryRun))
        context.emit(.measure(.rollback(release: name, outcome: "held")))
        context.log(.error, name, "held: \(reason)")
    }
}
