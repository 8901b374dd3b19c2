import Crypto
import Declarations
import Foundation
import Model
import Ports

/// A DingTalk group robot. It takes 20 messages per minute, and after more of them none for ten minutes.
enum DingTalkKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "dingtalk"
        static let hasSecretAddress = true
        var keyword: String?
        var mentions: [String]?
    }

    static let sentence = "is a DingTalk group robot (`secret` is the key of its signature)"
    static let blank = Settings()

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "keyword", \.keyword, .line(limit: 50),
                "the keyword of the robot's security settings, added to each text"),
            .optional("mention", \.mentions, .lines(of: "numbers"), "mobile numbers, mentioned in urgent messages"),
        ]
    }

    private static let layout = MessageText(
        markUp: .looseMarkdown, lineBreak: "\n\n", link: { "[\($0)](\($1))" })

    static func calls(
        _ content: MessageContent, _ site: ServiceSite<Settings>
    ) throws(SecretError) -> [ServiceCall] {
        var text = "### \(MarkUp.looseMarkdown.text(content.headline, limit: .bytes(400)))\n\n"
        text += layout.text(content, limit: .bytes(8_000), includesTitle: false)
        if let keyword = site.settings.keyword, !text.contains(keyword) { text += "\n\n\(keyword)" }
        let mentions = content.severity > .info ? site.settings.mentions ?? [] : []
        // A mention is shown only when it is in the text as well.
        if !mentions.isEmpty { text += "\n\n" + mentions.map { "@\($0)" }.joined(separator: " ") }
        let title = MarkUp.plain.text(content.headline, limit: .bytes(200))
        let body: JSONTree = [
            "msgtype": "markdown", "markdown": ["title": .text(title), "text": .text(text)],
            "at": ["atMobiles": .list(mentions.map { .text($0) }), "isAtAll": false],
        ]
        guard let secret = try site.secret(site.plan.secret) else { return [ServiceCall(site.address, body)] }
        let sign = signature(secret: secret, nowWallMs: site.nowWallMs)
        let url = site.address(adding: [("timestamp", "\(site.nowWallMs)"), ("sign", sign)])
        return [ServiceCall(url, body)]
    }

    /// HMAC-SHA256 of `timestamp \n secret` with the secret as key, in Base64.
    static func signature(secret: String, nowWallMs: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(nowWallMs)\n\(secret)".utf8), using: SymmetricKey(data: Array(secret.utf8)))
        return Data(code).base64EncodedString()
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
        case 130_101: return .retry(reason, afterMs: 600_000)
        case 300_001: return .gone(reason)
        // The keyword, the signature, the clock or the address: the text says which.
        case 310_000: return .gone(reason + "; if it is the timestamp, set this machine's clock")
        default: return .refused(reason)
        }
    }
}
