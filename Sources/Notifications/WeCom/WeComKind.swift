import Declarations
import Model
import Ports

/// A WeCom group robot.
enum WeComKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "wecom"
        static let hasSecretAddress = true
        var mentions: [String]?
    }

    static let sentence = "is a WeCom group robot"
    static let blank = Settings()

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [.optional("mention", \.mentions, .lines(of: "users"), "ids of users, mentioned in urgent messages")]
    }

    /// Of 4 096 bytes; the rest is for the mentions.
    private static let limit = TextLimit.bytes(3_000)
    private static let layout = MessageText(
        markUp: .looseMarkdown, strong: ("**", "**"), bullet: "> ", link: { "[\($0)](\($1))" })

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        var text = layout.text(content, limit: limit)
        let mentions = content.severity > .info ? site.settings.mentions ?? [] : []
        for user in mentions {
            let mention = "<@\(user)>"
            if text.utf8.count + mention.utf8.count > 4_096 { break }
            text += mention
        }
        return [ServiceCall(site.address, ["msgtype": "markdown", "markdown": ["content": .text(text)]])]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer, gone: [401, 403, 404]) }
        guard let json = answer.json, let code = json["errcode"]?.double.map({ Int($0) }) else {
            return .notUnderstood(answer)
        }
        let reason = "error \(code): \(json["errmsg"]?.string ?? "no text")"
        switch code {
        case 0: return .delivered()
        case -1: return .retry(reason)
        case 45_009: return .retry(reason, afterMs: 60_000)
        case 93_000: return .gone(reason)
        default: return .refused(reason)
        }
    }
}
