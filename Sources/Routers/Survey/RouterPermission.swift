package import Model

/// What a router says of the right to change it, where asking changes nothing and its read-back does not show it.
package enum RouterPermission {
    /// Whether a change would be taken, by instance; instances that do not say are left out.
    package static func allowed(_ plan: RouterPlan, timeoutMs: Int64) async -> [String: Bool] {
        // Maps may be changed on a socket of any level.
        guard let haproxy = plan.settings as? HAProxyPlan, case .weights = haproxy.mode else { return [:] }
        var allowed: [String: Bool] = [:]
        for socket in haproxy.sockets {
            guard let address = try? RuntimeAddress(socket) else { continue }
            let console = RuntimeConsole(name: socket, address: address)
            guard let said = try? await console.run(["show cli level"], deadline: Deadline(afterMs: timeoutMs)).first
            else { continue }
            allowed[socket] = isAdmin(said)
        }
        return allowed
    }

    /// Source: HAProxy management guide, `show cli level`; nil for a version that does not know the command.
    static func isAdmin(_ answer: String) -> Bool? {
        switch answer {
        case "admin": true
        case "operator", "user": false
        default: nil
        }
    }
}
