import Glibc

/// At which latency boundaries a step's canary has to be shown to be good: those that represent the baseline's p50, p90 and p99.
/// Chosen once in a step, from the baseline's past alone.
struct StepBoundaries: Sendable, Equatable, Codable {
    struct Chosen: Sendable, Equatable, Codable {
        var bound: Double
        /// Shares of slow answers below it are good enough.
        var floor: Double
    }

    private static let quantiles = [0.5, 0.9, 0.99]
    /// So many of the baseline's answers have to be known first.
    private static let leastAnswers = 100.0
    /// A boundary that fewer of the baseline's answers pass shows nothing within a release: below this share, a canary is good
    /// enough there.
    static let rareShare = 0.001

    /// Rising, each once. Empty where no boundary has something to show: the baseline passes all of them so often that no canary
    /// can be the ratio as bad.
    let chosen: [Chosen]

    /// - Parameters:
    ///   - bounds: common to both pools, rising.
    ///   - ratio: above 1.
    /// - Returns: nil while the baseline has had too few answers.
    init?(_ bounds: [Double], ratio: Double, history: BaselineHistory) {
        var shares: [(bound: Double, share: Double)] = []
        for bound in bounds {
            let recent = history.recent(.slowerThan(seconds: bound))
            guard recent.requests >= StepBoundaries.leastAnswers else { return nil }
            shares.append((bound, recent.bad / recent.requests))
        }
        guard !shares.isEmpty else { return nil }
        // Where the baseline has more than this, even a canary that is slow always is not the ratio as bad.
        let testable = shares.filter { $0.share > 0 && $0.share * ratio < 1 }
        var found = StepBoundaries.quantiles.compactMap { quantile in
            testable.min { distance($0.share, 1 - quantile) < distance($1.share, 1 - quantile) }
        }
        if found.isEmpty, let never = shares.first(where: { $0.share == 0 }) { found = [never] }
        var chosen: [Chosen] = []
        for one in found.sorted(by: { $0.bound < $1.bound }) where chosen.last?.bound != one.bound {
            let isRare = one.share < StepBoundaries.rareShare
            chosen.append(Chosen(bound: one.bound, floor: isRare ? StepBoundaries.rareShare : 0))
        }
        self.chosen = chosen
    }
}

/// Between shares, on a logarithmic scale.
private func distance(_ share: Double, _ wanted: Double) -> Double { abs(log(share) - log(wanted)) }
