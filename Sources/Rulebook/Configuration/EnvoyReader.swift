import ReleaseKernel

/// Reads `kind: envoy`.
struct EnvoyReader {
    let folder: ConfigurationFolder

    private static let modes = ["runtime", "file", "xds"]
    private static let names = ["kind", "instances", "clusters", "total"] + modes + Fields.securityNames

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
        return fields.required("instances")?.instances().map { EnvoyAdmin(instances: $0, security: security) }
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
        for name in ["instances"] + Fields.securityNames where fields.has(name) {
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

/// What several routers share.
extension Fields {
    /// `{baseline: old, canary: new}`: what the pools are called there.
    func poolPair(_ name: String) -> PoolPair? {
        guard let names = required(name)?.fields(of: "'\(name)'", ["baseline", "canary"]) else { return nil }
        let baseline = names.required("baseline")?.routerName()
        let canary = names.required("canary")?.routerName()
        guard let baseline, let canary else { return nil }
        guard baseline != canary else {
            names["canary"]?.fail("\(Quote.value(canary)) is the baseline already; it cannot be both")
            return nil
        }
        return PoolPair(baseline: baseline, canary: canary)
    }

    /// `listen` and `file` of a router that fetches.
    func pull(_ folder: ConfigurationFolder) -> PullPlan? {
        let listen = required("listen").flatMap { field -> HostPort? in
            guard let text = field.line() else { return nil }
            do throws(AddressError) {
                let address = try HostPort(text)
                guard let port = address.port, port > 0 else {
                    throw AddressError(reason: "the router has to know the port, so it must be 1 to 65535")
                }
                return address
            } catch {
                field.fail(
                    "'listen' must be an address such as 127.0.0.1:9413, got \(Quote.value(text)); \(error.reason)")
                return nil
            }
        }
        let file = required("file")?.weightedFile(folder)
        guard let listen, let port = listen.port, let file else { return nil }
        return PullPlan(host: listen.host, port: port, file: file)
    }

    func failAtName(_ name: String, _ text: String) { self[name]?.log.error(namePlace(name), text) }
}

extension Field {
    /// A cluster, a service, a backend.
    func routerName() -> String? {
        guard let name = line(limit: 253) else { return nil }
        guard !name.contains(" ") else {
            fail("\(label) has a blank in it; a name has none")
            return nil
        }
        return name
    }

    /// A file whose weights are changed in place.
    func weightedFile(_ folder: ConfigurationFolder) -> String? {
        guard let path = line() else { return nil }
        guard !path.hasSuffix(".toml") else {
            fail("\(Quote.value(path)) is TOML; weights are changed in YAML or JSON files")
            return nil
        }
        return folder.path(path)
    }
}
