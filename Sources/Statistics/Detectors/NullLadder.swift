import Glibc

/// One kind of bad event tested against several null hypotheses at once, by a ``PairDetector`` each on the same blocks.
///
/// The evidence is what refutes the hypothesis that is furthest from its bar: the smallest excess over the bars.
struct NullLadder: Sendable, Equatable, Codable {
    let nulls: [NullHypothesis]
    private var pairs: [PairDetector]
    /// Per hypothesis, the largest log evidence so far; at least 0.
    private(set) var peaks: [Double]

    /// - Parameters:
    ///   - recentBad, recentRequests: the baseline before the release, decayed; zero when nothing is known.
    init(_ nulls: [NullHypothesis], recentBad: Double, recentRequests: Double) {
        self.nulls = nulls
        pairs = nulls.map { null in
            PairDetector(
                .worse(than: null.ratio, effects: PairDetector.Settings.sixEffects), recentBad: recentBad,
                recentRequests: recentRequests)
        }
        peaks = nulls.map { _ in 0 }
    }

    var blocks: Int { pairs.first?.blocks ?? 0 }

    /// The log evidence now against the hypothesis with this index.
    func logE(_ index: Int) -> Double { pairs[index].logE }

    mutating func take(_ counts: PairCounts, atSeconds: Double, dispersion: Double, mayRaise: Bool) {
        for index in pairs.indices {
            pairs[index].take(counts, atSeconds: atSeconds, dispersion: dispersion, mayRaise: mayRaise)
        }
    }

    /// - Parameter floorLogE: evidence that the canary is above the floor; it limits that against every hypothesis.
    mutating func notePeaks(floorLogE: Double?) {
        for index in peaks.indices { peaks[index] = max(peaks[index], min(logE(index), floorLogE ?? .infinity)) }
    }

    mutating func dropOpenBlock() {
        for index in pairs.indices { pairs[index].dropOpenBlock() }
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
