import DemoWorld
import Foundation
import ReferenceRouter

/// A small real world for the daemon: one service per version, the gray router, load and a webhook sink, on loopback
/// ports that the system chose.
struct LiveWorld {
    let baseline: DemoService
    let canary: DemoService
    let router: GrayRouter
    let load: LoadGenerator
    let sink: WebhookSink
    let folder: URL
    let adminAddress: String
    let configurationPath: String
    private let loading: Task<Void, Never>

    static func start(rules: String = LiveWorld.errorRule, extra: String = "") async throws -> LiveWorld {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rollguard-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let baseline = DemoService(version: "v1", instance: "old", fault: .none, seed: 1)
        let canary = DemoService(version: "v2", instance: "new", fault: .none, seed: 2)
        let targets = ("\(try await baseline.start())", "\(try await canary.start())")
        let router = try GrayRouter(
            configuration: GrayRouterConfiguration(
                stateFile: folder.appendingPathComponent("split.json").path, baseline: [targets.0],
                canary: [targets.1], strategy: .userHash(header: "X-User-Id", cookie: nil),
                initialCanaryBasisPoints: 3_000))
        let addresses = try await router.start()
        let sink = WebhookSink()
        let sinkAddress = try await sink.start()
        let configuration = """
            state: \(folder.path)/state
            listen: 127.0.0.1:0
            receivers:
              - {name: oncall, kind: webhook, url: "http://\(sinkAddress)/hook", retry: {min: 50ms, max: 200ms}}
            releases:
              - name: checkout
                scrape: {interval: 250ms, timeout: 250ms}
                pools:
                  baseline: {version: v1, targets: ["\(targets.0)"]}
                  canary:   {version: v2, targets: ["\(targets.1)"]}
                indicators:
                  requests: http_requests_total
                  errors:   http_requests_total{code=~"5.."}
                router: {kind: gray, instances: ["http://\(addresses.admin)"]}
                rollback: {observe_every: 300ms, retry: {min: 50ms, max: 500ms}}
                proof: {below: 5/s}
                \(extra)
                rules:
                  - name: checkout
                    rules:
            \(rules)

            """
        let path = folder.appendingPathComponent("rollguard.yaml").path
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        let load = LoadGenerator(target: addresses.data, requestsPerSecond: 80, users: 500, seed: 3)
        return LiveWorld(
            baseline: baseline, canary: canary, router: router, load: load, sink: sink, folder: folder,
            adminAddress: "\(addresses.admin)", configurationPath: path, loading: Task { await load.run() })
    }

    static let errorRule = """
                      - alert: CanaryErrorRate
                        indicator: error_rate
                        window: 3s
                        when: canary > 2 * baseline and canary > 5%
                        min_requests: 10
                        action: rollback
        """

    var statePath: String { folder.path + "/state" }

    /// Lets calls that change something come over TCP; before the daemon starts.
    func allowLoopbackChanges() throws {
        let text = try String(contentsOfFile: configurationPath, encoding: .utf8)
        try text.replacingOccurrences(
            of: "listen: 127.0.0.1:0", with: "listen: {address: \"127.0.0.1:0\", changes: loopback}"
        ).write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    /// Takes everything down and removes the folder.
    func stop() async {
        loading.cancel()
        await load.stop()
        await baseline.stop()
        await canary.stop()
        await router.stop()
        await sink.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The router's own answer about the split.
    func canaryBasisPoints() async throws -> Int {
        try await splitDocument().canary_basis_points
    }

    private struct SplitDocument: Decodable { let canary_basis_points: Int }

    private func splitDocument() async throws -> SplitDocument {
        let url = URL(string: "http://\(adminAddress)/api/v1/split")!
        return try JSONDecoder().decode(SplitDocument.self, from: try await HTTP.get(url))
    }

    /// Delivery ids of the webhooks received so far, with how often each came, by event.
    func deliveries() async -> [String: [String: Int]] {
        var found: [String: [String: Int]] = [:]
        for webhook in await sink.received() {
            let id = webhook.headers["rollguard-delivery"] ?? "none"
            let event = webhook.headers["rollguard-event"] ?? "none"
            found[event, default: [:]][id, default: 0] += 1
        }
        return found
    }
}
