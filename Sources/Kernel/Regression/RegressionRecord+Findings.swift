import Model
import Statistics

extension RegressionRecord {
    /// Of what the statistics say, the part that is kept and shown.
    init(_ found: RegressionEvidence, plan: RegressionPlan, selfCheck: SelfCheckRecord?) {
        self.init(
            tolerance: plan.tolerance, falseAlarm: plan.falseAlarm, method: found.method.rawValue,
            logEvidence: found.logE, maxLogEvidence: found.maxLogE, barLogEvidence: found.barLogE,
            chanceOneIn: RegressionSummary.oneIn(found.maxLogE), isWorse: found.verdict == .worse,
            isSafe: found.verdict == .safe, safeRatio: plan.safe.ratio,
            comparisons: found.telling.prefix(4).map { Comparison($0, plan.scope) },
            percentiles: found.percentiles.map(Percentile.init),
            requestsNeeded: found.needed?.requests, secondsNeeded: found.needed?.seconds,
            detectable: found.reach.map { Detectable(seconds: $0.withinSeconds, ratio: $0.ratio) },
            sentence: RegressionSummary(found, plan: plan).sentence, selfCheck: selfCheck)
    }
}

extension RegressionEvidence {
    /// The part that says most, the errors, then the others by what they say.
    var telling: [Part] {
        let order = parts.indices.sorted { left, right in
            let (first, second) = (rank(left), rank(right))
            return first == second ? left < right : first > second
        }
        return order.map { parts[$0] }
    }

    private func rank(_ index: Int) -> Double {
        if index == leading { return .infinity }
        return parts[index].event == .error ? .greatestFiniteMagnitude : parts[index].logE
    }
}

extension RegressionRecord.Comparison {
    fileprivate init(_ part: RegressionEvidence.Part, _ scope: RegressionPlan.Scope) {
        func side(_ pool: RegressionEvidence.PoolRate) -> RegressionRecord.Side {
            RegressionRecord.Side(
                requests: pool.requests, bad: pool.bad, rate: pool.rate, rateLow: pool.interval.low,
                rateHigh: pool.interval.high)
        }
        self.init(
            name: RegressionSummary.name(part, scope), baseline: side(part.baseline), canary: side(part.canary),
            ratio: part.ratio, ratioLow: part.ratioLow, ratioHigh: part.ratioHigh, toleratedRatio: part.toleratedRatio,
            logEvidence: part.logE, dispersion: part.dispersion)
    }
}

extension RegressionRecord.Percentile {
    fileprivate init(_ one: RegressionEvidence.Percentile) {
        self.init(
            name: RegressionSummary.name(quantile: one.quantile), baselineLowSeconds: one.baseline.lowSeconds,
            baselineHighSeconds: one.baseline.highSeconds, canaryLowSeconds: one.canary.lowSeconds,
            canaryHighSeconds: one.canary.highSeconds)
    }
}
