package import Model
import Support

/// Rollguard's own reference router, through its admin API.
package struct GrayRouterPlan: RouterSettings {
    package static let kind = "gray"

    /// Admin addresses, one per instance: `http://127.0.0.1:9412`.
    package var instances: [String]
    package var security: ClientSecurity

    package init(instances: [String], security: ClientSecurity = ClientSecurity()) {
        self.instances = instances
        self.security = security
    }

    package func isSameRouter(as other: GrayRouterPlan) -> Bool { identities == other.identities }

    private var identities: Set<EndpointIdentity> { Set(instances.map { EndpointIdentity(url: $0) }) }
}
