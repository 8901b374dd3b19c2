public import Model
import Support

/// Rollguard's own reference router, through its admin API.
public struct GrayRouterPlan: RouterSettings {
    public static let kind = "gray"

    /// Admin addresses, one per instance: `http://127.0.0.1:9412`.
    public var instances: [String]
    public var security: ClientSecurity

    public init(instances: [String], security: ClientSecurity = ClientSecurity()) {
        self.instances = instances
        self.security = security
    }

    public func isSameRouter(as other: GrayRouterPlan) -> Bool { identities == other.identities }

    private var identities: Set<PageIdentity> { Set(instances.map { PageIdentity(url: $0) }) }
}
