import Daemon
import DemoWorld
import Foundation
import GrayRouter
import Logging

/// The demo's world: services, router, load, webhook sink and the daemon, all on loopback ports that the system chose.
struct DemoStage {
    let baseline: [DemoService]
    let canary: [DemoService]
    let router: GrayRouter
    let load: LoadGenerator
    let sink: WebhookSink
    let folder: URL
    let configurationPath: String

    /// Starts everything but the daemon and writes the configuration that the daemon will read.
    static func build(requestsPerSecond: Int) async throws -> DemoStage {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rollguard-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var baseline: [DemoService] = []
        var canary: [DemoService] = []
        var targets: (baseline: [String], canary: [String]) = ([], [])
        for index in 1...3 {
            let service = DemoService(version: "v1.4.2", instance: "old\(index)", fault: .none, seed: UInt64(index))
            targets.baseline.append("\(try await service.start())")
            baseline.append(service)
        }
        for index in 1...2 {
            let service = DemoService(
                version: "v1.5.0", instance: "new\(index)", fault: .none, seed: UInt64(10 + index))
            targets.canary.append("\(try await service.start())")
            canary.append(service)
        }
        let router = try GrayRouter(configuration: DemoStage.routing(folder: folder, targets: targets))
        let addresses = try await router.start()
        let sink = WebhookSink()
        let sinkAddress = try await sink.start()
        let path = folder.appendingPathComponent("rollguard.yaml")
        try configuration(
            folder: folder, targets: targets, admin: "\(addresses.admin)", sink: "\(sinkAddress)"
        ).write(to: path, atomically: true, encoding: .utf8)
        let load = LoadGenerator(
            target: addresses.data, requestsPerSecond: requestsPerSecond, users: 2_000, seed: 42)
        return DemoStage(
            baseline: baseline, canary: canary, router: router, load: load, sink: sink, folder: folder,
            configurationPath: path.path)
    }

    private static func routing(
        folder: URL, targets: (baseline: [String], canary: [String])
    ) -> GrayRouterConfiguration {
        GrayRouterConfiguration(
            stateFile: folder.appendingPathComponent("split.json").path, baseline: targets.baseline,
            canary: targets.canary, strategy: .userHash(header: "X-User-Id", cookie: nil),
            initialCanaryBasisPoints: 1_000, baselineVersion: "v1.4.2", canaryVersion: "v1.5.0")
    }

    private static func configuration(
        folder: URL, targets: (baseline: [String], canary: [String]), admin: String, sink: String
    ) -> String {
        func list(_ targets: [String]) -> String { targets.map { "\"\($0)\"" }.joined(separator: ", ") }
        return """
            state: \(folder.path)/state
            listen: 127.0.0.1:0
            receivers:
              - {name: oncall, kind: webhook, url: "http://\(sink)/hook"}
            releases:
              - name: checkout
                scrape: {interval: 1s, timeout: 500ms}
                pools:
                  baseline: {version: v1.4.2, targets: [\(list(targets.baseline))]}
                  canary:   {version: v1.5.0, targets: [\(list(targets.canary))]}
                indicators:
                  requests: http_requests_total
                  errors:   http_requests_total{code=~"5.."}
                  latency:  http_request_duration_seconds
                router:
                  kind: gray
                  instances: ["http://\(admin)"]
                rollback: {observe_every: 1s}
                rules:
                  - name: checkout
                    rules:
                      - alert: CanaryErrorRate
                        indicator: error_rate
                        window: 10s
                        when: canary > 2 * baseline and canary > 1%
                        min_requests: 100
                        for: 1s
                        action: rollback
                        annotations:
                          summary: "canary fails {{ canary }} of its requests, the baseline {{ baseline }}"
                      - alert: CanaryLatencyP99
                        indicator: latency_p99
                        window: 10s
                        when: canary > 2 * baseline and canary > 200ms
                        min_requests: 100
                        for: 1s
                        action: rollback
                      - alert: CanaryGone
                        indicator: request_rate
                        window: 5s
                        when: canary < 0.1/s and baseline > 10/s
                        no_data: breach
                        for: 1s
                        action: rollback

            """
    }

    func takeDown() async {
        await load.stop()
        for service in baseline + canary { await service.stop() }
        await router.stop()
        await sink.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}
