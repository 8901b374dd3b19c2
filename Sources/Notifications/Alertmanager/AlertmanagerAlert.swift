import Model
import Support

/// An alert as Alertmanager knows it. Labels and `startsAt` are the same for as long as the alert lasts: they are what
/// makes it one alert.
struct AlertmanagerAlert: Sendable {
    enum Span: Sendable, Equatable {
        /// Until we say otherwise.
        case lasting
        /// News, not a state: it ends by itself.
        case until(wallMs: Int64)
        /// It is over.
        case ended(atWallMs: Int64)
    }

    let labels: [String: String]
    let annotations: [String: String]
    let startsAtWallMs: Int64
    let generatorURL: String
    var span: Span

    var isResolved: Bool {
        if case .ended = span { true } else { false }
    }

    var fingerprint: String { Fingerprint.of(labels) }

    private static let newsMs: Int64 = 3_600_000

    /// What a notification means to an Alertmanager: alerts that begin, last, end. A rule's alert is itself. A rollback is
    /// one alert from its intent until an operator rearms the release or the versions change, and a second one while it
    /// is overdue.
    static func states(_ notification: Notification, externalURL: String?) -> [AlertmanagerAlert] {
        let builder = Builder(notification: notification, externalURL: externalURL)
        let atMs = notification.atWallMs
        switch notification.event {
        case .alertFiring: return [builder.rule(.lasting)]
        case .alertResolved: return [builder.rule(.ended(atWallMs: atMs))]
        case .rollbackIntended:
            // A dry run rolls nothing back, so nothing lasts.
            return [builder.make(rollback, notification.isDryRun ? .until(wallMs: atMs + newsMs) : .lasting)]
        case .rollbackAbandoned: return [builder.make(abandoned, .lasting)]
        case .rollbackAcknowledged:
            return [builder.make(rollback, .lasting), builder.make(abandoned, .ended(atWallMs: atMs))]
        case .rollbackFallback: return [builder.news("RollguardRollbackFallback")]
        case .rollbackHeld: return [builder.news("RollguardRollbackHeld")]
        case .rollbackDrifted: return [builder.news("RollguardRollbackDrifted")]
        case .rearmed:
            let ends = [rollback, abandoned].map { builder.make($0, .ended(atWallMs: atMs)) }
            return ends + [builder.news("RollguardRearmed")]
        case .routerUnusable: return [builder.make(unusable, .lasting)]
        case .routerRecovered: return [builder.make(unusable, .ended(atWallMs: atMs))]
        case .targetsUnusable: return [builder.make(targetsUnusable, .lasting)]
        case .targetsRecovered: return [builder.make(targetsUnusable, .ended(atWallMs: atMs))]
        case .rolloutHalted: return [builder.make(halted, .lasting)]
        case .rolloutUnhalted: return [builder.make(halted, .ended(atWallMs: atMs))]
        case .gateAsked: return [builder.make(gate, .lasting)]
        case .gateAnswered, .gateLapsed: return [builder.make(gate, .ended(atWallMs: atMs))]
        case .rolloutEnded: return [halted, gate].map { builder.make($0, .ended(atWallMs: atMs)) }
        case .stepUndone: return [builder.news("RollguardStepUndone")]
        case .shareMoved: return [builder.news("RollguardShareMoved")]
        case .rolloutReminder: return [builder.news("RollguardRolloutWaits")]
        case .planStuck, .personNeeded: return [builder.make(plan, .lasting)]
        case .planDrift: return [builder.news("RollguardPlanDrift")]
        case .planEnded: return [builder.make(plan, .ended(atWallMs: atMs))]
        case .watchFailed: return [builder.make(watch, .lasting)]
        case .watchRecovered: return [builder.make(watch, .ended(atWallMs: atMs))]
        case .wayBackLost: return [builder.news("RollguardWayBackLost")]
        case .wayBackClosed: return [builder.make(closed, .lasting)]
        case .wayBackOpened: return [builder.make(closed, .ended(atWallMs: atMs))]
        case .schemaBreached: return [builder.make(breached, .lasting)]
        case .schemaBreachEnded: return [builder.make(breached, .ended(atWallMs: atMs))]
        case .groupDecided: return [builder.news("RollguardGroupDecided")]
        case .groupHeld, .groupIncomplete: return [builder.make(group, .lasting)]
        case .groupEnded: return [builder.make(group, .ended(atWallMs: atMs))]
        // Progress needs no attention.
        case .rolloutPrepared, .rolloutBegun, .stepStanding, .rolloutBaking, .rolloutPaused, .rolloutResumed,
            .operatorAcknowledged:
            return []
        }
    }

