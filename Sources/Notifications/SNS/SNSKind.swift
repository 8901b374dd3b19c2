import Declarations
import Foundation
import Model
import Ports

/// A topic of Amazon SNS (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html), signed with version 4.
enum SNSKind: ServiceKind {
    struct Settings: ReceiverSettings, HoldsSecrets {
        static let kind = "sns"
        /// `arn:aws:sns:eu-west-1:123456789012:releases`; one that ends with `.fifo` keeps the order.
        var topic: String?
        var keyID: String?
        var key: SecretReference?
        /// Of temporary credentials.
        var session: SecretReference?

        var secrets: [SecretReference] { [key, session].compactMap { $0 } }
    }

    static let sentence = "is a topic of Amazon SNS"
    static let blank = Settings()
    static let isReadByPeople = false
    /// The region of the topic names it.
    static let defaultURL: String? = "https://sns.amazonaws.com"
    static let requiredFields = [["topic_arn"], ["access_key_id"], ["secret_key_file", "secret_key_env"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "topic_arn", \.topic,
                ValueForm.line(limit: 300).checked { text, field in
                    if region(of: text) != nil { return text }
                    field.fail("\(Quote.value(text)) is not a topic; write arn:aws:sns:eu-west-1:123456789012:releases")
                    return nil
                }, "the topic; the names of topics that keep the order end with `.fifo`"),
            .optional("access_key_id", \.keyID, .line(limit: 200), "id of the access key"),
            .secret("secret_key", \.key, folder, "the secret access key"),
            .secret("session_token", \.session, folder, "the session token of temporary credentials"),
        ]
    }

    /// Nil for what is not the ARN of a topic.
    static func region(of topic: String) -> String? {
        let parts = topic.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "sns", !parts[3].isEmpty, !parts[5].isEmpty,
            parts[3].utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        else { return nil }
        return String(parts[3])
    }

    private static let layout = MessageText(markUp: .verbatim)

    static func calls(
        _ content: MessageContent, _ site: ServiceSite<Settings>
    ) throws(SecretError) -> [ServiceCall] {
        let topic = site.settings.topic ?? ""
        let region = region(of: topic) ?? "us-east-1"
        var members = [
            ("Action", "Publish"), ("Version", "2010-03-31"), ("TopicArn", topic), ("Subject", subject(content)),
            ("Message", layout.text(content, limit: .bytes(16_000))),
        ]
        if topic.hasSuffix(".fifo") {
            // Another id for each delivery: SNS drops what has the id of a message of the last five minutes.
            members += [
                ("MessageGroupId", identifier(site.key(content.subject))),
                ("MessageDeduplicationId", identifier(site.delivery.id)),
            ]
        }
        let url = (site.address == defaultURL ? "https://sns.\(region).amazonaws.com" : site.address) + "/"
        let body = PercentEncoding.form(members)
        let type = "application/x-www-form-urlencoded; charset=utf-8"
        let signature = AWSSignature(
            keyID: site.settings.keyID ?? "", key: try site.needed(site.settings.key),
            sessionToken: try site.secret(site.settings.session), region: region, service: "sns")
        let headers = signature.headers(url: url, contentType: type, body: body, nowWallMs: site.nowWallMs)
        return [ServiceCall(url, body, type: type, headers: headers)]
    }

    /// ASCII without line breaks, at most 100 characters, and no blank at its beginning.
    private static func subject(_ content: MessageContent) -> String {
        let plain = MarkUp.verbatim.text(content.headline, limit: .characters(90))
        let ascii = plain.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
        return String(String(ascii).drop { $0 == " " }.prefix(100))
    }

    /// Letters, digits and punctuation, at most 128.
    private static func identifier(_ text: String) -> String {
        let allowed = text.unicodeScalars.map { (0x21...0x7E).contains($0.value) ? Character($0) : "_" }
        return String(String(allowed).prefix(128))
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        let line = answer.line
        if (200...299).contains(answer.status) {
            return line.contains("<MessageId>") ? .delivered() : .notUnderstood(answer)
        }
        let reason = "it answered with status \(answer.status): \(line)"
        func says(_ codes: [String]) -> Bool { codes.contains { line.contains("<Code>\($0)</Code>") } }
        // Credentials are read at each attempt, and a clock is set.
        if says(["Throttling", "Throttled", "ThrottledException", "ExpiredToken", "RequestExpired", "KMSThrottling"]) {
            return .retry(reason)
        }
        if says(["InvalidClientTokenId", "SignatureDoesNotMatch", "AuthorizationError", "NotFound", "AccessDenied"]) {
            return .gone(reason + "; if it is the signature, set this machine's clock as well")
        }
        return .ofStatus(answer)
    }
}
