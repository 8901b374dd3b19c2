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
    public var indicator: Indicator
    public var windowMs: Int64
    public var condition: Condition
    /// The condition as it was written, for people.
    public var conditionText: String
    /// Asks for proof instead of a threshold; then the condition, `min_requests`, `for` and `no_data` say nothing.
    public var regression: RegressionPlan?
    /// In each pool, in the window; fewer is inconclusive.
    public var minRequests: Double
    public var forMs: Int64
    public var keepFiringForMs: Int64
    public var noData: NoDataPolicy
    public var action: Action
    /// Sorted by name. Values may hold templates.
    public var labels: [TextPair]
    /// Sorted by name. Values may hold templates: `{{ canary }}`, `{{ baseline }}`, `{{ $labels.x }}`, `{{ $value }}`.
    public var annotations: [TextPair]
    public var source: Source?

    public init(
        group: String, name: String, indicator: Indicator, windowMs: Int64, condition: Condition, conditionText: String,
        minRequests: Double = 0, forMs: Int64 = 0, keepFiringForMs: Int64 = 0, noData: NoDataPolicy = .hold,
        action: Action = .notify, labels: [TextPair] = [], annotations: [TextPair] = [], source: Source? = nil
    ) {
        self.group = group
        self.name = name
        self.indicator = indicator
        self.windowMs = windowMs
        self.condition = condition
        self.conditionText = conditionText
        self.minRequests = minRequests
        self.forMs = forMs
        self.keepFiringForMs = keepFiringForMs
        self.noData = noData
        self.action = action
        self.labels = labels
        self.annotations = annotations
        self.source = source
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
