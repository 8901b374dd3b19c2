import Model

/// Who the page's user is and what they may do: the answer of `GET /api/v1/session`.
package struct SessionDocument: Codable, Sendable, Equatable {
    /// Which calls that change something this listener takes: `token` (with one), `loopback` (from this machine) or
    /// `socket` (on the unix socket only).
    package var changes: String
    /// The call has what it needs to change something.
    package var signedIn: Bool
    /// Of the token; nil where the configuration gives callers no names.
    @ExplicitNull package var name: String?
    /// `release`, `approve`, `operate`.
    package var may: [String]

    init(_ listen: ListenPlan, caller: CallerIdentity) {
        changes = listen.asksForToken ? "token" : listen.allowsLoopbackChanges ? "loopback" : "socket"
        may = CallerRole.allCases.filter(caller.may.contains).map(\.rawValue)
        signedIn = !caller.may.isEmpty
        name = caller.name
    }

    enum CodingKeys: String, CodingKey {
        case changes, name, may
        case signedIn = "signed_in"
    }
}
