package import Model
package import Support

/// One rule with its alert and the values of its last evaluation.
package struct RuleDocument: Codable, Sendable, Equatable {
    package var group: String
    package var name: String
    /// `notify`, `hold` or `rollback`.
    package var action: String
    /// The condition as it was written.
    package var when: String
    package var windowMs: Int64
    package var forMs: Int64
    package var keepFiringForMs: Int64
    package var labels: [String: String]
    package var annotations: [String: String]
    /// `inactive`, `pending` or `firing`.
    package var alert: String
    @ExplicitNull package var activeSince: WallTime?
    @ExplicitNull package var lastEvaluationAt: WallTime?
    /// `error_rate`, `latency_p99`, …; nil before the first evaluation, as are the following.
    @ExplicitNull package var indicator: String?
    /// What the values measure: `share`, `per_second`, `seconds` or `number`.
    @ExplicitNull package var unit: String?
    /// `healthy`, `breached` or `inconclusive`.
    @ExplicitNull package var verdict: String?
    /// Why the verdict is inconclusive.
    @ExplicitNull package var reason: String?
    @ExplicitNull package var baseline: SideDocument?
    @ExplicitNull package var canary: SideDocument?
    package var notes: [String]
    /// Of a rule that asks for proof; nil for a threshold.
    @ExplicitNull package var regression: RegressionRecord?
    /// The record of such a rule that tries itself on the baseline.
    @ExplicitNull package var selfCheck: RegressionRecord.SelfCheckRecord?

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
package struct SideDocument: Codable, Sendable, Equatable {
    package var version: String
    /// The indicator's value in its base unit: a share 0...1, seconds, requests per second.
    @ExplicitNull package var value: Double?
    /// In the window.
    @ExplicitNull package var requests: Double?
    /// In the window.
    @ExplicitNull package var errors: Double?
    /// Targets whose last scrape worked.
    package var healthyTargets: Int
    package var targets: Int

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
package struct EvidenceDocument: Codable, Sendable, Equatable {
    package var indicator: String
    /// What the values measure: `share`, `per_second`, `seconds` or `number`; nil in entries of older versions.
    @ExplicitNull package var unit: String?
    package var windowMs: Int64
    package var condition: String
    /// `healthy`, `breached` or `inconclusive`.
    package var verdict: String
    /// Why the verdict is inconclusive.
    @ExplicitNull package var reason: String?
    package var baseline: SideDocument
    package var canary: SideDocument
    package var notes: [String]
    /// Of a rule that asks for proof; nil for a threshold.
    @ExplicitNull package var regression: RegressionRecord?

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
package struct AlertDocument: Codable, Sendable, Equatable {
    package var rule: String
    package var action: String
    package var labels: [String: String]
    package var annotations: [String: String]
    package var activeSince: WallTime
    package var evidence: EvidenceDocument

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
