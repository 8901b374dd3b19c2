import Statistics
import Support

/// A rule that asks for proof instead of a threshold: is the canary worse than the baseline by more than a tolerance?
///
/// The question is asked after every scrape cycle and answered by tests that may be evaluated any number of times
/// (room Statistics), so that the stated probability of a false alarm holds for the whole life of a release.
public struct RegressionPlan: Sendable, Equatable, Codable {
    /// What is compared.
    public enum Scope: Sendable, Equatable, Codable {
        /// Failed requests among all.
        case errors
        /// Requests slower than each bound of the histogram.
        case latency
        /// One percentile, 0...1: how much later the canary reaches it.
        case percentile(Double)
        /// Errors and all bounds of the histogram, under one false-alarm probability.
        case release
        /// A ratio of two counters that the release defines, or a percentile of its own histogram of times.
        case own(OwnIndicator)

        /// The names in rule files: `error_rate`, `latency`, `latency_p99`, or the first two together.
        public var names: [String] {
            switch self {
            case .errors: ["error_rate"]
            case .latency: ["latency"]
            case .percentile(let quantile): [Indicator.latencyQuantile(quantile).name]
            case .release: ["error_rate", "latency"]
            case .own(let own): [own.name]
            }
        }

        /// A share of events is compared: of errors among requests, or a ratio of the release's own.
        public var hasShare: Bool {
            switch self {
            case .errors, .release: true
            case .latency, .percentile: false
            case .own(let own): own.quantile == nil
            }
        }

        /// Requests' latencies are compared.
        public var hasLatency: Bool {
            switch self {
            case .latency, .percentile, .release: true
            case .errors, .own: false
            }
        }

        /// What is compared instead of requests, errors and latency.
        public var own: OwnIndicator? {
            guard case .own(let own) = self else { return nil }
            return own
        }
    }

    /// The verdict that lets a release continue.
    public struct Safe: Sendable, Equatable, Codable {
        /// "The canary is at most so many times as bad", above 1 + tolerance.
        public var ratio: Double
        /// Probability of saying so when it is not true, 0...1.
        public var falseSafe: Double

        public init(ratio: Double = 1.5, falseSafe: Double = 0.05) {
            self.ratio = ratio
            self.falseSafe = falseSafe
        }

        /// The ratio where the rule does not say one.
        public static func usualRatio(tolerance: Double) -> Double {
            RegressionSettings.usualSafeRatio(tolerance: tolerance)
        }
    }

    public var scope: Scope
    /// How much worse the canary may be: 0.1 means 1.1 times the baseline's share of bad requests, or 1.1 times its
    /// percentile.
    public var tolerance: Double
    /// Probability that a release which is no worse than the baseline is ever accused, over its whole life, 0...1.
    public var falseAlarm: Double
    /// The same for one that is worse by the whole tolerance.
    public var toleratedFalseAlarm: Double { RegressionSettings(self).toleratedFalseAlarm }
    /// The ratio up to which a difference between so many instances can be the nodes', where the instances of one version differ
    /// by 30 % (standard deviation of the logarithm of their rates), which is usual.
    public static func nodeRatio(baseline: Int, canary: Int, falseAlarm: Double) -> Double {
        RegressionSettings.nodeRatio(baseline: baseline, canary: canary, falseAlarm: falseAlarm, deviation: 0.3)
    }
    /// Error rates of the canary below this are of no interest, 0...1; 0 is no floor.
    public var floor: Double
    public var safe: Safe
    /// Test the baseline's instances against each other as well, to show how often this rule is wrong here.
    public var selfCheck: Bool
    /// Over which the values are taken that are shown beside the evidence, which itself covers the whole release.
    public var shownWindowMs: Int64

    public init(
        scope: Scope, tolerance: Double = 0.1, falseAlarm: Double = 0.01, floor: Double = 0,
        safe: Safe = Safe(), selfCheck: Bool = false, shownWindowMs: Int64 = 60_000
    ) {
        self.scope = scope
        self.tolerance = tolerance
        self.falseAlarm = falseAlarm
        self.floor = floor
        self.safe = safe
        self.selfCheck = selfCheck
        self.shownWindowMs = shownWindowMs
    }

    /// `error_rate, latency`.
    public var name: String { scope.names.joined(separator: ", ") }

    /// The text in the place of other rules' condition.
    public var text: String {
        var parts = [
            "tolerance \(NumberText.percent(tolerance))", "false alarm \(NumberText.percent(falseAlarm))",
        ]
        if floor > 0 { parts.append("floor \(NumberText.percent(floor))") }
        return "regression: " + parts.joined(separator: ", ")
    }

    /// What is shown as "the value" of a pool.
    public var indicator: Indicator {
        switch scope {
        case .errors, .release: .errorRate
        case .latency: .latencyQuantile(0.99)
        case .percentile(let quantile): .latencyQuantile(quantile)
        case .own(let own): .own(own)
        }
    }
}

extension ReleasePlan {
    /// Some rule or step compares the pools request by request.
    package var asksForProof: Bool { needsStepEvidence || rules.contains { $0.regression != nil } }

    /// Probability that a release which is no worse is ever rolled back by its regression rules, at most: each rule is
    /// wrong with its own probability, and the sum bounds that any is.
    public var falseRollbackBudget: Double {
        rules.filter { $0.action == .rollback }.compactMap(\.regression).reduce(0) { $0 + $1.falseAlarm }
    }

    /// The same for a release that is worse by the whole tolerance of each rule.
    public var toleratedRollbackBudget: Double {
        rules.filter { $0.action == .rollback }.compactMap(\.regression).reduce(0) { $0 + $1.toleratedFalseAlarm }
    }
}
