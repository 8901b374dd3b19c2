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
    private(set) var summary: String
    /// The versions, the share, the values with their sample sizes, the rule, what was done.
    private(set) var facts: [Fact]
    /// What an operator should do; nil when nothing is to be done.
    private(set) var advice: String?
    /// To the incident, the rollout or the status; nil without an external URL.
    private(set) var link: String?
    /// To a form that acknowledges the incident; nil where messages have no such link.
    var acknowledgeLink: String?
    /// What the message is about: messages with the same subject belong together.
    let subject: String
    let tone: Tone
    let severity: Severity

    init(_ notification: Notification, externalURL: String?) {
        self.notification = notification
        let event = EventText(notification.event)
        title = event.title + (notification.isDryRun ? " (dry run)" : "")
        advice = event.advice(isHeldWithIncident: notification.incident != nil)
        tone = event.tone
        severity = notification.all.map { Severity($0) }.max() ?? .info
        if notification.grouped.isEmpty {
            headline = "\(notification.release): \(title)"
            summary = notification.summary
            facts = MessageFacts(notification).all
            link = DaemonLink.page(notification, externalURL: externalURL)
            subject = notification.subject
        } else {
            headline = "\(notification.all.count) releases: \(title)"
            summary = notification.releases
            facts = notification.all.map { Fact(name: $0.release, value: $0.sentence) }
            link = externalURL.map { "\($0)/" }
            subject = "group:\(notification.event.rawValue)/\(notification.sequence)"
        }
    }

    /// For services that have a field for the link.
    var withoutLink: MessageContent {
        var content = self
        content.link = nil
        return content
    }

    /// "checkout: Rollback done".
    private(set) var headline: String

    /// With a title of one's own: one line.
    func titled(_ text: String) -> MessageContent {
        var content = self
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if !line.isEmpty { content.headline = line }
        return content
    }

    /// With a text of one's own instead of the sentence, the values and the advice. Its lines stay lines: the first one is
    /// the sentence, the others are values without a name.
    func saying(_ text: String) -> MessageContent {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
        guard let first = lines.first else { return self }
        var content = self
        content.summary = first
        content.facts = lines.dropFirst().prefix(50).map { Fact(name: "", value: $0) }
        content.advice = nil
        return content
    }

    /// With a further value.
    func remarking(_ name: String, _ value: String) -> MessageContent {
        var content = self
        content.facts.append(Fact(name: name, value: value))
        return content
    }

    /// For services that show values by their names: lines of a text of one's own are one value.
    var namedFacts: [Fact] {
        let lines = facts.filter(\.name.isEmpty).map(\.value)
        let text = lines.isEmpty ? [] : [Fact(name: "Text", value: lines.joined(separator: "; "))]
        return text + facts.filter { !$0.name.isEmpty }
    }

    /// "release checkout, incident checkout-2".
    var footer: String {
        guard notification.grouped.isEmpty else { return "releases \(notification.releases)" }
        var parts = ["release \(notification.release)"]
        if let incident = notification.incident { parts.append("incident \(incident)") }
        if let rollout = notification.rollout { parts.append("rollout \(rollout)") }
        return parts.joined(separator: ", ")
    }
}

extension Notification {
    /// It and those that the same message reports.
    var all: [Notification] { [self] + grouped }

    /// The summary without the release's name in front.
    fileprivate var sentence: String {
        let name = "\(release): "
        return summary.hasPrefix(name) ? String(summary.dropFirst(name.count)) : summary
    }

    /// Their names, as a list.
    var releases: String { all.map(\.release).joined(separator: ", ") }
}

extension Notification {
    /// An operator is to take charge of its incident.
    var asksForAcknowledgement: Bool { needsOperator && !closesSubject && !isDryRun && grouped.isEmpty }
}
