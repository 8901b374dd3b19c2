import Declarations
import Model
import Ports

/// A webhook of a Google Chat space. Messages about one subject share a thread, and `requestId` makes an attempt after a lost
/// answer return the message that is there.
enum GoogleChatKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "google_chat"
        static let hasSecretAddress = true
    }

    static let sentence = "is a webhook of a Google Chat space"
    static let blank = Settings()

    private static let layout = MessageText(markUp: .looseMarkdown, strong: ("*", "*"))

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        // Without this option the key of the thread is ignored.
        let url = site.address(adding: [
            ("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"), ("requestId", site.delivery.id),
        ])
        let text = layout.text(content, limit: .bytes(4_000))
        return [ServiceCall(url, ["text": .text(text), "thread": ["threadKey": .text(site.key(content.subject))]])]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer, gone: [401, 403, 404]) }
        return answer.json?["name"]?.string == nil ? .notUnderstood(answer) : .delivered()
    }
}
