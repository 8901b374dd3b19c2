import Model

/// The weight of each server in the two pools, for a share between nothing and everything.
///
/// Every server of a pool gets the same weight, so with B baseline and C canary servers the canary's share is
/// `C c / (C c + B b)`. Of all pairs in 1...256 the one nearest to the wanted share is taken, and of equal ones the largest,
/// which keeps the baseline's weight near 256. Examples: 10 % of 1 + 1 servers is 28 : 252; 10 % of 3 + 1 is 84 : 252.
struct PoolWeights: Sendable, Equatable {
    let baseline: Int
    let canary: Int

    static let largest = 256

    /// - Parameter split: more than 0 and less than 10 000 basis points; the ends need no weights of their own.
    init(_ split: Split, baselineServers: Int, canaryServers: Int) {
        let wanted = Double(split.canaryBasisPoints) / 10_000
        let servers = (baseline: Double(max(1, baselineServers)), canary: Double(max(1, canaryServers)))
        var best = (baseline: PoolWeights.largest, canary: 1)
        var bestError = Double.infinity
        for canary in 1...PoolWeights.largest {
            let exact = servers.canary * Double(canary) * (1 - wanted) / (wanted * servers.baseline)
            let floor = min(max(exact.rounded(.down), 1), Double(PoolWeights.largest))
            for baseline in [floor, min(floor + 1, Double(PoolWeights.largest))] {
                let part = servers.canary * Double(canary)
                let error = abs(part / (part + servers.baseline * baseline) - wanted)
                // Equal but for the last bits of a Double is equal.
                guard error <= bestError + 1e-12 else { continue }
                bestError = min(bestError, error)
                best = (Int(baseline), canary)
            }
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
