public import Model
public import Ports

/// Makes the driver that a release's plan names.
public enum RouterFactory {
    /// Checks the whole plan before anything is called: a rollback is no time to find a misspelt template.
    ///
    /// - Parameters:
    ///   - release: its name, for templates and errors.
    ///   - versions: of the two pools, for templates.
    ///   - transport: resolves the plan's `security`; HAProxy's runtime socket does not use it.
    ///   - secrets: read only to mask them in what a router answers.
    /// - Throws: ``RouterPlanError`` for a plan that cannot work.
    public static func make(
        plan: RouterPlan, release: String, versions: (baseline: String, canary: String),
        transport: any HTTPTransport, secrets: any SecretStore
    ) throws(RouterPlanError) -> any RouterDriver {
        do {
            switch plan {
            case .gray(let gray):
                return try GrayDriver(plan: gray, transport: transport, secrets: secrets)
            case .haproxy(let haproxy):
                let sockets = try HAProxyPlanCheck.sockets(haproxy.sockets)
                switch haproxy.mode {
                case .weights(let backend, let baseline, let canary, let sticky):
                    let pools = try HAProxyPools(backend: backend, baseline: baseline, canary: canary, isSticky: sticky)
                    return HAProxyWeightsDriver(sockets: sockets, pools: pools)
                case .map(let file, let key):
                    return HAProxyMapDriver(sockets: sockets, entry: try HAProxyMapEntry(file: file, key: key))
                case .mapKeys(let file, let keys):
                    return HAProxyMapKeysDriver(
                        sockets: sockets, file: file, entries: try HAProxyMapEntry.all(file: file, keys: keys))
                }
            case .nginx(.include(let include)):
                return try NginxIncludeDriver(plan: include, release: release, transport: transport)
            case .nginx(.endpoint(let endpoint)):
                return try NginxEndpoint.driver(
                    endpoint, release: release, versions: versions, transport: transport, secrets: secrets)
            case .caddy(let caddy):
                return try CaddyDriver(plan: caddy, transport: transport, secrets: secrets)
            case .envoy(let envoy): return try envoyDriver(envoy, transport, secrets)
            case .traefik(let traefik):
                return try TraefikDriver(plan: traefik, transport: transport, secrets: secrets)
            case .etcd(let etcd):
                return try EtcdDriver(
                    plan: etcd, release: release, versions: versions, transport: transport, secrets: secrets)
            case .consul(let consul):
                return try ConsulDriver(plan: consul, transport: transport, secrets: secrets)
            case .kubernetes(let kubernetes):
                return try KubernetesDriver(plan: kubernetes, transport: transport, secrets: secrets)
            case .http(let http):
                return try HTTPRouterDriver(
                    plan: http, release: release, versions: versions, transport: transport, secrets: secrets)
            }
        } catch {
            throw RouterPlanError("release \"\(ShownText.line(release))\", router \(plan.kind): \(error.message)")
        }
    }

    private static func envoyDriver(
        _ plan: EnvoyPlan, _ transport: any HTTPTransport, _ secrets: any SecretStore
    ) throws(RouterPlanError) -> any RouterDriver {
        try plan.clusters.check("cluster")
        try WeightPair.check(total: plan.total)
        switch plan.mode {
        case .runtime(let prefix, let admin):
            let ports = try EnvoyAdminPort.all(admin, transport: transport, secrets: secrets)
            return try EnvoyRuntimeDriver(ports: ports, prefix: prefix, plan: plan)
        case .file(let path, let admin):
            let ports = try EnvoyAdminPort.all(admin, transport: transport, secrets: secrets)
            return try EnvoyFileDriver(ports: ports, path: path, plan: plan)
        case .xds(let pull, let nodes): return try EnvoyPullDriver(pull: pull, nodes: nodes, plan: plan)
        }
    }
}

/// A router plan that cannot work: a bad pointer, an unknown template variable, a name that could not be sent.
public struct RouterPlanError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, where, and what to write instead; holds no secret.
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
