import Model
import Support

/// Judges one rule at the end of one cycle.
struct RuleEvaluation: Sendable, Equatable {
    let evidence: Evidence
    /// The baseline, judged as if it were the canary, breaches as well: taking the canary out would not help.
    let baselineBreachesToo: Bool
    /// Why the rule can never be judged with what the targets expose now, and what to change; also among the notes.
    let obstacles: [String]

    init(rule: RulePlan, measure: RuleMeasure, baseline: PoolState, canary: PoolState) {
        let values = measure.values
        let verdict = RuleEvaluation.verdict(rule: rule, measure: measure)
        let swapped = IndicatorValues(baseline: values.baseline, canary: values.baseline)
        baselineBreachesToo = verdict == .breached && rule.condition.holds(swapped) == true
        obstacles = measure.obstacles(for: rule.condition)
        var notes = measure.notes(for: rule.condition) + obstacles
        if verdict == .breached, rule.noData == .breach, let missing = RuleEvaluation.missingData(rule, measure) {
            notes.append("\(missing), which the rule takes for a breach (no_data: breach)")
        }
        if baselineBreachesToo { notes.append("the baseline breaches the condition as well") }
        var evidence = Evidence(
            indicator: measure.indicatorName, windowMs: rule.windowMs, condition: rule.conditionText, verdict: verdict,
            baseline: RuleEvaluation.side(baseline, measure.baseline, value: values.baseline),
            canary: RuleEvaluation.side(canary, measure.canary, value: values.canary), notes: notes)
        evidence.measure = rule.indicator.measure
        self.evidence = evidence
    }

    /// A rule that asks for proof. It compares the pools, so that a baseline that is sick as well is no breach to begin with.
    init(evidence: Evidence) {
        self.evidence = evidence
        baselineBreachesToo = false
        obstacles = []
    }

    static func side(_ pool: PoolState, _ side: RuleMeasure.Side, value: Double?) -> Evidence.Side {
        Evidence.Side(
            version: pool.version, value: value, requests: side.view.requests ?? side.view.latencyCount,
            errors: side.view.errors ?? 0, healthyTargets: side.healthyTargets, targets: pool.targets.count)
    }

    private static func verdict(rule: RulePlan, measure: RuleMeasure) -> Verdict {
        if let reason = blindness(rule, measure, .baseline) { return .inconclusive(reason: reason) }
        if measure.isStartingOver {
            return .inconclusive(reason: "the canary's share of the traffic has changed; the windows start over")
        }
        // Not for want of data: two resolutions are never compared, whatever `no_data` says.
        if let reason = measure.incomparable { return .inconclusive(reason: reason) }
        if let reason = blindness(rule, measure, .canary) {
            return withoutData(rule, baseline: measure.values.baseline, reason: reason)
        }
        if let reason = tooFew(rule, measure, .baseline) ?? tooFew(rule, measure, .canary) {
            return .inconclusive(reason: reason)
        }
        let baseline = measure.baseline.view
        switch rule.condition.holds(measure.values) {
        case true? where rule.action == .rollback && baseline.requests == nil && baseline.latencyCount == 0:
            // Nothing is moved to a version that nobody has seen at work.
            return .inconclusive(reason: "the baseline has not told its requests yet")
        case true?: return .breached
        case false?: return .healthy
        case nil: return undecided(rule, measure)
        }
    }

    /// No target of a pool could be scraped in this cycle. A rule that looks at one pool alone needs only that one.
    private static func blindness(_ rule: RulePlan, _ measure: RuleMeasure, _ pool: Pool) -> String? {
        guard measure[pool].healthyTargets == 0, rule.condition.mentions(pool) else { return nil }
        return "no target of the \(pool.rawValue) could be scraped"
    }

    private static func tooFew(_ rule: RulePlan, _ measure: RuleMeasure, _ pool: Pool) -> String? {
        guard rule.minRequests > 0 else { return nil }
        let size = rule.indicator.sampleSize(in: measure[pool].view)
        guard size < rule.minRequests, pool == .canary || rule.condition.mentions(pool) else { return nil }
        return
            "the \(pool.rawValue) has \(NumberText.plain(size)) of the \(NumberText.plain(rule.minRequests)) requests"
            + " that the rule asks for"
    }

    /// Why there is nothing of the canary to judge; nil when there is.
    private static func missingData(_ rule: RulePlan, _ measure: RuleMeasure) -> String? {
        if let reason = blindness(rule, measure, .canary) { return reason }
        guard measure.values.canary == nil, rule.condition.mentions(.canary) else { return nil }
        return measure.missing(.canary)
    }

    /// A value that decides is missing. The baseline's absence is never held against the canary.
    private static func undecided(_ rule: RulePlan, _ measure: RuleMeasure) -> Verdict {
        if let reason = missingData(rule, measure) {
            return withoutData(rule, baseline: measure.values.baseline, reason: reason)
        }
        if measure.values.baseline == nil {
            return .inconclusive(reason: measure.missing(.baseline))
        }
        return .inconclusive(reason: "the condition divides by zero with the present values")
    }

    /// A condition that does not hold whatever the canary's value is (`baseline > 10/s` on a quiet night) is healthy.
    private static func withoutData(_ rule: RulePlan, baseline: Double?, reason: String) -> Verdict {
        switch rule.noData {
        case .hold: .inconclusive(reason: reason)
        case .breach:
            rule.condition.holds(IndicatorValues(baseline: baseline, canary: nil)) == false ? .healthy : .breached
        case .ignore: .healthy
        }
    }
}