    /// The same for a receiver that gets each change once: there a rollback ends with its
    /// acknowledgement.
    static func changes(_ notification: Notification, externalURL: String?) -> [AlertmanagerAlert] {
        let all = states(notification, externalURL: externalURL)
        switch notification.event {
        case .rollbackAcknowledged:
            return all.map { alert in
                var ended = alert
                ended.span = .ended(atWallMs: notification.atWallMs)
                return ended
            }
        case .rearmed: return all.filter { !$0.isResolved }
        case .alertFiring, .alertResolved, .rollbackHeld, .rollbackIntended, .rollbackAbandoned, .rollbackFallback,
            .rollbackDrifted, .routerUnusable, .routerRecovered, .targetsUnusable, .targetsRecovered, .rolloutPrepared,
            .rolloutBegun, .stepStanding, .stepUndone, .rolloutBaking, .rolloutPaused, .rolloutResumed, .rolloutHalted,
            .rolloutUnhalted, .gateAsked, .gateAnswered, .gateLapsed, .shareMoved, .rolloutReminder, .wayBackLost,
            .rolloutEnded, .operatorAcknowledged, .planStuck, .personNeeded, .planEnded, .planDrift, .wayBackClosed,
            .wayBackOpened, .schemaBreached, .schemaBreachEnded, .watchFailed, .watchRecovered, .groupDecided,
            .groupHeld,
            .groupIncomplete, .groupEnded:
            return all
        }
    }

    private static let rollback = "RollguardRollback"
    private static let abandoned = "RollguardRollbackAbandoned"
    private static let unusable = "RollguardRouterUnusable"
    private static let targetsUnusable = "RollguardTargetsUnusable"
    private static let watch = "RollguardPlanWatch"
    private static let halted = "RollguardRolloutHalted"
    private static let gate = "RollguardGateAsked"
    private static let plan = "RollguardPlanStuck"
    private static let closed = "RollguardWayBackClosed"
    private static let breached = "RollguardSchemaBreached"
    private static let group = "RollguardGroupIncomplete"

    /// Makes the alerts of one notification.
    private struct Builder {
        let notification: Notification
        let externalURL: String?

        func rule(_ span: Span) -> AlertmanagerAlert {
            make(notification.alert?.rule ?? "RollguardAlert", span, alert: notification.alert)
        }

        func news(_ name: String) -> AlertmanagerAlert {
            make(name, .until(wallMs: notification.atWallMs + newsMs))
        }

        func make(_ name: String, _ span: Span, alert: AlertRecord? = nil) -> AlertmanagerAlert {
            var labels = [
                "release": notification.release, "baseline_version": notification.baselineVersion,
                "canary_version": notification.canaryVersion,
            ]
            for label in alert?.labels ?? [] where !label.value.isEmpty { labels[label.name] = label.value }
            labels["alertname"] = name
            var annotations = ["summary": notification.summary]
            for annotation in alert?.annotations ?? [] { annotations[annotation.name] = annotation.value }
            if let incident = notification.incident { annotations["incident"] = incident }
            let opened = notification.timeline.first { $0.step == "intended" }?.atWallMs
            let startMs = alert?.activeSinceWallMs ?? opened ?? notification.atWallMs
            return AlertmanagerAlert(
                labels: labels, annotations: annotations, startsAtWallMs: min(startMs, notification.atWallMs),
                generatorURL: DaemonLink.to(notification, externalURL: externalURL) ?? "", span: span
            )
        }
    }
}

/// What POST /api/v2/alerts takes (Alertmanager's OpenAPI of its API v2, `postableAlert`).
struct PostedAlert: Encodable {
    let labels: [String: String]
    let annotations: [String: String]
    let startsAt: String
    let endsAt: String
    let generatorURL: String

    /// - Parameter lastsMs: how long Alertmanager takes a lasting alert for firing without hearing of it again.
    init(_ alert: AlertmanagerAlert, nowWallMs: Int64, lastsMs: Int64) {
        labels = alert.labels
        annotations = alert.annotations
        generatorURL = alert.generatorURL
        startsAt = WallTime(wallMs: alert.startsAtWallMs).description
        let endMs =
            switch alert.span {
            case .lasting: nowWallMs + lastsMs
            case .until(let wallMs): wallMs
            case .ended(let wallMs): wallMs
            }
        // An end before the beginning is refused, and with it the alert.
        endsAt = WallTime(wallMs: max(endMs, alert.startsAtWallMs)).description
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
                startsAt: WallTime(wallMs: alert.startsAtWallMs).description, endsAt: Self.endsAt(alert),
                generatorURL: alert.generatorURL, fingerprint: alert.fingerprint)
        }
        let release = alerts.first?.labels["release"] ?? ""
        groupLabels = ["release": release]
        groupKey = "{}:{release=\"\(release)\"}"
        commonLabels = Self.common(alerts.map(\.labels))
        commonAnnotations = Self.common(alerts.map(\.annotations))
    }

    /// Alertmanager shows a firing alert with Go's zero time.
    private static func endsAt(_ alert: AlertmanagerAlert) -> String {
        guard case .ended(let wallMs) = alert.span else { return "0001-01-01T00:00:00Z" }
        return WallTime(wallMs: wallMs).description
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
