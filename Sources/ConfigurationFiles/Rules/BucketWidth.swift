import Declarations

/// Which buckets of a histogram hide a change of a percentile.
///
/// A percentile that lies below the bound `u` and may rise by the factor `r` is only seen to have risen when it passes the
/// first bound at or above `r * u`. With the bounds 0.25 and 0.5 a rise by a tenth is therefore seen as late as a
/// doubling.
enum BucketWidth {
    struct Gap: Equatable {
        let lower: Double
        let upper: Double
        /// The boundary that is missing.
        let missing: Double
    }

    /// Rounding of bounds as people write them: 0.3 is 1.2 times 0.25.
    private static let slack = 1.0 + 1e-9

    /// - Parameters:
    ///   - bounds: seconds, rising, finite and above zero.
    ///   - ratio: the tolerated factor, 1 or more.
    static func tooWide(_ bounds: [Double], ratio: Double) -> [Gap] {
        zip(bounds, bounds.dropFirst()).compactMap { lower, upper in
            guard upper > lower * ratio * slack, ratio >= 1 else { return nil }
            return Gap(lower: lower, upper: upper, missing: lower * max(ratio, 1.05))
        }
    }
}
