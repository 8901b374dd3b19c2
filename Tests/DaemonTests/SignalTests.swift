import Foundation
import Testing

/// Programs that are ended by Ctrl-C or by a supervisor, and signals that come at a bad moment.
@Suite("A signal", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct SignalTests {
    private static let router = """
        {"state_file": "DIR/split.json", "baseline": ["127.0.0.1:1"], "canary": ["127.0.0.1:2"],
         "strategy": {"kind": "random"}, "initial_canary_basis_points": 0}
        """
    private static let daemon = """
        state: DIR/state
        listen: 127.0.0.1:0
        releases:
          - name: checkout
            pools:
              baseline: {version: v1, targets: ["127.0.0.1:1"]}
              canary:   {version: v2, targets: ["127.0.0.1:2"]}
            indicators: {requests: requests_total}
            router: {kind: gray, instances: ["http://127.0.0.1:3"]}
            rules:
              - name: checkout
                rules:
                  - {alert: Gone, indicator: request_rate, window: 1m, when: canary < 1, action: notify}

        """

    /// Starts a command in a folder of its own, which is the folder for temporary files as well.
    private static func start(
        _ arguments: [String], _ folder: URL, environment: [String: String] = [:]
    ) throws -> Executable {
        for (name, text) in [("router.json", router), ("rollguard.yaml", daemon)] {
            let filled = text.replacingOccurrences(of: "DIR", with: folder.path)
            try filled.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let filled = arguments.map { $0.replacingOccurrences(of: "DIR", with: folder.path) }
        return try Executable(
            filled, folder: folder, environment: environment.merging(["TMPDIR": folder.path]) { $1 })
    }

    private static func demoFolders(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("rollguard-demo") }
    }

    struct Command {
        let arguments: [String]
        /// What it prints when it is up.
        let ready: String
    }

    static let commands = [
        Command(arguments: ["router", "--config", "DIR/router.json"], ready: "traffic on"),
        Command(arguments: ["service", "v1", "--listen", "127.0.0.1:0"], ready: "listens on"),
        Command(arguments: ["demo", "--fault", "none"], ready: "its API"),
    ]

    @Test(arguments: commands, [SIGINT, SIGTERM])
    func endsAForegroundCommandWithTheShellsCode(_ command: Command, _ signal: Int32) async throws {
        let folder = try Scratch.folder("signal")
        let program = try Self.start(command.arguments, folder)
        #expect(await eventually { program.text.contains(command.ready) }, "\(program.text)")
        program.signal(signal)
        let end = await program.end()
        #expect(end?.reason == .exit && end?.status == 128 + signal, "\(program.text)")
        #expect(try Self.demoFolders(folder) == [])
        await program.kill9()
        try FileManager.default.removeItem(at: folder)
    }

    @Test func endsALoadWithItsCounts() async throws {
        let world = try await LiveWorld.start()
        let load = try Executable(["load", "--target", world.adminAddress], folder: world.folder)
        #expect(await eventually { load.handles(SIGINT) })
        load.signal(SIGINT)
        let end = await load.end()
        #expect(end?.reason == .exit && end?.status == 130 && load.text.contains("no answer"), "\(load.text)")
        await load.kill9()
        await world.stop()
    }

    /// A demo that continued without its daemon would report that all is well.
    @Test(arguments: ["errors", "none"]) func aDemoFailsWhenItsDaemonEnds(_ fault: String) async throws {
        let folder = try Scratch.folder("demo")
        let demo = try Self.start(
            ["demo", "--fault", fault, "--history", "0"], folder,
            environment: ["ROLLGUARD_TEST_END_AFTER_MS": "1000"])
        let end = await demo.end(withinSeconds: 60)
        #expect(end?.reason == .exit && end?.status == 1, "\(demo.text)")
        #expect(demo.text.contains("the daemon ended in the middle of the demo"), "\(demo.text)")
        #expect(demo.text.contains("test hook ended: it returned"), "\(demo.text)")
        #expect(try Self.demoFolders(folder) == [])
        await demo.kill9()
        try FileManager.default.removeItem(at: folder)
    }

    @Test func aDaemonWhoseServiceReturnsSaysWhich() async throws {
        let folder = try Scratch.folder("service")
        let daemon = try Self.start(
            ["run", "--config", "DIR/rollguard.yaml"], folder, environment: ["ROLLGUARD_TEST_END_AFTER_MS": "50"])
        let end = await daemon.end()
        #expect(end?.status == 3 && daemon.text.contains("test hook ended"), "\(daemon.text)")
        await daemon.kill9()
        try FileManager.default.removeItem(at: folder)
    }

    /// A reload that is asked for while the program is still starting is not lost and does not end it.
    @Test(arguments: [["run", "--config", "DIR/rollguard.yaml"], ["router", "--config", "DIR/router.json"]])
    func toReloadMayComeWhileTheProgramStarts(_ arguments: [String]) async throws {
        let folder = try Scratch.folder("early")
        let program = try Self.start(arguments, folder)
        #expect(await eventually(5_000, everyMs: 1) { program.isLoaded && program.handles(SIGHUP) })
        program.signal(SIGHUP)
        #expect(await eventually { program.text.contains("configuration reloaded") }, "\(program.text)")
        #expect(program.isRunning)
        await program.kill9()
        try FileManager.default.removeItem(at: folder)
    }

    @Test func reloadsARouterOrLeavesItAsItWas() async throws {
        let folder = try Scratch.folder("router")
        let program = try Self.start(["router", "--config", "DIR/router.json"], folder)
        let path = folder.appendingPathComponent("router.json").path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(await eventually { program.text.contains("traffic on") }, "\(program.text)")
        for (change, words) in [
            (("random", "by_luck"), "'by_luck' is not a strategy"),
            (("\"baseline\"", "\"listen\": \"127.0.0.1:1\", \"baseline\""), "listen cannot change while"),
            (("127.0.0.1:2", "127.0.0.1:3"), "configuration reloaded: changed: canary"),
        ] {
            try text.replacingOccurrences(of: change.0, with: change.1).write(
                toFile: path, atomically: true, encoding: .utf8)
            program.signal(SIGHUP)
            #expect(await eventually { program.text.contains(words) }, "\(program.text)")
        }
        #expect(program.isRunning)
        await program.kill9()
        try FileManager.default.removeItem(at: folder)
    }
}

extension Executable {
    /// Whether the process is the program already.
    var isLoaded: Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(identifier)/exe")) == Executable.path
    }

    /// Whether it has a handler for a signal.
    func handles(_ signal: Int32) -> Bool { mask("SigCgt", contains: signal) }

    private func mask(_ name: String, contains signal: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        let digits = line?.split(separator: "\t").last.map(String.init) ?? ""
        return (UInt64(digits, radix: 16) ?? 0) & (1 << UInt64(signal - 1)) != 0
    }
}
