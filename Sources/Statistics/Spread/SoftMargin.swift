import Glibc

/// By how much a tolerance is widened because instances differ, as a ladder of null hypotheses: the wider the ratio, the less
/// likely nature is to exceed it, and the less evidence is asked for beyond it.
///
/// **The guarantee.** Let W be the log ratio of the two groups' rates by nature, with the tail used here. Given W, the
/// hypothesis with the next larger ratio holds in every block, so its evidence reaches its bar with probability e^-bar at
/// most. Summed over the steps, and with W beyond the last one counted in full, that is ``alpha`` (a steps' part is 0.14
/// alpha, the rest 0.3 alpha).
struct SoftMargin: Sendable, Equatable {
    /// A step: the probability that nature exceeds it, and the log evidence that is asked for.
    struct Step: Sendable, Equatable {
        var tail: Double
        var barLogE: Double
    }

    /// How the log ratio of the two groups is distributed.
    enum Nature: Sendable, Equatable {
        /// Drawn like the baseline's instances.
        ///
        /// - wander: the largest spread seen in short windows, too; 0 for none.
        case spread(SpreadPosterior, wander: Double)
        /// The same instances served before: normal, with this mean and standard deviation.
        case ownPast(mean: Double, deviation: Double)
    }

    /// The part of the false-alarm probability that this comparison may use, 0 < alpha < 1.
    let alpha: Double
    /// `sqrt(1 / m + 1 / n)` for groups of m and n instances.
    let scale: Double
    let nature: Nature

    /// The bar that this part of the probability would have without a margin.
    var barLogE: Double { AnytimeP.barLogE(falseAlarm: alpha) }

    /// The steps for a false-alarm probability. Those that are exceeded always are left out.
    static func steps(alpha: Double) -> [Step] {
        var steps: [Step] = []
        var before = 1.0
        for multiple in [30, 10, 3, 1, 0.3] where multiple * alpha < 1 {
            let tail = multiple * alpha
            steps.append(Step(tail: tail, barLogE: log((before - tail) / (0.14 * alpha))))
            before = tail
        }
        return steps
    }

    /// - Parameter ratio: what is tolerated without the margin, above 0.
    func nulls(ratio: Double) -> [NullHypothesis] {
        SoftMargin.steps(alpha: alpha).map { step in
            NullHypothesis(ratio: ratio * exp(logRatio(tail: step.tail)), barLogE: step.barLogE)
        }
    }

    func logRatio(tail: Double) -> Double {
        switch nature {
        case .spread(let posterior, let wander):
            max(
                posterior.upperPoint(scale: scale, tail: tail),
                wander * scale * Normal.upperPoint(tail: tail))
        case .ownPast(let mean, let deviation): mean + deviation * Normal.upperPoint(tail: tail)
        }
    }
}

/// What the instances of both pools did when they served the same version.
struct OwnPast: Sendable, Equatable {
    var baseline: (requests: Double, bad: Double)
    var canary: (requests: Double, bad: Double)

    static func == (left: OwnPast, right: OwnPast) -> Bool {
        left.baseline == right.baseline && left.canary == right.canary
    }

    /// Instances drift from one hour to the next by at least this, whatever was seen, and by this where nothing was.
    static let leastDrift = 0.1
    static let unknownDrift = 0.2

    /// The log ratio of the canary's rate by the baseline's that is to be expected without a new version.
    ///
    /// - Parameters:
    ///   - variance: of the log ratio of two such groups of instances by nature.
    ///   - drift: standard deviation of the change of an instance's log rate from hour to hour; nil where it is not known.
    func nature(variance: Double, dispersion: Double, drift: Double?) -> SoftMargin.Nature {
        let noise = max(1, dispersion) * (1 / (baseline.bad + 0.5) + 1 / (canary.bad + 0.5))
        let seen =
            log((canary.bad + 0.5) / canary.requests) - log((baseline.bad + 0.5) / baseline.requests)
        let change = drift.map { max(OwnPast.leastDrift, 1.25 * $0) } ?? OwnPast.unknownDrift
        return .ownPast(
            mean: seen * variance / (variance + noise),
            deviation: (variance * noise / (variance + noise) + change * change).squareRoot())
    }
}
