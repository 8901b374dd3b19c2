/// The weighted services of a Traefik with the servers of the services inside them.
///
/// Source: Traefik's API, `/api/http/services`; the name of a service ends with `@` and its provider.
enum TraefikServices {
    static func groups(_ document: JSONValue) -> [RouterSurvey.Group] {
        var addresses: [String: [String]] = [:]
        for service in document.items {
            guard let name = service["name"]?.text else { continue }
            addresses[name] = (service[path: "loadBalancer", "servers"]?.items ?? []).compactMap { $0["url"]?.text }
        }
        return document.items.compactMap { service in
            guard let whole = service["name"]?.text, let inside = service[path: "weighted", "services"]?.items else {
                return nil
            }
            let parts = whole.split(separator: "@", maxSplits: 1).map(String.init)
            let servers = inside.compactMap { $0["name"]?.text }.map { name in
                let full = name.contains("@") || parts.count < 2 ? name : "\(name)@\(parts[1])"
                return RouterSurvey.Server(name: name, addresses: addresses[full] ?? [])
            }
            return RouterSurvey.Group(name: parts[0], servers: servers)
        }
    }
}
