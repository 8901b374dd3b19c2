import Daemon
import DemoWorld
import Foundation
import HTTPClient
import Logging
import Ports
import ReferenceRouter

/// The demo's world: services, router, load, webhook sink and the daemon, all on loopback ports that the system chose.
struct DemoStage {
    let baseline: [DemoService]
    let canary: [DemoService]
    let router: GrayRouter
    let load: LoadGenerator
    let sink: WebhookSink
    let adminAddress: String
    let folder: URL
    let configurationPath: String

    /// Starts everything but the daemon and writes the configuration that the daemon will read.
    static func build(
        scene: DemoScene, historySeconds: Int, requestsPerSecond: Int, seed: UInt64
    ) async throws -> DemoStage {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rollguard-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var baseline: [DemoService] = []
        var canary: [DemoService] = []
        var targets: (baseline: [String], canary: [String]) = ([], [])
        let usual: DemoFault = scene.errorShare > 0 ? .errors(share: scene.errorShare) : .none
        for index in 1...scene.instances.baseline {
            let service = DemoService(
                version: "v1.4.2", instance: "old\(index)", fault: usual, seed: seed &* 1_000 &+ UInt64(index))
            targets.baseline.append("\(try await service.start())")
            baseline.append(service)
        }
        for index in 1...scene.instances.canary {
            let service = DemoService(
                version: "v1.5.0", instance: "new\(index)", fault: usual, seed: seed &* 1_000 &+ UInt64(500 + index),
                expositionDelayMs: scene.canaryExpositionDelayMs)
            targets.canary.append("\(try await service.start())")
            canary.append(service)
        }
        let router = try GrayRouter(
            configuration: DemoStage.routing(
                initialBasisPoints: historySeconds > 0 ? 0 : scene.canaryBasisPoints, folder: folder, targets: targets))
        let addresses = try await router.start()
        let sink = WebhookSink()
        let sinkAddress = try await sink.start()
        let path = folder.appendingPathComponent("rollguard.yaml")
        try configuration(
            scene, folder: folder, targets: targets, admin: "\(addresses.admin)", sink: "\(sinkAddress)"
        ).write(to: path, atomically: true, encoding: .utf8)
        let load = LoadGenerator(
            target: addresses.data, requestsPerSecond: requestsPerSecond, users: 2_000, seed: seed)
        return DemoStage(
            baseline: baseline, canary: canary, router: router, load: load, sink: sink,
            adminAddress: "\(addresses.admin)", folder: folder,
            configurationPath: path.path)
    }

    private static func routing(
        initialBasisPoints: Int, folder: URL, targets: (baseline: [String], canary: [String])
    ) -> GrayRouterConfiguration {
        GrayRouterConfiguration(
            stateFile: folder.appendingPathComponent("split.json").path, baseline: targets.baseline,
            canary: targets.canary, strategy: .userHash(header: "X-User-Id", cookie: nil),
            initialCanaryBasisPoints: initialBasisPoints, baselineVersion: "v1.4.2", canaryVersion: "v1.5.0")
    }

    private static func configuration(
        _ scene: DemoScene, folder: URL, targets: (baseline: [String], canary: [String]), admin: String, sink: String
    ) -> String {
        func list(_ targets: [String]) -> String { targets.map { "\"\($0)\"" }.joined(separator: ", ") }
        return """
            state: \(folder.path)/state
            listen: 127.0.0.1:0
            receivers:
              - {name: oncall, kind: webhook, url: "http://\(sink)/hook"}
            releases:
              - name: checkout
                scrape: {interval: 1s, timeout: \(scene.scrapeTimeoutMs)ms}
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
                proof: {below: 3/s}
                rules:
                  - name: checkout
                    rules:

            """ + scene.rules
    }

    /// What both versions do from the next request on.
    func setFault(_ fault: DemoFault) async { for service in baseline + canary { await service.setFault(fault) } }

    /// Gives the new version its share, as a rollout would.
    func share(basisPoints: Int) async throws {
        let transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: SystemSecretStore())
        let body = "{\"canary_basis_points\": \(basisPoints)}"
        let answer = try await transport.send(
            HTTPRequest(method: "PUT", url: "http://\(adminAddress)/api/v1/split", body: [UInt8](body.utf8)))
        guard answer.status == 200 else { throw Failure.no("the router did not take the split: \(answer.status)") }
    }

    /// The last answers of a demo are not awaited, and Ctrl-C must not take long.
    private static let graceMs: Int64 = 200

    func takeDown() async {
        try? FileManager.default.removeItem(at: folder)
        await load.stop(withinMs: Self.graceMs)
        for service in baseline + canary { await service.stop() }
        await router.stop(graceMs: Self.graceMs)
        await sink.stop()
        // Once more: the router may have saved its split meanwhile.
        try? FileManager.default.removeItem(at: folder)
    }
}
