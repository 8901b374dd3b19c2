import DemoWorld
import Foundation
import ReferenceRouter

/// Two gray routers before one service per version, with load, and relays around the daemon. All of it is real and on
/// loopback.
struct FaultWorld: Sendable {
    static let routerCount = 2
    private static let forMs: Int64 = 400
    private static let intervalMs: Int64 = 100

    let senses: Senses
    private let folder: URL
    private let canary: DemoService
    private let sink: WebhookSink
    private let baseline: DemoService
    private let routers: [GrayRouter]
    /// Where the routers' admin APIs are, without a relay.
    private let admins: [String]
    private let relays: [Relay]
    private let loads: [(generator: LoadGenerator, task: Task<Void, Never>)]
    /// What the daemon is configured with: baseline, canary, webhook, routers.
    private let addresses: (old: String, new: String, hook: String, routers: [String])

    static func start(seed: UInt64) async throws -> FaultWorld {
        let folder = try Scratch.folder("rollguard-faults")
        let journal = JournalFile(folder: folder.appendingPathComponent("state"))
        let senses = Senses(
            witness: Witness(
                journal: journal, forMs: forMs, longestStepMs: intervalMs * 3 / 2, routers: routerCount,
                basisPoints: 0),
            journal: journal)
        let baseline = DemoService(version: "old", instance: "old", fault: .none, seed: seed)
        let canary = DemoService(version: "new", instance: "new", fault: .none, seed: seed + 1)
        let services = (old: try await baseline.start(), new: try await canary.start())
        let sink = WebhookSink()
        var relays = [
            try await senses.beforeService(services.new), try await senses.beforeSink(try await sink.start()),
        ]
        var (routers, admins): ([GrayRouter], [String]) = ([], [])
        var loads: [(LoadGenerator, Task<Void, Never>)] = []
        for index in 0..<routerCount {
            let router = try GrayRouter(
                configuration: GrayRouterConfiguration(
                    stateFile: folder.appendingPathComponent("split-\(index).json").path, baseline: [services.old],
                    canary: [services.new], strategy: .userHash(header: "X-User-Id", cookie: nil),
                    initialCanaryBasisPoints: 0))
            let listening = try await router.start()
            routers.append(router)
            admins.append(listening.admin)
            relays.append(try await senses.beforeRouter(index, listening.admin))
            let load = LoadGenerator(
                target: listening.data, requestsPerSecond: 40, users: 500, seed: seed + 2 + UInt64(index))
            loads.append((load, Task { await load.run() }))
        }
        return FaultWorld(
            senses: senses, folder: folder, canary: canary, sink: sink, baseline: baseline, routers: routers,
            admins: admins, relays: relays, loads: loads,
            addresses: (services.old, relays[0].address, relays[1].address, relays.dropFirst(2).map(\.address)))
    }

    func stop() async {
        for load in loads {
            load.task.cancel()
            await load.generator.stop()
        }
        for relay in relays { await relay.stop() }
        for router in routers { await router.stop() }
        await baseline.stop()
        await canary.stop()
        await sink.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: What operators do

    /// Rolls a version out: configuration, then traffic. No daemon may run meanwhile.
    func release(_ version: String, isSick: Bool, basisPoints: Int) async throws {
        await canary.setFault(isSick ? .errors(share: 0.9) : .none)
        senses.witness.releases(version, isSick: isSick)
        try configuration(canary: version).write(toFile: configurationPath, atomically: true, encoding: .utf8)
        for router in 0..<Self.routerCount { try await give(basisPoints, router: router) }
    }

    /// Sets one router's split past the daemon.
    func give(_ basisPoints: Int, router: Int) async throws {
        senses.witness.shareChanges(router: router, basisPoints: basisPoints)
        let answer = try await HTTP.send(
            "PUT", try Self.url(admins[router], "/api/v1/split"), body: "{\"canary_basis_points\":\(basisPoints)}")
        guard answer.status == 200 else { throw CocoaError(.coderInvalidValue) }
    }

    /// What every router itself says.
    func shares() async throws -> [Int] {
        var shares: [Int] = []
        for admin in admins {
            let data = try await HTTP.get(try Self.url(admin, "/api/v1/split"))
            shares.append(try JSONDecoder().decode(SplitDocument.self, from: data).canary_basis_points)
        }
        return shares
    }

    private struct SplitDocument: Decodable { let canary_basis_points: Int }

    /// The next webhooks are refused for now.
    func refuseWebhooks(_ times: Int) async { await sink.answer(status: 503, times: times) }

    // MARK: The daemon

    /// Starts the daemon, and hits it when the strike's moment comes.
    func daemon(_ strike: Strike?) throws -> Executable {
        var environment: [String: String] = [:]
        if let strike, strike.place == .entry {
            environment["ROLLGUARD_TEST_DIE_AFTER"] = "\(try senses.journal.lastSequence() + Int64(strike.turn))"
        }
        let daemon = try Executable(["run", "--config", configurationPath], folder: folder, environment: environment)
        senses.trap.arm(strike, at: daemon)
        return daemon
    }

    /// The end of a daemon, of what it still had on its way, and a check of what it left.
    func kill(_ daemon: Executable) async {
        senses.trap.disarm()
        await daemon.kill9()
        for relay in relays {
            do { try await relay.drain() } catch { senses.witness.violated("a relay is gone: \(error)") }
        }
        senses.witness.daemonDied()
        try? FileManager.default.removeItem(at: daemon.log)
    }

    /// Where the daemon's API is, once it listens.
    static func api(of daemon: Executable) -> String? {
        daemon.text.firstMatch(of: /the API listens on ([0-9.:]+)/).map { String($0.1) }
    }

    static func url(_ address: String, _ path: String) throws -> URL {
        guard let url = URL(string: "http://\(address)\(path)") else { throw CocoaError(.coderInvalidValue) }
        return url
    }

    private var configurationPath: String { folder.appendingPathComponent("rollguard.yaml").path }

    private func configuration(canary version: String) -> String {
        let instances = addresses.routers.map { "\"http://\($0)\"" }.joined(separator: ", ")
        return """
            state: \(folder.path)/state
            listen: {address: "127.0.0.1:0", changes: loopback}
            receivers:
              - {name: oncall, kind: webhook, url: "http://\(addresses.hook)/hook", retry: {min: 20ms, max: 100ms}}
            releases:
              - name: checkout
                scrape: {interval: \(Self.intervalMs)ms}
                pools:
                  baseline: {version: v0, targets: ["\(addresses.old)"]}
                  canary:   {version: \(version), targets: ["\(addresses.new)"]}
                indicators:
                  requests: http_requests_total
                  errors:   http_requests_total{code=~"5.."}
                router: {kind: gray, instances: [\(instances)]}
                rollback: {call_timeout: 300ms, observe_every: 150ms, retry: {min: 20ms, max: 100ms}}
                proof: {below: 5/s}
                rules:
                  - name: checkout
                    rules:
                      - alert: CanaryErrorRate
                        indicator: error_rate
                        window: 1s
                        when: canary > 2 * baseline and canary > 20%
                        min_requests: 5
                        for: \(Self.forMs)ms
                        action: rollback

            """
    }
}
