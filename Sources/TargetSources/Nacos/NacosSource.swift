import Discovery
import Model
import Ports

/// Asks a Nacos server for the instances of a service, by version 1 of its API, which versions 1 and 2 of the server
/// have, and version 3 with an option.
struct NacosSource: TargetSource {
    private let plan: NacosSourcePlan
    private let server: SourceServer
    private let clock: any DaemonClock
    /// Nil for a server that takes requests without a login.
    private let login: NacosLogin?

    init(plan: NacosSourcePlan, setup: SourceSetup) {
        self.plan = plan
        var security = plan.security
        if case .basic(let user, let password) = security.authorization {
            // Nacos does not know HTTP's own scheme: the credentials are exchanged for a token.
            security.authorization = nil
            server = SourceServer(plan.address, security: security, setup: setup)
            login = NacosLogin(server, user: user, password: password, setup: setup)
        } else {
            server = SourceServer(plan.address, security: security, setup: setup)
            login = nil
        }
        clock = setup.clock
    }

    var name: String { "nacos \(plan.group)/\(plan.service) at \(server.name)" }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        await RefreshLoop(refreshMs: plan.refreshMs, clock: clock).run(report) { () throws(SourceError) in
            [try NacosInstances.group(try await instances().body, plan: plan)]
        }
    }

    /// A token that the server refuses is asked for again, once.
    private func instances() async throws(SourceError) -> HTTPResponse {
        do throws(SourceError) { return try await instances(token: try await login?.current()) } catch {
            guard let login, error.status == 403 || error.status == 401 else { throw error }
            await login.forget()
            return try await instances(token: try await login.current())
        }
    }

    private func instances(token: String?) async throws(SourceError) -> HTTPResponse {
        do throws(SourceError) {
            return try await server.get(
                "/v1/ns/instance/list",
                query: [
                    ("serviceName", "\(plan.group)@@\(plan.service)"), ("namespaceId", plan.namespace),
                    ("healthyOnly", plan.isHealthyOnly ? "true" : "false"), ("accessToken", token),
                ])
        } catch {
            // An answer may repeat the query, and the token with it.
            guard let token, error.reason.contains(token) else { throw error }
            throw SourceError("/v1/ns/instance/list: it was refused", status: error.status)
        }
    }
}
