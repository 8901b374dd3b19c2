import Model
import Support

/// What a message to people says, whatever the service: made of a notification alone, so it is the same at each attempt.
/// All texts are foreign ones and not yet escaped.
struct MessageContent: Sendable {
    /// A named value.
    struct Fact: Sendable, Equatable {
        let name: String
        let value: String
    }

    /// The subject's colour.
    enum Tone: Sendable, Equatable {
        case good
        case neutral
        case warning
        case bad
    }

    let notification: Notification
    /// "Rollback done"; says also that it is a dry run.
    let title: String
    /// One sentence.
    let summary: String
    /// The versions, the share, the values with their sample sizes, the rule, what was done.
    let facts: [Fact]
    /// What an operator should do; nil when nothing is to be done.
    let advice: String?
    /// To the incident, the rollout or the status; nil without an external URL.
    private(set) var link: String?
    /// What the message is about: messages with the same subject belong together.
    let subject: String
    let tone: Tone
    let severity: Severity

    init(_ notification: Notification, externalURL: String?) {
        self.notification = notification
        let event = EventText(notification.event)
        title = event.title + (notification.isDryRun ? " (dry run)" : "")
        summary = notification.summary
        facts = MessageFacts(notification).all
        advice = event.advice(isHeldWithIncident: notification.incident != nil)
        link = DaemonLink.to(notification, externalURL: externalURL)
        subject = Self.subject(notification)
        tone = event.tone
        severity = Severity(notification)
    }

    /// For services that have a field for the link.
    var withoutLink: MessageContent {
        var content = self
        content.link = nil
        return content
    }

    /// "checkout: Rollback done".
    var headline: String { "\(notification.release): \(title)" }

    /// "release checkout, incident checkout-2".
    var footer: String {
        var parts = ["release \(notification.release)"]
        if let incident = notification.incident { parts.append("incident \(incident)") }
        if let rollout = notification.rollout { parts.append("rollout \(rollout)") }
        return parts.joined(separator: ", ")
    }

    private static func subject(_ notification: Notification) -> String {
        let release = notification.release
        switch notification.event {
        case .routerUnusable, .routerRecovered: return "router:\(release)"
        case .targetsUnusable, .targetsRecovered: return "targets:\(release)"
        case .alertFiring, .alertResolved: return alertSubject(notification)
        // A rollback that was not begun ends with the alert that asked for it.
        case .rollbackHeld where notification.incident == nil && notification.alert != nil:
            return alertSubject(notification)
        default: break
        }
        if let incident = notification.incident { return "incident:\(incident)" }
        if let rollout = notification.rollout { return "rollout:\(rollout)" }
        return "release:\(release)/\(notification.canaryVersion)"
    }

    private static func alertSubject(_ notification: Notification) -> String {
        guard let alert = notification.alert else { return "alert:\(notification.release)" }
        return "alert:\(notification.release)/\(alert.rule)/\(alert.activeSinceWallMs)"
    }
}

/// How much attention a notification needs. The order is that of urgency.
enum Severity: String, Sendable, Comparable, CaseIterable {
    /// Nothing has to be done.
    case info
    /// To be seen soon.
    case warning
    /// An operator is needed now.
    case critical

    static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }

    init(_ notification: Notification) {
        switch notification.event {
        case .rollbackAbandoned: self = .critical
        case .rollbackHeld: self = notification.incident == nil ? .warning : .critical
        case .rollbackIntended: self = notification.isDryRun ? .info : .warning
        case .rollbackFallback, .rollbackDrifted, .routerUnusable, .targetsUnusable, .rolloutHalted, .gateLapsed:
            self = .warning
        case .alertFiring: self = Severity(label: notification.alert)
        default: self = .info
        }
    }

    /// The label `severity` of a rule, as rules for Prometheus use it.
    private init(label alert: AlertRecord?) {
        let label = alert?.labels.first { $0.name == "severity" }.map { "severity: \($0.value.lowercased())" }
        switch label {
        case "severity: page", "severity: critical", "severity: error", "severity: emergency": self = .critical
        case "severity: warning", "severity: ticket": self = .warning
        default: self = .info
        }
    }
}
