import Model
import Ports

/// One Envoy's admin port: what it holds, and the runtime.
///
/// Source: Envoy's manual, "Administration interface".
struct EnvoyAdminPort: Sendable {
    let address: InstanceAddress
    let api: RouterAPI

    /// `/config_dump` and `/clusters` of a large mesh are large.
    private static let bodyLimitBytes = 16 << 20

    static func all(
        _ admin: EnvoyAdmin, transport: any HTTPTransport, secrets: any SecretStore
    ) throws(RouterPlanError) -> [EnvoyAdminPort] {
        let addresses = try InstanceAddress.all(admin.instances)
        var api = RouterAPI(
            transport: transport, secrets: secrets, security: admin.security, literals: addresses.compactMap(\.password)
        )
        if let socket = admin.unixSocket {
            guard addresses.count == 1 else {
                throw RouterPlanError("unix_socket is for one instance; name the others by their address")
            }
            let isPath = socket.hasPrefix("/") && socket.utf8.count <= 107 && HeaderRules.isValue(socket)
            guard isPath else {
                let shown = ShownText.line(socket, limit: 120)
                throw RouterPlanError("unix_socket \"\(shown)\" must be an absolute path of at most 107 bytes")
            }
            api.unixSocket = socket
        }
        let ready = api
        return addresses.map { EnvoyAdminPort(address: $0, api: ready) }
    }

    /// The route tables that came from the bootstrap, and those that came by RDS.
    func routes(deadline: Deadline) async throws(Refusal) -> EnvoyRoutes {
        let fixed = try await get("/config_dump?resource=static_route_configs", deadline)
        let fetched = try await get("/config_dump?resource=dynamic_route_configs", deadline)
        return EnvoyRoutes(dump: fixed) + EnvoyRoutes(dump: fetched)
    }

    /// `final_value` by key.
    func runtime(deadline: Deadline) async throws(Refusal) -> [String: String] {
        guard case .object(let entries)? = try await get("/runtime", deadline)["entries"] else {
            throw Refusal(.rejected, "/runtime has no entries")
        }
        var values: [String: String] = [:]
        for entry in entries { values[entry.name] = entry.value["final_value"]?.text }
        return values
    }

    /// Whether any host of the cluster takes traffic; nil when Envoy does not say.
    func isHealthy(_ cluster: String, deadline: Deadline) async -> Bool? {
        guard let document = try? await get("/clusters?format=json", deadline) else { return nil }
        let status = document["cluster_statuses"]?.items.first { $0["name"]?.text == cluster }
        guard let status else { return nil }
        return status["host_statuses"]?.items.contains(where: EnvoyAdminPort.isHealthy) ?? false
    }

    /// Source: `admin.v3.HostHealthStatus`; a flag that is not set is left out.
    private static func isHealthy(_ host: JSONValue) -> Bool {
        guard let health = host["health_status"] else { return true }
        let flags = [
            "failed_active_health_check", "failed_outlier_check", "pending_active_hc", "pending_dynamic_removal",
        ]
        guard !flags.contains(where: { health[$0]?.isTrue == true }) else { return false }
        let status = health["eds_health_status"]?.text ?? "UNKNOWN"
        return ["UNKNOWN", "HEALTHY", "DEGRADED"].contains(status)
    }

    /// - Parameter query: keys and values of the runtime's admin layer.
    func modifyRuntime(_ query: String, deadline: Deadline) async throws(Refusal) {
        let call = RouterAPI.Call(method: "POST", url: address.url + "/runtime_modify?" + query, isChange: true)
        let response = try await api.send(call, deadline: deadline)
        let said = api.mask.clean(response.body)
        guard response.status == 200 else {
            let advice =
                said.contains("No admin layer")
                ? "; add {name: admin, admin_layer: {}} as the last of layered_runtime.layers" : ""
            let refusal = Refusal.status(response.status, body: said, hasCredential: api.security.authorization != nil)
            throw Refusal(advice.isEmpty ? refusal.outcome : .rejected, refusal.detail + advice)
        }
        guard said == "OK" else { throw Refusal(.rejected, "/runtime_modify answered not OK but: \(said)") }
    }

    private func get(_ path: String, _ deadline: Deadline) async throws(Refusal) -> JSONValue {
        let call = RouterAPI.Call(url: address.url + path, bodyLimitBytes: EnvoyAdminPort.bodyLimitBytes)
        return try await api.document(call, deadline: deadline)
    }
}
