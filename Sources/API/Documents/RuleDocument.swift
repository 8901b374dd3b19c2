public import Model
public import Support

/// One rule with its alert and the values of its last evaluation.
public struct RuleDocument: Codable, Sendable, Equatable {
    public var group: String
    public var name: String
    /// `notify`, `hold` or `rollback`.
    public var action: String
    /// The condition as it was written.
    public var when: String
    public var windowMs: Int64
    public var forMs: Int64
    public var keepFiringForMs: Int64
    public var labels: [String: String]
    public var annotations: [String: String]
    /// `inactive`, `pending` or `firing`.
    public var alert: String
    @ExplicitNull public var activeSince: WallTime?
    @ExplicitNull public var lastEvaluationAt: WallTime?
    /// `error_rate`, `latency_p99`, …; nil before the first evaluation, as are the following.
    @ExplicitNull public var indicator: String?
    /// What the values measure: `share`, `per_second`, `seconds` or `number`.
    @ExplicitNull public var unit: String?
    /// `healthy`, `breached` or `inconclusive`.
    @ExplicitNull public var verdict: String?
    /// Why the verdict is inconclusive.
    @ExplicitNull public var reason: String?
    @ExplicitNull public var baseline: SideDocument?
    @ExplicitNull public var canary: SideDocument?
    public var notes: [String]
    /// Of a rule that asks for proof; nil for a threshold.
    @ExplicitNull public var regression: RegressionRecord?
    /// The record of such a rule that tries itself on the baseline.
    @ExplicitNull public var selfCheck: RegressionRecord.SelfCheckRecord?

    init(_ rule: RuleSnapshot) {
        group = rule.group
        name = rule.name
        action = rule.action.rawValue
        when = rule.conditionText
        windowMs = rule.windowMs
        forMs = rule.forMs
        keepFiringForMs = rule.keepFiringForMs
        labels = dictionary(rule.labels)
        annotations = dictionary(rule.annotations)
        alert = rule.alert.rawValue
        activeSince = rule.activeSinceWallMs.map { WallTime(wallMs: $0) }
        lastEvaluationAt = rule.lastEvaluationWallMs.map { WallTime(wallMs: $0) }
        indicator = rule.evidence?.indicator
        unit = rule.evidence?.measure?.rawValue
        verdict = rule.evidence?.verdict.name
        reason = rule.evidence?.verdict.reason
        baseline = rule.evidence.map { SideDocument($0.baseline) }
        canary = rule.evidence.map { SideDocument($0.canary) }
        notes = rule.evidence?.notes ?? []
        regression = rule.evidence?.regression
        selfCheck = rule.selfCheck
    }

    enum CodingKeys: String, CodingKey {
        case group, name, action, when, labels, annotations, alert, indicator, unit, verdict, reason, baseline, canary
        case notes, regression
        case selfCheck = "self_check"
        case windowMs = "window_ms"
        case forMs = "for_ms"
        case keepFiringForMs = "keep_firing_for_ms"
        case activeSince = "active_since"
        case lastEvaluationAt = "last_evaluation_at"
    }
}

/// What a verdict knew of one pool.
public struct SideDocument: Codable, Sendable, Equatable {
    public var version: String
    /// The indicator's value in its base unit: a share 0...1, seconds, requests per second.
    @ExplicitNull public var value: Double?
    /// In the window.
    @ExplicitNull public var requests: Double?
    /// In the window.
    @ExplicitNull public var errors: Double?
    /// Targets whose last scrape worked.
    public var healthyTargets: Int
    public var targets: Int

    init(_ side: Evidence.Side) {
        version = side.version
        value = side.value
        requests = side.requests
        errors = side.errors
        healthyTargets = side.healthyTargets
        targets = side.targets
    }

    enum CodingKeys: String, CodingKey {
        case version, value, requests, errors, targets
        case healthyTargets = "healthy_targets"
    }
}

/// Everything a verdict was made from.
public struct EvidenceDocument: Codable, Sendable, Equatable {
    public var indicator: String
    /// What the values measure: `share`, `per_second`, `seconds` or `number`; nil in entries of older versions.
    @ExplicitNull public var unit: String?
    public var windowMs: Int64
    public var condition: String
    /// `healthy`, `breached` or `inconclusive`.
    public var verdict: String
    /// Why the verdict is inconclusive.
    @ExplicitNull public var reason: String?
    public var baseline: SideDocument
    public var canary: SideDocument
    public var notes: [String]
    /// Of a rule that asks for proof; nil for a threshold.
    @ExplicitNull public var regression: RegressionRecord?

    init(_ evidence: Evidence) {
        indicator = evidence.indicator
        unit = evidence.measure?.rawValue
        windowMs = evidence.windowMs
        condition = evidence.condition
        verdict = evidence.verdict.name
        reason = evidence.verdict.reason
        baseline = SideDocument(evidence.baseline)
        canary = SideDocument(evidence.canary)
        notes = evidence.notes
        regression = evidence.regression
    }

    enum CodingKeys: String, CodingKey {
        case indicator, unit, condition, verdict, reason, baseline, canary, notes, regression
        case windowMs = "window_ms"
    }
}

/// An alert with the values that decided.
public struct AlertDocument: Codable, Sendable, Equatable {
    public var rule: String
    public var action: String
    public var labels: [String: String]
    public var annotations: [String: String]
    public var activeSince: WallTime
    public var evidence: EvidenceDocument

    init(_ alert: AlertRecord) {
        rule = alert.rule
        action = alert.action.rawValue
        labels = dictionary(alert.labels)
        annotations = dictionary(alert.annotations)
        activeSince = WallTime(wallMs: alert.activeSinceWallMs)
        evidence = EvidenceDocument(alert.evidence)
    }

    enum CodingKeys: String, CodingKey {
        case rule, action, labels, annotations, evidence
        case activeSince = "active_since"
    }
}

extension Verdict {
    var reason: String? {
        guard case .inconclusive(let reason) = self else { return nil }
        return reason
    }
}

/// A repeated name, which no valid plan has, keeps its last value.
func dictionary(_ pairs: [TextPair]) -> [String: String] {
    Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
}
