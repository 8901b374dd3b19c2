/// One alert rule of a release.
public struct RulePlan: Sendable, Equatable, Codable {
    public enum NoDataPolicy: String, Sendable, Equatable, Codable, CaseIterable {
        /// Inconclusive: `for` freezes, nothing fires.
        case hold
        /// Missing data counts as a breach.
        case breach
        /// Missing data counts as healthy.
        case ignore
    }

    public enum Action: String, Sendable, Equatable, Codable, CaseIterable {
        case notify
        case hold
        case rollback
    }

    /// The place of the rule in a file, for messages: `rules/error-rate.yaml:5`.
    public struct Source: Sendable, Equatable, Codable {
        public var file: String
        public var line: Int

        public init(file: String, line: Int) {
            self.file = file
            self.line = line
        }
    }

    /// The group's name.
    public var group: String
    /// `alertname`; unique in a release.
    public var name: String
    public var test: RuleTest
    public var action: Action
    /// Sorted by name. Values may hold templates.
    public var labels: [TextPair]
    /// Sorted by name. Values may hold templates: `{{ canary }}`, `{{ baseline }}`, `{{ $labels.x }}`, `{{ $value }}`.
    public var annotations: [TextPair]
    public var source: Source?

    public init(
        group: String, name: String, test: RuleTest, action: Action = .notify, labels: [TextPair] = [],
        annotations: [TextPair] = [], source: Source? = nil
    ) {
        self.group = group
        self.name = name
        self.test = test
        self.action = action
        self.labels = labels
        self.annotations = annotations
        self.source = source
    }
}

/// What a rule asks at the end of each cycle.
public enum RuleTest: Sendable, Equatable, Codable {
    /// Whether a condition holds for the pools' values in a window.
    case threshold(ThresholdPlan)
    /// Whether it is proven that the canary is worse.
    case regression(RegressionPlan)
}

/// A condition on an indicator's values in a window, and for how long it has to hold.
public struct ThresholdPlan: Sendable, Equatable, Codable {
    public var indicator: Indicator
    public var windowMs: Int64
    public var condition: Condition
    /// The condition as it was written, for people.
    public var conditionText: String
    /// In each pool, in the window; fewer is inconclusive.
    public var minRequests: Double
    public var forMs: Int64
    public var keepFiringForMs: Int64
    public var noData: RulePlan.NoDataPolicy

    public init(
        indicator: Indicator, windowMs: Int64, condition: Condition, conditionText: String, minRequests: Double = 0,
        forMs: Int64 = 0, keepFiringForMs: Int64 = 0, noData: RulePlan.NoDataPolicy = .hold
    ) {
        self.indicator = indicator
        self.windowMs = windowMs
        self.condition = condition
        self.conditionText = conditionText
        self.minRequests = minRequests
        self.forMs = forMs
        self.keepFiringForMs = keepFiringForMs
        self.noData = noData
    }
}

/// What a rule of either kind has.
extension RulePlan {
    public var threshold: ThresholdPlan? {
        guard case .threshold(let plan) = test else { return nil }
        return plan
    }

    public var regression: RegressionPlan? {
        guard case .regression(let plan) = test else { return nil }
        return plan
    }

    /// Whose values are shown; a threshold compares them too.
    public var indicator: Indicator {
        switch test {
        case .threshold(let plan): plan.indicator
        case .regression(let plan): plan.indicator
        }
    }

    /// Over which those values are taken.
    public var windowMs: Int64 {
        switch test {
        case .threshold(let plan): plan.windowMs
        case .regression(let plan): plan.shownWindowMs
        }
    }

    /// What is asked, for people.
    public var conditionText: String {
        switch test {
        case .threshold(let plan): plan.conditionText
        case .regression(let plan): plan.text
        }
    }

    /// A regression rule fires at once: that it is asked again after every cycle is part of the test.
    public var forMs: Int64 { threshold?.forMs ?? 0 }

    /// What is proven stays proven until the release ends.
    public var keepFiringForMs: Int64 { threshold?.keepFiringForMs ?? 0 }
}

extension RulePlan {
    /// A threshold.
    public init(
        group: String, name: String, indicator: Indicator, windowMs: Int64, condition: Condition, conditionText: String,
        minRequests: Double = 0, forMs: Int64 = 0, keepFiringForMs: Int64 = 0, noData: NoDataPolicy = .hold,
        action: Action = .notify, labels: [TextPair] = [], annotations: [TextPair] = [], source: Source? = nil
    ) {
        let threshold = ThresholdPlan(
            indicator: indicator, windowMs: windowMs, condition: condition, conditionText: conditionText,
            minRequests: minRequests, forMs: forMs, keepFiringForMs: keepFiringForMs, noData: noData)
        self.init(
            group: group, name: name, test: .threshold(threshold), action: action, labels: labels,
            annotations: annotations, source: source)
    }

    /// Asks for proof instead of a threshold.
    public static func regression(
        _ regression: RegressionPlan, group: String, name: String, action: Action = .notify, labels: [TextPair] = [],
        annotations: [TextPair] = []
    ) -> RulePlan {
        RulePlan(
            group: group, name: name, test: .regression(regression), action: action, labels: labels,
            annotations: annotations)
    }

    /// The same rule with another threshold; unchanged where it has none.
    public mutating func changeThreshold(_ change: (inout ThresholdPlan) -> Void) {
        guard case .threshold(var plan) = test else { return }
        change(&plan)
        test = .threshold(plan)
    }
}

/// A name and a text: a label, an annotation, a header. Kept in arrays, in order, because the kernel's results must not
/// depend on a hash table's order.
public struct TextPair: Sendable, Equatable, Codable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
