import Foundation

/// etcd's JSON gateway: keys and values are base64, 64-bit numbers are texts, and what is empty or 0 is left out.
///
/// Source: `etcdserverpb/rpc.proto`; etcd's manual, "gRPC gateway".
package enum EtcdKeys {
    package struct Entry: Equatable {
        package let key: [UInt8]
        package let value: [UInt8]

        package init(key: [UInt8], value: [UInt8]) {
            self.key = key
            self.value = value
        }

        package var shownKey: String { String(decoding: key, as: UTF8.self) }
    }

    package struct Range: Decodable, Sendable {
        package struct Header: Decodable {
            package let revision: String
            /// Another one after a cluster was made again.
            package let clusterID: String?

            enum CodingKeys: String, CodingKey {
                case revision
                case clusterID = "cluster_id"
            }
        }

        package struct KeyValue: Decodable {
            package let key: String
            package let value: String?
            /// Of the key's last change.
            package let modRevision: String?

            enum CodingKeys: String, CodingKey {
                case key, value
                case modRevision = "mod_revision"
            }
        }

        package let header: Header
        package let kvs: [KeyValue]?
        package let more: Bool?

        /// - Throws: ``SourceError`` for what is not base64.
        package func entries() throws(SourceError) -> [Entry] {
            try (kvs ?? []).map { pair throws(SourceError) in
                guard let key = Data(base64Encoded: pair.key), let value = Data(base64Encoded: pair.value ?? "") else {
                    throw SourceError("an entry is not base64")
                }
                return Entry(key: Array(key), value: Array(value))
            }
        }
    }

    /// A line of a watch.
    package struct Watched: Decodable {
        package struct Result: Decodable {
            package let canceled: Bool?
            package let events: [Event]?
            /// What the watch begins with is compacted: changes may have been missed.
            let compactRevision: String?

            enum CodingKeys: String, CodingKey {
                case canceled, events
                case compactRevision = "compact_revision"
            }

            /// Something has changed, or may have.
            package var isNews: Bool { events?.isEmpty == false || (compactRevision ?? "0") != "0" }
        }

        /// Only that there is one counts.
        package struct Event: Decodable {}

        package let result: Result?
    }

    /// The answer to a transaction.
    package struct Written: Decodable, Sendable {
        package let header: Range.Header
        package let succeeded: Bool?
    }

    package struct Token: Decodable { let token: String }

    package static func rangeBody(from key: [UInt8], to end: [UInt8], limit: Int, revision: String?) -> [UInt8] {
        var fields = "{\"key\":\"\(base64(key))\",\"range_end\":\"\(base64(end))\",\"limit\":\"\(limit)\""
        if let revision { fields += ",\"revision\":\"\(revision)\"" }
        return Array((fields + "}").utf8)
    }

    package static func watchBody(from key: [UInt8], to end: [UInt8], after revision: String) -> [UInt8]? {
        guard let revision = Int64(revision), revision < .max else { return nil }
        return Array(
            ("{\"create_request\":{\"key\":\"\(base64(key))\",\"range_end\":\"\(base64(end))\","
                + "\"start_revision\":\"\(revision + 1)\"}}").utf8)
    }

    /// Puts and removes keys if one key is as it was read.
    ///
    /// - Parameter revision: of the key's last change; nil wants that there is no such key.
    package static func transactionBody(
        puts: [Entry], removed: [[UInt8]], comparing key: [UInt8], with revision: String?
    ) -> [UInt8] {
        let target =
            revision.map { "\"target\":\"MOD\",\"mod_revision\":\"\($0)\"" }
            ?? "\"target\":\"VERSION\",\"version\":\"0\""
        let changes =
            puts.map { "{\"request_put\":{\"key\":\"\(base64($0.key))\",\"value\":\"\(base64($0.value))\"}}" }
            + removed.map { "{\"request_delete_range\":{\"key\":\"\(base64($0))\"}}" }
        let compare = "{\"result\":\"EQUAL\",\"key\":\"\(base64(key))\",\(target)}"
        return Array("{\"compare\":[\(compare)],\"success\":[\(changes.joined(separator: ","))]}".utf8)
    }

    package static func loginBody(user: String, password: String) throws(SourceError) -> [UInt8] {
        do { return Array(try JSONEncoder().encode(["name": user, "password": password])) } catch {
            throw SourceError("the password cannot be sent")
        }
    }

    /// The first key behind all that begin with the prefix. UTF-8 has no byte 255, so that one can always be added.
    package static func end(of prefix: [UInt8]) -> [UInt8] {
        guard let last = prefix.last else { return [0] }
        return prefix.dropLast() + [last + 1]
    }

    package static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
