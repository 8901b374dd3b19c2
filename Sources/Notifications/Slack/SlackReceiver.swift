import Declarations
import Model
import Ports
import Support

/// Slack: an incoming webhook, or, with `channel`, a bot that changes its message as the incident continues.
enum SlackKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "slack"
        static let hasSecretAddress = true
        /// The channel's id; nil for an incoming webhook.
        var channel: String?
    }

    static let sentence =
        "is a chat's incoming webhook, or Slack's bot API when `channel` is there (then `url` is "
        + "`https://slack.com/api` and `auth` has the bot's token)"
    static let blank = Settings()

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "channel", \.channel, .line(limit: 100),
                "id of the channel that the bot writes to: one message per incident, which changes")
        ]
    }

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        guard let channel = site.settings.channel else {
            return [ServiceCall(site.address, ["text": .text(SlackText.text(content))])]
        }
        return SlackBot.calls(content, channel: channel, site)
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        if let json = answer.json, let isOK = json["ok"]?.bool { return SlackBot.meaning(answer, json, isOK: isOK) }
        // A webhook answers in one plain term: `ok`, `no_service`.
        let dead = ["no_service", "invalid_token", "no_team", "channel_is_archived"]
        if !(200...299).contains(answer.status), dead.contains(answer.line) {
            return .gone("it answered with status \(answer.status): \(answer.line)")
        }
        return .ofStatus(answer)
    }
}

/// The bot API (https://api.slack.com/methods/chat.postMessage, chat.update).
enum SlackBot {
    /// All blocks together have a limit that is not documented, near 13 200 characters.
    private static let limit = TextLimit.characters(2_900)

    static func calls(
        _ content: MessageContent, channel: String, _ site: ServiceSite<SlackKind.Settings>
    ) -> [ServiceCall] {
        guard let handle = site.handle, let known = handle["channel"], let time = handle["ts"] else {
            let metadata: JSONTree = [
                "event_type": "rollguard", "event_payload": ["delivery": .text(site.delivery.id)],
            ]
            let post = message(content, channel: channel).adding("metadata", metadata)
            return [ServiceCall(site.address + "/chat.postMessage", post)]
        }
        let update = message(content, channel: known).adding("ts", .text(time))
        let change = ServiceCall(site.address + "/chat.update", update)
        guard content.severity > .info else { return [change] }
        // A change notifies no one, so what needs attention is a reply as well.
        let reply = brief(content, channel: known).adding("thread_ts", .text(time)).adding("reply_broadcast", true)
        return [change, ServiceCall(site.address + "/chat.postMessage", reply)]
    }

    private static func brief(_ content: MessageContent, channel: String) -> JSONTree {
        let text = MarkUp.slack.text("\(content.headline): \(content.summary)", limit: .characters(1_000))
        return ["channel": .text(channel), "text": .text(text), "unfurl_links": false]
    }

    private static func message(_ content: MessageContent, channel: String) -> JSONTree {
        let body = SlackText.layout.text(content, limit: limit, includesTitle: false)
        let header = MarkUp.plain.text(content.headline, limit: .characters(140))
        let blocks: JSONTree = [
            ["type": "header", "text": ["type": "plain_text", "text": .text(header)]],
            ["type": "section", "text": ["type": "mrkdwn", "text": .text(body)]],
        ]
        let attachments: JSONTree = [["color": .text(color(content.tone)), "blocks": blocks]]
        return brief(content, channel: channel).adding("attachments", attachments)
    }

    private static func color(_ tone: MessageContent.Tone) -> String {
        switch tone {
        case .good: "#2eb67d"
        case .neutral: "#868e96"
        case .warning: "#ecb22e"
        case .bad: "#e01e5a"
        }
    }

    private static let later = [
        "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    ]
    private static let dead = [
        "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
        "is_archived",
    ]
    private static let fixed = ["message_not_found", "edit_window_closed", "cant_update_message"]

    static func meaning(_ answer: ServiceAnswer, _ json: JSONTree, isOK: Bool) -> AnswerMeaning {
        if isOK {
            guard let channel = json["channel"]?.string, let time = json["ts"]?.string else { return .delivered() }
            // An answer to a reply names the reply; only the first message of a thread is changed later.
            guard json["message"]?["thread_ts"] == nil else { return .delivered() }
            return .delivered(handle: MessageHandle(["channel": channel, "ts": time]))
        }
        let error = json["error"]?.string ?? "no error is named"
        if later.contains(error) || answer.status == 429 || answer.status >= 500 {
            let wish = json["retry_after"]?.double.flatMap { ServiceAnswer.boundedMs(seconds: $0) }
            return .retry(error, afterMs: answer.retryAfterMs ?? wish)
        }
        if dead.contains(error) { return .gone(error) }
        return fixed.contains(error) ? .unchangeable(error) : .refused(error)
    }
}

/// The text of a message in Slack's marks, as an incoming webhook takes it.
enum SlackText {
    /// Of the finished message, in UTF-16 units: Discord takes 2 000 from Slack's form, the others more.
    static let limit = 1_900

    static let layout = MessageText(
        markUp: .slack, strong: ("*", "*"),
        link: { name, address in
            let address = escaped(address, limit: .max)
            return name == MessageText.details ? address : "<\(address)|\(name)>"
        })

    static func text(_ content: MessageContent) -> String { layout.text(content, limit: .characters(limit)) }

    /// - Parameter externalURL: the base of a link to the incident or the status; nil for no link.
    static func text(_ notification: Notification, externalURL: String? = nil) -> String {
        text(MessageContent(notification, externalURL: externalURL))
    }

    /// Slack's escapes, without which `<!channel>` in a label would notify the whole channel. An `@` gets an invisible
    /// neighbour for the chats that react to `@all` and `@channel`.
    static func escaped(_ text: String, limit: Int) -> String {
        MarkUp.slack.text(text, limit: .characters(min(limit, 1 << 20)))
    }
}
