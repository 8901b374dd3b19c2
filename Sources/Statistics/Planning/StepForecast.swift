import Glibc

/// How many requests the proof of a step needs when the canary is exactly as bad as the baseline: half of such canaries pass with
/// ``median`` requests, nine of ten with ``ninetyPercent``.
///
/// The log evidence is taken for a random walk with the drift and the variance that one request has on average, for the best
/// alternative. Its time to reach the bar has the median bar / drift, about; the nine tenths are those of a normal distribution of
/// its value. Beside the simulated times of [the calibration](docs/reference/calibration.md) both are within a third.
public struct StepForecast: Sendable, Equatable {
    /// Of both pools together.
    public var median: Double
    public var ninetyPercent: Double

    /// The price of not knowing how good the canary is, nats.
    private static let overheadNats = 0.7
    /// Of the normal distribution, 90 %.
    private static let quantile = 1.2816

    /// Nil where nothing is ever shown: a share of 0 or 1, or a bad rate that is no number in 0...1.
    ///
    /// - Parameters:
    ///   - badRate: of both versions, 0...1; for latency the part of answers beyond the boundary.
    ///   - canaryShare: of the requests, 0...1.
    ///   - dispersion: at least 1.
    public init?(_ question: StepQuestion, badRate: Double, canaryShare: Double, dispersion: Double) {
        guard canaryShare > 0, canaryShare < 1, badRate > 0, badRate < 1, dispersion >= 1 else { return nil }
        let rate = min(badRate, 0.98 / question.ratio)
        let wanted = question.barLogE + StepForecast.overheadNats
        let walks = [
            StepForecast.relative(rate, canaryShare, question.ratio).map { (walk: $0, wanted: wanted) },
            StepForecast.belowFloor(badRate, canaryShare, question.floor).map { (walk: $0, wanted: wanted + log(2)) },
        ].compactMap(\.self)
        let found = walks.map { $0.walk.requests(to: $0.wanted, dispersion: dispersion) }
        guard let best = found.min(by: { $0.median < $1.median }) else { return nil }
        (median, ninetyPercent) = best
    }

    /// Log evidence per request of both pools.
    private struct Walk {
        var drift: Double
        var variance: Double

        func requests(to bar: Double, dispersion: Double) -> (median: Double, ninetyPercent: Double) {
            let (drift, variance) = (drift / dispersion, variance / dispersion)
            let spread = StepForecast.quantile * variance.squareRoot()
            let root = (spread + (spread * spread + 4 * drift * bar).squareRoot()) / (2 * drift)
            return (bar / drift, root * root)
        }
    }

    private static func relative(_ rate: Double, _ share: Double, _ ratio: Double) -> Walk? {
        let edge = PairProjection.baselineRate(
            baseline: rate, canary: rate, baselineShare: 1 - share, canaryShare: share, ratio: ratio)
        let drift = Planning.growthPerRequest(
            baselineRate: rate, canaryRate: rate, canaryShare: share, ratio: ratio)
        guard drift > 0 else { return nil }
        let (baseline, canary) = (log(rate / edge), log(rate / (ratio * edge)))
        return Walk(drift: drift, variance: rate * ((1 - share) * baseline * baseline + share * canary * canary))
    }

    /// Proof that the canary's rate is below the floor needs the canary's requests alone.
    private static func belowFloor(_ rate: Double, _ share: Double, _ floor: Double) -> Walk? {
        guard floor > rate, floor < 1 else { return nil }
        let step = log(rate / floor)
        return Walk(drift: share * Planning.divergence(rate, floor), variance: share * rate * step * step)
    }
}
