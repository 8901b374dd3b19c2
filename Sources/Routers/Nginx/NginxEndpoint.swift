import Model
import Ports

/// nginx with an endpoint that keeps the share in memory: `GET` and `PUT {"canary_percent": N}` with an ETag, as
/// docs/tutorials/nginx.md has it. No reload, so no worker is exchanged and no connection closed.
enum NginxEndpoint {
    static func driver(
        _ plan: NginxEndpointPlan, release: String, versions: (baseline: String, canary: String),
        transport: any HTTPTransport, secrets: any SecretStore, aim: RouterAim
    ) throws(RouterPlanError) -> any RouterDriver {
        let isPath =
            plan.path.hasPrefix("/") && plan.path.utf8.count <= 200
            && plan.path.utf8.allSatisfy { NginxInclude.isWord(String(UnicodeScalar($0))) || $0 == UInt8(ascii: "/") }
        guard isPath else {
            throw RouterPlanError(
                "path \"\(ShownText.line(plan.path, limit: 80))\" must be a path such as /split/checkout")
        }
        return try HTTPRouterDriver(
            plan: calls(plan), release: release, versions: versions, transport: transport, secrets: secrets,
            level: .loaded, movesStickyClients: true, keeps: .reload, aim: aim)
    }

    private static func calls(_ plan: NginxEndpointPlan) -> HTTPRouterPlan {
        let read = HTTPRouterPlan.Step(
            url: plan.path, expect: [200], capture: [.init(variable: "etag", origin: .header("ETag"))])
        let put = HTTPRouterPlan.Step(
            method: "PUT", url: plan.path, headers: [TextPair("If-Match", "${etag}")],
            body: .object([.init(name: "canary_percent", value: .text("${percent.canary}"))]), expect: [200],
            require: [.init(pointer: "/canary_percent", equals: .text("${percent.canary}"))])
        return HTTPRouterPlan(
            instances: plan.instances, total: 10_000, set: [read, put],
            readBack: .init(steps: [.init(url: plan.path, expect: [200])], canary: .init(pointer: "/canary_percent")),
            security: plan.security)
    }
}
