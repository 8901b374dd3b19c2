import Foundation
import HTTPClient
import Model
import Ports
import RouterConformance
import Routers

/// Two real Caddys, and two real nginxes, of which one at a time is stopped, changed behind the driver's back, or started
/// with the configuration that it was shipped with.
extension BenchKind {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let cannot: Set<RouterFact> = [
        .wrongCredentialsAreRejected, .aHangingInstanceEndsWithItsTime, .aLostAnswerIsUnknown, .refusalsAreReported,
        .rubbishIsNoShare, .aLieIsFoundOut, .aStaleReadIsReportedAsItIs, .aConflictIsWonOrReported,
        .neverNothingForBoth,
        .aDeadBaselineIsReported, .noSecretComesOut,
    ]

    static let caddyReal = BenchKind(
        name: "caddy 2.11, real", isInstalled: FileManager.default.isExecutableFile(atPath: caddyPath),
        cannotCheck: cannot
    ) { work in
        try await pair(caddy) { processes, ports, transport in
            func driver(id: String = "checkout") throws -> any RouterDriver {
                let plan = CaddyPlan(
                    instances: ports.map { "http://127.0.0.1:\($0)" }, id: id, baseline: ["127.0.0.1:8081"],
                    canary: ["127.0.0.1:8082"])
                return try makeDriver(.caddy(plan), transport: transport)
            }
            var bench = RouterBench(driver: try driver(), timeoutMs: 10_000) {
                let text = try await processes[$0].get("http://127.0.0.1:\(ports[$0])/config/" + weightsPath)
                let weights = try JSONDecoder().decode([Int].self, from: Data(text.utf8))
                return weights[1] * 10_000 / (weights[0] + weights[1])
            }
            bench.tamper = { instance, points in
                try await processes[instance].patch(
                    "http://127.0.0.1:\(ports[instance])/config/" + weightsPath,
                    "[\(100 - points / 100), \(points / 100)]")
            }
            bench.misnamed = [try driver(id: "elsewhere")]
            addLife(&bench, processes)
            try await work(bench)
        }
    }

    private static let weightsPath = "apps/http/servers/web/routes/0/handle/0/load_balancing/selection_policy/weights"
    private static var caddyPath: String { root + "/.routers-venv/bin/caddy" }

    private static func caddy(_ folder: String, _ port: Int, _ transport: CurlTransport) throws -> RouterProcess {
        let text = """
            {"admin": {"listen": "127.0.0.1:\(port)"}, "apps": {"http": {"servers": {"web": {
            "listen": ["unix/\(folder)/web.sock"], "automatic_https": {"disable": true}, "routes": [{"handle": [{
            "@id": "checkout", "handler": "reverse_proxy", "load_balancing": {"selection_policy":
            {"policy": "weighted_round_robin", "weights": [90, 10]}},
            "upstreams": [{"dial": "127.0.0.1:8081"}, {"dial": "127.0.0.1:8082"}]}]}]}}}}}
            """
        return try RouterProcess(
            command: [caddyPath, "run", "--config", "caddy.json"], files: ["caddy.json": text], folder: folder,
            readyURL: "http://127.0.0.1:\(port)/config/", transport: transport)
    }

    // MARK: nginx

