import Model
import Statistics

/// Estimates how long the steps of a rollout take at the present traffic, for a version that is as good as the present one. Times
/// of people, programs and calendars are not in it.
struct StepEstimator {
    /// Of both pools together, per second; above 0.
    let requestsPerSecond: Double
    /// The bad rates that the evidence compares, each with its dispersion; the rarest needs most requests.
    let badRates: [(rate: Double, dispersion: Double)]
    /// Windows of the rules, by name, milliseconds.
    let windowMs: (String) -> Int64?
    let attempt: Int

    /// The share of answers beyond the highest boundary that is compared, p99.
    private static let slowestShare = 0.01

    /// One per step, in their order; nil for the last one, and where no estimate can be made.
    func estimates(_ steps: [StepPlan]) -> [StepEstimate?] {
        steps.indices.map { index in
            steps.indices.contains(index + 1) ? estimate(steps[index], next: steps[index + 1].basisPoints) : nil
        }
    }

    private func estimate(_ step: StepPlan, next: Int) -> StepEstimate? {
        let settle = Double(step.settleMs) / 1_000
        let share = Double(step.basisPoints) / 10_000
        var (median, ninety) = (max(settle, Double(step.minMs) / 1_000, longestWindow(step)), 0.0)
        if let requests = step.requests {
            // How many requests test users make is not known.
            guard share > 0 else { return nil }
            median = max(median, settle + requests / (requestsPerSecond * share))
        }
        ninety = median
        guard let demand = step.evidence else {
            return StepEstimate(medianSeconds: median, ninetyPercentSeconds: ninety)
        }
        guard let forecast = forecast(demand, share: share, next: next) else { return nil }
        median = max(median, settle + forecast.median / requestsPerSecond)
        ninety = max(ninety, settle + forecast.ninetyPercent / requestsPerSecond)
        return StepEstimate(
            medianSeconds: median, ninetyPercentSeconds: ninety, evidenceRequests: forecast.median.rounded(.up))
    }

    /// The part that takes longest: all have to be shown.
    private func forecast(_ demand: EvidenceDemand, share: Double, next: Int) -> StepForecast? {
        let question = StepQuestion(
            ratio: demand.ratio(beforeBasisPoints: next), errorBudget: demand.error(attempt: attempt),
            floor: demand.floor ?? 0)
        let all = badRates.map { bad in
            StepForecast(question, badRate: bad.rate, canaryShare: share, dispersion: bad.dispersion)
        }
        guard !all.contains(nil) else { return nil }
        return all.compactMap(\.self).max { $0.median < $1.median }
    }

    private func longestWindow(_ step: StepPlan) -> Double {
        Double(step.rules.compactMap(windowMs).max() ?? 0) / 1_000
    }
}

extension StepEstimator {
    /// Nil while the traffic or the baseline's errors are not known, and with a single instance of the baseline, where
    /// shares are bet on and the time does not follow from the traffic.
    init?(_ release: Release) {
        let windowMs = release.plan.shownWindowMs
        func rate(_ pool: PoolState) -> Double? {
            Indicator.requestRate.value(in: pool.window.view(windowMs: windowMs), of: pool)
        }
        guard let baseline = rate(release.pools.baseline), baseline > 0 else { return nil }
        let requestsPerSecond = baseline + (rate(release.pools.canary) ?? 0)
        let history = release.rules.regression.streams[0].evidence.history
        var rates: [(rate: Double, dispersion: Double)] = []
        let indicators = release.plan.indicators(of: .canary)
        if indicators.errors != nil {
            let recent = history.recent(.error)
            guard recent.requests > 0 else { return nil }
            // Without a bad event so far, half of one.
            rates.append((max(recent.bad, 0.5) / recent.requests, history.dispersion(of: .error)))
        }
        if indicators.latency != nil {
            let bound = history.boundsSeconds.last
            rates.append(
                (StepEstimator.slowestShare, bound.map { history.dispersion(of: .slowerThan(seconds: $0)) } ?? 1))
        }
        if history.reportingInstances == 1, release.plan.rollout?.asksForEvidence == true { return nil }
        let rules = release.plan.rules
        self.init(
            requestsPerSecond: requestsPerSecond, badRates: rates,
            windowMs: { name in rules.first { $0.name == name }?.windowMs },
            attempt: release.rollouts.running?.rollout.preparation.attempt ?? 1)
    }
}
