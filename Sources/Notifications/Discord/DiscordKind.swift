import Declarations
import Model
import Ports

/// A Discord webhook (https://discord.com/developers/docs/resources/webhook): one message per subject, which changes.
enum DiscordKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "discord"
        static let hasSecretAddress = true
    }

    static let sentence = "is a Discord webhook"
    static let blank = Settings()

    private static let layout = MessageText(markUp: .markdown)

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        let body = message(content)
        // An edit notifies no one: what is urgent is always a new message.
        guard let id = site.handle?["id"], content.severity < .critical else {
            // Without `wait`, a message that is not stored gives no error.
            return [ServiceCall(site.address(adding: [("wait", "true")]), body)]
        }
        let place = site.address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = place.count > 1 ? "?" + place[1] : ""
        let url = "\(place[0])/messages/\(PercentEncoding.component(id))\(query)"
        return [ServiceCall(url, body, method: "PATCH")]
    }

    private static func message(_ content: MessageContent) -> JSONTree {
        var embed: JSONTree = [
            "title": .text(MarkUp.plain.text(content.headline, limit: .characters(250))),
            "description": .text(layout.text(content, limit: .characters(4_000), includesTitle: false)),
            "color": .number(Double(color(content.tone))),
        ]
        embed = embed.adding("url", content.link.map { .text($0) })
        return ["allowed_mentions": ["parse": []], "embeds": [embed]]
    }

    private static func color(_ tone: MessageContent.Tone) -> Int {
        switch tone {
        case .good: 0x2ECC71
        case .neutral: 0x95A5A6
        case .warning: 0xF1C40F
        case .bad: 0xE74C3C
        }
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        let json = answer.json
        switch (answer.status, json?["code"]?.double) {
        // "Unknown Message": it was deleted.
        case (404, 10_008): return .unchangeable("the message was deleted")
        case (429, _):
            let wish = json?["retry_after"]?.double.flatMap { ServiceAnswer.boundedMs(seconds: $0) }
            return .retry("it answered with status 429", afterMs: wish ?? answer.retryAfterMs)
        case (200...299, _):
            return .delivered(handle: json?["id"]?.string.map { MessageHandle(["id": $0]) })
        default: return .ofStatus(answer, gone: [401, 404])
        }
    }
}
