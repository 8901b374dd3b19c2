import DemoWorld
import Foundation
import Testing

/// The commands of the README, in its order, with its configuration, beside a real HAProxy.
@Suite("README", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct ReadmeTests {
    private static let router = LiveRouter(
        name: "haproxy", variant: "the README's", programs: ["haproxy"],
        files: [
            "haproxy.cfg": """
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
                server old1 127.0.0.1:8081 weight 45
                server old2 127.0.0.1:8083 weight 45
                server new1 127.0.0.1:8082 weight 10

            """, "hook.key": "a key of the tests\n",
        ],
        start: ["haproxy -db -f haproxy.cfg"], entries: [8080], ports: [8083], rollguard: "")

    @Test(.timeLimit(.minutes(10)))
    func itsCommandsWorkInTheirOrder() async throws {
        guard Self.router.missing.isEmpty else { try Test.cancel("not installed: haproxy; see scripts/setup.sh") }
        try await FewAtOnce.shared.run {
            let reader = try await ReadmeReader(Self.router)
            do { try await reader.follow() } catch {
                await reader.leave()
                throw error
            }
            await reader.leave()
        }
    }
}

private final class ReadmeReader: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    private let scene: Scene
    private let text: String
    private let sink = WebhookSink()
    private var names: [String: String] = [:]
    private var others: [ChildProcess] = []

    init(_ router: LiveRouter) async throws {
        scene = try await Scene(router)
        text = try String(contentsOf: Programs.root.appendingPathComponent("README.md"), encoding: .utf8)
    }

    func follow() async throws {
        names = [
            "10.0.0.11:9090": "127.0.0.1:8081", "10.0.0.12:9090": "127.0.0.1:8083", "10.0.0.21:9090": "127.0.0.1:8082",
            "/run/haproxy/admin.sock": scene.path("admin.sock"), "/var/lib/rollguard": scene.path("state"),
            "/etc/rollguard/hook.key": scene.path("hook.key"),
            "https://hooks.example": "http://\(try await sink.start())",
        ]
        others.append(try scene.process("rollguard service v1 --listen 127.0.0.1:8083", log: "old2.log"))
        try #require(await eventually { FreePort.isOpen(self.scene.ports[8083]) })
        try await scene.startRouter()
        others.append(
            try scene.process("rollguard load --target 127.0.0.1:8080 --rate 100", log: "load.log"))
        try FileManager.default.removeItem(atPath: scene.path("rollguard.yaml"))
        var seen: [String] = []
        for line in lines {
            let name = try #require(line.split(separator: " ").dropFirst().first.map(String.init))
            seen.append(name)
            try await perform(name, line)
        }
        let wanted = [
            "init", "check", "doctor", "inspect", "run", "run", "status", "rollback", "why", "rearm", "reload",
        ]
        #expect(seen == wanted)
    }

    /// The indented commands after "Use it".
    private var lines: [String] {
        let part = text.components(separatedBy: "\n## ").first { $0.hasPrefix("Use it") } ?? ""
        let commands = part.split(separator: "\n").filter { $0.hasPrefix("    rollguard ") }
        return commands.map { line in
            let code = line.firstRange(of: " #").map { line[..<$0.lowerBound] } ?? line
            return code.trimming { $0 == " " }
        }
    }

    private func perform(_ name: String, _ line: String) async throws {
        switch name {
        case "init":
            let made = try await shell(line)
            #expect(made.contains("ended with 0") && made.contains("old1, old2 and new1"), "\(made)")
            try writeTheConfiguration()
        case "run" where line.contains("--dry-run"):
            try await scene.startDaemon(options: "--dry-run")
            await scene.daemon?.stop()
        case "run":
            try await scene.startDaemon()
            let isWatched = await eventually { self.scene.daemonText.contains("checkout: watching") }
            #expect(isWatched, "\(scene.daemonText)")
        case "status":
            let watch = try scene.process(here(line) + " --address 127.0.0.1:9411", log: "status.log")
            #expect(
                await eventually { watch.text.components(separatedBy: "checkout: watching").count > 2 }, "\(watch.text)"
            )
            await watch.stop(SIGINT)
        case "why":
            let newest = try await shell("rollguard why")
            let id = try #require(newest.firstMatch(of: /checkout-[0-9]+/).map { String($0.0) }, "\(newest)")
            let why = try await shell(line.replacing("checkout-17", with: id))
            #expect(why.contains("\(id): acknowledged") && why.contains("checkout is slow"), "\(why)")
        default:
            let text = try await shell(line)
            #expect(text.contains("ended with 0"), "\(line)\n\(text)\n\(scene.daemonText)")
        }
    }

    /// The page's own, with this folder's names and scrapes every second.
    private func writeTheConfiguration() throws {
        let start = try #require(text.range(of: "```yaml\n# rollguard.yaml\n"))
        let end = try #require(text[start.upperBound...].range(of: "```"))
        let yaml = String(text[start.upperBound..<end.lowerBound])
        let changed = scene.adapt(here(yaml)).replacing("interval: 5s", with: "interval: 1s")
            .replacing("timeout: 2s", with: "timeout: 900ms")
        try changed.write(toFile: scene.path("rollguard.yaml"), atomically: true, encoding: .utf8)
    }

    private func here(_ text: String) -> String {
        names.sorted { $0.key < $1.key }.reduce(text) { $0.replacing($1.key, with: $1.value) }
    }

    private func shell(_ line: String) async throws -> String {
        try await scene.run("export ROLLGUARD_ADDRESS=127.0.0.1:9411; \(here(line)); echo ended with $?")
    }

    func leave() async {
        for process in others { await process.stop() }
        await sink.stop()
        await scene.stop()
    }
}
