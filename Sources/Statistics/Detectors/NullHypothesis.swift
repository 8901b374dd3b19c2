import Glibc

/// "The canary's bad rate is at most `ratio` times the baseline's", with the log evidence that refutes it.
public struct NullHypothesis: Sendable, Equatable, Codable {
    /// Above 0.
    public var ratio: Double
    /// Natural logarithm of the evidence at which the hypothesis is given up.
    public var barLogE: Double

    public init(ratio: Double, barLogE: Double) {
        self.ratio = ratio
        self.barLogE = barLogE
    }

    /// The two hypotheses of a regression rule: "no worse than the baseline", given up at the stated false-alarm probability,
    /// and "worse by at most the tolerance", given up at ``toleratedFalseAlarm(_:)``. A canary is called worse when both are.
    ///
    /// One test of the second hypothesis alone needs a third more time: at equality it uses a thirtieth of its budget.
    ///
    /// - Parameters:
    ///   - ratio: 1 + tolerance, at least 1. With 1 there is one hypothesis.
    ///   - falseAlarm: 0 < falseAlarm < 1.
    static func pair(ratio: Double, falseAlarm: Double) -> [NullHypothesis] {
        let equal = NullHypothesis(ratio: 1, barLogE: AnytimeP.barLogE(falseAlarm: falseAlarm))
        guard ratio > 1 else { return [equal] }
        let bar = AnytimeP.barLogE(falseAlarm: toleratedFalseAlarm(falseAlarm))
        return [equal, NullHypothesis(ratio: ratio, barLogE: bar)]
    }

    /// The false-alarm probability for a canary that is worse, but not beyond the tolerance: five times the stated one, and
    /// at most one half (or the stated one, where that is more).
    public static func toleratedFalseAlarm(_ falseAlarm: Double) -> Double {
        max(falseAlarm, min(5 * falseAlarm, 0.5))
    }
}
