import Synchronization

/// Browsers that signed in with a token. The cookie holds a random name of the session and nothing of the token, and ends
/// with the daemon's process.
///
/// Each call is checked with the session's token as if the call had brought it, so a token that was replaced or lost a role
/// ends its sessions too.
final class PageSessions: Sendable {
    static let cookieName = "rollguard_session"
    static let lifetimeSeconds: Int64 = 12 * 3_600
    /// The session that ends first makes room for a new one.
    static let limit = 200

    private struct Session {
        let token: String
        let end: ContinuousClock.Instant
    }

    private let sessions = Mutex<[String: Session]>([:])

    /// - Returns: the cookie's value: 256 random bits.
    func begin(token: String) -> String {
        var random = SystemRandomNumberGenerator()
        let id = (0..<4).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        let end = ContinuousClock.now + .seconds(PageSessions.lifetimeSeconds)
        sessions.withLock { all in
            all = all.filter { $0.value.end > .now }
            if all.count >= PageSessions.limit, let first = all.min(by: { $0.value.end < $1.value.end }) {
                all[first.key] = nil
            }
            all[id] = Session(token: token, end: end)
        }
        return id
    }

    /// Nil for a session that is unknown or over.
    func token(of id: String) -> String? {
        sessions.withLock { all in all[id].flatMap { $0.end > .now ? $0.token : nil } }
    }

    func end(_ id: String) { sessions.withLock { $0[id] = nil } }

    /// The session's name in `Cookie` headers; nil without one.
    static func id(inCookies headers: [String]) -> String? {
        for header in headers {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmingPrefix { $0 == " " } }
                if parts.count == 2, parts[0] == cookieName { return String(parts[1]) }
            }
        }
        return nil
    }

    /// `Set-Cookie` of a session that begins; of one that ends without an id.
    ///
    /// - Parameter isSecure: the listener speaks TLS, so the cookie is for TLS only.
    static func cookie(_ id: String?, isSecure: Bool) -> String {
        let value = id.map { "\(cookieName)=\($0); Max-Age=\(lifetimeSeconds)" } ?? "\(cookieName)=; Max-Age=0"
        return "\(value); Path=/; HttpOnly; SameSite=Strict\(isSecure ? "; Secure" : "")"
    }
}
