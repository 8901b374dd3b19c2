import Model
import Statistics

/// The rules that are statistical tests.
extension RuleEngine {
    /// Judges such a rule; nil for a threshold.
    ///
    /// - Parameter blindness: why a pool could not be seen in this cycle; nil when both were.
    func regressionEvaluation(rule index: Int, _ measure: RuleMeasure, blindness: String?) -> RuleEvaluation? {
        let rule = rules[index]
        guard let plan = rule.regression, let found = regression.findings(rule: index) else { return nil }
        let summary = RegressionSummary(found, plan: plan)
        var evidence = Evidence(
            indicator: plan.name, windowMs: rule.windowMs, condition: rule.conditionText,
            verdict: summary.verdict(blindness: blindness),
            baseline: measure.baseline.evidence, canary: measure.canary.evidence, notes: summary.notes)
        evidence.measure = rule.indicator.measure
        evidence.regression = RegressionRecord(found, plan: plan, selfCheck: regression.selfChecks[index]?.record)
        return RuleEvaluation(evidence: evidence)
    }

    static func blindness(_ baseline: PoolState, _ canary: PoolState) -> String? {
        for (pool, name) in [(baseline, Pool.baseline), (canary, Pool.canary)] where pool.healthyTargets == 0 {
            return "no target of the \(name.rawValue) could be scraped"
        }
        return nil
    }

    /// The evidence to write down: when it is time, or together with a decision that rests on it.
    mutating func dueEvidence(hasDecision: Bool, atUptimeMs now: Int64) -> EvidenceRecord? {
        guard regression.isNeeded else { return nil }
        guard hasDecision && regression.hasChanged || regression.isRecordDue(atUptimeMs: now) else { return nil }
        return regression.record(atUptimeMs: now)
    }
}
