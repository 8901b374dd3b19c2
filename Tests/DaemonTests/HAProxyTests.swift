import DemoWorld
import Foundation
import Telemetry
import Testing

/// The whole of it on a real router: two backends under load, a rule, and no request of the canary after the proof.
@Suite(
    "A real HAProxy",
    .enabled(if: Executable.path != nil && RealProgram.path("haproxy") != nil, "haproxy is not installed"))
struct HAProxyTests {
    @Test func aRuleTakesTheCanaryOutAndTheBaselineLosesNothing() async throws {
        let folder = try Scratch.folder("haproxy")
        let old = DemoService(version: "v1", instance: "old", fault: .none, seed: 1)
        let new = DemoService(version: "v2", instance: "new", fault: .none, seed: 2)
        let targets = (old: try await old.start(), new: try await new.start())
        let frontend = try Scratch.port()
        let exporter = try Scratch.port()
        let router = try HAProxyTests.haproxy(folder, frontend: frontend, exporter: exporter, targets: targets)
        let sink = WebhookSink()
        let hook = try await sink.start()
        let configuration = try HAProxyTests.configuration(folder, targets: targets, hook: hook)
        let load = LoadGenerator(target: "127.0.0.1:\(frontend)", requestsPerSecond: 200, users: 100, seed: 5)
        let loading = Task { await load.run() }
        let daemon = try Executable(["run", "--config", configuration], folder: folder)

        let hasBoth = await eventually {
            let answers = await load.statistics().answersByVersion
            return answers["new", default: 0] > 20 && answers["old", default: 0] > 5 * answers["new", default: 0]
        }
        #expect(hasBoth, "90/10 is not what clients see: \(router.text)")
        await new.setFault(.errors(share: 0.5))
        let isProven = await eventually { await sink.firstReceived(event: "rollback_acknowledged") != nil }
        #expect(isProven, "\(daemon.text)\n\(router.text)")
        // What was under way when the webhook came may still be counted; what starts from now on may not exist.
        let before = await load.statistics()
        _ = await eventually {
            await load.statistics().answersByVersion["old", default: 0]
                > before.answersByVersion["old", default: 0] + 400
        }
        let after = await load.statistics()
        #expect(after.answersByVersion["new"] == before.answersByVersion["new"])
        #expect(after.failuresByVersion["old", default: 0] == 0)

        // The clients' own count would also have what a busy machine could not send; the router knows what failed.
        let errors = try await HAProxyTests.baselineErrors(exporter: exporter)
        #expect(errors.count == 2 && errors.allSatisfy { $0 == 0 }, "\(errors)")

        daemon.signal(SIGTERM)
        #expect(await daemon.end()?.status == 0, "\(daemon.text)")
        loading.cancel()
        await load.stop()
        await router.stop()
        await old.stop()
        await new.stop()
        await sink.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Connections and answers of the baseline's server that failed, as HAProxy counts them.
    private static func baselineErrors(exporter: Int) async throws -> [Double] {
        let page = try await HTTP.get(URL(string: "http://127.0.0.1:\(exporter)/metrics")!)
        return try Exposition.samples(in: [UInt8](page), format: .prometheusText).filter { sample in
            ["haproxy_server_connection_errors_total", "haproxy_server_response_errors_total"].contains(sample.name)
                && sample.labels.contains { $0.name == "server" && $0.value == "old" }
        }.map(\.value)
    }

    private static func haproxy(
        _ folder: URL, frontend: Int, exporter: Int, targets: (old: String, new: String)
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
                http-response set-header X-Rollguard-Version %[srv_name]
                server old \(targets.old) weight 90
                server new \(targets.new) weight 10

            """
        let path = folder.appendingPathComponent("haproxy.cfg").path
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        return try RealProgram("haproxy", ["-db", "-f", path], folder: folder)
    }

    private static func configuration(
        _ folder: URL, targets: (old: String, new: String), hook: String
    ) throws -> String {
        let text = """
            state: \(folder.path)/state
            listen: 127.0.0.1:0
            receivers:
              - {name: oncall, kind: webhook, url: "http://\(hook)/hook"}
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
                  socket: \(folder.path)/admin.sock
                  backend: checkout
                  servers: {baseline: [old], canary: [new]}
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
        let path = folder.appendingPathComponent("rollguard.yaml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
