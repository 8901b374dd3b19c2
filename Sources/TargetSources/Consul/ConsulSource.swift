import Discovery
import Model
import Ports
import SourceCalls

/// Watches the instances of one service with blocking queries.
///
/// A service that is not registered is an empty list, and so is one that the token may not see. Newer servers report
/// the latter in a header, which makes it a failure.
struct ConsulSource: TargetSource {
    private let plan: ConsulSourcePlan
    private let server: SourceServer
    private let clock: any DaemonClock

    init(plan: ConsulSourcePlan, setup: SourceSetup) {
        self.plan = plan
        var security = plan.security
        if let token = plan.token { security.authorization = .header(name: "X-Consul-Token", value: token) }
        server = SourceServer(plan.address, security: security, setup: setup)
        clock = setup.clock
    }

    var name: String { "consul \(plan.service) at \(server.name)" }
    var refreshMs: Int64 { plan.waitMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        await BlockingQuery(waitMs: plan.waitMs, clock: clock).run(report) { index throws(SourceError) in
            try await ask(index)
        }
    }

    private func ask(_ index: UInt64?) async throws(SourceError) -> BlockingQuery.Answer {
        var query: [(String, String?)] = [
            ("dc", plan.datacenter), ("ns", plan.namespace), ("partition", plan.partition), ("filter", plan.filter),
            ("passing", plan.isPassingOnly ? "1" : nil),
        ]
        for tag in plan.tags ?? [] { query.append(("tag", tag)) }
        if let index { query += [("index", String(index)), ("wait", "\(plan.waitMs)ms")] }
        let response = try await server.get(
            "/v1/health/service/" + QueryText.encoded(plan.service), query: query,
            timeoutMs: index == nil ? SourceServer.timeoutMs : BlockingQuery.timeoutMs(waitMs: plan.waitMs))
        guard response.header("X-Consul-Results-Filtered-By-ACLs")?.lowercased() != "true" else {
            throw SourceError(
                "the token may not see all instances of \(plan.service); it needs service:read and node:read")
        }
        return BlockingQuery.Answer(
            groups: [try ConsulInstances.group(response.body, service: plan.service)],
            index: response.header("X-Consul-Index"))
    }
}
