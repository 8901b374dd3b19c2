import Discovery
import Model
import Ports
import SourceCalls

/// Asks a Eureka server for its applications, as JSON.
struct EurekaSource: TargetSource {
    private let plan: EurekaSourcePlan
    private let server: SourceServer
    private let clock: any DaemonClock

    init(plan: EurekaSourcePlan, setup: SourceSetup) {
        self.plan = plan
        server = SourceServer(plan.address, security: plan.security, setup: setup)
        clock = setup.clock
    }

    var name: String { "eureka " + (plan.application.map { "\($0) at " } ?? "at ") + server.name }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        await RefreshLoop(refreshMs: plan.refreshMs, clock: clock).run(report) { () throws(SourceError) in
            // All applications, also where one is asked for: an unknown application answers 404, and so does a wrong
            // path.
            let response = try await server.get("/apps", headers: [TextPair("Accept", "application/json")])
            return try EurekaApplications.groups(response.body, plan: plan)
        }
    }
}
