import Crypto
import Declarations
import Foundation
import Model
import Ports

/// A Feishu or Lark group robot.
enum FeishuKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "feishu"
        static let hasSecretAddress = true
        var keyword: String?
    }

    static let sentence = "is a Feishu or Lark group robot (`secret` is the key of its signature)"
    static let blank = Settings()

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "keyword", \.keyword, .line(limit: 50),
                "the keyword of the robot's security settings, added to each text")
        ]
    }

    /// All texts are plain ones, so no mark in them has a meaning.
    private static let layout = MessageText(markUp: .verbatim)

    static func calls(
        _ content: MessageContent, _ site: ServiceSite<Settings>
    ) throws(SecretError) -> [ServiceCall] {
        var text = layout.text(content.withoutLink, limit: .bytes(6_000), includesTitle: false)
        if let keyword = site.settings.keyword, !text.contains(keyword) { text += "\n\(keyword)" }
        var elements: [JSONTree] = [["tag": "div", "text": plain(text)]]
        if let link = content.link {
            let button: JSONTree = [
                "tag": "button", "text": ["tag": "plain_text", "content": "Details"], "type": "default",
                "url": .text(link),
            ]
            elements.append(["tag": "action", "actions": [button]])
        }
        let title = MarkUp.verbatim.text(content.headline, limit: .bytes(300))
        let card: JSONTree = [
            "config": ["wide_screen_mode": true],
            "header": ["template": .text(color(content.tone)), "title": plain(title)], "elements": .list(elements),
        ]
        let body: JSONTree = ["msg_type": "interactive", "card": card]
        guard let secret = try site.secret(site.plan.secret) else { return [ServiceCall(site.address, body)] }
        let seconds = site.nowWallMs / 1_000
        let signed = body.adding("timestamp", .text("\(seconds)"))
            .adding("sign", .text(signature(secret: secret, seconds: seconds)))
        return [ServiceCall(site.address, signed)]
    }

    private static func plain(_ text: String) -> JSONTree { ["tag": "plain_text", "content": .text(text)] }

    private static func color(_ tone: MessageContent.Tone) -> String {
        switch tone {
        case .good: "green"
        case .neutral: "grey"
        case .warning: "orange"
        case .bad: "red"
        }
    }

    /// HMAC-SHA256 of nothing with `timestamp \n secret` as key, in Base64: the other way round than DingTalk.
    static func signature(secret: String, seconds: Int64) -> String {
        let key = SymmetricKey(data: Array("\(seconds)\n\(secret)".utf8))
        return Data(HMAC<SHA256>.authenticationCode(for: [UInt8](), using: key)).base64EncodedString()
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        let json = answer.json
        guard let code = (json?["code"] ?? json?["StatusCode"])?.double.map({ Int($0) }) else {
            return (200...299).contains(answer.status)
                ? .notUnderstood(answer) : .ofStatus(answer, gone: [401, 403, 404])
        }
        let reason = "error \(code): \((json?["msg"] ?? json?["StatusMessage"])?.string ?? "no text")"
        switch code {
        case 0: return .delivered()
        case 11_232: return .retry(reason, afterMs: 60_000)
        case 19_021: return .gone(reason + "; the secret is wrong, or this machine's clock")
        case 19_001, 19_022, 19_024: return .gone(reason)
        default: return answer.status >= 500 ? .retry(reason) : .refused(reason)
        }
    }
}
