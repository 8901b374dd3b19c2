public import Model

/// Caddy through its admin API.
public struct CaddyPlan: RouterSettings {
    public static let kind = "caddy"

    /// How the configuration holds a share.
    public enum Method: String, Sendable, Equatable, CaseIterable {
        /// `weighted_round_robin` of Caddy 2.7 and later: a weight per upstream.
        case weights
        /// Any older Caddy with `random` or `round_robin`: an upstream that stands in the list more often gets more.
        case upstreams
    }

    /// Admin addresses, one per instance: `http://127.0.0.1:2019`.
    public var instances: [String]
    public var unixSocket: String?
    /// The `@id` of the `reverse_proxy` handler.
    public var id: String
    /// The upstreams' `dial` addresses of each version.
    public var baseline: [String]
    public var canary: [String]
    public var method: Method
    public var security: ClientSecurity

    public init(
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
