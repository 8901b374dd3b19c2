package import Declarations
package import Model
package import Ports

/// A kind of router with its driver. A new kind is a folder with such a type, its plan and its driver, and a line in
/// ``RouterKinds``.
package protocol DrivenRouterKind: RouterKind {
    /// Checks the whole plan before anything is called: a rollback is no time to find a misspelt template.
    static func driver(_ plan: Plan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver
}

/// What drivers are made of, beside their plan.
package struct DriverSetup {
    /// The release's name, for templates and errors.
    package let release: String
    /// Of the two pools, for templates.
    package let versions: (baseline: String, canary: String)
    /// Resolves the plan's `security`; HAProxy's runtime socket does not use it.
    package let transport: any HTTPTransport
    /// Read only to mask them in what a router answers.
    package let secrets: any SecretStore
    /// Which side of the settings carries the canary.
    package let aim: RouterAim
    /// Who gets the canary while its share grows, where the configuration says it.
    package let growth: RouterCapabilities.Growth?
}

/// All kinds of routers, in the order of the documentation.
package enum RouterKinds {
    static let driven: [any DrivenRouterKind.Type] = [
        GrayKind.self, HAProxyKind.self, NginxKind.self, CaddyKind.self, EnvoyKind.self, TraefikKind.self,
        EtcdKind.self, ConsulKind.self, KubernetesKind.self, HTTPKind.self,
    ]

    /// For reading and describing configurations.
    package static var all: [any RouterKind.Type] { driven }
}

extension RouterContext {
    func templates(setsSplit: Bool) -> RouterTemplates {
        let nothing = YAMLValue(content: .mapping([]), place: .whole(SourceFile(path: "")))
        return RouterTemplates(router: router ?? nothing, setsSplit: setsSplit)
    }
}

extension DrivenRouterKind {
    /// Nil for a plan of another kind.
    static func make(_ plan: RouterPlan, _ setup: DriverSetup) throws(RouterPlanError) -> (any RouterDriver)? {
        guard let plan = plan.settings as? Plan else { return nil }
        return try driver(plan, setup)
    }

    /// The driver says it, and is not used any further: nothing is called, and no secret is read.
    package static func capabilities(of router: RouterPlan) -> RouterCapabilities? {
        let setup = DriverSetup(
            release: "", versions: (baseline: "", canary: ""), transport: UnusedTransport(), secrets: UnusedSecrets(),
            aim: .direct, growth: router.growth)
        guard var capabilities = try? make(router, setup)?.capabilities else { return nil }
        capabilities.growth = router.growth ?? capabilities.growth
        return capabilities
    }
}

/// Of a driver that only says what it can do.
private struct UnusedTransport: HTTPTransport {
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        throw .unusable("the configuration is only checked")
    }
}

private struct UnusedSecrets: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        throw .empty(place: "a configuration that is only checked")
    }
}
