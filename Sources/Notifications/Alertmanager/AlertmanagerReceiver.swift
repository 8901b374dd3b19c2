import Declarations
import Model
import Ports
import Synchronization

/// An Alertmanager's own API.
enum AlertmanagerKind: DeliveringReceiverKind {
    struct Settings: ReceiverSettings {
        static let kind = "alertmanager"
        /// How often alerts that last are sent again.
        var resendMs: Int64 = 60_000
    }

    static let sentence = "is an Alertmanager's API"
    static let blank = Settings()

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [.value("resend", \.resendMs, .duration(1_000...600_000), "how often firing alerts are sent again")]
    }

    static func receiver(_ plan: ReceiverPlan, _ settings: Settings, _ setup: ReceiverSetup) -> any Receiver {
        AlertmanagerReceiver(plan: plan, resendMs: settings.resendMs, setup: setup)
    }
}

/// POST /api/v2/alerts of an Alertmanager.
///
/// Alertmanager holds alerts in memory and forgets one that it does not hear of again, so its clients send every firing
/// alert again each minute, with an end some minutes ahead, and an ended one for a quarter of an hour
/// (https://prometheus.io/docs/alerting/latest/clients/). The outbox brings the changes, in order; `resend` repeats what
/// they have led to.
final class AlertmanagerReceiver: Receiver {
    /// Of one request, as Prometheus does it.
    private static let batchLimit = 256

    private let plan: ReceiverPlan
    private let pauseMs: Int64
    private let post: JSONDelivery
    private let externalURL: String?
    private let clock: @Sendable () -> Int64
    private let memory = Mutex(AlertMemory())

    init(plan: ReceiverPlan, resendMs: Int64, setup: ReceiverSetup) {
        self.plan = plan
        pauseMs = resendMs
        post = setup.post(plan)
        externalURL = setup.externalURL
        clock = setup.clock
    }

    var name: String { plan.name }

    var resendMs: Int64? { pauseMs }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        let alerts = AlertmanagerAlert.states(delivery.notification, externalURL: externalURL)
        let outcome = await send(alerts)
        if case .delivered = outcome { memory.withLock { $0.note(alerts, nowWallMs: clock()) } }
        return outcome
    }

    func resend(_ standing: [Notification]) async -> DeliveryOutcome {
        let alerts = standing.flatMap { AlertmanagerAlert.states($0, externalURL: externalURL) }
        let wanted = memory.withLock { memory in
            memory.follow(alerts.filter { $0.span == .lasting }, nowWallMs: clock())
        }
        let sent = plan.sendsResolved ? wanted : wanted.filter { !$0.isResolved }
        for start in stride(from: 0, to: sent.count, by: Self.batchLimit) {
            let outcome = await send(Array(sent[start..<min(start + Self.batchLimit, sent.count)]))
            guard case .delivered = outcome else { return outcome }
        }
        return .delivered
    }

    func takeOver(from previous: any Receiver) {
        guard let previous = previous as? AlertmanagerReceiver, previous !== self else { return }
        let known = previous.memory.withLock { $0 }
        memory.withLock { $0 = known }
    }

    private func send(_ alerts: [AlertmanagerAlert]) async -> DeliveryOutcome {
        let now = clock()
        // As Prometheus: four times the pause, so that three lost posts end no alert.
        let posted = alerts.map { PostedAlert($0, nowWallMs: now, lastsMs: 4 * pauseMs) }
        return await post.send(posted, to: AlertmanagerReceiver.path)
    }

    /// The address may name the Alertmanager alone, or its API already.
    private static func path(_ address: String) -> String {
        if address.hasSuffix("/alerts") { return address }
        return (address.hasSuffix("/") ? String(address.dropLast()) : address) + "/api/v2/alerts"
    }
}

/// The alerts that an Alertmanager has received, by fingerprint.
struct AlertMemory: Sendable {
    /// How long an ended alert is repeated: Alertmanager may have been away when it ended.
    private static let endedMs: Int64 = 15 * 60_000
    private static let limit = 10_000

    private var firing: [String: AlertmanagerAlert] = [:]
    private var news: [String: AlertmanagerAlert] = [:]
    private var ended: [String: (alert: AlertmanagerAlert, sinceWallMs: Int64)] = [:]

    /// Alerts that a delivery brought.
    mutating func note(_ alerts: [AlertmanagerAlert], nowWallMs: Int64) {
        for alert in alerts where firing.count + news.count + ended.count < Self.limit {
            let fingerprint = alert.fingerprint
            switch alert.span {
            case .lasting:
                ended[fingerprint] = nil
                firing[fingerprint] = alert
            case .until: news[fingerprint] = alert
            case .ended:
                firing[fingerprint] = nil
                ended[fingerprint] = (alert, nowWallMs)
            }
        }
    }

    /// Takes the alerts that last now, and says what is to be sent: these, what ended lately, and young news.
    mutating func follow(_ standing: [AlertmanagerAlert], nowWallMs: Int64) -> [AlertmanagerAlert] {
        var current: [String: AlertmanagerAlert] = [:]
        for alert in standing.prefix(Self.limit) where current[alert.fingerprint] == nil {
            current[alert.fingerprint] = alert
        }
        for (fingerprint, alert) in firing where current[fingerprint] == nil && ended[fingerprint] == nil {
            var over = alert
            over.span = .ended(atWallMs: nowWallMs)
            ended[fingerprint] = (over, nowWallMs)
        }
        firing = current
        ended = ended.filter { fingerprint, end in
            current[fingerprint] == nil && abs(nowWallMs - end.sinceWallMs) < Self.endedMs
        }
        news = news.filter { _, alert in
            if case .until(let wallMs) = alert.span { wallMs > nowWallMs } else { false }
        }
        let all = Array(current.values) + ended.values.map(\.alert) + news.values
        return all.sorted { $0.fingerprint < $1.fingerprint }
    }
}
