import Model
import Ports
import Routers

/// A driver for the release `checkout`, v1.4.2 to v1.5.0.
func makeDriver(
    _ plan: RouterPlan, transport: any HTTPTransport = FakeTransport(answers: [.failure(.closed)]),
    secrets: any SecretStore = FakeSecrets()
) throws(RouterPlanError) -> any RouterDriver {
    try RouterFactory.make(
        plan: plan, release: "checkout", versions: (baseline: "v1.4.2", canary: "v1.5.0"), transport: transport,
        secrets: secrets)
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
