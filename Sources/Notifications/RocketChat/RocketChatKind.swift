import Declarations
import Model
import Ports

/// A Rocket.Chat incoming webhook.
enum RocketChatKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "rocketchat"
        static let hasSecretAddress = true
    }

    static let sentence = "is a Rocket.Chat incoming webhook"
    static let blank = Settings()

    private static let layout = MessageText(
        markUp: .markdown, strong: ("*", "*"), link: { "[\($0)](\($1))" })

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        let text = layout.text(content, limit: .characters(4_000))
        return [ServiceCall(site.address, ["text": .text(text), "alias": "Rollguard"])]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer, gone: [401, 403, 404]) }
        switch answer.json?["success"]?.bool {
        case true: return .delivered()
        case false: return .refused("it answered with status \(answer.status): \(answer.line)")
        case nil: return .notUnderstood(answer)
        }
    }
}
