package import Model
import Support

/// Rollguard's own reference router, through its admin API.
package struct GrayRouterPlan: RouterSettings {
    package static let kind = "gray"

    /// Admin addresses, one per instance: `http://127.0.0.1:9412`.
    package var instances: [String]
    /// The router's own configuration has a route for test users, which Rollguard opens and closes.
    package var forced: Bool
    package var security: ClientSecurity

    package init(instances: [String], forced: Bool = false, security: ClientSecurity = ClientSecurity()) {
        self.instances = instances
        self.forced = forced
        self.security = security
    }

    package func isSameRouter(as other: GrayRouterPlan) -> Bool { identities == other.identities }

    private var identities: Set<EndpointIdentity> { Set(instances.map { EndpointIdentity(url: $0) }) }
}
