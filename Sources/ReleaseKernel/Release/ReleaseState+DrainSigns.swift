/// What a rollback in steps looks at: a canary that is too bad to wait for, a baseline that cannot carry more.
extension ReleaseState {
    /// Fewer requests in the window between two steps say nothing.
    private static let fewestRequests = 20.0

    /// Why the canary is to lose everything at once; nil while steps will do. A dead baseline gets nothing more.
    var reasonForEverything: String? {
        guard let drain = plan.drain, let windowMs = plan.drainWindowMs, baselineIsThere else { return nil }
        if canary.healthyTargets == 0 { return "no target of the canary can be scraped" }
        let view = canary.window.view(windowMs: windowMs)
        guard let requests = view.requests, requests >= Self.fewestRequests,
            let rate = Indicator.errorRate.value(in: view, of: canary), rate >= drain.atOnceAboveErrorRate
        else { return nil }
        return "\(NumberText.percent(rate)) of the canary's requests fail"
    }

    private var baselineIsThere: Bool {
        baseline.healthyTargets > 0 && !watch.observations.contains { $0.baselineHealthy == false }
    }

    /// How the baseline does by every indicator that a rule looks at, over the rule's own window.
    var baselineNow: [DrainRecord.Before] {
        plan.rules.flatMap { rule in
            rule.loadIndicators.compactMap { indicator in
                let view = baseline.window.view(windowMs: rule.windowMs)
                return indicator.value(in: view, of: baseline).map { .init(indicator: indicator.name, value: $0) }
            }
        }
    }

    /// Why the baseline is not to be given more; nil when it does well.
    func baselineTrouble(since record: DrainRecord) -> String? {
        if baseline.healthyTargets == 0 { return "no target of the baseline could be scraped" }
        if baseline.healthyTargets < record.healthyTargetsBefore {
            return "of the baseline's targets \(baseline.healthyTargets) can be scraped, before the rollback it was"
                + " \(record.healthyTargetsBefore)"
        }
        if !baselineIsThere { return "the router says that the baseline has no healthy server" }
        for rule in plan.rules {
            if let trouble = baselineTrouble(by: rule, since: record) { return trouble }
        }
        return nil
    }

    /// The rule's own measure, with the baseline of now in the canary's place and the baseline of before in its own.
    private func baselineTrouble(by rule: RulePlan, since record: DrainRecord) -> String? {
        guard let windowMs = plan.drainWindowMs else { return nil }
        let view = baseline.window.view(windowMs: windowMs)
        for indicator in rule.loadIndicators where indicator.sampleSize(in: view) >= Self.fewestRequests {
            guard let before = record.baselineBefore.first(where: { $0.indicator == indicator.name })?.value,
                let now = indicator.value(in: view, of: baseline), now > before,
                rule.isWorse(now, than: before, by: indicator)
            else { continue }
            let text = (NumberText.value(now, of: indicator), NumberText.value(before, of: indicator))
            return "\(indicator.name) of the baseline is \(text.0), before the rollback it was \(text.1) (\(rule.name))"
        }
        return nil
    }
}

extension RulePlan {
    /// What says that a version cannot carry its load. Its request rate does not: that rises because it is meant to.
    fileprivate var loadIndicators: [Indicator] {
        guard let scope = regression?.scope else { return indicator == .requestRate ? [] : [indicator] }
        switch scope {
        case .errors: return [.errorRate]
        case .latency: return [.latencyQuantile(0.99)]
        case .percentile(let quantile): return [.latencyQuantile(quantile)]
        case .release: return [.errorRate, .latencyQuantile(0.99)]
        }
    }

    /// A rule that asks for proof has no threshold, and a pause is too short for a proof: twice as bad is bad.
    fileprivate func isWorse(_ now: Double, than before: Double, by indicator: Indicator) -> Bool {
        guard regression != nil else {
            return condition.holds(IndicatorValues(baseline: before, canary: now)) == true
        }
        return now > 2 * (indicator == .errorRate ? max(before, 0.005) : before)
    }
}
