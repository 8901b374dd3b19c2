import Discovery
import Model
import Ports
import SourceCalls

/// Watches the instances of one service with blocking queries. Nomad reports no health here: an allocation that is
/// gone stays until it is deregistered.
struct NomadSource: TargetSource {
    /// Parts of one answer.
    private static let partLimit = 100

    private let plan: NomadSourcePlan
    private let server: SourceServer
    private let clock: any DaemonClock

    init(plan: NomadSourcePlan, setup: SourceSetup) {
        self.plan = plan
        var security = plan.security
        if let token = plan.token { security.authorization = .header(name: "X-Nomad-Token", value: token) }
        server = SourceServer(plan.address, security: security, setup: setup)
        clock = setup.clock
    }

    var name: String { "nomad \(plan.service) at \(server.name)" }
    var refreshMs: Int64 { plan.waitMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        await BlockingQuery(waitMs: plan.waitMs, clock: clock).run(report) { index throws(SourceError) in
            try await ask(index)
        }
    }

    /// The answer may come in parts; the first one waits, the others follow it.
    private func ask(_ index: UInt64?) async throws(SourceError) -> BlockingQuery.Answer {
        var targets: [DiscoveredTarget] = []
        var first: HTTPResponse?
        var token: String?
        for _ in 0..<NomadSource.partLimit {
            let isWaiting = first == nil && index != nil
            let response = try await part(isWaiting ? index : nil, after: token)
            first = first ?? response
            targets += try NomadInstances.targets(response.body, service: plan.service)
            token = response.header("X-Nomad-NextToken").flatMap { $0.isEmpty ? nil : $0 }
            guard token != nil, targets.count <= SourceLimits.targets else {
                return BlockingQuery.Answer(
                    groups: [TargetGroup(source: "service \(plan.service)", targets: targets)],
                    index: first?.header("X-Nomad-Index"))
            }
        }
        throw SourceError("the answer has more than \(NomadSource.partLimit) parts")
    }

    private func part(_ index: UInt64?, after token: String?) async throws(SourceError) -> HTTPResponse {
        var query: [(String, String?)] = [
            ("namespace", plan.namespace), ("region", plan.region), ("next_token", token),
        ]
        if let index { query += [("index", String(index)), ("wait", "\(plan.waitMs)ms")] }
        return try await server.get(
            "/v1/service/" + QueryText.encoded(plan.service), query: query,
            timeoutMs: index == nil ? SourceServer.timeoutMs : BlockingQuery.timeoutMs(waitMs: plan.waitMs))
    }
}
