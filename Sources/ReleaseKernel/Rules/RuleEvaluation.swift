/// Judges one rule at the end of one cycle.
struct RuleEvaluation: Sendable, Equatable {
    let evidence: Evidence
    /// The baseline, judged as if it were the canary, breaches as well: taking the canary out would not help.
    let baselineBreachesToo: Bool

    init(rule: RulePlan, baseline: PoolState, canary: PoolState) {
        let baselineView = baseline.window.view(windowMs: rule.windowMs)
        let canaryView = canary.window.view(windowMs: rule.windowMs)
        let values = IndicatorValues(
            baseline: rule.indicator.value(in: baselineView, of: baseline),
            canary: rule.indicator.value(in: canaryView, of: canary))
        let verdict = RuleEvaluation.verdict(
            rule: rule, values: values, pools: (baseline, canary), views: (baselineView, canaryView))
        let swapped = IndicatorValues(baseline: values.baseline, canary: values.baseline)
        baselineBreachesToo = verdict == .breached && rule.condition.holds(swapped) == true
        var notes = rule.indicator.notes(for: canaryView, of: canary)
        if verdict == .breached, rule.noData == .breach,
            let missing = RuleEvaluation.missingData(rule, (baseline, canary), values)
        {
            notes.append("\(missing), which the rule takes for a breach (no_data: breach)")
        }
        if baselineBreachesToo { notes.append("the baseline breaches the condition as well") }
        evidence = Evidence(
            indicator: rule.indicator.name, windowMs: rule.windowMs, condition: rule.conditionText, verdict: verdict,
            baseline: RuleEvaluation.side(baseline, view: baselineView, value: values.baseline),
            canary: RuleEvaluation.side(canary, view: canaryView, value: values.canary), notes: notes)
    }

    /// A rule that asks for proof. It compares the pools, so that a baseline that is sick as well is no breach to begin with.
    init(evidence: Evidence) {
        self.evidence = evidence
        baselineBreachesToo = false
    }

    static func side(_ pool: PoolState, view: WindowView, value: Double?) -> Evidence.Side {
        Evidence.Side(
            version: pool.version, value: value, requests: view.requests ?? view.latencyCount,
            errors: view.errors ?? 0, healthyTargets: pool.healthyTargets, targets: pool.targets.count)
    }

    private static func verdict(
        rule: RulePlan, values: IndicatorValues, pools: (baseline: PoolState, canary: PoolState),
        views: (baseline: WindowView, canary: WindowView)
    ) -> Verdict {
        if let reason = blindness(rule: rule, pool: pools.baseline, named: .baseline) {
            return .inconclusive(reason: reason)
        }
        if let reason = blindness(rule: rule, pool: pools.canary, named: .canary) {
            return withoutData(rule, baseline: values.baseline, reason: reason)
        }
        if let reason = tooFew(rule: rule, view: views.baseline, named: .baseline)
            ?? tooFew(rule: rule, view: views.canary, named: .canary)
        {
            return .inconclusive(reason: reason)
        }
        switch rule.condition.holds(values) {
        case true? where rule.action == .rollback && views.baseline.requests == nil && views.baseline.latencyCount == 0:
            // Nothing is moved to a version that nobody has seen at work.
            return .inconclusive(reason: "the baseline has not told its requests yet")
        case true?: return .breached
        case false?: return .healthy
        case nil: return undecided(rule: rule, pools: pools, values: values)
        }
    }

    /// No target of a pool could be scraped in this cycle. A rule that looks at one pool alone needs only that one.
    private static func blindness(rule: RulePlan, pool: PoolState, named name: Pool) -> String? {
        guard rule.condition.mentions(name), pool.healthyTargets == 0 else { return nil }
        return "no target of the \(name.rawValue) could be scraped"
    }

    private static func tooFew(rule: RulePlan, view: WindowView, named name: Pool) -> String? {
        guard rule.minRequests > 0, rule.condition.mentions(name) || name == .canary else { return nil }
        let size = rule.indicator.sampleSize(in: view)
        guard size < rule.minRequests else { return nil }
        return
            "the \(name.rawValue) has \(NumberText.plain(size)) of the \(NumberText.plain(rule.minRequests)) requests"
            + " that the rule asks for"
    }

    /// Why there is nothing of the canary to judge; nil when there is.
    private static func missingData(
        _ rule: RulePlan, _ pools: (baseline: PoolState, canary: PoolState), _ values: IndicatorValues
    ) -> String? {
        if let reason = blindness(rule: rule, pool: pools.canary, named: .canary) { return reason }
        guard rule.condition.mentions(.canary), values.canary == nil else { return nil }
        return "the canary has no \(rule.indicator.name) in the window"
    }

    /// A value that decides is missing. The baseline's absence is never held against the canary.
    private static func undecided(
        rule: RulePlan, pools: (baseline: PoolState, canary: PoolState), values: IndicatorValues
    ) -> Verdict {
        let name = rule.indicator.name
        if let reason = missingData(rule, pools, values) {
            return withoutData(rule, baseline: values.baseline, reason: reason)
        }
        if values.baseline == nil {
            return .inconclusive(reason: "the baseline has no \(name) in the window")
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
