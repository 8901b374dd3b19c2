import Model

/// The weight of each server in the two pools, for a share between nothing and everything.
///
/// Every server of a pool gets the same weight, so with B baseline and C canary servers the canary's share is
/// `C c / (C c + B b)`. Of all pairs in 1...256 the largest share that is not above the wanted one is taken, and of equal
/// ones the largest pair, which keeps the baseline's weight near 256. Examples: 10 % of 1 + 1 servers is 28 : 252; 10 % of
/// 3 + 1 is 84 : 252.
struct PoolWeights: Sendable, Equatable {
    let baseline: Int
    let canary: Int

    static let largest = 256

    /// - Parameters:
    ///   - split: less than 10 000 basis points, and not below the smallest share; the ends need no weights of their own.
    ///   - keepsUsers: for a router with a consistent hash, where a server gains users with its weight and loses some with
    ///     the others': as the share grows, the canary's weight never falls and the baseline's never rises, so that no user
    ///     goes back. It costs some accuracy: 10 % is 28 : 256.
    init(_ split: Split, baselineServers: Int, canaryServers: Int, keepsUsers: Bool = false) {
        let servers = (baseline: max(1, baselineServers), canary: max(1, canaryServers))
        let (canaryPart, baselinePart) = (split.canaryBasisPoints, split.baselineBasisPoints)
        var best = (baseline: PoolWeights.largest, canary: 1)
        for canary in 1...PoolWeights.largest {
            // C c / (C c + B b) <= p / (p + q)  <=>  b >= C c q / (B p)
            let divisor = servers.baseline * canaryPart
            let least = max(1, (servers.canary * canary * baselinePart + divisor - 1) / divisor)
            guard least <= PoolWeights.largest else { break }
            // Up to 256 : 256 the baseline keeps its weight.
            let baseline = keepsUsers && canary < PoolWeights.largest ? PoolWeights.largest : least
            // The share grows with c / b.
            if canary * best.baseline >= best.canary * baseline { best = (baseline, canary) }
        }
        baseline = best.baseline
        canary = best.canary
    }

    /// Whether no weight is small enough: the canary gets nothing then, because it never gets more than it was given.
    static func isBelowSmallest(_ split: Split, baselineServers: Int, canaryServers: Int) -> Bool {
        let (own, others) = (max(1, canaryServers), largest * max(1, baselineServers))
        return own * split.baselineBasisPoints > others * split.canaryBasisPoints
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
