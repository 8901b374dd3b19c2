import Declarations
import Model
import Ports

/// Microsoft Teams: a workflow "When a Teams webhook request is received" gets an adaptive card. Its 202 says that the
/// message is queued, and nothing more.
enum TeamsKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "teams"
        static let hasSecretAddress = true
    }

    static let sentence = "is a workflow of Microsoft Teams that starts with a webhook request"
    static let blank = Settings()

    /// Nil without links.
    private static func actions(_ content: MessageContent) -> [JSONTree]? {
        let links = [("Details", content.link), ("Acknowledge", content.acknowledgeLink)]
        let actions = links.compactMap { title, address -> JSONTree? in
            address.map { ["type": "Action.OpenUrl", "title": .text(title), "url": .text($0)] }
        }
        return actions.isEmpty ? nil : actions
    }

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        // Teams counts 28 KB after it has added its own; texts of at most 8 KB stay far below.
        func text(_ value: String, _ most: Int) -> JSONTree {
            .text(MarkUp.markdown.text(value, limit: .bytes(most)))
        }
        var body: [JSONTree] = [
            [
                "type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true,
                "color": .text(color(content.tone)), "text": text(content.headline, 300),
            ],
            ["type": "TextBlock", "wrap": true, "text": text(content.summary, 2_000)],
        ]
        var facts = content.namedFacts.prefix(8).map { ($0.name, $0.value) }
        content.advice.map { facts.append(("To do", $0)) }
        facts.append(("About", content.footer))
        body.append([
            "type": "FactSet",
            "facts": .list(facts.map { ["title": .text($0.0), "value": text($0.1, 600)] }),
        ])
        var card: JSONTree = [
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
            "msteams": ["width": "Full"], "body": .list(body),
        ]
        card = card.adding(
            "actions", actions(content).map { .list($0) })
        let attachment: JSONTree = [
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": .null, "content": card,
        ]
        return [ServiceCall(site.address, ["type": "message", "attachments": [attachment]])]
    }

    private static func color(_ tone: MessageContent.Tone) -> String {
        switch tone {
        case .good: "Good"
        case .neutral: "Default"
        case .warning: "Warning"
        case .bad: "Attention"
        }
    }

    /// Old connectors answered 200 with the error of the service behind them in the text.
    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status), let found = answer.line.firstRange(of: "returned HTTP error ")
        else { return .ofStatus(answer, gone: [401, 403, 404, 410]) }
        let code = Int(answer.line[found.upperBound...].prefix { $0.isNumber }) ?? 0
        let reason = "it answered with status \(answer.status): \(answer.line)"
        return code == 429 || code >= 500 ? .retry(reason, afterMs: answer.retryAfterMs) : .refused(reason)
    }
}
