import SourceCalls

/// What etcd's JSON gateway answers about leases. 64-bit numbers are texts, and what is empty or 0 is left out.
///
/// Source: `etcdserverpb/rpc.proto`; etcd's manual, "gRPC gateway".
enum EtcdLeaseAnswers {
    struct Granted: Decodable, Sendable {
        let id: String

        enum CodingKeys: String, CodingKey { case id = "ID" }
    }

    /// A lease that has ended is answered with 200 and without a time.
    struct KeptAlive: Decodable, Sendable {
        struct Result: Decodable {
            let ttl: String?

            enum CodingKeys: String, CodingKey { case ttl = "TTL" }
        }

        let result: Result?

        var isAlive: Bool { (result?.ttl.flatMap { Int64($0) } ?? 0) > 0 }
    }

    struct Nothing: Decodable, Sendable {}

    struct Answer: Decodable, Sendable {
        struct Response: Decodable {
            let range: Range?

            enum CodingKeys: String, CodingKey { case range = "response_range" }
        }

        struct Range: Decodable {
            let kvs: [Pair]?
            let more: Bool?
        }

        struct Pair: Decodable {
            let key: String
            let value: String?
            let createRevision: String?
            let modRevision: String?
            let lease: String?

            enum CodingKeys: String, CodingKey {
                case key, value, lease
                case createRevision = "create_revision"
                case modRevision = "mod_revision"
            }
        }

        let header: EtcdKeys.Range.Header
        let succeeded: Bool?
        let responses: [Response]?

        /// Of the operations, in their order; empty where the comparison failed.
        var ranges: [Range] { (responses ?? []).compactMap(\.range) }
    }
}

/// Bodies of requests to the gateway.
enum EtcdLeaseBodies {
    static func grant(ttlMs: Int64) -> [UInt8] { Array("{\"TTL\":\"\((ttlMs + 999) / 1_000)\"}".utf8) }

    static func id(_ lease: String) -> [UInt8] { Array("{\"ID\":\"\(lease)\"}".utf8) }

    /// A put that holds as long as the lease does.
    static func put(_ key: String, _ value: [UInt8], lease: String?) -> String {
        let lease = lease.map { ",\"lease\":\"\($0)\"" } ?? ""
        return "\"request_put\":{\"key\":\"\(base64(key))\",\"value\":\"\(EtcdKeys.base64(value))\"\(lease)}"
    }

    static func delete(_ key: String) -> String { "\"request_delete_range\":{\"key\":\"\(base64(key))\"}" }

    /// All keys under a prefix that were written at or after a revision, in the order of their writes.
    static func range(under prefix: String, from revision: UInt64, limit: Int) -> String {
        let key = Array(prefix.utf8)
        return
            "\"request_range\":{\"key\":\"\(EtcdKeys.base64(key))\",\"range_end\":\"\(EtcdKeys.base64(EtcdKeys.end(of: key)))\""
            + ",\"min_mod_revision\":\"\(revision)\",\"limit\":\"\(limit)\",\"sort_order\":\"ASCEND\",\"sort_target\":\"MOD\"}"
    }

    static func transaction(if compare: String? = nil, _ operations: [String]) -> [UInt8] {
        let compare = compare.map { "\"compare\":[{\($0)}]," } ?? ""
        return Array("{\(compare)\"success\":[\(operations.map { "{\($0)}" }.joined(separator: ","))]}".utf8)
    }

    static func isAbsent(_ key: String) -> String {
        "\"result\":\"EQUAL\",\"key\":\"\(base64(key))\",\"target\":\"VERSION\",\"version\":\"0\""
    }

    static func wasCreated(_ key: String, at revision: UInt64) -> String {
        "\"result\":\"EQUAL\",\"key\":\"\(base64(key))\",\"target\":\"CREATE\",\"create_revision\":\"\(revision)\""
    }

    private static func base64(_ key: String) -> String { EtcdKeys.base64(Array(key.utf8)) }
}
