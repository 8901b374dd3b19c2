import Model
import Ports
import Routers

/// The aim of the drivers that tests make; benches are run again with `turned`.
enum TestedAim {
    @TaskLocal static var current = RouterAim.direct
}

/// A driver for the release `checkout`, v1.4.2 to v1.5.0.
func makeDriver(
    _ plan: RouterPlan, transport: any HTTPTransport = FakeTransport(answers: [.failure(.closed)]),
    secrets: any SecretStore = FakeSecrets()
) throws(RouterPlanError) -> any RouterDriver {
    try RouterFactory.make(
        plan: plan, release: "checkout", versions: (baseline: "v1.4.2", canary: "v1.5.0"), transport: transport,
        secrets: secrets, aim: TestedAim.current)
}

/// What the factory says about a plan that cannot work; nil when it takes it.
func complaint(about plan: RouterPlan) -> String? {
    do {
        _ = try makeDriver(plan)
        return nil
    } catch {
        return error.description
    }
}

/// Plans by their kind.
extension RouterPlan {
    static func gray(_ plan: GrayRouterPlan) -> RouterPlan { RouterPlan(plan) }
    static func haproxy(_ plan: HAProxyPlan) -> RouterPlan { RouterPlan(plan) }
    static func nginx(_ plan: NginxPlan) -> RouterPlan { RouterPlan(plan) }
    static func caddy(_ plan: CaddyPlan) -> RouterPlan { RouterPlan(plan) }
    static func envoy(_ plan: EnvoyPlan) -> RouterPlan { RouterPlan(plan) }
    static func traefik(_ plan: TraefikPlan) -> RouterPlan { RouterPlan(plan) }
    static func etcd(_ plan: EtcdPlan) -> RouterPlan { RouterPlan(plan) }
    static func consul(_ plan: ConsulPlan) -> RouterPlan { RouterPlan(plan) }
    static func kubernetes(_ plan: KubernetesPlan) -> RouterPlan { RouterPlan(plan) }
    static func http(_ plan: HTTPRouterPlan) -> RouterPlan { RouterPlan(plan) }
}
