import HTTPTypes
import Hummingbird
import Model

/// The caller guard as one listener asks it.
struct ListenerCallers: Sendable {
    let callers: CallerGuard
    /// Whether the listener is the unix socket.
    var isOnSocket = false
    /// Whether the listener speaks TLS.
    var isSecure = false
    /// Of browsers that signed in here.
    let sessions = PageSessions()

    /// - Parameters:
    ///   - isChange: whether the call changes something; everybody who passes the check without it may read.
    ///   - role: what the caller of such a call must be allowed.
    func refusal(
        of request: Request, _ context: ConsoleContext, isChange: Bool, needs role: CallerRole = .operate
    ) -> CallerGuard.Refusal? {
        do throws(CallerGuard.Refusal) {
            let caller = try caller(of: request, context, isChange: isChange)
            if isChange { try caller.check(role) }
        } catch { return error }
        return nil
    }

    /// Who calls, and with which roles.
    ///
    /// - Parameter presented: an `Authorization` header instead of the request's own.
    func caller(
        of request: Request, _ context: ConsoleContext, isChange: Bool, presenting presented: String? = nil
    ) throws(CallerGuard.Refusal) -> CallerIdentity {
        let headers = request.headers
        let authorization = presented.map { [$0] } ?? ListenerCallers.authorization(headers, sessions)
        return try callers.check(
            CallerGuard.Call(
                isChange: isChange, isOnSocket: isOnSocket, peer: context.peer, host: request.head.authority,
                origin: headers[.origin], authorization: authorization,
                isForwarded: ListenerCallers.forwardingNames.contains { headers.contains($0) }))
    }

    /// The request's own, else that of its session. A browser adds the cookie to what other sites make it send, but not this
    /// header, so a call without it is one without a session.
    private static func authorization(_ headers: HTTPFields, _ sessions: PageSessions) -> [String] {
        let own = headers[values: .authorization]
        guard own.isEmpty, let pageName, headers.contains(pageName) else { return own }
        guard let id = PageSessions.id(inCookies: headers[values: .cookie]), let token = sessions.token(of: id) else {
            return []
        }
        return ["Bearer \(token)"]
    }

    private static let pageName = HTTPField.Name("X-Rollguard-Page")

    private static let forwardingNames: [HTTPField.Name] =
        [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "True-Client-IP",
            "Via",
        ].compactMap { HTTPField.Name($0) }
}

extension CallerGuard.Refusal {
    func answer(asJSON: Bool) -> Answer {
        switch self {
        case .unauthorized(let text):
            var answer = Answer.error(text, status: .unauthorized, asJSON: asJSON)
            answer.headers.append((.wwwAuthenticate, "Bearer realm=\"rollguard\""))
            return answer
        case .forbidden(let text): return .error(text, status: .forbidden, asJSON: asJSON)
        case .onlyOnSocket(let text, let path):
            guard asJSON else { return .error(text, status: .forbidden, asJSON: false) }
            return .json(ErrorDocument(error: text, socket: path), status: .forbidden)
        case .unavailable(let text): return .error(text, status: .serviceUnavailable, asJSON: asJSON)
        }
    }
}
