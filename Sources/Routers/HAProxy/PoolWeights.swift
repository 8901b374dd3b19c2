import Model

/// The weight of each server in the two pools, for a share between nothing and everything.
///
/// Every server of a pool gets the same weight, so with B baseline and C canary servers the canary's share is
/// `C c / (C c + B b)`. Of all pairs in 1...256 the largest share that is not above the wanted one is taken, and of equal
/// ones the largest pair, which keeps the baseline's weight near 256. Examples: 10 % of 1 + 1 servers is 28 : 252; 10 % of
/// 3 + 1 is 84 : 252. A wanted share below the smallest one gets the smallest.
struct PoolWeights: Sendable, Equatable {
    let baseline: Int
    let canary: Int

    static let largest = 256

    /// - Parameter split: more than 0 and less than 10 000 basis points; the ends need no weights of their own.
    init(_ split: Split, baselineServers: Int, canaryServers: Int) {
        let (canaryPart, baselinePart) = (split.canaryBasisPoints, split.baselineBasisPoints)
        var best = (baseline: PoolWeights.largest, canary: 1)
        for canary in 1...PoolWeights.largest {
            // C c / (C c + B b) <= p / (p + q)  <=>  b >= C c q / (B p)
            let divisor = max(1, baselineServers) * canaryPart
            let baseline = max(1, (max(1, canaryServers) * canary * baselinePart + divisor - 1) / divisor)
            guard baseline <= PoolWeights.largest else { break }
            // The share grows with c / b.
            if canary * best.baseline >= best.canary * baseline { best = (baseline, canary) }
        }
        baseline = best.baseline
        canary = best.canary
    }

    /// The smallest share there is on either side, in basis points, rounded up: 39 for 1 + 1 servers, 1 : 256.
    static func granularityBasisPoints(baselineServers: Int, canaryServers: Int) -> Int {
        let baseline = max(1, baselineServers)
        let canary = max(1, canaryServers)
        func smallest(_ own: Int, _ other: Int) -> Int {
            let sum = own + largest * other
            return (own * 10_000 + sum - 1) / sum
        }
        return max(smallest(canary, baseline), smallest(baseline, canary))
    }
}
