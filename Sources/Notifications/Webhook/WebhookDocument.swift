import Model
import Support

/// The webhook's body, version 1. Described by `docs/reference/webhook-v1.schema.json`.
struct WebhookDocument: Encodable {
    struct Share: Encodable {
        let canary_percent: Double
        let canary_basis_points: Int

        init(_ split: Split) {
            canary_basis_points = split.canaryBasisPoints
            canary_percent = Double(split.canaryBasisPoints) / 100
        }
    }

    struct Side: Encodable {
        let version: String
        @Nullable var value: Double?
        let requests: Double
        let errors: Double
        let healthy_targets: Int
        let targets: Int

        init(_ side: Evidence.Side) {
            version = side.version
            value = JSONBody.finite(side.value)
            requests = side.requests
            errors = side.errors
            healthy_targets = side.healthyTargets
            targets = side.targets
        }
    }

    struct Alert: Encodable {
        let rule: String
        let action: String
        let labels: [String: String]
        let annotations: [String: String]
        let active_since: String
        let indicator: String
        @Nullable var unit: String?
        let window_seconds: Double
        let condition: String
        let verdict: String
        @Nullable var verdict_reason: String?
        let baseline: Side
        let canary: Side
        let notes: [String]
        @Nullable var regression: RegressionRecord?

        init(_ alert: AlertRecord) {
            rule = alert.rule
            action = alert.action.rawValue
            labels = Dictionary(alert.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            annotations = Dictionary(alert.annotations.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            active_since = WallTime(wallMs: alert.activeSinceWallMs).description
            indicator = alert.evidence.indicator
            unit = alert.evidence.measure?.rawValue
            window_seconds = Double(alert.evidence.windowMs) / 1_000
            condition = alert.evidence.condition
            verdict = alert.evidence.verdict.name
            if case .inconclusive(let reason) = alert.evidence.verdict { verdict_reason = reason }
            baseline = Side(alert.evidence.baseline)
            canary = Side(alert.evidence.canary)
            notes = alert.evidence.notes
            regression = alert.evidence.regression
        }
    }

    struct Step: Encodable {
        let at: String
        let step: String
        let detail: String
    }

    let version = 1
    let delivery_id: String
    /// Of the journal: what has a smaller one is older.
    let sequence: UInt64
    let event: String
    let at: String
    let release: String
    let baseline_version: String
    let canary_version: String
    @Nullable var incident: String?
    @Nullable var rollout: String?
    /// The incident, the rollout, or the daemon's status, in the API.
    @Nullable var url: String?
    let summary: String
    let dry_run: Bool
    @Nullable var alert: Alert?
    @Nullable var split_before: Share?
    @Nullable var split_after: Share?
    let timeline: [Step]

    init(_ delivery: Delivery, externalURL: String? = nil) {
        let notification = delivery.notification
        delivery_id = delivery.id
        sequence = notification.sequence
        event = notification.event.rawValue
        at = WallTime(wallMs: notification.atWallMs).description
        release = notification.release
        baseline_version = notification.baselineVersion
        canary_version = notification.canaryVersion
        incident = notification.incident
        rollout = notification.rollout
        url = DaemonLink.to(notification, externalURL: externalURL)
        summary = notification.summary
        dry_run = notification.isDryRun
        alert = notification.alert.map(Alert.init)
        split_before = notification.splitBefore.map(Share.init)
        split_after = notification.splitAfter.map(Share.init)
        timeline = notification.timeline.map {
            Step(at: WallTime(wallMs: $0.atWallMs).description, step: $0.step, detail: $0.detail)
        }
    }
}

/// A member that is there even when it has no value: `null` instead of nothing, so that a reader needs no second case.
@propertyWrapper
struct Nullable<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    init(wrappedValue: Value? = nil) { self.wrappedValue = wrappedValue }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}
