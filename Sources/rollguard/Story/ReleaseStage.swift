import DemoWorld
import Foundation
import ReferenceRouter

/// The world of the release story: two places of a service behind the gray router, load, a webhook sink. The services of a
/// place can be replaced by another version on the same addresses, as a deployment does it.
actor ReleaseStage {
    static let instances = 3
    static let usualErrors = 0.02

    nonisolated let load: LoadGenerator
    nonisolated let configurationPath: String
    private let router: GrayRouter
    private let sink: WebhookSink
    private let folder: URL
    private let seed: UInt64
    private var places: [String: [DemoService]]
    private let ports: [String: [Int]]

    private init(
        load: LoadGenerator, configurationPath: String, router: GrayRouter, sink: WebhookSink, folder: URL,
        seed: UInt64, places: [String: [DemoService]], ports: [String: [Int]]
    ) {
        self.load = load
        self.configurationPath = configurationPath
        self.router = router
        self.sink = sink
        self.folder = folder
        self.seed = seed
        self.places = places
        self.ports = ports
    }

    /// Starts everything but the daemon, and writes the configuration that the daemon will read. Only blue has a version.
    static func build(requestsPerSecond: Int, seed: UInt64) async throws -> ReleaseStage {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rollguard-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var (places, addresses): ([String: [DemoService]], [String: [String]]) = ([:], [:])
        for place in ["blue", "green"] {
            let services = services(version: place == "blue" ? "v1.4.2" : "nothing", place, errors: usualErrors, seed)
            for service in services { addresses[place, default: []].append(try await service.start()) }
            places[place] = services
        }
        let (blue, green) = (addresses["blue"] ?? [], addresses["green"] ?? [])
        let router = try GrayRouter(
            configuration: GrayRouterConfiguration(
                stateFile: folder.appendingPathComponent("split.json").path, baseline: blue, canary: green,
                strategy: .userHash(header: "X-User-Id", cookie: nil), initialCanaryBasisPoints: 0,
                baselineVersion: "blue", canaryVersion: "green"))
        let listening = try await router.start()
        let sink = WebhookSink()
        let sinkAddress = try await sink.start()
        let path = folder.appendingPathComponent("rollguard.yaml")
        try configuration(
            folder: folder, blue: blue, green: green, admin: "\(listening.admin)", sink: "\(sinkAddress)"
        ).write(to: path, atomically: true, encoding: .utf8)
        return ReleaseStage(
            load: LoadGenerator(
                target: listening.data, requestsPerSecond: requestsPerSecond, users: 100_000, seed: seed),
            configurationPath: path.path, router: router, sink: sink, folder: folder, seed: seed, places: places,
            ports: addresses.mapValues { $0.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } } })
    }

    private static func services(version: String, _ place: String, errors: Double, _ seed: UInt64) -> [DemoService] {
        (1...instances).map { index in
            DemoService(
                version: version, instance: "\(place)\(index)", fault: .errors(share: errors),
                seed: seed &* 1_000 &+ UInt64(index + version.utf8.count * 17))
        }
    }

    /// Replaces what runs in a place, on the same addresses.
    func deploy(_ version: String, to place: String, errors: Double) async throws {
        for service in places[place] ?? [] { await service.stop() }
        let next = ReleaseStage.services(version: version, place, errors: errors, seed &+ 7)
        for (service, port) in zip(next, ports[place] ?? []) { _ = try await service.start(port: port) }
        places[place] = next
    }

    private static func configuration(
        folder: URL, blue: [String], green: [String], admin: String, sink: String
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
                places:
                  blue:  {targets: [\(list(blue))]}
                  green: {targets: [\(list(green))]}
                start: {blue: v1.4.2}
                indicators:
                  requests: http_requests_total
                  errors:   http_requests_total{code=~"5.."}
                router:
                  kind: gray
                  instances: ["http://\(admin)"]
                rollback: {observe_every: 1s}
                proof: {below: 3/s}
                steps:
                  list: [1%, 10%, 50%, 100%]
                  every: {settle: 1s, min: 4s, evidence: {excess: 50%, error: 5%}}
                bake: {for: 5s}
                rules:
                  - name: checkout
                    rules:
                      - alert: CanaryIsWorse
                        indicator: error_rate
                        regression: {tolerance: 50%, false_alarm: 1%}
                        action: rollback
            """
    }

    func takeDown() async {
        try? FileManager.default.removeItem(at: folder)
        await load.stop(withinMs: 200)
        for services in places.values { for service in services { await service.stop() } }
        await router.stop(graceMs: 200)
        await sink.stop()
        // Once more: the router may have saved its split meanwhile.
        try? FileManager.default.removeItem(at: folder)
    }
}
