import Declarations
import Model
import Ports

/// Envoy: by its runtime, a route file, or as its xDS server.
enum EnvoyKind: DrivenRouterKind {
    typealias Plan = EnvoyPlan

    struct Settings {
        var instances: [String]?
        var unixSocket: String?
        var clusters = PoolPair(baseline: "", canary: "")
        var total = 100
        var runtimePrefix: String?
        var file: String?
        var xds: XDS?
        var security = ClientSecurity()
    }

    struct XDS {
        var pull = PullPlan(host: "", port: 0, file: "")
        var nodes: [String] = []
    }

    private static let modes = ["runtime", "file", "xds"]

    static func section(_ context: RouterContext) -> Section<Settings> {
        let folder = context.folder
        return Section(
            owner: "an envoy router", blank: Settings(),
            settings: [
                .needed(
                    "instances", \.instances, .instances, when: { $0.has("runtime") || $0.has("file") },
                    shownDefault: "required without `xds`", "admin ports, one per instance"),
                .optional("unix_socket", \.unixSocket, .path(folder, limit: 100), "connect through it instead"),
                .required("clusters", \.clusters, PoolPair.form, "the clusters of the weighted route"),
                .value(
                    "total", \.total, .integer(1...1_000_000),
                    "the sum of the two weights; with a hash policy keep it as it is"),
                .optional(
                    "runtime", \.runtimePrefix, runtime,
                    "sets the runtime keys `PREFIX.CLUSTER`; `prefix` is the route's `runtime_key_prefix`"),
                .optional("file", \.file, .weightedFile(folder), "the route file that Envoy watches"),
                xds(folder),
            ] + Setting.security(\.security, folder).map { $0.written { $0.xds == nil } }, exactlyOne: [modes],
            finish: { settings, fields in
                if settings.unixSocket != nil, (settings.instances ?? []).count > 1 {
                    fields.failAtName(
                        "unix_socket", "'unix_socket' is for one instance; name the others by their address")
                }
                return true
            })
    }

    private static var runtime: ValueForm<String> {
        struct Runtime { var prefix = "" }
        let prefix = ValueForm.line(limit: 500).checked { prefix, field in
            guard !prefix.hasSuffix("."), prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                field.fail(
                    "'prefix' is the route's runtime_key_prefix, such as split.checkout: without blanks, and without a "
                        + "dot at its end")
                return nil
            }
            return prefix
        }
        return Section(
            owner: "'runtime'", blank: Runtime(),
            settings: [.required("prefix", \.prefix, prefix, "without the dot at its end")]
        ).form().mapped({ runtime, _ in runtime.prefix }, back: { Runtime(prefix: $0) })
    }

    private static func xds(_ folder: ConfigurationFolder) -> Setting<Settings> {
        let nodes = ValueForm.lines(of: "nodes").checked { nodes, field in
            var seen: Set<String> = []
            for node in nodes where !seen.insert(node).inserted {
                field.fail("node \(Quote.value(node)) is listed in 'nodes' twice")
            }
            return nodes
        }
        let section = Section(
            owner: "'xds'", blank: XDS(),
            settings: PullPlan.settings(\XDS.pull, folder) + [
                .required("nodes", \.nodes, nodes, "the `node.id` of the Envoys that have to acknowledge")
            ])
        return Setting.optional("xds", \Settings.xds, section.form(), "Envoy fetches its routes from Rollguard")
            .reading { fields, settings in
                guard fields.has("xds") else { return true }
                for name in ["instances", "unix_socket", "tls", "auth"] where fields.has(name) {
                    fields.failAtName(
                        name, "'\(name)' and 'xds' exclude each other: with xds, Envoy calls Rollguard")
                }
                settings.xds = fields["xds"].flatMap { section.read($0) }
                return settings.xds != nil
            }
    }

    // MARK: The plan

    static func plan(_ settings: Settings) -> EnvoyPlan? {
        let admin = settings.instances.map {
            EnvoyAdmin(instances: $0, unixSocket: settings.unixSocket, security: settings.security)
        }
        let mode: EnvoyPlan.Mode
        if let xds = settings.xds {
            mode = .xds(xds.pull, nodes: xds.nodes)
        } else if let prefix = settings.runtimePrefix, let admin {
            mode = .runtime(prefix: prefix, admin: admin)
        } else if let path = settings.file, let admin {
            mode = .file(path: path, admin: admin)
        } else {
            return nil
        }
        return EnvoyPlan(mode: mode, clusters: settings.clusters, total: settings.total)
    }

    static func settings(_ plan: EnvoyPlan) -> Settings {
        var settings = Settings(clusters: plan.clusters, total: plan.total)
        func take(_ admin: EnvoyAdmin) {
            (settings.instances, settings.unixSocket) = (admin.instances, admin.unixSocket)
            settings.security = admin.security
        }
        switch plan.mode {
        case .runtime(let prefix, let admin):
            take(admin)
            settings.runtimePrefix = prefix
        case .file(let path, let admin):
            take(admin)
            settings.file = path
        case .xds(let pull, let nodes): settings.xds = XDS(pull: pull, nodes: nodes)
        }
        return settings
    }

    static func driver(_ plan: EnvoyPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        try plan.clusters.check("cluster")
        var plan = plan
        plan.clusters = plan.clusters.aimed(setup.aim)
        try WeightPair.check(total: plan.total)
        switch plan.mode {
        case .runtime(let prefix, let admin):
            let ports = try EnvoyAdminPort.all(admin, transport: setup.transport, secrets: setup.secrets)
            return try EnvoyRuntimeDriver(ports: ports, prefix: prefix, plan: plan)
        case .file(let path, let admin):
            let ports = try EnvoyAdminPort.all(admin, transport: setup.transport, secrets: setup.secrets)
            return try EnvoyFileDriver(ports: ports, path: path, plan: plan)
        case .xds(let pull, let nodes): return try EnvoyPullDriver(pull: pull, nodes: nodes, plan: plan)
        }
    }
}

extension ValueForm where Value == String {
    /// A file whose weights are changed in place.
    static func weightedFile(_ folder: ConfigurationFolder) -> ValueForm {
        ValueForm(summary: "path", schema: .scalar, read: { $0.weightedFile(folder) }, write: { .text($0) })
    }
}
