import DemoWorld
import Foundation

/// One router with two versions of a service behind it, and a daemon that watches them, in a folder of their own.
final class Scene: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    let router: LiveRouter
    let folder: URL
    let old = DemoService(version: "v1", instance: "old", fault: .none, seed: 1)
    let new = DemoService(version: "v2", instance: "new", fault: .none, seed: 2)
    let ports: PortMap
    private(set) var processes: [ChildProcess] = []
    private(set) var daemon: ChildProcess?

    struct NotReady: Error, CustomStringConvertible {
        let description: String
    }

    /// The version servers listen and the files are written; nothing else runs yet.
    ///
    /// - Parameter startsServices: false where a page's own commands start them.
    init(_ router: LiveRouter, startsServices: Bool = true) async throws {
        self.router = router
        folder = URL(fileURLWithPath: "/tmp/rg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let fixed = startsServices ? [8081: try await Scene.port(old), 8082: try await Scene.port(new)] : [:]
        ports = try PortMap([8081, 8082] + router.entries + router.ports + [9411], fixed: fixed)
        try ship()
        try adapt(RollguardFile.withShortProof(RollguardFile.complete(router.rollguard))).write(
            toFile: path("rollguard.yaml"), atomically: true, encoding: .utf8)
    }

    private static func port(_ service: DemoService) async throws -> Int {
        let address = try await service.start()
        return address.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// A page's text with this scene's ports. `PWD` in a text is the scene's folder, for programs that want whole paths.
    func adapt(_ text: String) -> String { ports.adapt(text).replacingOccurrences(of: "$PWD", with: folder.path) }

    /// Writes the shipped configuration, over whatever is there.
    func ship() throws {
        for (name, text) in router.files.sorted(by: { $0.key < $1.key }) {
            let url = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try adapt(text).write(to: url, atomically: true, encoding: .utf8)
        }
    }

    var environment: [String: String] {
        // A home of its own: programs keep state there.
        [
            "PATH": Programs.searchPath, "HOME": folder.path, "XDG_CONFIG_HOME": folder.path,
            "XDG_DATA_HOME": folder.path,
        ]
    }

    /// Starts the router's processes and waits until every entry answers.
    func startRouter() async throws {
        processes = []
        for (index, command) in router.start.enumerated() {
            processes.append(try process(command, log: "router-\(index).log"))
        }
        for entry in router.entries {
            let url = URL(string: "http://127.0.0.1:\(ports[entry])/")!
            let isUp = await eventually(800) { try await HTTP.get(url).status == 200 }
            guard isUp else { throw NotReady(description: "entry \(entry) does not answer\n\(routerText)") }
        }
    }

    func process(_ command: String, log: String) throws -> ChildProcess {
        try ChildProcess(adapt(command), folder: folder, log: log, environment: environment)
    }

    func stopRouter() async {
        for process in processes.reversed() { await process.stop() }
    }

    /// Stops one process of the router, as a crash would.
    func kill(process index: Int) async { await processes[index].stop(9) }

    func start(process index: Int) async throws {
        processes[index] = try process(router.start[index], log: "router-\(index).log")
        guard router.entries.indices.contains(index) else { return }
        let url = URL(string: "http://127.0.0.1:\(ports[router.entries[index]])/")!
        guard await eventually(800, { try await HTTP.get(url).status == 200 }) else {
            throw NotReady(description: "process \(index) does not come back\n\(routerText)")
        }
    }

    var routerText: String { processes.map(\.text).joined(separator: "\n---\n") }

    /// - Parameters:
    ///   - configuration: another one than the page's.
    ///   - options: more of them for `run`.
    func startDaemon(_ configuration: String = "rollguard.yaml", options: String = "") async throws {
        daemon = try process("rollguard run --config \(configuration) \(options)", log: "rollguard.log")
        let url = api("/-/healthy")
        guard await eventually(800, { try await HTTP.get(url).status == 200 }) else {
            throw NotReady(description: "the daemon does not answer\n\(daemonText)")
        }
    }

    var daemonText: String { daemon?.text ?? "" }

    func api(_ path: String) -> URL { URL(string: "http://127.0.0.1:\(ports[9411])\(path)")! }

    /// Runs a page's command to its end and gives what it printed.
    func run(_ command: String) async throws -> String {
        let log = "command-\(UUID().uuidString.prefix(6)).log"
        let process = try ChildProcess(
            "/bin/sh -c '\(adapt(command).replacingOccurrences(of: "'", with: "'\\''"))'", folder: folder, log: log,
            environment: environment)
        guard await eventually(400, everyMs: 50, { !process.isRunning }) else {
            await process.stop(9)
            throw NotReady(description: "does not end: \(command)\n\(process.text)")
        }
        return process.text
    }

    func stop() async {
        await daemon?.stop()
        await stopRouter()
        await old.stop()
        await new.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}
