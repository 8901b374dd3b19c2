import ReleaseKernel

/// An alert as Alertmanager takes and gives it (OpenAPI of its API v2, `postableAlert`).
struct AlertmanagerAlert: Encodable {
    let labels: [String: String]
    let annotations: [String: String]
    let startsAt: String
    let endsAt: String
    let generatorURL: String
    /// Not part of what is posted: is it over?
    let isResolved: Bool

    enum CodingKeys: String, CodingKey { case labels, annotations, startsAt, endsAt, generatorURL }

    /// Alertmanager takes an alert for resolved when it is not repeated in time. We say each thing once, so the end stands
    /// in the alert: far away for what lasts until we say otherwise, near for what is only news.
    private static let lastingMs: Int64 = 24 * 3_600_000
    private static let newsMs: Int64 = 3_600_000

    /// A rule's alert is itself; a rollback is one alert from its intent to its acknowledgement, and a second one while
    /// it is overdue.
    static func alerts(for notification: Notification, externalURL: String?) -> [AlertmanagerAlert] {
        func rollback(_ name: String, endsInMs: Int64) -> AlertmanagerAlert {
            AlertmanagerAlert(notification, name: name, endsInMs: endsInMs, externalURL: externalURL)
        }
        switch notification.event {
        case .alertFiring: return [rule(notification, endsInMs: lastingMs, externalURL)]
        case .alertResolved: return [rule(notification, endsInMs: 0, externalURL)]
        case .rollbackIntended: return [rollback("RollguardRollback", endsInMs: lastingMs)]
        case .rollbackAbandoned: return [rollback("RollguardRollbackAbandoned", endsInMs: lastingMs)]
        case .rollbackAcknowledged:
            return [
                rollback("RollguardRollback", endsInMs: 0), rollback("RollguardRollbackAbandoned", endsInMs: 0),
            ]
        case .rollbackFallback: return [rollback("RollguardRollbackFallback", endsInMs: newsMs)]
        case .rollbackHeld: return [rollback("RollguardRollbackHeld", endsInMs: newsMs)]
        case .rollbackDrifted: return [rollback("RollguardRollbackDrifted", endsInMs: newsMs)]
        case .rearmed: return [rollback("RollguardRearmed", endsInMs: newsMs)]
        }
    }

    private static func rule(
        _ notification: Notification, endsInMs: Int64, _ externalURL: String?
    ) -> AlertmanagerAlert {
        AlertmanagerAlert(
            notification, name: notification.alert?.rule ?? "RollguardAlert", endsInMs: endsInMs,
            externalURL: externalURL, alert: notification.alert)
    }

    private init(
        _ notification: Notification, name: String, endsInMs: Int64, externalURL: String?, alert: AlertRecord? = nil
    ) {
        var labels = [
            "release": notification.release, "baseline_version": notification.baselineVersion,
            "canary_version": notification.canaryVersion,
        ]
        for label in alert?.labels ?? [] where !label.value.isEmpty { labels[label.name] = label.value }
        labels["alertname"] = name
        var annotations = ["summary": notification.summary]
        for annotation in alert?.annotations ?? [] { annotations[annotation.name] = annotation.value }
        if let incident = notification.incident { annotations["incident"] = incident }
        self.labels = labels
        self.annotations = annotations
        let opened = notification.timeline.first { $0.step == "intended" }?.atWallMs
        let startMs = min(alert?.activeSinceWallMs ?? opened ?? notification.atWallMs, notification.atWallMs)
        startsAt = WallTime(wallMs: startMs).description
        endsAt = WallTime(wallMs: notification.atWallMs + endsInMs).description
        isResolved = endsInMs == 0
        let incidentPath = notification.incident.map { "/api/v1/incidents/\($0)" } ?? "/api/v1/status"
        generatorURL = externalURL.map { $0 + incidentPath } ?? ""
    }
}

/// The body of Alertmanager's webhook, version "4" (prometheus/alertmanager, notify/webhook and template.Data).
struct AlertmanagerWebhookDocument: Encodable {
    struct Alert: Encodable {
        let status: String
        let labels: [String: String]
        let annotations: [String: String]
        let startsAt: String
        let endsAt: String
        let generatorURL: String
        let fingerprint: String
    }

    let receiver: String
    let status: String
    let alerts: [Alert]
    let groupLabels: [String: String]
    let commonLabels: [String: String]
    let commonAnnotations: [String: String]
    let externalURL: String
    let version = "4"
    let groupKey: String
    let truncatedAlerts = 0

    init(_ alerts: [AlertmanagerAlert], receiver: String, externalURL: String?) {
        self.receiver = receiver
        self.externalURL = externalURL ?? ""
        status = alerts.allSatisfy(\.isResolved) ? "resolved" : "firing"
        self.alerts = alerts.map { alert in
            Alert(
                status: alert.isResolved ? "resolved" : "firing", labels: alert.labels, annotations: alert.annotations,
                startsAt: alert.startsAt, endsAt: alert.isResolved ? alert.endsAt : "0001-01-01T00:00:00Z",
                generatorURL: alert.generatorURL, fingerprint: Fingerprint.of(alert.labels))
        }
        let release = alerts.first?.labels["release"] ?? ""
        groupLabels = ["release": release]
        groupKey = "{}:{release=\"\(release)\"}"
        commonLabels = Self.common(alerts.map(\.labels))
        commonAnnotations = Self.common(alerts.map(\.annotations))
    }

    /// What all of them have in common.
    private static func common(_ pairs: [[String: String]]) -> [String: String] {
        guard let first = pairs.first else { return [:] }
        return first.filter { name, value in pairs.allSatisfy { $0[name] == value } }
    }
}

/// Prometheus' fingerprint of a set of labels: FNV-1a over names and values in order, each closed by 0xFF.
enum Fingerprint {
    static func of(_ labels: [String: String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        for (name, value) in labels.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            for byte in name.utf8 { add(byte) }
            add(0xFF)
            for byte in value.utf8 { add(byte) }
            add(0xFF)
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
