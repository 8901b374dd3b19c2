/// The canary's share of a sum of weights, in basis points.
enum Share {
    /// Rounded to the nearest, except that a part is never shown as nothing and never as everything: 1 of 100 000 is 1,
    /// not 0, because 0 means that the canary is out.
    ///
    /// - Returns: nil when the sum is 0 or a weight is not a finite number of 0 or more.
    static func basisPoints(canary: Double, baseline: Double) -> Int? {
        let sum = canary + baseline
        guard canary >= 0, baseline >= 0, sum > 0, sum.isFinite else { return nil }
        if canary == 0 { return 0 }
        if baseline == 0 { return 10_000 }
        return min(max(Int((canary / sum * 10_000).rounded()), 1), 9_999)
    }
}