    static let nginxReal = BenchKind(
        name: "nginx include, real", isInstalled: FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx"),
        cannotCheck: cannot
    ) { work in
        try await pair(nginx) { processes, ports, transport in
            @Sendable func driver(file: String = "split.conf", only: Int? = nil) throws -> any RouterDriver {
                let members = only.map { [(processes[$0], ports[$0])] } ?? Array(zip(processes, ports))
                let instances = members.map { process, port in
                    NginxIncludePlan.Instance(
                        file: process.folder + "/" + file,
                        command: ["/usr/sbin/nginx", "-p", process.folder, "-e", "stderr", "-c", "nginx.conf"],
                        stateURL: "http://127.0.0.1:\(port)/state")
                }
                let content = NginxIncludePlan.Content.choices(
                    [.init(variable: "$v", key: "$arg_n")], baseline: "old", canary: "new")
                return try makeDriver(
                    .nginx(.include(NginxIncludePlan(instances: instances, content: content))), transport: transport)
            }
            var bench = RouterBench(driver: try driver(), shares: [0, 1_000, 5_000, 0], timeoutMs: 8_000) {
                try await held(processes[$0], ports[$0])
            }
            bench.tamper = { instance, points in
                // Another client with the same tool, on the one machine alone.
                let receipts = await (try driver(only: instance)).apply(
                    Split(canaryBasisPoints: points), timeoutMs: 20_000)
                guard receipts.map(\.outcome) == [.accepted] else { throw RouterProcess.NotReady(log: "\(receipts)") }
            }
            bench.misnamed = [try driver(file: "elsewhere.conf")]
            addLife(&bench, processes)
            try await work(bench)
        }
    }

    /// The file's percentage, when the workers agree with it that the canary gets something or nothing.
    private static func held(_ process: RouterProcess, _ port: Int) async throws -> Int {
        let text = try String(contentsOfFile: process.folder + "/split.conf", encoding: .utf8)
        let written = text.firstMatch(of: #/\{ ([0-9.]+)% new; /#).flatMap { Double($0.1) }
        let percent = written ?? (text.contains("{ * new; }") ? 100 : 0)
        var canary = 0
        for number in 0..<200 {
            let answer = try await process.get("http://127.0.0.1:\(port)/?n=\(number)")
            if answer.hasPrefix("new") { canary += 1 }
        }
        return (canary > 0) == (percent > 0) ? Int(percent * 100) : -1
    }

    private static func nginx(_ folder: String, _ port: Int, _ transport: CurlTransport) throws -> RouterProcess {
        let text = """
            daemon off; worker_processes 2; pid nginx.pid; error_log stderr notice; events {}
            http { access_log off; include split.conf;
              server { listen 127.0.0.1:\(port);
                location / { return 200 "$v\\n"; }
                location = /state { return 200 "$rollguard_checkout\\n"; } } }
            """
        return try RouterProcess(
            command: ["/usr/sbin/nginx", "-p", folder, "-e", "stderr", "-c", "nginx.conf"],
            files: ["nginx.conf": text, "split.conf": shippedSplit], folder: folder,
            readyURL: "http://127.0.0.1:\(port)/state", transport: transport)
    }

    fileprivate static let shippedSplit = """
        split_clients "$arg_n" $v { 10% new; * old; }
        map "" $rollguard_checkout { default '{"canary_basis_points":1000,"revision":"first"}'; }

        """

    // MARK: Both

    private static func addLife(_ bench: inout RouterBench, _ processes: [RouterProcess]) {
        bench.setMood = { instance, mood in
            if mood == .refused { await processes[instance].stop() } else { try await restart(processes[instance]) }
        }
        bench.moods = [.refused]
        bench.restart = { instance in
            await processes[instance].stop()
            try await restart(processes[instance])
        }
    }

    /// With what it was shipped with.
    private static func restart(_ process: RouterProcess) async throws {
        let split = process.folder + "/split.conf"
        if FileManager.default.fileExists(atPath: split) {
            try shippedSplit.write(toFile: split, atomically: true, encoding: .utf8)
        }
        try await process.start()
    }

    private static func pair(
        _ make: (String, Int, CurlTransport) throws -> RouterProcess,
        _ work: ([RouterProcess], [Int], CurlTransport) async throws -> Void
    ) async throws {
        let transport = CurlTransport(userAgent: "test", secrets: SystemSecretStore())
        let ports = [try FreePort.find(), try FreePort.find()]
        let folder = "/tmp/rg-\(UInt32.random(in: 0...UInt32.max))"
        let processes = try ports.map { try make("\(folder)/\($0)", $0, transport) }
        do {
            for process in processes { try await process.start() }
            try await work(processes, ports, transport)
        } catch {
            for process in processes { await process.stop() }
            throw error
        }
        for process in processes { await process.stop() }
        await transport.shutdown()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
