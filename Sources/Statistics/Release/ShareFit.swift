import Glibc

/// Was a block's split of the requests between the pools that of the blocks before it?
///
/// When a share changes within a block, a part of the block has one share and another part the other. Where both pools'
/// rates change in the same block, its sums compare one pool's good time with the other's bad time. Such a block is left
/// out. Only requests are used, never what became of them, so the tests' promises are untouched.
public struct ShareFit: Sendable, Equatable, Codable {
    /// A share that is off by less than this part of itself (or of the other pool's share) is no change.
    private static let part = 0.2
    private static let deviations = 5.0
    private static let halfLifeSeconds = 60.0
    /// No block counts for more than this in the share's dispersion, so that a change does not hide the next one.
    private static let largestExcess = 100.0

    /// Of the blocks with the present share, decayed.
    private var requests = 0.0
    private var canaryRequests = 0.0
    /// How much more the share moves from block to block than independent requests would: sum and number.
    private var excess = 1.0
    private var blocks = 1.0

    public init() {}

    /// Takes in a block. - Returns: false for one whose share is another than before; the next is compared with this one's.
    public mutating func take(baselineRequests: Double, canaryRequests canary: Double, coveredSeconds: Double) -> Bool {
        let all = baselineRequests + canary
        guard all > 0, all.isFinite, baselineRequests >= 0, canary >= 0 else { return true }
        let fits = requests > 0 ? fits(all: all, canary: canary) : true
        let decay = fits ? pow(2, -max(0, coveredSeconds) / ShareFit.halfLifeSeconds) : 0
        requests = requests * decay + all
        canaryRequests = canaryRequests * decay + canary
        return fits
    }

    /// The share was changed on purpose: what comes next is compared with nothing before.
    public mutating func forget() { (requests, canaryRequests) = (0, 0) }

    private mutating func fits(all: Double, canary: Double) -> Bool {
        let share = (canaryRequests + 0.5) / (requests + 1)
        // Of the block, and of the share that it is compared with.
        let variance = all * share * (1 - share) * (1 + all / requests)
        let off = canary - all * share
        let dispersion = max(1, excess / blocks)
        excess += min(off * off / variance, ShareFit.largestExcess)
        blocks += 1
        let isFar = abs(off) > ShareFit.part * all * min(share, 1 - share)
        return !(isFar && off * off > ShareFit.deviations * ShareFit.deviations * variance * dispersion)
    }
}
