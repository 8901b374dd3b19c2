import ReleaseKernel

/// Who may change something.
///
/// With a token, whoever holds it. Without one, whoever is on this machine; and because a web page can make the browser on
/// this machine send requests too, such calls must also name this machine in `Host` (a page that had its name pointed here,
/// DNS rebinding, names itself) and must not have come through a proxy (whose own address would pass for the caller's).
/// In both cases a call that a browser made for another site's page is refused.
struct CallerGuard: Sendable {
    /// What is known of a call before its body is read.
    struct Call: Sendable {
        /// The peer's address; nil on a unix socket.
        var peer: String?
        var host: String?
        var origin: String?
        var authorization: [String]
        /// A `Forwarded`, `X-Forwarded-For` or `Via` header is there.
        var isForwarded: Bool
    }

    /// Why a call is not taken. The texts name no secret.
    enum Refusal: Error, Equatable {
        case unauthorized(String)
        case forbidden(String)
        case unavailable(String)
    }

    let listen: ListenPlan
    let secrets: any SecretStore

    func check(_ call: Call) throws(Refusal) {
        try checkOrigin(call)
        if let token = listen.token {
            try check(call, token: token)
        } else {
            try checkIsLocal(call)
        }
    }

    private func checkOrigin(_ call: Call) throws(Refusal) {
        guard let text = call.origin else { return }
        guard let origin = Authority.origin(text), let host = call.host.flatMap({ Authority($0) }),
            origin.host == host.host, origin.port == host.port ?? (origin.scheme == "https" ? 443 : 80)
        else { throw .forbidden("a page of another site may not make this call") }
    }

    private func check(_ call: Call, token: SecretReference) throws(Refusal) {
        let hint = "send the header `Authorization: Bearer <token>` with the token that `listen` names"
        guard call.authorization.count == 1, let presented = CallerGuard.bearer(call.authorization[0]) else {
            throw .unauthorized("this call needs a token; \(hint)")
        }
        let secret: String
        do throws(SecretError) { secret = try secrets.secret(token) } catch {
            throw .unavailable("the token cannot be checked: \(error)")
        }
        guard ConstantTime.equal(presented: presented, secret: secret) else {
            throw .forbidden("the token is wrong; \(hint)")
        }
    }

    private func checkIsLocal(_ call: Call) throws(Refusal) {
        let hint = "set a token in `listen` to make it from elsewhere"
        if let peer = call.peer, !NetworkName.isLoopback(address: peer) {
            throw .forbidden("without a token this call is taken from this machine only; \(hint)")
        }
        if call.isForwarded {
            throw .forbidden("without a token this call is not taken through a proxy; \(hint)")
        }
        guard let host = call.host.flatMap({ Authority($0) }), isOurs(host) else {
            throw .forbidden(
                "the Host header names neither an IP address, nor localhost, nor the host of `listen`; \(hint)")
        }
    }

    private func isOurs(_ authority: Authority) -> Bool {
        authority.isAddress || authority.host == "localhost" || authority.host == listen.host.lowercased()
    }

    /// The token of `Bearer <token>`; the scheme is compared without case (RFC 9110, 11.1).
    private static func bearer(_ header: String) -> String? {
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
