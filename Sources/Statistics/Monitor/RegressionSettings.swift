import Glibc

/// What one regression rule asks for. Changing it while a release runs voids the guarantee: start with fresh evidence.
public struct RegressionSettings: Sendable, Equatable, Codable {
    /// Which bad events are compared.
    public enum Scope: Sendable, Equatable, Codable {
        case errors
        /// All latency boundaries.
        case slow
        /// One percentile, strictly between 0 and 1. The tolerance is of its value: 0.1 for a percentile that is a tenth
        /// later.
        case latency(quantile: Double)
        /// Errors and all latency boundaries, half of the evidence each.
        case release
    }

    public var scope: Scope
    /// How much larger the canary's share of bad requests may be: 0.1 for a tenth more. At least 0.
    public var tolerance: Double
    /// The probability of a false alarm over the release's whole life for a canary that is as good as the baseline,
    /// 0 < falseAlarm < 1. See ``toleratedFalseAlarm`` for one that is a little worse.
    public var falseAlarm: Double
    /// Canary error rates below this are ignored, 0..<1; 0 for none. It does not apply to latency.
    public var floor: Double
    /// "Safe" is proved below so many times the baseline, above 1; nil for no such verdict.
    public var safeRatio: Double?
    /// The probability of a false "safe".
    public var safeFalseAlarm: Double
    /// The probability that a shown interval is ever wrong.
    public var intervalError: Double
    /// Keep an interval for the ratio of the error rates: some 2 us per cycle and 2 kB.
    public var tracksRatio: Bool
    /// Of a release in steps: how often its share is raised after the first step. Nil: it has none.
    public var laterSteps: Int?
    /// The comparison may begin again while the release runs, because other instances serve. All runs share
    /// ``falseAlarm``, see ``RestartBudget``. Nil: it does not, and the only run has all of it.
    public var mayRestart: Bool?

    public init(
        scope: Scope, tolerance: Double = 0.1, falseAlarm: Double = 0.001, floor: Double = 0, safeRatio: Double? = 1.5,
        safeFalseAlarm: Double = 0.05, intervalError: Double = 0.01, tracksRatio: Bool = true
    ) {
        self.scope = scope
        self.tolerance = tolerance
        self.falseAlarm = falseAlarm
        self.floor = floor
        self.safeRatio = safeRatio
        self.safeFalseAlarm = safeFalseAlarm
        self.intervalError = intervalError
        self.tracksRatio = tracksRatio
    }

    /// What "safe" means where it is not configured: 1.5 times the baseline, or a quarter above what is tolerated,
    /// whichever is more: between the two ratios there has to be room to separate them.
    public static func usualSafeRatio(tolerance: Double) -> Double { max(1.5, 1.25 * (1 + tolerance)) }

    /// The probability of a false alarm for a canary that is worse by the whole tolerance. A percentile is compared with one
    /// null hypothesis, so its rule keeps the stated probability there, too.
    public var toleratedFalseAlarm: Double {
        if case .latency = scope { return falseAlarm }
        return tolerance > 0 ? NullHypothesis.toleratedFalseAlarm(falseAlarm) : falseAlarm
    }

    /// The ratio up to which a difference between two groups of instances can be the nodes'.
    ///
    /// - Parameters:
    ///   - baseline, canary: how many instances, at least 1 each.
    ///   - deviation: standard deviation of the logarithm of the instances' rates.
    public static func nodeRatio(baseline: Int, canary: Int, falseAlarm: Double, deviation: Double) -> Double {
        let scale = (1 / Double(max(1, baseline)) + 1 / Double(max(1, canary))).squareRoot()
        return exp(Normal.upperPoint(tail: min(0.5, 0.3 * falseAlarm)) * deviation * scale)
    }

    /// Both ask the same question. The steps only say when a fault may be expected, and that was settled when the release began.
    func isSameTest(as other: RegressionSettings) -> Bool {
        var other = other
        other.laterSteps = laterSteps
        return self == other
    }

    /// The tolerated ratio of the bad rates.
    var ratio: Double { 1 + tolerance }

    var watchesErrors: Bool {
        switch scope {
        case .errors, .release: true
        case .slow, .latency: false
        }
    }

    /// The errors' part of the evidence.
    var errorWeight: Double {
        switch scope {
        case .errors: 1
        case .slow, .latency: 0
        case .release: 0.5
        }
    }

    /// The budget of several rules of one release: the probability that any of them ever raises a false alarm is at most
    /// the sum of theirs.
    public static func budget(_ rules: [RegressionSettings]) -> Double {
        min(1, rules.reduce(0) { $0 + $1.falseAlarm })
    }

    /// The same for a canary that is worse by the whole tolerance of each rule.
    public static func toleratedBudget(_ rules: [RegressionSettings]) -> Double {
        min(1, rules.reduce(0) { $0 + $1.toleratedFalseAlarm })
    }
}
