/// Where a percentile is compared: the baseline's boundary nearest to it, and the canary's boundary that represents "so
/// many times slower".
///
/// If the canary is at most r times as slow as the baseline, then at most as many of its answers are slower than r times a
/// boundary as the baseline's are slower than the boundary itself; and fewer still are slower than any boundary above that.
/// So "the canary's p99 is at most r times the baseline's" is tested by comparing shares of slow answers at two boundaries,
/// without interpolating, and while both pools may get faster and slower together.
struct PercentilePlace: Sendable, Equatable, Codable {
    let baselineBound: Double
    let canaryBound: Double
    /// Where the canary is counted for the proof of being good; nil where no boundary is near enough.
    let safeBound: Double?
    /// The boundary that is missing to see the tolerated factor; nil when nothing is missing.
    let missingBound: Double?

    /// Boundaries that people computed (0.1 * 1.1) meet despite rounding.
    private static let slack = 1e-9
    /// Answers beyond the percentile that it takes to find it.
    private static let answersBeyond = 10.0
    /// No histogram is finer than this.
    private static let finestRatio = 1.05

    /// - Parameters:
    ///   - bounds: common to both pools, rising, above 0.
    ///   - ratio, safeRatio: factors of the percentile, 1 or more.
    /// - Returns: nil while the baseline has had too few answers to say where its percentile lies, or where no pair of
    ///   boundaries fits.
    init?(_ quantile: Double, bounds: [Double], ratio: Double, safeRatio: Double?, history: BaselineHistory) {
        let beyond = 1 - quantile
        var best: (baseline: Double, canary: Double, distance: Double)?
        for bound in bounds where bound > 0 {
            let recent = history.recent(.slowerThan(seconds: bound))
            guard recent.requests * beyond >= PercentilePlace.answersBeyond else { return nil }
            let wanted = bound * ratio * (1 - PercentilePlace.slack)
            guard let canary = bounds.first(where: { $0 >= wanted }) else { continue }
            let share = recent.bad / recent.requests
            guard share > 0, share < 1 else { continue }
            let distance = max(share, beyond) / min(share, beyond)
            if distance < best?.distance ?? .infinity { best = (bound, canary, distance) }
        }
        guard let best else { return nil }
        (baselineBound, canaryBound) = (best.baseline, best.canary)
        let asked = max(ratio, PercentilePlace.finestRatio)
        missingBound = best.canary > best.baseline * asked * (1 + 1e-6) ? best.baseline * asked : nil
        let limit = best.baseline * (safeRatio ?? 0) * (1 + PercentilePlace.slack)
        safeBound = bounds.last { $0 <= limit && $0 > best.baseline }
    }

    /// The smallest factor of the percentile that can be seen.
    var visibleRatio: Double { canaryBound / baselineBound }
}

/// A pool's latency histogram since the canary's share last changed, for the percentiles that are shown.
struct LatencyTotals: Sendable, Equatable, Codable {
    private(set) var boundsSeconds: [Double] = []
    private(set) var cumulative: [Double] = []
    private(set) var answers = 0.0

    /// The bounds of the first histogram stay; what has others is left out.
    mutating func add(_ pool: [InstanceIncrements]) {
        for latency in pool.lazy.compactMap(\.latency) where latency.count > 0 {
            if boundsSeconds.isEmpty {
                boundsSeconds = Array(latency.finiteBounds)
                cumulative = Array(repeating: 0, count: boundsSeconds.count)
            }
            guard latency.finiteBounds.elementsEqual(boundsSeconds) else { continue }
            guard latency.cumulative.count >= boundsSeconds.count else { continue }
            for index in boundsSeconds.indices { cumulative[index] += latency.cumulative[index] }
            answers += latency.count
        }
    }

    /// The bounds stay known.
    mutating func forgetCounts() {
        answers = 0
        for index in cumulative.indices { cumulative[index] = 0 }
    }

    func bracket(_ quantile: Double, error: Double, dispersion: Double) -> QuantileBracket {
        QuantileBracket(
            quantile, upperBounds: boundsSeconds, cumulative: cumulative, total: answers, error: error,
            dispersion: dispersion)
    }
}
