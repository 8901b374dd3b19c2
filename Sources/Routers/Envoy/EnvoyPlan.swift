package import Model

/// Envoy: two clusters of a `weighted_clusters` route.
package struct EnvoyPlan: RouterSettings {
    package static let kind = "envoy"

    package enum Mode: Sendable, Equatable {
        /// Runtime keys `PREFIX.CLUSTER`, by the admin port; `PREFIX` is the route's `runtime_key_prefix`.
        case runtime(prefix: String, admin: EnvoyAdmin)
        /// The weights in a route file that Envoy watches (`path_config_source`), read back by the admin port.
        case file(path: String, admin: EnvoyAdmin)
        /// Envoy polls the routes (REST xDS). Its next poll's `version_info` is the acknowledgement, so that no admin
        /// port is needed; `nodes` are the `node.id` of the Envoys that have to acknowledge.
        case xds(PullPlan, nodes: [String])
    }

    package var mode: Mode
    package var clusters: PoolPair
    /// The sum of the two weights. With a hash policy a changed sum would move users that should stay.
    package var total: Int

    package init(mode: Mode, clusters: PoolPair, total: Int = 100) {
        self.mode = mode
        self.clusters = clusters
        self.total = total
    }
}

/// Envoy's admin ports.
package struct EnvoyAdmin: Sendable, Equatable {
    /// One per instance: `http://127.0.0.1:9901`.
    package var instances: [String]
    /// Connect there instead; for one Envoy on the same machine.
    package var unixSocket: String?
    package var security: ClientSecurity

    package init(instances: [String], unixSocket: String? = nil, security: ClientSecurity = ClientSecurity()) {
        self.instances = instances
        self.unixSocket = unixSocket
        self.security = security
    }
}
