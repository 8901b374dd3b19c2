/// The `reverse_proxy` handlers of a Caddy's configuration, wherever they are nested.
///
/// Source: Caddy's JSON configuration, `http.handlers.reverse_proxy`.
enum CaddyProxies {
    /// Handlers below that are not searched: a configuration of people is not that deep.
    private static let depthLimit = 40

    static func groups(_ document: JSONValue) -> [RouterSurvey.Group] {
        var found: [RouterSurvey.Group] = []
        search(document, depth: 0, &found)
        return found
    }

    private static func search(_ value: JSONValue, depth: Int, _ found: inout [RouterSurvey.Group]) {
        guard depth < depthLimit else { return }
        switch value {
        case .object(let members):
            if value["handler"]?.text == "reverse_proxy" { found.append(group(value)) }
            for member in members { search(member.value, depth: depth + 1, &found) }
        case .list(let items):
            for item in items { search(item, depth: depth + 1, &found) }
        default: break
        }
    }

    private static func group(_ handler: JSONValue) -> RouterSurvey.Group {
        let dials = (handler["upstreams"]?.items ?? []).compactMap { $0["dial"]?.text }
        var servers: [RouterSurvey.Server] = []
        for dial in dials where !servers.contains(where: { $0.name == dial }) {
            servers.append(RouterSurvey.Server(name: dial, addresses: [dial]))
        }
        return RouterSurvey.Group(name: handler["@id"]?.text, servers: servers, method: method(handler))
    }

    /// By the selection policy, which is `random` where none is named.
    private static func method(_ handler: JSONValue) -> CaddyPlan.Method? {
        switch handler[path: "load_balancing", "selection_policy", "policy"]?.text ?? "random" {
        case "weighted_round_robin": .weights
        case "random", "round_robin": .upstreams
        default: nil
        }
    }
}
