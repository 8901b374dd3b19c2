import Glibc

/// One kind of bad event tested against several null hypotheses at once on the same blocks: by a ``PairDetector`` each, by
/// ``ShareBetting`` each, or by the average of both.
///
/// The evidence is what refutes the hypothesis that is furthest from its bar: the smallest excess over the bars.
struct NullLadder: Sendable, Equatable, Codable {
    private(set) var nulls: [NullHypothesis]
    /// Empty where only shares are bet on.
    private var pairs: [PairDetector]
    /// Nil without bets on shares.
    private var shares: [ShareBetting]?
    /// Per hypothesis, the largest log evidence so far; at least 0.
    private(set) var peaks: [Double]

    /// - Parameters:
    ///   - recentBad, recentRequests: the baseline before the release, decayed; zero when nothing is known.
    ///   - betsOnShares: bets on shares are half of the evidence, one bet per block. They need no dispersion factor, so in
    ///     clusters that end with their block the average is faster than pairs alone.
    init(
        _ nulls: [NullHypothesis], recentBad: Double, recentRequests: Double, betsOnShares: Bool = false,
        prior: StartPrior = .standard
    ) {
        self.nulls = nulls
        pairs = nulls.map { null in
            PairDetector(
                .worse(than: null.ratio, effects: PairDetector.Settings.sixEffects, prior: prior), recentBad: recentBad,
                recentRequests: recentRequests)
        }
        shares = betsOnShares ? NullLadder.shares(nulls, blockSeconds: 0, prior) : nil
        peaks = nulls.map { _ in 0 }
    }

    /// Bets on shares alone, with their own long blocks.
    init(sharesOf nulls: [NullHypothesis], prior: StartPrior = .standard) {
        self.nulls = nulls
        pairs = []
        shares = NullLadder.shares(nulls, blockSeconds: nil, prior)
        peaks = nulls.map { _ in 0 }
    }

    private static func shares(
        _ nulls: [NullHypothesis], blockSeconds: Double?, _ prior: StartPrior
    ) -> [ShareBetting] {
        nulls.map { null in
            var settings = ShareBetting.Settings(ratio: null.ratio, prior: prior)
            settings.blockSeconds = blockSeconds ?? settings.blockSeconds
            return ShareBetting(settings)
        }
    }

    var blocks: Int { pairs.first?.blocks ?? shares?.first?.blocks ?? 0 }

    /// The log evidence now against the hypothesis with this index.
    func logE(_ index: Int) -> Double {
        guard let shares else { return pairs[index].logE }
        guard !pairs.isEmpty else { return shares[index].logE }
        return LogDomain.sum(pairs[index].logE, shares[index].logE) - log(2)
    }

    /// How far each hypothesis' largest evidence is above its bar: the smallest one.
    var maxExcess: Double { nulls.smallestExcess { peaks[$0] } }

    mutating func take(_ counts: PairCounts, atSeconds: Double, dispersion: Double, mayRaise: Bool) {
        for index in pairs.indices {
            pairs[index].take(counts, atSeconds: atSeconds, dispersion: dispersion, mayRaise: mayRaise)
        }
        for index in shares?.indices ?? 0..<0 {
            shares?[index].take(counts, atSeconds: atSeconds, mayRaise: mayRaise)
        }
    }

    /// - Parameter floorLogE: evidence that the canary is above the floor; it limits that against every hypothesis.
    mutating func notePeaks(floorLogE: Double?) {
        for index in peaks.indices { peaks[index] = max(peaks[index], min(logE(index), floorLogE ?? .infinity)) }
    }

    /// A later step begins: what comes next is its first block.
    mutating func beginStep() {
        for index in pairs.indices { pairs[index].beginStep() }
        for index in shares?.indices ?? 0..<0 { shares?[index].beginStep() }
    }

    /// From the next block on, other ratios are tested with the same bars. They must not depend on that block's counts.
    mutating func adopt(_ next: [NullHypothesis]) {
        guard next.count == nulls.count else { return }
        nulls = next
        for index in pairs.indices { pairs[index].adopt(ratio: next[index].ratio) }
        for index in shares?.indices ?? 0..<0 { shares?[index].adopt(ratio: next[index].ratio) }
    }

    mutating func dropOpenBlock() {
        for index in pairs.indices { pairs[index].dropOpenBlock() }
        dropOpenShares()
    }

    /// Bets on shares have blocks of their own, which may hold counts with another share of the traffic.
    mutating func dropOpenShares() {
        for index in shares?.indices ?? 0..<0 { shares?[index].dropOpenBlock() }
    }
}

extension [NullHypothesis] {
    /// The smallest excess of these log evidences over the hypotheses' bars; negative while one bar is not reached.
    ///
    /// - Parameter logE: the log evidence against the hypothesis with this index.
    @inline(__always)
    func smallestExcess(_ logE: (Int) -> Double) -> Double {
        var smallest = Double.infinity
        for index in indices { smallest = Swift.min(smallest, logE(index) - self[index].barLogE) }
        return smallest
    }
}
