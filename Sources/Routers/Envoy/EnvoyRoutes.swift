import Model

/// The weighted routes of an Envoy, out of `/config_dump` or a route file.
///
/// Source: Envoy's API, `config.route.v3.WeightedCluster`; the runtime key of a cluster's weight is
/// `runtime_key_prefix + "." + name`.
struct EnvoyRoutes: Sendable, Equatable {
    struct Route: Sendable, Equatable {
        /// The route configuration it is in.
        let table: String
        let prefix: String?
        let clusters: [Cluster]

        func has(_ pools: PoolPair) -> Bool {
            clusters.contains { $0.name == pools.baseline } && clusters.contains { $0.name == pools.canary }
        }
    }

    struct Cluster: Sendable, Equatable {
        let name: String
        let weight: Double
    }

    let routes: [Route]

    /// - Parameter tables: `RouteConfiguration`s.
    init(tables: [JSONValue]) {
        routes = tables.flatMap { table in
            let name = table["name"]?.text ?? ""
            return table["virtual_hosts"]?.items.flatMap { $0["routes"]?.items ?? [] }.compactMap { route in
                route[path: "route", "weighted_clusters"].map { EnvoyRoutes.route($0, table: name) }
            } ?? []
        }
    }

    /// - Parameter dump: `/config_dump?resource=static_route_configs` or `dynamic_route_configs`.
    init(dump: JSONValue) {
        self.init(tables: dump["configs"]?.items.compactMap { $0["route_config"] } ?? [])
    }

    private static func route(_ weighted: JSONValue, table: String) -> Route {
        let clusters = weighted["clusters"]?.items ?? []
        let prefix = weighted["runtime_key_prefix"]?.text
        return Route(
            table: table, prefix: prefix.flatMap { $0.isEmpty ? nil : $0 },
            clusters: clusters.map { cluster in
                // Protobuf leaves a weight of 0 out only where it was never written.
                Cluster(name: cluster["name"]?.text ?? "", weight: cluster["weight"]?.numeric?.value ?? 0)
            })
    }

    static func + (left: EnvoyRoutes, right: EnvoyRoutes) -> EnvoyRoutes { EnvoyRoutes(left.routes + right.routes) }

    private init(_ routes: [Route]) { self.routes = routes }
}

extension EnvoyRoutes.Route {
    /// The canary's share; what is in neither pool counts on the baseline's side.
    ///
    /// - Parameter runtime: what `/runtime` has for a key. Envoy uses it when it is a whole number, else the configured
    ///   weight.
    func share(_ pools: PoolPair, runtime: (String) -> String?) -> Int? {
        var canary = 0.0
        var sum = 0.0
        for cluster in clusters {
            let set = prefix.flatMap { runtime("\($0).\(cluster.name)") }.flatMap { UInt32($0) }.map { Double($0) }
            let weight = set ?? cluster.weight
            sum += weight
            if cluster.name == pools.canary { canary = weight }
        }
        return Share.basisPoints(canary: canary, baseline: sum - canary)
    }
}
