import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// The admin port of Envoy 1.40: routes, runtime, hosts.
    static let envoyRuntime = BenchKind(
        // The admin port has no credentials, and the runtime no revisions.
        name: "envoy runtime, scripted", cannotCheck: [.wrongCredentialsAreRejected, .noSecretComesOut]
    ) { work in
        let fake = FakeRouter(addresses: ["http://127.0.0.1:7001", "http://127.0.0.1:7002"], model: EnvoyModel.model)
        func driver(_ prefix: String, _ clusters: PoolPair) throws -> any RouterDriver {
            let admin = EnvoyAdmin(instances: fake.addresses)
            return try makeDriver(
                .envoy(EnvoyPlan(mode: .runtime(prefix: prefix, admin: admin), clusters: clusters)), transport: fake)
        }
        var bench = RouterBench(
            driver: try driver("split.app", PoolPair(baseline: "old", canary: "new")), fake: fake)
        bench.misnamed = [
            try driver("split.aap", PoolPair(baseline: "old", canary: "new")),
            try driver("split.app", PoolPair(baseline: "old", canary: "nwe")),
            try driver("split.app", PoolPair(baseline: "odl", canary: "new")),
        ]
        try await work(bench)
    }
}

/// What Envoy does with keys: it takes all of them, and its routes read two.
private struct EnvoyModel: Sendable {
    var runtime: [String: String] = [:]
    var isBaselineHealthy = true

    static var model: FakeRouter<EnvoyModel>.Model {
        var model = FakeRouter<EnvoyModel>.Model(
            shipped: EnvoyModel(), weights: { ($0.weight("old", 90), $0.weight("new", 10)) },
            setShare: { $0.set($1) }, answer: { $2.answer($1) })
        model.setBaselineHealth = { $0.isBaselineHealthy = $1 }
        return model
    }

    private func weight(_ cluster: String, _ configured: Int) -> Int {
        runtime["split.app.\(cluster)"].flatMap { Int($0) } ?? configured
    }

    private mutating func set(_ share: Int) {
        runtime["split.app.old"] = String(10_000 - share)
        runtime["split.app.new"] = String(share)
    }

    private mutating func answer(_ path: String) -> HTTPResponse {
        let parts = path.split(separator: "?", maxSplits: 1)
        switch parts.first {
        case "/config_dump":
            guard path.hasSuffix("=static_route_configs") else { return .text(200, "{}") }
            return .text(
                200,
                #"{"configs":[{"route_config":{"name":"rc","virtual_hosts":[{"routes":[{"route":{"weighted_clusters":{"#
                    + #""runtime_key_prefix":"split.app","clusters":[{"name":"old","weight":90},{"name":"new","weight":10}]"#
                    + "}}}]}]}}]}")
        case "/runtime":
            let entries = runtime.sorted { $0.key < $1.key }.map { "\"\($0)\":{\"final_value\":\"\($1)\"}" }
            return .text(200, "{\"entries\":{\(entries.joined(separator: ","))},\"layers\":[\"admin\"]}")
        case "/clusters":
            let status = isBaselineHealthy ? "HEALTHY" : "UNHEALTHY"
            return .text(
                200,
                #"{"cluster_statuses":[{"name":"old","host_statuses":[{"health_status":{"eds_health_status":"\#(status)"}}]}]}"#
            )
        case "/runtime_modify":
            for pair in (parts.last ?? "").split(separator: "&") {
                let sides = pair.split(separator: "=").map(String.init)
                runtime[sides[0]] = sides.count > 1 ? sides[1] : ""
            }
            return .text(200, "OK\n")
        default: return .text(404, "invalid path")
        }
    }
}
