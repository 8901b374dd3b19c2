import ReleaseKernel

/// Reads the router by its kind.
struct RouterReader {
    let folder: ConfigurationFolder

    private static let kinds = [
        "gray", "haproxy", "nginx", "caddy", "envoy", "traefik", "etcd", "consul", "kubernetes", "http",
    ]

    func router(_ field: Field) -> RouterPlan? {
        guard case .mapping = field.value.content else { return field.refuse("a mapping with a 'kind'") }
        guard let kindField = field.value.member("kind") else {
            field.fail("'router' needs 'kind': \(Quote.choices(RouterReader.kinds))")
            return nil
        }
        let kind = Field(label: "'kind'", value: kindField.value, log: field.log).choice(RouterReader.kinds)
        switch kind {
        case "gray": return gray(field).map { .gray($0) }
        case "haproxy": return HAProxyReader(folder: folder).haproxy(field).map { .haproxy($0) }
        case "nginx": return NginxReader(folder: folder).nginx(field).map { .nginx($0) }
        case "caddy": return CaddyReader(folder: folder).caddy(field).map { .caddy($0) }
        case "envoy": return EnvoyReader(folder: folder).envoy(field).map { .envoy($0) }
        case "traefik": return TraefikReader(folder: folder).traefik(field).map { .traefik($0) }
        case "etcd": return EtcdReader(folder: folder).etcd(field).map { .etcd($0) }
        case "consul": return ConsulReader(folder: folder).consul(field).map { .consul($0) }
        case "kubernetes": return KubernetesReader(folder: folder).kubernetes(field).map { .kubernetes($0) }
        case "http": return HTTPRouterReader(folder: folder).router(field).map { .http($0) }
        default: return nil
        }
    }

    private func gray(_ field: Field) -> GrayRouterPlan? {
        let names = ["kind", "instances"] + Fields.securityNames
        guard let fields = field.fields(of: "a gray router", names) else { return nil }
        let security = fields.security(folder)
        return fields.required("instances")?.instances().map { GrayRouterPlan(instances: $0, security: security) }
    }
}

/// Reads `kind: haproxy`.
struct HAProxyReader {
    let folder: ConfigurationFolder

    private static let names = ["kind", "socket", "sockets", "backend", "servers", "sticky", "map"]

    func haproxy(_ field: Field) -> HAProxyPlan? {
        guard let fields = field.fields(of: "a haproxy router", HAProxyReader.names) else { return nil }
        let sockets = sockets(fields)
        let mode = fields.has("map") ? map(fields) : weights(fields)
        guard let sockets, let mode else { return nil }
        return HAProxyPlan(sockets: sockets, mode: mode)
    }

    private func sockets(_ fields: Fields) -> [String]? {
        guard let name = fields.requiredOne(of: ["socket", "sockets"]), let field = fields[name] else { return nil }
        if name == "socket" { return field.line().map { [path($0)] } }
        guard let lines = field.lines(of: "sockets") else { return nil }
        var seen: Set<String> = []
        for line in lines where !seen.insert(path(line)).inserted {
            field.fail("\(Quote.value(line)) stands in 'sockets' twice")
        }
        return lines.map(path)
    }

    /// `host:port` stays as it is; anything else is a path.
    private func path(_ written: String) -> String {
        let isAddress = !written.contains("/") && (try? HostPort(written).port) != nil
        return isAddress ? written : folder.wholePath(written)
    }

    private func weights(_ fields: Fields) -> HAProxyPlan.Mode? {
        let backend = fields.required("backend")?.line(limit: 200)
        let sticky = fields["sticky"]?.bool() ?? false
        let servers = fields.required("servers")?.fields(of: "'servers'", ["baseline", "canary"])
        let baseline = servers?.required("baseline")?.lines(of: "servers")
        let canary = servers?.required("canary")?.lines(of: "servers")
        guard let backend, let servers, let baseline, let canary else { return nil }
        if !isName(backend) { fields["backend"]?.fail("\(Quote.value(backend)) is no backend name; \(nameRule)") }
        var seen: Set<String> = []
        for (name, list) in [("baseline", baseline), ("canary", canary)] {
            for server in list {
                if !isName(server) { servers[name]?.fail("\(Quote.value(server)) is no server name; \(nameRule)") }
                if !seen.insert(server).inserted {
                    servers[name]?.fail(
                        "server \(Quote.value(server)) stands in 'servers' twice; it belongs to one version")
                }
            }
        }
        return .weights(backend: backend, baseline: baseline, canary: canary, sticky: sticky)
    }

    /// The file's name is HAProxy's own: it stands in a command, and is never opened by Rollguard.
    private func map(_ fields: Fields) -> HAProxyPlan.Mode? {
        for name in ["backend", "servers", "sticky"] where fields.has(name) {
            fields[name]?.fail("'\(name)' and 'map' exclude each other: with a map, HAProxy chooses per request")
        }
        guard let map = fields["map"]?.fields(of: "'map'", ["file", "key", "keys"]) else { return nil }
        let file = map.required("file")?.line()
        if map.has("keys") { return mapKeys(map, file) }
        let key = map.required("key")?.line(limit: 200)
        guard let file, let key else { return nil }
        refuseOddWords(map, [("file", file), ("key", key)])
        return .map(file: file, key: key)
    }

    private func mapKeys(_ map: Fields, _ file: String?) -> HAProxyPlan.Mode? {
        guard map.requiredOne(of: ["key", "keys"]) != nil else { return nil }
        guard let file, let keys = map["keys"]?.lines(of: "keys") else { return nil }
        refuseOddWords(map, [("file", file)] + keys.map { ("keys", $0) })
        if keys.count < 2 { map["keys"]?.fail("'keys' has one key; write it as 'key'") }
        if keys.count > 100 { map["keys"]?.fail("'keys' has more than 100 keys") }
        if Set(keys).count < keys.count { map["keys"]?.fail("a key stands in 'keys' twice") }
        return .mapKeys(file: file, keys: keys)
    }

    private func refuseOddWords(_ map: Fields, _ words: [(name: String, word: String)]) {
        for (name, word) in words where !isWord(word) {
            map[name]?.fail(
                "'\(name)' must be one word without quotes, ';', '\\' and '<' that does not begin with '#' or '@'")
        }
    }

    private let nameRule = "use letters, digits, '-', '_', '.' and ':'"

    /// What HAProxy's configuration allows (section 2.2 of its manual, "invalid_char").
    private func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_.:".utf8.contains(byte)
        }
    }

    /// These words are put into lines of HAProxy's command language, which knows no quoting. `#3` and `@3` would name
    /// another map after a change of its configuration.
    private func isWord(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first != "#", first != "@" else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            !scalar.properties.isWhitespace && !";\\<\"'".unicodeScalars.contains(scalar)
        }
    }
}
