import Model

/// Who makes a call, as far as the listener knows, and what they may do.
struct CallerIdentity: Sendable, Equatable {
    /// The name of the token that the call brought; nil where the configuration gives callers no names: on the unix socket,
    /// with the only token, from loopback addresses, and for callers without a token, who may only read.
    var name: String?
    var may: Set<CallerRole>

    /// The unix socket, the only token, and loopback addresses where they may change something.
    static let unnamed = CallerIdentity(may: Set(CallerRole.allCases))
    static let reader = CallerIdentity(may: [])

    init(name: String? = nil, may: Set<CallerRole>) {
        self.name = name
        self.may = may
    }

    init(_ token: TokenPlan) { self.init(name: token.name, may: Set(token.may)) }

    /// Throws for a caller without the role.
    func check(_ role: CallerRole) throws(CallerGuard.Refusal) {
        guard !may.contains(role) else { return }
        let roles = CallerRole.allCases.filter(may.contains).map { "`\($0.rawValue)`" }.joined(separator: " and ")
        throw .forbidden(
            "this call needs the role `\(role.rawValue)`, and the token \(name ?? "")"
                + (roles.isEmpty ? " has no role" : " has \(roles)")
                + "; use another token, or add the role to `tokens` in `listen`")
    }
}
