import Declarations
import Model
import Ports

/// ntfy, the public server or one's own (https://docs.ntfy.sh/publish/#publish-as-json). A token is in `auth`.
enum NtfyKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "ntfy"
        var topic: String?
    }

    static let sentence = "is an ntfy server (`auth` has the token, if it needs one)"
    static let blank = Settings()
    static let defaultURL: String? = "https://ntfy.sh"
    static let requiredFields = [["topic"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [.optional("topic", \.topic, .line(limit: 64), "the topic; whoever knows it can read the messages")]
    }

    private static let layout = MessageText(markUp: .verbatim)

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        let priority: JSONTree =
            switch content.severity {
            case .critical: 5
            case .warning: 4
            case .info: 3
            }
        let tag: JSONTree =
            switch content.tone {
            case .good: "white_check_mark"
            case .neutral: "information_source"
            case .warning: "warning"
            case .bad: "rotating_light"
            }
        let body: JSONTree = [
            "topic": .text(site.settings.topic ?? ""), "priority": priority, "tags": [tag],
            "title": .text(MarkUp.verbatim.text(content.headline, limit: .bytes(250))),
            "message": .text(layout.text(content.withoutLink, limit: .bytes(3_800), includesTitle: false)),
        ]
        // To the root of the server: a body of JSON sent to a topic is shown as text.
        return [ServiceCall(site.address + "/", body.adding("click", content.link.map { .text($0) }))]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer, gone: [401, 403]) }
        return answer.json?["id"]?.string == nil ? .notUnderstood(answer) : .delivered()
    }
}
