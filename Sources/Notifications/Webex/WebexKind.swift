import Declarations
import Model
import Ports

/// A Webex bot that writes to a room (https://developer.webex.com/docs/api/v1/messages). The token is in `auth`.
enum WebexKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "webex"
        var room: String?
    }

    static let sentence = "is a Webex bot (`auth` has its token)"
    static let blank = Settings()
    static let defaultURL: String? = "https://webexapis.com/v1/messages"
    static let requiredFields = [["room"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [.optional("room", \.room, .line(limit: 200), "id of the room")]
    }

    private static let layout = MessageText(
        markUp: .markdown, strong: ("**", "**"), lineBreak: "\n\n", link: { "[\($0)](\($1))" })

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        let body: JSONTree = [
            "roomId": .text(site.settings.room ?? ""),
            "markdown": .text(layout.text(content, limit: .bytes(7_000))),
        ]
        // The replies of a subject hang on its first message.
        return [ServiceCall(site.address, body.adding("parentId", site.handle?["id"].map { .text($0) }))]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer, gone: [401, 403, 404]) }
        guard let json = answer.json, let id = json["id"]?.string else { return .notUnderstood(answer) }
        return .delivered(handle: json["parentId"] == nil ? MessageHandle(["id": id]) : nil)
    }
}
