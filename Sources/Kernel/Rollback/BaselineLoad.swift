import Model
import Support

/// What decides over the steps of a rollback: a canary that is too bad to wait for, a baseline that cannot carry more.
extension ReleaseFacts {
    /// Fewer requests in the window between two steps say nothing.
    private static let fewestRequests = 20.0

    /// Why the canary is to lose everything at once; nil while steps will do. A dead baseline gets nothing more.
    var reasonForEverything: String? {
        guard plan.drain != nil, isBaselineThere else { return nil }
        if canary.healthyTargets == 0 { return "no target of the canary can be scraped" }
        return reasonToHurry(blindCycles: 0)
    }

    /// The same in the middle of the steps, where one failed scrape says little.
    func reasonToHurry(blindCycles: Int) -> String? {
        guard let drain = plan.drain, let windowMs = plan.drainWindowMs, isBaselineThere else { return nil }
        if blindCycles >= 3 { return "no target of the canary can be scraped" }
        let view = canary.window.view(windowMs: windowMs)
        guard let requests = view.requests, requests >= Self.fewestRequests,
            let rate = Indicator.errorRate.value(in: view, of: canary), rate >= drain.atOnceAboveErrorRate
        else { return nil }
        return "\(NumberText.percent(rate)) of the canary's requests fail"
    }

    /// How the baseline does by every indicator that a rule evaluates, over the rule's own window: the same indicator
    /// may be listed several times with different windows.
    var baselineNow: [DrainRecord.Before] {
        plan.rules.flatMap { rule in
            rule.loadIndicators.compactMap { indicator in
                let view = baseline.window.view(windowMs: rule.windowMs)
                return indicator.value(in: view, of: baseline).map {
                    .init(indicator: indicator.name, windowMs: rule.windowMs, value: $0)
                }
            }
        }
    }

    /// How the baseline carries what it has.
    func baselineCondition(since record: DrainRecord) -> BaselineCondition {
        let (healthy, before) = (baseline.healthyTargets, min(record.healthyTargetsBefore, baseline.targets.count))
        if healthy == 0 { return .trouble("no target of the baseline could be scraped") }
        if healthy < before {
            return .trouble(
                "of the baseline's targets \(healthy) can be scraped, before the rollback it was \(before)")
        }
        if !isBaselineThere { return .trouble("the router says that the baseline has no healthy server") }
        var isSeen = false
        for rule in rulesOfLoad {
            switch baselineCondition(by: rule, since: record) {
            case .trouble(let reason): return .trouble(reason)
            case .well: isSeen = true
            case .unseen: break
            }
        }
        return isSeen || rulesOfLoad.isEmpty ? .well : .unseen
    }

    /// Rules that only notify may have any threshold; they count where there are no others.
    private var rulesOfLoad: [RulePlan] {
        let acting = plan.rules.filter { $0.action != .notify }
        return acting.isEmpty ? plan.rules : acting
    }

    /// The rule's own measure, with the baseline of now in the canary's place and the baseline of before in its own.
    private func baselineCondition(by rule: RulePlan, since record: DrainRecord) -> BaselineCondition {
        guard let windowMs = plan.drainWindowMs else { return .unseen }
        let view = baseline.window.view(windowMs: windowMs)
        var isSeen = false
        for indicator in rule.loadIndicators where indicator.sampleSize(in: view) >= Self.fewestRequests {
            guard let now = indicator.value(in: view, of: baseline) else { continue }
            isSeen = true
            let before = record.before(indicator, windowMs: rule.windowMs)
            guard now > before ?? 0, rule.isWorse(now, than: before, by: indicator) else { continue }
            let text = before.map { ", before the rollback it was \(NumberText.value($0, of: indicator))" } ?? ""
            return .trouble(
                "\(indicator.name) of the baseline is \(NumberText.value(now, of: indicator))\(text) (\(rule.name))")
        }
        return isSeen ? .well : .unseen
    }
}

/// What is known of a baseline in the middle of the steps.
enum BaselineCondition: Equatable {
    case well
    case trouble(String)
    /// Too few requests since the last step to decide.
    case unseen
}

extension DrainRecord {
    /// What the indicator was over this window. A record without windows has the first rule's value for all.
    fileprivate func before(_ indicator: Indicator, windowMs: Int64) -> Double? {
        let ofIndicator = baselineBefore.filter { $0.indicator == indicator.name }
        return (ofIndicator.first { $0.windowMs == windowMs } ?? ofIndicator.first { $0.windowMs == nil })?.value
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
        case .own(let own): return [.own(own)]
        }
    }

    /// A rule that asks for proof has no threshold, and a pause is too short for a proof: twice as bad is bad.
    fileprivate func isWorse(_ now: Double, than before: Double?, by indicator: Indicator) -> Bool {
        if let threshold {
            return threshold.condition.holds(IndicatorValues(baseline: before, canary: now)) == true
        }
        let smallest = indicator.measure == .share ? 0.005 : Double.infinity
        return now > 2 * max(before ?? smallest, indicator.measure == .share ? smallest : 0)
    }
}
