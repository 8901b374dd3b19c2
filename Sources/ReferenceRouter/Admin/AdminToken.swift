import Crypto

/// The bearer token that `/api/` asks for, read from its file on each request, so that it can be rotated.
struct AdminToken: Sendable {
    private static let limitBytes = 4_096
    let path: String

    /// Nil when the request is allowed.
    func refusal(of authorization: [String]) -> AdminResponse? {
        guard let expected = try? read() else {
            return .error(
                .serviceUnavailable, "the router's token_file cannot be used; every call is refused until it can")
        }
        guard authorization.count == 1, let given = Self.bearer(authorization[0]) else {
            return .error(
                .unauthorized, "a bearer token is needed: Authorization: Bearer <token>",
                headers: ["WWW-Authenticate": "Bearer realm=\"gray-router\""])
        }
        // Digests are compared in constant time; comparing the texts would reveal how much of a guess is right.
        guard SHA256.hash(data: given) == SHA256.hash(data: expected) else {
            return .error(.forbidden, "the bearer token is wrong")
        }
        return nil
    }

    /// The file's content without white space around it.
    func read() throws(GrayRouterError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try readSmallFile(path: path, limitBytes: Self.limitBytes)
        } catch {
            throw .tokenUnusable(path: path, reason: error.reason)
        }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let token = Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
        guard !token.isEmpty else { throw .tokenUnusable(path: path, reason: "it is empty") }
        return token
    }

    private static func bearer(_ value: String) -> [UInt8]? {
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return Array(parts[1].utf8)
    }
}
