import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// Two real Envoys. Their admin ports have no credentials, and nothing makes a healthy program misbehave on purpose.
    static let realEnvoy = BenchKind(
        name: "envoy runtime, real", isInstalled: RealProgram.path("envoy") != nil,
        cannotCheck: [
            .wrongCredentialsAreRejected, .aHangingInstanceEndsWithItsTime, .aLostAnswerIsUnknown, .refusalsAreReported,
            .rubbishIsNoShare, .aLieIsFoundOut, .aStaleReadIsReportedAsItIs, .aConflictIsWonOrReported,
            .neverNothingForBoth, .aDeadBaselineIsReported, .noSecretComesOut,
        ]
    ) { work in
        try await OneAtATime.shared.run {
            try await TemporaryFolder.with { folder in
                let both = [try RealEnvoy(folder, "one"), try RealEnvoy(folder, "two")]
                defer { both.forEach { $0.program.stop() } }
                for envoy in both { try await envoy.program.start() }
                try await work(try bench(both))
            }
        }
    }

    private static func bench(_ both: [RealEnvoy]) throws -> RouterBench {
        func driver(_ prefix: String = "split.app", canary: String = "new") throws -> any RouterDriver {
            let mode = EnvoyPlan.Mode.runtime(prefix: prefix, admin: EnvoyAdmin(instances: both.map(\.admin)))
            return try makeDriver(
                .envoy(EnvoyPlan(mode: mode, clusters: PoolPair(baseline: "old", canary: canary))),
                transport: RealHTTP.transport)
        }
        var bench = RouterBench(driver: try driver()) { try await both[$0].held() }
        bench.tamper = { try await both[$0].tamper($1) }
        bench.restart = {
            both[$0].program.stop()
            try await both[$0].program.start()
        }
        // A stopped Envoy refuses; started again it has its shipped share, which is the one that the kit uses.
        bench.setMood = { instance, mood in
            both[instance].program.stop()
            if mood == .well { try await both[instance].program.start() }
        }
        bench.moods = [.refused]
        bench.misnamed = [try driver("split.aap"), try driver(canary: "nwe")]
        return bench
    }
}

private struct RealEnvoy: Sendable {
    let program: RealProgram
    let admin: String

    init(_ folder: String, _ name: String) throws {
        let (port, entry) = (try FreePort.find(), try FreePort.find())
        admin = "http://127.0.0.1:\(port)"
        try TemporaryFolder.write(RealEnvoy.configuration(port, entry), to: "\(folder)/\(name).yaml")
        program = try RealProgram(
            "envoy", ["-c", "\(name).yaml", "--disable-hot-restart", "--concurrency", "1", "--log-level", "off"],
            folder: folder, readyURL: admin + "/ready")
    }

    func held() async throws -> Int {
        let entries = try await RealHTTP.json("GET", admin + "/runtime")?["entries"] as? [String: [String: Any]]
        func weight(_ cluster: String, _ configured: Int) -> Int {
            (entries?["split.app.\(cluster)"]?["final_value"] as? String).flatMap { Int($0) } ?? configured
        }
        let (old, new) = (weight("old", 90), weight("new", 10))
        return new * 10_000 / (old + new)
    }

    func tamper(_ basisPoints: Int) async throws {
        let query = "split.app.old=\(10_000 - basisPoints)&split.app.new=\(basisPoints)"
        _ = try await RealHTTP.transport.send(HTTPRequest(method: "POST", url: "\(admin)/runtime_modify?\(query)"))
    }

    private static func configuration(_ admin: Int, _ entry: Int) -> String {
        func cluster(_ name: String) -> String {
            "{name: \(name), connect_timeout: 1s, load_assignment: {cluster_name: \(name), endpoints: [{lb_endpoints: "
                + "[{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}}]}]}}"
        }
        return """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: \(admin)}}}
            layered_runtime: {layers: [{name: admin, admin_layer: {}}]}
            static_resources:
              listeners:
              - name: web
                address: {socket_address: {address: 127.0.0.1, port_value: \(entry)}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: web
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
                      route_config:
                        name: app
                        virtual_hosts:
                        - name: all
                          domains: ["*"]
                          routes:
                          - match: {prefix: "/"}
                            route:
                              weighted_clusters:
                                runtime_key_prefix: split.app
                                clusters: [{name: old, weight: 90}, {name: new, weight: 10}]
              clusters: [\(cluster("old")), \(cluster("new"))]

            """
    }
}
