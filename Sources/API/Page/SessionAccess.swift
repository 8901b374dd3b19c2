import HTTPTypes
import Hummingbird
import Model

/// What the session's routes may ask of the listener about one request.
struct SessionAccess: Sendable {
    let callers: ListenerCallers
    let request: Request
    let context: ConsoleContext

    /// Who calls: a reader where nothing says more.
    func whoCalls() -> CallerIdentity {
        (try? callers.caller(of: request, context, isChange: true)) ?? .reader
    }

    /// Begins a session for whoever holds the token.
    ///
    /// - Returns: the `Set-Cookie` header.
    func signIn(token: String) throws(CallerGuard.Refusal) -> String {
        _ = try callers.caller(of: request, context, isChange: true, presenting: "Bearer \(token)")
        let id = callers.sessions.begin(token: token)
        return PageSessions.cookie(id, isSecure: callers.isSecure)
    }

    func signOut() -> String {
        if let id = PageSessions.id(inCookies: request.headers[values: .cookie]) { callers.sessions.end(id) }
        return PageSessions.cookie(nil, isSecure: callers.isSecure)
    }
}
