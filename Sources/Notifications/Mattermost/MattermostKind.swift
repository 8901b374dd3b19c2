import Declarations
import Model
import Ports

/// A Mattermost incoming webhook. Old servers answer `ok`, newer ones JSON: the status decides.
enum MattermostKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "mattermost"
        static let hasSecretAddress = true
        var channel: String?
    }

    static let sentence = "is a Mattermost incoming webhook"
    static let blank = Settings()
    static let readsBody = false

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [.optional("channel", \.channel, .line(limit: 100), "another channel than that of the webhook")]
    }

    /// More than 16 383 characters become several posts.
    private static let limit = TextLimit.characters(8_000)
    private static let layout = MessageText(
        markUp: .markdown, strong: ("**", "**"), bullet: "- ", link: { "[\($0)](\($1))" })

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        let body: JSONTree = ["text": .text(layout.text(content, limit: limit)), "username": "Rollguard"]
        return [ServiceCall(site.address, body.adding("channel", site.settings.channel.map { .text($0) }))]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning { .ofStatus(answer, gone: [401, 403, 404]) }
}
