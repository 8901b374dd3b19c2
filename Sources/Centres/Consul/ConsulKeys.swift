import Foundation
import Model
import SourceCalls

/// Consul's keys and values: values are base64, and null where they are empty.
///
/// Source: Consul's documentation, "KV Store Endpoints" and "Transaction Endpoints".
enum ConsulKeys {
    struct Entry: Decodable {
        let key: String
        let value: String?
        let modifyIndex: UInt64

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case value = "Value"
            case modifyIndex = "ModifyIndex"
        }
    }

    struct Written: Decodable {
        struct Result: Decodable {
            struct Pair: Decodable {
                let index: UInt64?

                enum CodingKeys: String, CodingKey { case index = "ModifyIndex" }
            }

            let pair: Pair?

            enum CodingKeys: String, CodingKey { case pair = "KV" }
        }

        let results: [Result]?

        enum CodingKeys: String, CodingKey { case results = "Results" }
    }

    /// One operation of a transaction.
    private struct Operation: Encodable {
        struct Pair: Encodable {
            var verb: String
            var key: String
            var value: String?
            var index: UInt64?

            enum CodingKeys: String, CodingKey {
                case verb = "Verb"
                case key = "Key"
                case value = "Value"
                case index = "Index"
            }
        }

        var pair: Pair

        enum CodingKeys: String, CodingKey { case pair = "KV" }
    }

    static func reading(_ body: [UInt8], prefix: String) throws(SourceError) -> CentreReading {
        let entries = try AnswerJSON.decode([Entry].self, body, of: "the keys")
        var files: [CentreFile] = []
        for entry in entries where entry.key.hasPrefix(prefix) && !entry.key.hasSuffix("/") {
            guard let value = Data(base64Encoded: entry.value ?? "") else {
                throw SourceError("the value of \(entry.key) is not base64")
            }
            files.append(CentreFile(path: String(entry.key.dropFirst(prefix.count)), bytes: Array(value)))
        }
        let manifest = entries.first { $0.key == prefix + CentrePaths.manifest }
        return CentreReading(
            revision: String(entries.map(\.modifyIndex).max() ?? 0),
            manifestVersion: manifest.map { String($0.modifyIndex) }, files: files,
            versions: Dictionary(
                entries.lazy.filter { $0.key.hasPrefix(prefix) }.map {
                    (String($0.key.dropFirst(prefix.count)), String($0.modifyIndex))
                }, uniquingKeysWith: { first, _ in first }))
    }

    /// One key, compared with what it was.
    static func replacement(_ file: CentreFile, version: String, prefix: String) throws(SourceError) -> [UInt8] {
        guard let index = UInt64(version) else { throw SourceError("'\(version)' is not an index of Consul") }
        let pair = Operation.Pair(
            verb: "cas", key: prefix + file.path, value: Data(file.bytes).base64EncodedString(), index: index)
        do { return Array(try JSONEncoder().encode([Operation(pair: pair)])) } catch {
            throw SourceError("the change cannot be sent")
        }
    }

    /// The manifest comes first, compared with what it was; its failure stops the rest.
    static func transaction(_ change: CentreChange, prefix: String) throws(SourceError) -> [UInt8] {
        func value(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
        let manifest = Operation.Pair(
            verb: "cas", key: prefix + CentrePaths.manifest, value: value(change.manifest),
            index: change.replacing.flatMap { UInt64($0) } ?? 0)
        let puts = change.files.map {
            Operation.Pair(verb: "set", key: prefix + $0.path, value: value($0.bytes), index: nil)
        }
        let removals = change.removed.map {
            Operation.Pair(verb: "delete", key: prefix + $0, value: nil, index: nil)
        }
        do {
            return Array(try JSONEncoder().encode(([manifest] + puts + removals).map { Operation(pair: $0) }))
        } catch { throw SourceError("the change cannot be sent") }
    }
}
