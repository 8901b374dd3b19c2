import Glibc

/// The e-value of one block of two Bernoulli streams against "the canary's bad rate is `ratio` times the baseline's".
///
/// Source: Turner, Ly and Grünwald, "Two-sample tests that are safe under optional stopping" (arXiv:2106.02693),
/// extended to a ratio margin, where the projection onto the null has a closed form.
enum PairProjection {
    /// The baseline rate x that minimises the block's Kullback-Leibler distance from the alternative (baseline, canary)
    /// to the null's edge (x, ratio * x). It is the smaller root of a quadratic, in the form that does not cancel.
    static func baselineRate(
        baseline: Double, canary: Double, baselineShare: Double, canaryShare: Double, ratio: Double
    ) -> Double {
        let mean = baselineShare * baseline + canaryShare * canary
        if ratio == 1 { return mean }
        let middle = baselineShare * (1 + baseline * ratio) + canaryShare * (ratio + canary)
        let discriminant = max(0, middle * middle - 4 * ratio * mean)
        return 2 * mean / (middle + discriminant.squareRoot())
    }

    /// log e-value of a block for the alternative (baseline, canary), both rates strictly between 0 and 1.
    ///
    /// Logarithms are taken of 1 + a difference quotient, never of a ratio: with 10^9 requests the terms are 10^9 times
    /// a difference in the twelfth digit.
    static func logE(_ counts: PairCounts, baseline: Double, canary: Double, ratio: Double) -> Double {
        let requests = counts.requests
        let x = baselineRate(
            baseline: baseline, canary: canary, baselineShare: counts.baselineRequests / requests,
            canaryShare: counts.canaryRequests / requests, ratio: ratio)
        let y = ratio * x
        let baselineGood = counts.baselineRequests - counts.baselineBad
        let canaryGood = counts.canaryRequests - counts.canaryBad
        var sum = 0.0
        if counts.baselineBad > 0 { sum += counts.baselineBad * log1p((baseline - x) / x) }
        if baselineGood > 0 { sum += baselineGood * log1p((x - baseline) / (1 - x)) }
        if counts.canaryBad > 0 { sum += counts.canaryBad * log1p((canary - y) / y) }
        if canaryGood > 0 { sum += canaryGood * log1p((y - canary) / (1 - y)) }
        return sum
    }
}
