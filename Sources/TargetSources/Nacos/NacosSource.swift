import Discovery
import Model
import Ports
import SourceCalls

/// Asks a Nacos server for the instances of a service, by version 1 of its API, which versions 1 and 2 of the server
/// have, and version 3 with an option.
struct NacosSource: TargetSource {
    private let plan: NacosSourcePlan
    private let server: SourceServer
    private let clock: any DaemonClock

    init(plan: NacosSourcePlan, setup: SourceSetup) {
        self.plan = plan
        server = SourceServer(plan.address, security: plan.security, setup: setup)
        clock = setup.clock
    }

    var name: String { "nacos \(plan.group)/\(plan.service) at \(server.name)" }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        await RefreshLoop(refreshMs: plan.refreshMs, clock: clock).run(report) { () throws(SourceError) in
            let response = try await server.get(
                "/v1/ns/instance/list",
                query: [
                    ("serviceName", "\(plan.group)@@\(plan.service)"), ("namespaceId", plan.namespace),
                    ("healthyOnly", plan.isHealthyOnly ? "true" : "false"),
                ])
            return [try NacosInstances.group(response.body, plan: plan)]
        }
    }
}
