import Discovery
import Foundation
import Model
import Ports
import SourceCalls

/// Asks a Docker engine for its running containers and its networks. The paths have no version of the API: newer
/// engines refuse old versions, and the engine's own version is the one to use.
struct DockerSource: TargetSource {
    private let plan: DockerSourcePlan
    private let server: SourceServer
    private let clock: any DaemonClock

    init(plan: DockerSourcePlan, setup: SourceSetup) {
        self.plan = plan
        let scheme = "unix://"
        server =
            plan.address.hasPrefix(scheme)
            ? SourceServer(
                "http://docker", unixSocket: String(plan.address.dropFirst(scheme.count)), security: plan.security,
                setup: setup)
            : SourceServer(plan.address, security: plan.security, setup: setup)
        clock = setup.clock
    }

    var name: String { "docker at \(server.name)" }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        await RefreshLoop(refreshMs: plan.refreshMs, clock: clock).run(report) { () throws(SourceError) in
            let networks = try await server.get("/networks")
            let containers = try await server.get("/containers/json", query: [("filters", filters)])
            return [try DockerContainers.group(containers.body, networks: networks.body, plan: plan)]
        }
    }

    /// `{"label":["app=checkout"]}`
    private var filters: String? {
        guard let labels = plan.labels, let json = try? JSONEncoder().encode(["label": labels]) else { return nil }
        return String(decoding: json, as: UTF8.self)
    }
}
