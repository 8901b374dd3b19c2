import DemoWorld
import Foundation
import Telemetry
import Testing

/// The whole of it with a real etcd and a real HAProxy: the share in the centre moves the weights, a rollback takes it back in
/// both, and what is written afterwards waits for `rearm`.
@Suite(
    "HAProxy's share from a real etcd",
    .enabled(
        if: Executable.path != nil && RealProgram.path("haproxy") != nil && RealProgram.path("etcd") != nil,
        "needs the executable, haproxy and etcd"), .timeLimit(.minutes(5)))
struct SharePolicyLiveTests {
    private static let key = "rollguard/v1/policy/checkout/share"

    @Test func theShareIsFollowedTakenBackAndHeldUntilRearm() async throws {
        let world = try await CentreWorld()
        let old = DemoService(version: "v1", instance: "old", fault: .none, seed: 1)
        let new = DemoService(version: "v2", instance: "new", fault: .none, seed: 2)
        let targets = (old: try await old.start(), new: try await new.start())
        let (frontend, exporter) = (try Scratch.port(), try Scratch.port())
        let router = try Self.haproxy(world.folder, frontend: frontend, exporter: exporter, targets)
        try world.write("rollguard.yaml", Self.configuration(world, targets))
        let load = LoadGenerator(target: "127.0.0.1:\(frontend)", requestsPerSecond: 200, users: 100, seed: 5)
        let loading = Task { await load.run() }
        try await Self.put(world, "0")
        let daemon = try Executable(
            program: "/bin/bash", ["-c", "cd '\(world.folder.path)' && exec '\(Executable.path ?? "")' run"],
            folder: world.folder)

        #expect(await Self.hasShare(0, exporter), "HAProxy began with 10 %: \(daemon.text)")
        try await Self.put(world, "a tenth")
        #expect(await eventually { try await world.status().contains("'a tenth', which is not a percentage") })
        try await Self.put(world, "10")
        #expect(await Self.hasShare(0.1, exporter), "\(daemon.text)")

        await new.setFault(.errors(share: 0.5))
        #expect(await eventually { try await world.status().contains("\"phase\":\"rolled_back\"") }, "\(daemon.text)")
        #expect(await Self.hasShare(0, exporter))
        #expect(await eventually { try await Self.value(world) == "0" }, "the centre agrees: \(daemon.text)")

        await new.setFault(.none)
        try await Self.put(world, "20")
        #expect(
            await eventually { daemon.text.contains("the centre's share of 20 % is not in force") }, "\(daemon.text)")
        #expect(try await Self.share(exporter) == 0)
        #expect(try await Self.value(world) == "20", "a later value is not taken back")
        let status = try await world.shell("rollguard status")
        #expect(status.text.contains("policy of the centre: 20 % at revision"), "\(status.text)")

        let rearm = try await world.shell("rollguard rearm checkout --by ann --reason fixed")
        #expect(rearm.status == 0, "\(rearm.text)")
        #expect(await Self.hasShare(0.2, exporter), "\(daemon.text)")

        loading.cancel()
        await load.stop()
        await router.stop()
        await old.stop()
        await new.stop()
        await world.end(daemon)
    }

    private static func put(_ world: CentreWorld, _ value: String) async throws {
        try await world.etcd("/v3/kv/put", ["key": key, "value": value])
    }

    private static func value(_ world: CentreWorld) async throws -> String? {
        struct Range: Decodable {
            struct Pair: Decodable { let value: String? }

            let kvs: [Pair]?
        }

        let address = try #require(URL(string: world.url + "/v3/kv/range"))
        let body = "{\"key\":\"\(Data(key.utf8).base64EncodedString())\"}"
        let answer = try await HTTP.send("POST", address, body: body)
        let pair = try JSONDecoder().decode(Range.self, from: answer.body).kvs?.first
        return pair?.value.flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The canary's part of the weights that HAProxy has.
    private static func share(_ exporter: Int) async throws -> Double {
        let page = try await HTTP.get(URL(string: "http://127.0.0.1:\(exporter)/metrics")!)
        let samples = try Exposition.samples(in: [UInt8](page), format: .prometheusText)
        func weight(_ server: String) -> Double {
            samples.first { sample in
                sample.name == "haproxy_server_weight"
                    && sample.labels.contains { $0.name == "server" && $0.value == server }
            }?.value ?? .nan
        }
        return weight("new") / (weight("old") + weight("new"))
    }

    private static func hasShare(_ share: Double, _ exporter: Int) async -> Bool {
        await eventually { abs(try await Self.share(exporter) - share) < 0.005 }
    }

    private static func haproxy(
        _ folder: URL, frontend: Int, exporter: Int, _ targets: (old: String, new: String)
    ) throws -> RealProgram {
        let configuration = """
            global
                stats socket \(folder.path)/admin.sock mode 600 level admin
            defaults
                mode http
                timeout connect 1s
                timeout client 10s
                timeout server 10s
            frontend entry
                bind 127.0.0.1:\(frontend)
                default_backend checkout
            frontend exporter
                bind 127.0.0.1:\(exporter)
                http-request use-service prometheus-exporter if { path /metrics }
            backend checkout
                balance roundrobin
                server old \(targets.old) weight 90
                server new \(targets.new) weight 10

            """
        let path = folder.appendingPathComponent("haproxy.cfg").path
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        return try RealProgram("haproxy", ["-db", "-f", path], folder: folder)
    }

    private static func configuration(_ world: CentreWorld, _ targets: (old: String, new: String)) -> String {
        """
        state: state
        listen: 127.0.0.1:\(world.apiPort)
        centre: {kind: etcd, endpoints: ["\(world.url)"], startup_wait: 1s}
        releases:
          - name: checkout
            scrape: {interval: 500ms, timeout: 400ms}
            pools:
              baseline: {version: v1, targets: ["\(targets.old)"]}
              canary:   {version: v2, targets: ["\(targets.new)"]}
            indicators:
              requests: http_requests_total
              errors:   http_requests_total{code=~"5.."}
            router:
              kind: haproxy
              socket: admin.sock
              backend: checkout
              servers: {baseline: [old], canary: [new]}
            share_from: centre
            rollback: {observe_every: 500ms}
            proof: {below: 3/s}
            rules:
              - name: checkout
                rules:
                  - alert: CanaryErrorRate
                    indicator: error_rate
                    window: 5s
                    when: canary > 2 * baseline and canary > 5%
                    min_requests: 20
                    action: rollback

        """
    }
}
