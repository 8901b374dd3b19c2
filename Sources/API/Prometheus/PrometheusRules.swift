import Model
import Support

/// The answer of `GET /api/v1/rules`, in the shape of Prometheus' API, for tools that read that already. One group per
/// release and rule group; `file` is the release's name.
struct PrometheusRules: Codable, Sendable {
    struct Groups: Codable, Sendable {
        var groups: [Group]
    }

    struct Group: Codable, Sendable {
        var name: String
        var file: String
        /// Always 0: rules are evaluated with every scrape cycle of their release.
        var interval = 0.0
        var rules: [Rule]
    }

    struct Rule: Codable, Sendable {
        var type = "alerting"
        var name: String
        /// The condition; it is not PromQL.
        var query: String
        /// `for`, seconds.
        var duration: Double
        /// Seconds.
        var keepFiringFor: Double
        var labels: [String: String]
        var annotations: [String: String]
        var alerts: [PrometheusAlert]
        /// `unknown` before the first verdict and while it is inconclusive.
        var health: String
        var state: String
        var lastEvaluation: String
        /// Always 0: not measured per rule.
        var evaluationTime = 0.0
    }

    var status = "success"
    var data: Groups

    init(_ snapshot: Snapshot) {
        data = Groups(groups: snapshot.releases.flatMap(PrometheusRules.groups))
    }

    private static func groups(of release: ReleaseSnapshot) -> [Group] {
        var groups: [Group] = []
        for rule in release.rules {
            let shown = Rule(rule, release: release.name)
            if let index = groups.firstIndex(where: { $0.name == rule.group }) {
                groups[index].rules.append(shown)
            } else {
                groups.append(Group(name: rule.group, file: release.name, rules: [shown]))
            }
        }
        return groups
    }
}

extension PrometheusRules.Rule {
    init(_ rule: RuleSnapshot, release: String) {
        self.init(
            name: rule.name, query: rule.conditionText, duration: Double(rule.forMs) / 1_000,
            keepFiringFor: Double(rule.keepFiringForMs) / 1_000, labels: dictionary(rule.labels),
            annotations: dictionary(rule.annotations),
            alerts: PrometheusAlert(rule, release: release).map { [$0] } ?? [], health: rule.health,
            state: rule.alert.rawValue,
            lastEvaluation: rule.lastEvaluationWallMs.map { "\(WallTime(wallMs: $0))" } ?? WallTime.goZero)
    }
}

extension RuleSnapshot {
    fileprivate var health: String {
        guard let evidence, evidence.verdict.reason == nil else { return "unknown" }
        return "ok"
    }
}

/// A pending or firing alert.
struct PrometheusAlert: Codable, Sendable {
    /// The rule's, and `alertname` and `release`.
    var labels: [String: String]
    var annotations: [String: String]
    var state: String
    var activeAt: String
    /// The canary's value, as Go writes it with `%e`.
    var value: String

    /// Nil for an inactive one.
    init?(_ rule: RuleSnapshot, release: String) {
        guard rule.alert != .inactive else { return nil }
        labels = dictionary(rule.labels)
        labels["alertname"] = rule.name
        if labels["release"] == nil { labels["release"] = release }
        annotations = dictionary(rule.annotations)
        state = rule.alert.rawValue
        activeAt = rule.activeSinceWallMs.map { "\(WallTime(wallMs: $0))" } ?? WallTime.goZero
        value = GoNumber.exponent(rule.evidence?.canary.value ?? .nan)
    }
}

/// The answer of `GET /api/v1/alerts`.
struct PrometheusAlerts: Codable, Sendable {
    struct Alerts: Codable, Sendable {
        var alerts: [PrometheusAlert]
    }

    var status = "success"
    var data: Alerts

    init(_ snapshot: Snapshot) {
        data = Alerts(
            alerts: snapshot.releases.flatMap { release in
                release.rules.compactMap { PrometheusAlert($0, release: release.name) }
            })
    }
}
