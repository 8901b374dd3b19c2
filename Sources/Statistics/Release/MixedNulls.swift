import Glibc

/// The evidence of a whole release against each of several null hypotheses: per hypothesis the weighted average of the
/// comparisons' e-processes, which is an e-process whatever the dependence between them.
struct MixedNulls: Sendable, Equatable, Codable {
    let nulls: [NullHypothesis]
    /// Per hypothesis: now, and the largest so far (at least 0).
    private(set) var logE: [Double]
    private(set) var maxLogE: [Double]

    init(_ nulls: [NullHypothesis]) {
        self.nulls = nulls
        logE = nulls.map { _ in 0 }
        maxLogE = logE
    }

    /// Takes over the average's logarithm for the hypothesis with this index.
    mutating func note(_ index: Int, _ mixedLogE: Double) {
        logE[index] = mixedLogE
        maxLogE[index] = max(maxLogE[index], mixedLogE)
    }

    /// The evidence against the hypothesis that has least against it: above 0 there is a sign of harm.
    var leastLogE: Double { logE.min() ?? 0 }
    /// How far above all bars the evidence is; negative while one is not reached.
    var excess: Double { nulls.smallestExcess { logE[$0] } }
    /// The same of each hypothesis' largest evidence so far. They need not be of the same moment: each bar is passed once.
    var maxExcess: Double { nulls.smallestExcess { maxLogE[$0] } }
}
