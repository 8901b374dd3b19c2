/// The weighted routes of an Envoy with the hosts of their clusters.
///
/// Source: Envoy's manual, "Administration interface", `/clusters?format=json`.
enum EnvoyHosts {
    /// `host:port` of each host, by cluster.
    static func byCluster(_ document: JSONValue) -> [String: [String]] {
        var hosts: [String: [String]] = [:]
        for status in document["cluster_statuses"]?.items ?? [] {
            guard let name = status["name"]?.text else { continue }
            hosts[name] = (status["host_statuses"]?.items ?? []).compactMap { host in
                guard let address = host[path: "address", "socket_address"], let text = address["address"]?.text,
                    let port = address["port_value"]?.plainText
                else { return nil }
                return "\(text.contains(":") ? "[\(text)]" : text):\(port)"
            }
        }
        return hosts
    }

    static func groups(_ routes: [EnvoyRoutes.Route], hosts: [String: [String]]) -> [RouterSurvey.Group] {
        var groups: [RouterSurvey.Group] = []
        for route in routes {
            let servers = route.clusters.map { RouterSurvey.Server(name: $0.name, addresses: hosts[$0.name] ?? []) }
            let group = RouterSurvey.Group(
                name: route.table.isEmpty ? nil : route.table, servers: servers, runtimePrefix: route.prefix)
            // A table often has the same split in several routes.
            if !groups.contains(group) { groups.append(group) }
        }
        return groups
    }
}
