import Declarations
import Model
import Ports

/// Pushover: notifications on telephones. The credentials are in the body and never in the address.
enum PushoverKind: ServiceKind {
    struct Settings: ReceiverSettings, HoldsSecrets {
        static let kind = "pushover"
        var token: SecretReference?
        var user: SecretReference?

        var secrets: [SecretReference] { [token, user].compactMap { $0 } }
    }

    static let sentence = "is Pushover"
    static let blank = Settings()
    static let defaultURL: String? = "https://api.pushover.net/1/messages.json"
    static let requiredFields = [
        ["app_token_file", "app_token_env"], ["user_key_file", "user_key_env"],
    ]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .secret("app_token", \.token, folder, "the application's token"),
            .secret("user_key", \.user, folder, "the key of the user or the group"),
        ]
    }

    private static let layout = MessageText(markUp: .verbatim)

    static func calls(
        _ content: MessageContent, _ site: ServiceSite<Settings>
    ) throws(SecretError) -> [ServiceCall] {
        var members = [
            ("token", try site.needed(site.settings.token)), ("user", try site.needed(site.settings.user)),
            ("title", MarkUp.verbatim.text(content.headline, limit: .characters(250))),
            ("message", layout.text(content.withoutLink, limit: .bytes(1_024), includesTitle: false)),
        ]
        switch content.severity {
        // Repeated until someone confirms it, for an hour at most.
        case .critical: members += [("priority", "2"), ("retry", "60"), ("expire", "3600")]
        case .warning: members.append(("priority", "1"))
        case .info: members.append(("priority", "0"))
        }
        if let link = content.link, link.utf16.count <= 512 { members += [("url", link), ("url_title", "Details")] }
        let type = "application/x-www-form-urlencoded; charset=utf-8"
        return [ServiceCall(site.address, PercentEncoding.form(members), type: type)]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        switch (answer.status, answer.json?["status"]?.double) {
        case (200...299, 1): return .delivered()
        case (200...299, nil): return .notUnderstood(answer)
        // The quota of the month: not an address that is wrong, and no use in trying soon.
        case (429, _): return .retry("the quota of the month is used up", afterMs: AnswerMeaning.goneMs)
        case (400...499, 0) where answer.line.contains("\"token\"") || answer.line.contains("\"user\""):
            return .gone("it answered with status \(answer.status): \(answer.line)")
        case (200...299, _): return .refused("it answered with status \(answer.status): \(answer.line)")
        default: return .ofStatus(answer)
        }
    }
}
