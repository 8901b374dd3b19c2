import Glibc

/// What a step of a stepped release asks for before the next step may begin: proof that the canary is at most ``ratio`` times as
/// bad as the baseline, wrong with probability ``errorBudget`` at most.
public struct StepQuestion: Sendable, Equatable, Codable {
    /// Above 1. It applies to the share of errors and to the share of answers beyond each compared latency boundary.
    public var ratio: Double
    /// The probability that a canary which is worse than ``ratio`` throughout the step is called safe, 0 < errorBudget < 1.
    public var errorBudget: Double
    /// A canary error rate below this is good enough whatever the baseline's is, 0..<1; 0 for none.
    public var floor: Double
    public var comparesErrors: Bool
    public var comparesLatency: Bool

    public init(
        ratio: Double, errorBudget: Double, floor: Double = 0, comparesErrors: Bool = true,
        comparesLatency: Bool = true
    ) {
        self.ratio = ratio
        self.errorBudget = errorBudget
        self.floor = floor
        self.comparesErrors = comparesErrors
        self.comparesLatency = comparesLatency
    }

    /// The ratio to prove before the canary gets `nextShare` of the traffic, so that the release adds at most `excess` to
    /// everybody's bad requests there: 3 before a share of 25 % with an excess of 50 %.
    ///
    /// - Parameters:
    ///   - excess: above 0; 0.5 for half as many bad requests more.
    ///   - nextShare: 0 < nextShare <= 1.
    public static func ratio(excess: Double, nextShare: Double) -> Double { 1 + excess / nextShare }

    /// The budget of the n-th attempt at the same version and build: halved with each one, so that all attempts together stay
    /// within twice `error`.
    ///
    /// - Parameter attempt: from 1.
    public static func errorBudget(_ error: Double, attempt: Int) -> Double {
        error * pow(0.5, Double(max(1, attempt) - 1))
    }

    /// The log evidence that every part has to reach.
    public var barLogE: Double { AnytimeP.barLogE(falseAlarm: errorBudget) }
}
