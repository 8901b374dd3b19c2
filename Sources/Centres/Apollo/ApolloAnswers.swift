import Foundation
import SourceCalls

/// What Apollo's config service answers.
///
/// Source: "Other language clients" of Apollo's documentation; `ConfigController`, `NotificationControllerV2`.
enum ApolloAnswers {
    struct Service: Decodable { let homepageUrl: String }

    struct Configuration: Decodable {
        let configurations: [String: String]?
        let releaseKey: String
        let configSyncType: String?
    }

    struct Notification: Codable {
        struct Messages: Codable {
            var details: [String: Int64]
        }

        var namespaceName: String
        var notificationId: Int64
        var messages: Messages?
    }

    /// The text of a namespace that is a file.
    static func content(_ body: [UInt8], of name: String) throws(SourceError) -> (text: String, key: String) {
        let answer = try AnswerJSON.decode(Configuration.self, body, of: name)
        guard answer.configSyncType?.lowercased() != "incrementalsync", let all = answer.configurations else {
            throw SourceError("\(name): the answer has only what changed; no key was sent that asks for it")
        }
        guard let text = all["content"] else {
            throw SourceError("\(name): the namespace holds no file; it has to be of the format that its suffix says")
        }
        return (text, answer.releaseKey)
    }

    static func text(_ notifications: [Notification]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(notifications)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    static func text(_ messages: Notification.Messages) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(messages)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
