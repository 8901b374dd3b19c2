import Glibc

/// The ratio of the bad rates (canary by baseline) with an interval that holds at all times at once.
///
/// For each ratio R of a fixed grid it keeps the log likelihood of "a bad event is the canary's with probability
/// R nB / (R nB + nA)", block by block, so the baseline's rate and the split may move. The evidence against R is the grid's
/// mixture by R's own likelihood. E[evidence] is at most 1 for independent requests with pB = R pA, whatever pA does in
/// each block: the product of (1 + p (x - 1)) over requests is at most exp of the sum, and the sum is 0.
///
/// Between grid points the log likelihood (concave in log R) lies below its tangents, so the interval's ends err to the
/// outside.
public struct RatioTracker: Sendable, Equatable, Codable {
    /// Half the grid's points; step 4 % near 1, 8 % at 2, wider far out, from 1/200 to 200.
    private static let halfCount = 32
    private static let spread = 3.55
    private static let logRatios: [Double] = (-halfCount...halfCount).map { step in
        log(200) / sinh(spread) * sinh(spread * Double(step) / Double(halfCount))
    }

    private var likelihoods = Array(repeating: 0.0, count: 2 * halfCount + 1)
    private var slopes = Array(repeating: 0.0, count: 2 * halfCount + 1)
    private var open = PairCounts.zero

    public init() {}

    /// Takes in what happened since the last call; a block stays open until both pools had traffic.
    public mutating func take(_ counts: PairCounts, dispersion: Double = 1) {
        guard counts.isUsable else { return }
        open += counts
        guard open.baselineRequests > 0, open.canaryRequests > 0 else { return }
        let block = open
        open = .zero
        guard block.bad > 0 else { return }
        let logOdds = log(block.canaryRequests) - log(block.baselineRequests)
        let scale = 1 / max(1, dispersion)
        for index in likelihoods.indices {
            let logit = RatioTracker.logRatios[index] + logOdds
            let share = 1 / (1 + exp(-logit))
            // log(1 + e^logit) without overflow.
            let softened = max(logit, 0) + log1p(exp(-abs(logit)))
            likelihoods[index] += scale * (block.canaryBad * logit - block.bad * softened)
            slopes[index] += scale * (block.canaryBad - block.bad * share)
        }
    }

    /// Forgets the open block: the traffic split changed.
    public mutating func dropOpenBlock() { open = .zero }

    /// The ratios that are not excluded.
    ///
    /// - Parameter error: the probability that the true ratio is ever outside.
    /// - Returns: `high` is nil while no upper end is shown, `low` is 0 while no lower end is.
    public func interval(error: Double) -> (low: Double, high: Double?) {
        // The mean lies below the largest, so the best point of the grid is always inside.
        let cut = LogDomain.sum(likelihoods) - log(Double(likelihoods.count)) - log(1 / error)
        let best = likelihoods.indices.max { likelihoods[$0] < likelihoods[$1] } ?? 0
        let below = likelihoods.indices.last { $0 < best && likelihoods[$0] <= cut }
        let above = likelihoods.indices.first { $0 > best && likelihoods[$0] <= cut }
        return (
            below.map { exp(end(inside: $0 + 1, outside: $0, cut: cut)) } ?? 0,
            above.map { exp(end(inside: $0 - 1, outside: $0, cut: cut)) }
        )
    }

    /// Where the tangents at both neighbours have fallen to the cut: a log ratio between the two.
    private func end(inside: Int, outside: Int, cut: Double) -> Double {
        let (inner, outer) = (RatioTracker.logRatios[inside], RatioTracker.logRatios[outside])
        var nearest = outer
        for index in [inside, outside] {
            // Only a tangent that falls towards the outside says anything.
            guard slopes[index] * (outer - inner) < 0 else { continue }
            let crossing = RatioTracker.logRatios[index] + (cut - likelihoods[index]) / slopes[index]
            let isBetween = (crossing - inner) * (crossing - outer) <= 0
            if isBetween, abs(crossing - inner) < abs(nearest - inner) { nearest = crossing }
        }
        return nearest
    }
}
