import Model
import Ports
import Support

/// Which callers may read, and which may change something.
///
/// Every call over TCP must mean this daemon (``ListenerGuard``), unless it brings the token. For what changes something:
/// with a token, whoever holds it; with several, each holder what the token's roles allow (``CallerIdentity``). Without one, whoever the system lets open the unix socket in the state folder. A
/// loopback address is no proof of being on this machine, because a proxy's own address passes for its callers'; only the
/// setting `changes: loopback` takes it for one, and then not through anything that says it is a proxy.
struct CallerGuard: Sendable {
    /// What is known of a call before its body is read.
    struct Call: Sendable {
        var isChange = true
        /// It came over the unix socket, not over TCP.
        var isOnSocket = false
        /// The peer's address; nil where the system does not know it.
        var peer: String?
        var host: String?
        var origin: String?
        var authorization: [String]
        /// A header that proxies add is there.
        var isForwarded: Bool
    }

    /// Why a call is not taken. The texts name no secret.
    enum Refusal: Error, Equatable {
        case unauthorized(String)
        case forbidden(String)
        /// The call is taken on the unix socket at `path`; nil when there is none.
        case onlyOnSocket(text: String, path: String?)
        case unavailable(String)
    }

    let listen: ListenPlan
    let secrets: any SecretStore
    /// The unix socket's absolute path; nil when there is none.
    let socketPath: String?
    private let listener: ListenerGuard

    /// - Parameter machineName: the machine's own host name, which callers may use too.
    init(listen: ListenPlan, secrets: any SecretStore, socketPath: String? = nil, machineName: String = "") {
        self.listen = listen
        self.secrets = secrets
        self.socketPath = socketPath
        listener = ListenerGuard(names: [listen.host, machineName] + listen.names)
    }

    /// Who calls. What that caller may change is the route's to ask of ``CallerIdentity/may``.
    @discardableResult
    func check(_ call: Call) throws(Refusal) -> CallerIdentity {
        try checkOrigin(call)
        guard !call.isOnSocket else { return .unnamed }
        if call.isChange {
            if listen.asksForToken { return try bearer(of: call) }
            try checkHost(call)
            try checkIsLocal(call)
            return .unnamed
        }
        if let caller = presentBearer(of: call) { return caller }
        try checkHost(call)
        return .reader
    }

    private func checkOrigin(_ call: Call) throws(Refusal) {
        do { try listener.checkOrigin(call.origin, host: call.host) } catch {
            throw .forbidden("a web page of another site may not make this call")
        }
    }

    private func checkHost(_ call: Call) throws(Refusal) {
        do throws(ListenerGuard.Refusal) { try listener.checkHost(call.host) } catch {
            let given = if case .foreignHost(let name?) = error { "\"\(name.prefix(100))\"" } else { "no host name" }
            throw .forbidden(
                "the Host header is \(given), which is not a name of this daemon; use an address, or add the name to "
                    + "`names` in `listen`")
        }
    }

    /// Nil for a call without a token that is taken.
    private func presentBearer(of call: Call) -> CallerIdentity? {
        guard listen.asksForToken, !call.authorization.isEmpty else { return nil }
        do throws(Refusal) { return try bearer(of: call) } catch { return nil }
    }

    private func bearer(of call: Call) throws(Refusal) -> CallerIdentity {
        let hint =
            "send the header `Authorization: Bearer <token>` with \(listen.token == nil ? "a" : "the") token that `listen` names"
        guard call.authorization.count == 1, let presented = CallerGuard.bearer(call.authorization[0]) else {
            throw .unauthorized("this call needs a token; \(hint)")
        }
        if let token = listen.token {
            guard try isSame(presented, token) else { throw .forbidden("\(ErrorDocument.wrongToken); \(hint)") }
            return .unnamed
        }
        return try holder(of: presented, hint: hint)
    }

    /// All tokens are compared, so that the time does not say which one is nearest.
    private func holder(of presented: String, hint: String) throws(Refusal) -> CallerIdentity {
        var found: CallerIdentity?
        var unreadable: Refusal?
        for token in listen.tokens {
            do throws(Refusal) {
                if try isSame(presented, token.secret), found == nil { found = CallerIdentity(token) }
            } catch { unreadable = error }
        }
        if let found { return found }
        throw unreadable ?? .forbidden("\(ErrorDocument.wrongToken); \(hint)")
    }

    private func isSame(_ presented: String, _ token: SecretReference) throws(Refusal) -> Bool {
        let secret: String
        do throws(SecretError) { secret = try secrets.secret(token) } catch {
            throw .unavailable("the token cannot be checked: \(error)")
        }
        return ConstantTime.equal(presented: presented, secret: secret)
    }

    private func checkIsLocal(_ call: Call) throws(Refusal) {
        guard listen.allowsLoopbackChanges else {
            let place = socketPath.map { " on the unix socket \($0)" } ?? " on a unix socket, and this daemon has none,"
            throw .onlyOnSocket(
                text: "without a token a call that changes something is taken\(place) only, which `rollguard rollback` "
                    + "and `rearm` find by themselves; or set a token in `listen`, or `changes: loopback` there (or start "
                    + "the daemon with --allow-loopback-changes) to take such calls from loopback addresses",
                path: socketPath)
        }
        let hint = "set a token in `listen` to make it from elsewhere"
        guard let peer = call.peer, NetworkName.isLoopback(address: peer) else {
            throw .forbidden("without a token this call is taken from this machine only; \(hint)")
        }
        if call.isForwarded {
            throw .forbidden("without a token this call is not taken through a proxy; \(hint)")
        }
        guard call.host != nil else { throw .forbidden("without a token this call needs a Host header; \(hint)") }
    }

    /// The token of `Bearer <token>`; the scheme is compared without case (RFC 9110, 11.1).
    private static func bearer(_ header: String) -> String? {
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
