import Model

/// HAProxy through its runtime socket.
package struct HAProxyPlan: RouterSettings {
    package static let kind = "haproxy"

    /// Where the split is kept.
    package enum Mode: Sendable, Equatable {
        /// Server weights in a backend. A share of 0 also puts the canary's servers into maintenance when `sticky` says
        /// that clients hold cookies, because a weight of 0 does not move those.
        case weights(backend: String, baseline: [String], canary: [String], sticky: Bool)
        /// A percentage (0...100) in a map file's entry, read per request.
        case map(file: String, key: String)
        /// Several percentages of one map, all the same and set in one step. The map belongs to this release alone.
        case mapKeys(file: String, keys: [String])
    }

    /// Runtime sockets, one per instance: `/run/haproxy/admin.sock` or `127.0.0.1:9999`.
    package var sockets: [String]
    package var mode: Mode
    /// With `map`: the entry of the same map that says where test users go. 0: nowhere, they are drawn like all others;
    /// 1: to the canary side; 2: to the baseline side.
    package var forcedKey: String?

    package init(sockets: [String], mode: Mode, forcedKey: String? = nil) {
        self.sockets = sockets
        self.mode = mode
        self.forcedKey = forcedKey
    }
}
