public import Model

/// A key in etcd that something else watches.
public struct EtcdPlan: RouterSettings {
    public static let kind = "etcd"

    public var access: EtcdAccess
    /// Has to exist: a misspelt key would be written for nobody.
    public var key: String
    /// What is written, with the templates of ``HTTPRouterPlan``; a tree is written as JSON.
    public var value: HTTPRouterPlan.Body
    public var canary: HTTPRouterPlan.WeightPointer
    /// Nil when the value tells the canary's percentage alone.
    public var baseline: HTTPRouterPlan.WeightPointer?
    /// The sum of `weight.canary` and `weight.baseline`.
    public var total: Int

    public init(
        access: EtcdAccess, key: String, value: HTTPRouterPlan.Body = .text("${percent.canary}"),
        canary: HTTPRouterPlan.WeightPointer = .init(pointer: ""), baseline: HTTPRouterPlan.WeightPointer? = nil,
        total: Int = 100
    ) {
        self.access = access
        self.key = key
        self.value = value
        self.canary = canary
        self.baseline = baseline
        self.total = total
    }
}

/// How an etcd cluster is reached, by its JSON gateway.
public struct EtcdAccess: Sendable, Equatable {
    /// Members of one cluster, tried in order.
    public var endpoints: [String]
    /// Basic credentials are exchanged for a token (`/v3/auth/authenticate`).
    public var security: ClientSecurity

    public init(endpoints: [String], security: ClientSecurity = ClientSecurity()) {
        self.endpoints = endpoints
        self.security = security
    }
}
