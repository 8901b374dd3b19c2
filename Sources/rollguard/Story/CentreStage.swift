import Centres
import DemoWorld
import Foundation
import HTTPClient
import Model
import Ports
import ReferenceRouter
import SourceCalls
import SystemSupport

/// The world of the centre story: a real etcd, two versions of a service behind the gray router, whose policy is in etcd,
/// load, a webhook sink, and a daemon whose releases and rules are in etcd too.
struct CentreStage {
    static let prefix = "rollguard/v1/"
    static let shareKey = prefix + "policy/checkout/" + RouterPolicy.shareKey
    static let strategyKey = prefix + "policy/checkout/" + RouterPolicy.strategyKey

    let etcd: EtcdProcess
    let services: [DemoService]
    let canary: [DemoService]
    let router: GrayRouter
    let follower: PolicyFollower
    let load: LoadGenerator
    let sink: WebhookSink
    let folder: URL
    let configurationPath: String
    private let transport: CurlTransport

    /// Starts everything but the daemon. The configuration is in etcd, and the canary has no share.
    static func build(requestsPerSecond: Int, seed: UInt64, clock: StoryClock) async throws -> CentreStage {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rollguard-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: SystemSecretStore())
        let etcd = try await EtcdProcess.start(in: folder, transport: transport)
        do {
            return try await build(etcd, transport, folder, requestsPerSecond, seed, clock)
        } catch {
            etcd.stop()
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    private static func build(
        _ etcd: EtcdProcess, _ transport: CurlTransport, _ folder: URL, _ requestsPerSecond: Int, _ seed: UInt64,
        _ clock: StoryClock
    ) async throws -> CentreStage {
        let old = (1...3).map { DemoService(version: "v1.4.2", instance: "old\($0)", fault: .none, seed: seed &+ $0) }
        let new = (4...5).map { DemoService(version: "v1.5.0", instance: "new\($0)", fault: .none, seed: seed &+ $0) }
        var addresses: (old: [String], new: [String]) = ([], [])
        for service in old { addresses.old.append(try await service.start()) }
        for service in new { addresses.new.append(try await service.start()) }
        try await etcd.put(shareKey, "0")
        try await etcd.put(strategyKey, #"{"kind": "user_hash", "header": "X-User-Id"}"#)
        let router = try GrayRouter(
            configuration: GrayRouterConfiguration(
                stateFile: folder.appendingPathComponent("split.json").path, baseline: addresses.old,
                canary: addresses.new, strategy: .userHash(header: "X-User-Id", cookie: nil),
                initialCanaryBasisPoints: 0, baselineVersion: "v1.4.2", canaryVersion: "v1.5.0"))
        let listening = try await router.start()
        let sink = WebhookSink()
        let sinkAddress = try await sink.start()
        let path = folder.appendingPathComponent("rollguard.yaml")
        try configuration(folder, etcd: etcd.url, sink: sinkAddress).write(to: path, atomically: true, encoding: .utf8)
        let follower = try follower(of: path.path, router, transport, clock)
        let files = try files(folder, addresses, etcd: etcd.url)
        return try CentreStage(
            etcd: etcd, services: old + new, canary: new, router: router, follower: follower,
            load: LoadGenerator(
                target: listening.data, requestsPerSecond: requestsPerSecond, users: 2_000, seed: seed),
            sink: sink, folder: folder, configurationPath: path.path, transport: transport
        ).with(files)
    }

    /// The folder that is pushed.
    var pushed: String { folder.appendingPathComponent("shop").path }

    private func with(_ files: [CentreFile]) throws -> CentreStage {
        try ConfigFolder.write(files, to: pushed)
        return self
    }

    private static func follower(
        of path: String, _ router: GrayRouter, _ transport: CurlTransport, _ clock: StoryClock
    ) throws -> PolicyFollower {
        let plan = try ConfigurationFile(path: path).load()
        let setup = CallSetup(transport: transport, secrets: SystemSecretStore(), clock: SystemClock())
        guard let centre = plan.centre.flatMap({ CentreKinds.policy($0, name: "checkout", setup) }) else {
            throw Failure.no("error: the demo's configuration has no centre")
        }
        return PolicyFollower(router: router, centre: centre, clock: setup.clock) { _, text in
            clock.say("gray router: \(text)")
        }
    }

    private static func configuration(_ folder: URL, etcd: String, sink: String) -> String {
        """
        state: \(folder.path)/state
        listen: 127.0.0.1:0
        centre: {kind: etcd, endpoints: ["\(etcd)"], prefix: \(prefix)}
        receivers:
          - {name: oncall, kind: webhook, url: "http://\(sink)/hook"}

        """
    }

    private static func files(
        _ folder: URL, _ addresses: (old: [String], new: [String]), etcd: String
    ) throws -> [CentreFile] {
        func list(_ targets: [String]) -> String { targets.map { "\"\($0)\"" }.joined(separator: ", ") }
        let release = """
            name: checkout
            scrape: {interval: 1s, timeout: 500ms}
            pools:
              baseline: {version: v1.4.2, targets: [\(list(addresses.old))]}
              canary:   {version: v1.5.0, targets: [\(list(addresses.new))]}
            indicators:
              requests: http_requests_total
              errors:   http_requests_total{code=~"5.."}
            router: {kind: etcd, endpoints: ["\(etcd)"], key: \(shareKey)}
            rollback: {observe_every: 1s}
            proof: {below: 3/s}
            rules: ["rules/errors.yaml"]

            """
        let rules = """
            groups:
              - name: checkout
                rules:
                  - alert: CanaryErrorRate
                    indicator: error_rate
                    window: 10s
                    when: canary > 2 * baseline and canary > 20%
                    min_requests: 100
                    for: 1s
                    action: rollback

            """
        return [
            CentreFile(path: "releases/checkout.yaml", bytes: Array(release.utf8)),
            CentreFile(path: "rules/errors.yaml", bytes: Array(rules.utf8)),
        ]
    }

    /// Makes the rule stricter in the folder that is pushed.
    func tightenRule() throws {
        let path = pushed + "/rules/errors.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("canary > 20%", with: "canary > 1%").write(toFile: path, atomically: true, encoding: .utf8)
    }

    func takeDown() async {
        await load.stop(withinMs: 200)
        for service in services { await service.stop() }
        await router.stop(graceMs: 200)
        await sink.stop()
        await transport.shutdown()
        etcd.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}
