import DemoWorld
import Foundation

extension LiveRouter {
    /// HAProxy before two places, of which blue serves, and a daemon that leads releases in short steps.
    ///
    /// - Parameter asksForApproval: of the first step.
    static func led(asksForApproval: Bool) -> LiveRouter {
        LiveRouter(
            name: "haproxy", variant: "a led release", programs: ["haproxy"],
            files: [
                "haproxy.cfg": haproxyOfPlaces, "api.token": "a token of the tests\n",
                "deploy.sh": "#!/bin/sh\necho \"$1\" >> deployed\n",
            ],
            start: ["haproxy -db -f haproxy.cfg"], entries: [8080],
            rollguard: rollguardFile(at: asksForApproval ? "at: {25%: {approval: {count: 1}}}" : ""))
    }

    private static let haproxyOfPlaces = """
        global
            stats socket $PWD/admin.sock level admin
        defaults
            mode http
            timeout connect 1s
            timeout client 10s
            timeout server 10s
        frontend web
            bind 127.0.0.1:8080
            default_backend checkout
        backend checkout
            balance roundrobin
            server blue1 127.0.0.1:8081 weight 100
            server green1 127.0.0.1:8082 weight 0

        """

    private static func rollguardFile(at: String) -> String {
        """
        state: state
        listen: {address: "127.0.0.1:9411", token_file: api.token}
        releases:
          - name: checkout
            scrape: {interval: 300ms, timeout: 250ms}
            places:
              blue:  {targets: ["127.0.0.1:8081"]}
              green: {targets: ["127.0.0.1:8082"]}
            start: {blue: v1.0.0}
            indicators:
              requests: http_requests_total
              errors:   http_requests_total{code=~"5.."}
            router:
              kind: haproxy
              socket: admin.sock
              backend: checkout
              servers: {blue: [blue1], green: [green1]}
            rollback: {observe_every: 300ms}
            proof: {below: 3/s}
            steps:
              list: [25%, 100%]
              every: {settle: 300ms, min: 1s}
              \(at)
            bake: {for: 2s}
            capacity: ignore
            rules:
              - name: checkout
                rules:
                  - alert: CanaryErrorRate
                    indicator: error_rate
                    window: 3s
                    when: canary > 5%
                    min_requests: 20
                    action: rollback

        """
    }
}

/// A led release with its router, its daemon and load, and the machine that CI's jobs run on.
final class LedScene: @unchecked Sendable {
    // @unchecked: driven from its test's task alone, but for scripts, which share nothing.
    let scene: Scene
    private let load: LoadGenerator
    private var loading: Task<Void, Never>?

    private init(_ scene: Scene) {
        self.scene = scene
        load = LoadGenerator(
            target: "127.0.0.1:\(scene.ports[8080])", requestsPerSecond: 150, users: 1_000, seed: 5)
    }

    /// From start to stop.
    static func run(asksForApproval: Bool = false, _ test: (LedScene) async throws -> Void) async throws {
        try await run(.led(asksForApproval: asksForApproval), test)
    }

    /// - Parameter router: with a whole rollguard.yaml that leads `checkout`, `api.token` and `deploy.sh`.
    static func run(_ router: LiveRouter, _ test: (LedScene) async throws -> Void) async throws {
        let led = LedScene(try await Scene(router))
        do {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: led.scene.path("deploy.sh"))
            try await led.scene.startRouter()
            try await led.scene.startDaemon()
            led.loading = Task { [load = led.load] in await load.run() }
            try await test(led)
        } catch {
            await led.stop()
            throw error
        }
        await led.stop()
    }

    private func stop() async {
        loading?.cancel()
        await load.stop()
        await scene.stop()
    }

    /// What a job of CI is given.
    private var variables: [String: String] {
        [
            "ROLLGUARD_ADDRESS": "http://127.0.0.1:\(scene.ports[9411])",
            "ROLLGUARD_TOKEN_FILE": scene.path("api.token"), "USER": "ci",
        ]
    }

    /// Runs a script as a job does: each command that fails ends it.
    ///
    /// - Returns: how it ended; nil for a script that does not end.
    func script(
        _ text: String, _ arguments: [String] = [], _ given: [String: String] = [:]
    ) async throws -> (status: Int32?, text: String) {
        let process = try start(text, arguments, given)
        guard await eventually(1_200, { !process.isRunning }) else {
            await process.stop(9)
            return (nil, process.text)
        }
        return (process.status, process.text)
    }

    func start(_ text: String, _ arguments: [String] = [], _ given: [String: String] = [:]) throws -> ChildProcess {
        let name = "job-\(UUID().uuidString.prefix(6))"
        try text.write(toFile: scene.path(name), atomically: true, encoding: .utf8)
        let command = (["/bin/sh", "-e", name] + arguments).joined(separator: " ")
        let environment = scene.environment.merging(variables) { $1 }.merging(given) { $1 }
        return try ChildProcess(command, folder: scene.folder, log: name + ".log", environment: environment)
    }

    struct Rollouts: Decodable {
        struct Rollout: Decodable {
            let id: String
            let version: String
            let state: String
            let end: String?
        }

        struct Place: Decodable {
            let name: String
            let role: String
            let version: String?
        }

        let places: [Place]
        let running: Rollout?
        let ended: [Rollout]
    }

    func rollouts() async throws -> Rollouts {
        let reply = try await HTTP.get(scene.api("/api/v1/releases/checkout/rollouts"))
        return try JSONDecoder().decode(Rollouts.self, from: reply.body)
    }

    /// The places that `deploy.sh` was called with.
    var deployed: [String] {
        let text = (try? String(contentsOfFile: scene.path("deployed"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    var text: String { scene.daemonText + "\n" + scene.routerText }
}
