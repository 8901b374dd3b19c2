import Foundation

/// etcd's JSON gateway: keys and values are base64, 64-bit numbers are texts, and what is empty or 0 is left out.
///
/// Source: `etcdserverpb/rpc.proto`; etcd's manual, "gRPC gateway".
enum EtcdKeys {
    struct Entry: Equatable {
        let key: [UInt8]
        let value: [UInt8]

        var shownKey: String { String(decoding: key, as: UTF8.self) }
    }

    struct Range: Decodable {
        struct Header: Decodable {
            let revision: String
        }

        struct KeyValue: Decodable {
            let key: String
            let value: String?
        }

        let header: Header
        let kvs: [KeyValue]?
        let more: Bool?

        /// - Throws: ``SourceError`` for what is not base64.
        func entries() throws(SourceError) -> [Entry] {
            try (kvs ?? []).map { pair throws(SourceError) in
                guard let key = Data(base64Encoded: pair.key), let value = Data(base64Encoded: pair.value ?? "") else {
                    throw SourceError("an entry is not base64")
                }
                return Entry(key: Array(key), value: Array(value))
            }
        }
    }

    /// A line of a watch.
    struct Watched: Decodable {
        struct Result: Decodable {
            let canceled: Bool?
            let events: [Event]?
        }

        /// Only that there is one counts.
        struct Event: Decodable {}

        let result: Result?
    }

    struct Token: Decodable { let token: String }

    static func rangeBody(from key: [UInt8], to end: [UInt8], limit: Int, revision: String?) -> [UInt8] {
        var fields = "{\"key\":\"\(base64(key))\",\"range_end\":\"\(base64(end))\",\"limit\":\"\(limit)\""
        if let revision { fields += ",\"revision\":\"\(revision)\"" }
        return Array((fields + "}").utf8)
    }

    static func watchBody(from key: [UInt8], to end: [UInt8], after revision: String) -> [UInt8]? {
        guard let revision = Int64(revision), revision < .max else { return nil }
        return Array(
            ("{\"create_request\":{\"key\":\"\(base64(key))\",\"range_end\":\"\(base64(end))\","
                + "\"start_revision\":\"\(revision + 1)\"}}").utf8)
    }

    static func loginBody(user: String, password: String) throws(SourceError) -> [UInt8] {
        do { return Array(try JSONEncoder().encode(["name": user, "password": password])) } catch {
            throw SourceError("the password cannot be sent")
        }
    }

    /// The first key behind all that begin with the prefix. UTF-8 has no byte 255, so that one can always be added.
    static func end(of prefix: [UInt8]) -> [UInt8] {
        guard let last = prefix.last else { return [0] }
        return prefix.dropLast() + [last + 1]
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
