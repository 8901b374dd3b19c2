import Model
import Statistics

/// The rules that are statistical tests.
extension RuleEngine {
    /// What such a rule says.
    ///
    /// - Parameter blindness: why a pool could not be seen in this cycle; nil when both were.
    func tested(
        _ plan: RegressionPlan, rule index: Int, _ measure: RuleMeasure, blindness: String?
    ) -> RuleEvaluation {
        let summary = regression.findings(rule: index).map { RegressionSummary($0, plan: plan) }
        let obstacle = regression.obstacle(rule: index)
        let verdict = obstacle.map { .inconclusive(reason: $0) } ?? summary?.verdict(blindness: blindness)
        var evidence = Evidence(
            indicator: plan.name, windowMs: plan.shownWindowMs, condition: plan.text,
            verdict: verdict ?? .inconclusive(reason: RegressionSummary.nothing),
            baseline: measure.baseline.evidence, canary: measure.canary.evidence, notes: summary?.notes ?? [])
        if plan.scope.own == nil, let pools = regression.pools {
            evidence.notes += MeasuredPoolsText.notes(pools, of: plan.scope)
        }
        evidence.measure = plan.indicator.measure
        if let found = summary?.found {
            evidence.regression = RegressionRecord(found, plan: plan, selfCheck: regression.selfChecks[index]?.record)
        }
        return RuleEvaluation(evidence: evidence)
    }

    static func blindness(_ baseline: PoolState, _ canary: PoolState) -> String? {
        for (pool, name) in [(baseline, Pool.baseline), (canary, Pool.canary)] where pool.healthyTargets == 0 {
            return pool.targets.isEmpty
                ? "the \(name.rawValue) has no targets" : "no target of the \(name.rawValue) could be scraped"
        }
        return nil
    }

    /// What goes into the journal after a cycle, in this order: how far pending alerts have come, and the evidence.
    ///
    /// - Parameter hasDecision: the cycle led to a decision.
    mutating func dueRecords(isWatching: Bool, hasDecision: Bool, atUptimeMs now: Int64) -> [JournalEvent] {
        var due: [JournalEvent] = []
        if let pending = duePending(isWatching: isWatching) { due.append(.pending(pending)) }
        if let evidence = dueEvidence(hasDecision: hasDecision, atUptimeMs: now) { due.append(.evidence(evidence)) }
        return due
    }

    /// The evidence to write down: when it is time, or together with a decision that rests on it.
    private mutating func dueEvidence(hasDecision: Bool, atUptimeMs now: Int64) -> EvidenceRecord? {
        guard regression.isNeeded else { return nil }
        guard hasDecision && regression.hasChanged || regression.isRecordDue(atUptimeMs: now) else { return nil }
        return regression.record(atUptimeMs: now)
    }
}
