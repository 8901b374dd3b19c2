import Declarations
import Model
import Ports

/// A Telegram bot (https://core.telegram.org/bots/api): one message per subject, which changes.
enum TelegramKind: ServiceKind {
    struct Settings: ReceiverSettings, HoldsSecrets {
        static let kind = "telegram"
        var token: SecretReference?
        var chat: String?
        var topic: Int?

        var secrets: [SecretReference] { [token].compactMap { $0 } }
    }

    static let sentence = "is a Telegram bot"
    static let blank = Settings()
    static let defaultURL: String? = "https://api.telegram.org"
    static let requiredFields = [["bot_token_file", "bot_token_env"], ["chat"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .secret("bot_token", \.token, folder, "the bot's token"),
            .optional("chat", \.chat, .line(limit: 100), "id of the chat, or `@name` of a channel"),
            .optional("topic", \.topic, .integer(1...Int(Int32.max)), "thread of a group with topics"),
        ]
    }

    /// 4 096 characters after the marks are read; here they are counted with them.
    private static let limit = TextLimit.characters(4_000)
    private static let layout = MessageText(
        markUp: .html, strong: ("<b>", "</b>"),
        link: { "<a href=\"\(MarkUp.attribute($1))\">\($0)</a>" })

    static func calls(
        _ content: MessageContent, _ site: ServiceSite<Settings>
    ) throws(SecretError) -> [ServiceCall] {
        let place = "\(site.address)/bot\(try site.needed(site.settings.token))"
        let message: JSONTree = [
            "chat_id": .text(site.handle?["chat"] ?? site.settings.chat ?? ""), "parse_mode": "HTML",
            "text": .text(layout.text(content, limit: limit)), "link_preview_options": ["is_disabled": true],
        ]
        guard let id = site.handle?["message"].flatMap({ Double($0) }) else {
            let quiet: JSONTree? = content.severity == .info ? true : nil
            let first = message.adding("message_thread_id", site.settings.topic.map { .number(Double($0)) })
                .adding("disable_notification", quiet)
            return [ServiceCall("\(place)/sendMessage", first)]
        }
        let edit = ServiceCall("\(place)/editMessageText", message.adding("message_id", .number(id)))
        guard content.severity > .info else { return [edit] }
        // An edit notifies no one, so what needs attention is a reply as well.
        let target: JSONTree = ["message_id": .number(id), "allow_sending_without_reply": true]
        return [edit, ServiceCall("\(place)/sendMessage", message.adding("reply_parameters", target))]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard let json = answer.json, let isOK = json["ok"]?.bool else {
            return (200...299).contains(answer.status) ? .notUnderstood(answer) : .ofStatus(answer)
        }
        guard !isOK else { return .delivered(handle: handle(json["result"])) }
        let reason = json["description"]?.string ?? "no description"
        // An attempt after a lost answer finds the text changed already.
        if reason.contains("message is not modified") { return .delivered() }
        if reason.contains("message to edit not found") || reason.contains("message can't be edited") {
            return .unchangeable(reason)
        }
        if let chat = json["parameters"]?["migrate_to_chat_id"]?.string {
            return .gone("the group has the new id \(chat); write it to 'chat'")
        }
        let code = json["error_code"]?.double.map { Int($0) } ?? answer.status
        if code == 429 || code >= 500 {
            let wish = json["parameters"]?["retry_after"]?.double.flatMap { ServiceAnswer.boundedMs(seconds: $0) }
            return .retry(reason, afterMs: wish ?? answer.retryAfterMs)
        }
        return [401, 403, 404].contains(code) ? .gone(reason) : .refused(reason)
    }

    private static func handle(_ result: JSONTree?) -> MessageHandle? {
        guard let id = result?["message_id"]?.string, let chat = result?["chat"]?["id"]?.string,
            result?["reply_to_message"] == nil
        else { return nil }
        return MessageHandle(["message": id, "chat": chat])
    }
}
