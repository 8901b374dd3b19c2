package import Model

/// Caddy through its admin API.
package struct CaddyPlan: RouterSettings {
    package static let kind = "caddy"

    /// How the configuration holds a share.
    package enum Method: String, Sendable, Equatable, CaseIterable {
        /// `weighted_round_robin` of Caddy 2.7 and later: a weight per upstream.
        case weights
        /// Any older Caddy with `random` or `round_robin`: an upstream that is listed more often gets more.
        case upstreams
    }

    /// Admin addresses, one per instance: `http://127.0.0.1:2019`.
    package var instances: [String]
    package var unixSocket: String?
    /// The `@id` of the `reverse_proxy` handler.
    package var id: String
    /// The upstreams' `dial` addresses of each version.
    package var baseline: [String]
    package var canary: [String]
    package var method: Method
    package var security: ClientSecurity

    package init(
        instances: [String], unixSocket: String? = nil, id: String, baseline: [String], canary: [String],
        method: Method = .weights, security: ClientSecurity = ClientSecurity()
    ) {
        self.instances = instances
        self.unixSocket = unixSocket
        self.id = id
        self.baseline = baseline
        self.canary = canary
        self.method = method
        self.security = security
    }
}
