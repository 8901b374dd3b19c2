package import Model

/// A key in etcd that something else watches.
package struct EtcdPlan: RouterSettings {
    package static let kind = "etcd"

    package var access: EtcdAccess
    /// Has to exist: a misspelt key would be written without any reader.
    package var key: String
    /// What is written, with the templates of ``HTTPRouterPlan``; a tree is written as JSON.
    package var value: HTTPRouterPlan.Body
    package var canary: HTTPRouterPlan.WeightPointer
    /// Nil when the value is the canary's percentage alone.
    package var baseline: HTTPRouterPlan.WeightPointer?
    /// The sum of `weight.canary` and `weight.baseline`.
    package var total: Int

    package init(
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
package struct EtcdAccess: Sendable, Equatable {
    /// Members of one cluster, tried in order.
    package var endpoints: [String]
    /// Basic credentials are exchanged for a token (`/v3/auth/authenticate`).
    package var security: ClientSecurity

    package init(endpoints: [String], security: ClientSecurity = ClientSecurity()) {
        self.endpoints = endpoints
        self.security = security
    }
}
