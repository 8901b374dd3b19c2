/// The baseline in the canary's place, for a rule whose condition names one pool alone: would it breach as well?
///
/// Two histograms with different bounds give different percentiles of equal latencies, so the baseline's percentile is
/// estimated on the bounds that the canary has too. Where the two cannot be compared, nothing may be moved to the
/// baseline.
enum SubstituteValue: Sendable, Equatable {
    /// Seconds; nil without requests.
    case estimated(Double?)
    /// Why it cannot be estimated, and what to change.
    case incomparable(String)

    var value: Double? { if case .estimated(let value) = self { value } else { nil } }

    init(
        _ question: PercentileQuestion, baseline: (view: WindowView, pool: PoolState),
        canary: (view: WindowView, pool: PoolState)
    ) {
        let compared = ComparedPercentile(question, baseline: baseline, canary: canary)
        if let obstacle = compared.obstacle {
            self = .incomparable(obstacle)
        } else {
            self = .estimated(compared.baseline.value)
        }
    }
}
