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
        subject = notification.subject
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
}
