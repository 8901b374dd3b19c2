import Model

/// What one rule sees in one cycle. It is shared by all rules with the same indicator and window, so it holds everything
/// that does not depend on the condition. An object, so that handing it to a thousand rules copies nothing.
final class RuleMeasure: Sendable {
    /// The numbers of a pool that decide what a rule says. A plain value: a thousand rules read it without counting references.
    struct Facts: Sendable {
        let value: Double?
        let targets: Int
        let healthyTargets: Int
        /// Targets that answered and whose counts are not known.
        let withholdingTargets: Int
        /// Several processes answer at each address that could be scraped.
        let isAmbiguous: Bool
        /// Requests that the value rests on, for `min_requests`.
        let sampleSize: Double
        /// Requests were counted in the window, or known to be none, or latencies were counted.
        let hasCounts: Bool
    }

    struct Side: Sendable {
        /// As it is written down.
        let evidence: Evidence.Side
        let facts: Facts
        /// Why there can be no value with the present scrape bodies, and what to change; nil when only requests are
        /// missing.
        let obstacle: String?
        /// What limits the value.
        let notes: [String]

        init(
            _ indicator: Indicator, _ estimate: PercentileEstimate, in view: WindowView, of pool: PoolState,
            health: Health
        ) {
            evidence = Evidence.Side(
                version: pool.version, value: estimate.value, requests: view.requests ?? view.latencyCount,
                errors: view.errors ?? 0, healthyTargets: health.healthyTargets, targets: pool.targets.count)
            facts = Facts(
                value: estimate.value, targets: pool.targets.count, healthyTargets: health.healthyTargets,
                withholdingTargets: health.withholdingTargets, isAmbiguous: health.isAmbiguous,
                sampleSize: indicator.sampleSize(in: view),
                hasCounts: view.requests != nil || view.latencyCount != 0)
            (obstacle, notes) = (estimate.obstacle, estimate.notes)
        }
    }

    /// How a pool's targets answered in the cycle.
    struct Health: Sendable {
        let healthyTargets: Int
        let withholdingTargets: Int
        let isAmbiguous: Bool

        init(of pool: PoolState) {
            healthyTargets = pool.healthyTargets
            withholdingTargets = pool.withholdingTargets
            isAmbiguous = pool.isAmbiguous
        }
    }

    let indicatorName: String
    /// What the values measure.
    let kind: Indicator.Measure
    let baseline: Side
    let canary: Side
    /// The canary's share of the traffic has just changed, and nothing was counted since.
    let isStartingOver: Bool
    /// Why the pools cannot be compared, and what to change.
    let incomparable: String?
    /// For a condition that names one pool: the baseline in the canary's place, where its own value cannot be used.
    let substitute: SubstituteValue?
    /// Nothing is to be said about how the values were found; so it is for most rules in most cycles.
    private let isPlain: Bool

    init(
        indicatorName: String, kind: Indicator.Measure, baseline: Side, canary: Side, isStartingOver: Bool,
        incomparable: String?, substitute: SubstituteValue?
    ) {
        self.indicatorName = indicatorName
        self.kind = kind
        self.baseline = baseline
        self.canary = canary
        self.isStartingOver = isStartingOver
        self.incomparable = incomparable
        self.substitute = substitute
        isPlain =
            incomparable == nil && baseline.obstacle == nil && canary.obstacle == nil && baseline.notes.isEmpty
            && canary.notes.isEmpty
    }

    private func side(_ pool: Pool) -> Side { pool == .baseline ? baseline : canary }

    subscript(pool: Pool) -> Facts { pool == .baseline ? baseline.facts : canary.facts }

    var values: IndicatorValues {
        IndicatorValues(baseline: baseline.facts.value, canary: canary.facts.value)
    }

    /// `the canary has no latency_p99 in the window`, with the cause where it is known.
    func missing(_ pool: Pool) -> String {
        "the \(pool.rawValue) has no \(indicatorName) in the window" + (side(pool).obstacle.map { ": \($0)" } ?? "")
    }

    /// Why a value that the condition names can never come with the present scrape bodies, each once.
    func obstacles(for mentions: MentionedPools) -> [String] {
        guard !isPlain else { return [] }
        let named = [Pool.canary, .baseline].filter { mentions[$0] }.compactMap { side($0).obstacle }
        return [incomparable].compactMap { $0 } + named
    }

    /// The remarks on the pools that the condition names, each once.
    func notes(for mentions: MentionedPools) -> [String] {
        guard !isPlain else { return [] }
        return [Pool.canary, .baseline].filter { mentions[$0] }.flatMap { side($0).notes }.reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
        }
    }
}
