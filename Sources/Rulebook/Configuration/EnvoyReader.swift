import ReleaseKernel

/// Reads `kind: envoy`.
struct EnvoyReader {
    let folder: ConfigurationFolder

    private static let modes = ["runtime", "file", "xds"]
    private static let names = ["kind", "instances", "unix_socket", "clusters", "total"] + modes + Fields.securityNames

    func envoy(_ field: Field) -> EnvoyPlan? {
        guard let fields = field.fields(of: "an envoy router", EnvoyReader.names) else { return nil }
        let clusters = fields.poolPair("clusters")
        let total = fields["total"]?.integer(1...1_000_000) ?? 100
        let mode = fields.requiredOne(of: EnvoyReader.modes)
        let plan: EnvoyPlan.Mode?
        switch mode {
        case "runtime": plan = runtime(fields)
        case "file": plan = file(fields)
        case "xds": plan = xds(fields)
        default: plan = nil
        }
        guard let clusters, let plan else { return nil }
        return EnvoyPlan(mode: plan, clusters: clusters, total: total)
    }

    private func admin(_ fields: Fields) -> EnvoyAdmin? {
        let security = fields.security(folder)
        let socket = fields["unix_socket"]?.line(limit: 100).map(folder.path)
        guard let instances = fields.required("instances")?.instances() else { return nil }
        if socket != nil, instances.count > 1 {
            fields.failAtName("unix_socket", "'unix_socket' is for one instance; name the others by their address")
        }
        return EnvoyAdmin(instances: instances, unixSocket: socket, security: security)
    }

    private func runtime(_ fields: Fields) -> EnvoyPlan.Mode? {
        let admin = admin(fields)
        guard let runtime = fields["runtime"]?.fields(of: "'runtime'", ["prefix"]) else { return nil }
        guard let field = runtime.required("prefix"), let prefix = field.line(limit: 500), let admin else { return nil }
        guard !prefix.hasSuffix("."), prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            field.fail(
                "'prefix' is the route's runtime_key_prefix, such as split.checkout: without blanks, and without a dot at "
                    + "its end")
            return nil
        }
        return .runtime(prefix: prefix, admin: admin)
    }

    private func file(_ fields: Fields) -> EnvoyPlan.Mode? {
        let admin = admin(fields)
        guard let path = fields["file"]?.weightedFile(folder), let admin else { return nil }
        return .file(path: path, admin: admin)
    }

    private func xds(_ fields: Fields) -> EnvoyPlan.Mode? {
        for name in ["instances", "unix_socket"] + Fields.securityNames where fields.has(name) {
            fields.failAtName(name, "'\(name)' and 'xds' exclude each other: with xds, Envoy calls Rollguard")
        }
        guard let xds = fields["xds"]?.fields(of: "'xds'", ["listen", "file", "nodes"]) else { return nil }
        let pull = xds.pull(folder)
        let nodes = xds.required("nodes")?.lines(of: "nodes")
        var seen: Set<String> = []
        for node in nodes ?? [] where !seen.insert(node).inserted {
            xds["nodes"]?.fail("node \(Quote.value(node)) stands in 'nodes' twice")
        }
        guard let pull, let nodes else { return nil }
        return .xds(pull, nodes: nodes)
    }
}
