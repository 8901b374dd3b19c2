import Glibc

/// Between which bucket boundaries a percentile lies, said so that it holds at all times at once.
///
/// Nothing is interpolated: the true percentile is above ``lowSeconds`` and at most ``highSeconds``. No correction over the
/// boundaries is needed, because only the boundary next to the true percentile can err on each side.
public struct QuantileBracket: Sendable, Equatable, Codable {
    /// Nil: no lower end is shown yet.
    public var lowSeconds: Double?
    /// Nil: no upper end is shown yet.
    public var highSeconds: Double?

    public init(lowSeconds: Double?, highSeconds: Double?) {
        self.lowSeconds = lowSeconds
        self.highSeconds = highSeconds
    }

    /// - Parameters:
    ///   - quantile: strictly between 0 and 1.
    ///   - upperBounds: finite bounds in rising order; a last +Inf is allowed and ignored.
    ///   - cumulative: observations at or below each bound.
    ///   - total: all observations.
    ///   - error: the probability that the percentile is ever outside.
    public init(
        _ quantile: Double, upperBounds: [Double], cumulative: [Double], total: Double, error: Double,
        dispersion: Double = 1
    ) {
        let bar = log(2 / error)
        self.init(lowSeconds: nil, highSeconds: nil)
        guard total > 0 else { return }
        for (bound, count) in zip(upperBounds, cumulative) where bound < .infinity {
            let requests = total / dispersion
            let evidence = RateInterval.logE(bad: min(count, total) / dispersion, requests: requests, rate: quantile)
            guard evidence >= bar else { continue }
            if count < quantile * total {
                lowSeconds = bound
            } else if count > quantile * total {
                highSeconds = bound
                return
            }
        }
    }
}
