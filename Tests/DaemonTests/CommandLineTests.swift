import Foundation
import Testing

/// Exit codes and messages of commands that fail: what a script and an operator see.
@Suite("The command line", .enabled(if: Executable.path != nil, "the executable is not built"))
struct CommandLineTests {
    private static func run(_ arguments: [String], files: [String: String] = [:]) async throws -> (Int32?, String) {
        let folder = try Scratch.folder("command")
        for (name, text) in files {
            try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let filled = arguments.map { $0.replacingOccurrences(of: "DIR", with: folder.path) }
        let command = try Executable(filled, folder: folder)
        let end = await command.end()
        let text = command.text
        await command.kill9()
        try? FileManager.default.removeItem(at: folder)
        return (end?.status, text)
    }

    private static let configuration = """
        state: /proc/rollguard
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

    @Test(arguments: [
        (["--help"], Int32(0), "Exit codes"), (["run", "--help"], 0, "SIGHUP"), (["demo", "--help"], 0, "--fault"),
        (["check", "--help"], 0, "--effective"), (["inspect", "--help"], 0, "--content-type"),
        (["why", "--help"], 0, "newest"),
        (["status", "--help"], 0, "--watch"), (["rollback", "--help"], 0, "--reason"),
        (["rearm", "--help"], 0, "latch"),
        (["router", "--help"], 0, "admin API"), (["--version"], 0, "0."), ([], 0, "USAGE"),
        (["nonsense"], 2, "nonsense"), (["staus"], 2, "did you mean 'status'?"),
        (["reload", "--help"], 0, "Everything or nothing"), (["init"], 2, "--baseline"),
        (["run"], 2, "no configuration"), (["check"], 2, "rollguard init"), (["doctor"], 2, "no configuration"),
        (["run", "--log-format", "xml"], 2, "'text', 'json' or 'journald'"),
        (["status", "-o", "yaml"], 2, "'table' and 'json'"),
        (["reload", "--address", "127.0.0.1:1"], 3, "rollguard run"),
        (["rollback", "x"], 2, "--reason"),
        (["demo", "--fault", "fire"], 2, "errors"), (["inspect", "x", "--timeout", "1e300"], 2, "--timeout takes"),
        (["rollback", "x", "--reason", "y", "--wait", "9223372036854775807"], 2, "--wait takes"),
        (["run", "--config", "/nowhere.yaml"], 1, "/nowhere.yaml"),
        (["check", "/nowhere.yaml"], 1, "/nowhere.yaml"), (["inspect", "/nowhere"], 3, "/nowhere"),
        (["inspect", "http://127.0.0.1:1/metrics"], 3, "cannot connect"),
        (["status", "--address", "127.0.0.1:1"], 3, "rollguard run"),
        (["router", "--config", "/nowhere.json"], 1, "/nowhere.json"),
    ])
    func exitCodesSayWhatHappened(_ arguments: [String], _ code: Int32, _ word: String) async throws {
        let (status, text) = try await Self.run(arguments)
        #expect(status == code, "\(arguments): \(text)")
        #expect(text.contains(word), "\(arguments): \(text)")
    }

    /// Commands that talk to the daemon find it by the environment, and by a configuration in the working directory.
    @Test func theEnvironmentNamesTheDaemon() async throws {
        let folder = try Scratch.folder("command")
        let named = try Executable(["status"], folder: folder, environment: ["ROLLGUARD_ADDRESS": "127.0.0.1:1"])
        #expect(await named.end()?.status == 3 && named.text.contains("127.0.0.1:1"), "\(named.text)")
        let token = try Executable(
            ["status"], folder: folder,
            environment: ["ROLLGUARD_ADDRESS": "127.0.0.1:1", "ROLLGUARD_TOKEN_FILE": folder.path + "/absent"])
        #expect(await token.end()?.status == 3 && token.text.contains("/absent"), "\(token.text)")
        try? FileManager.default.removeItem(at: folder)
    }

    /// https://no-color.org; `script` gives the command a terminal.
    @Test(
        .enabled(if: RealProgram.path("script") != nil, "script is not installed"),
        arguments: [
            (["TERM": "xterm", "NO_COLOR": ""], true), (["TERM": "xterm", "NO_COLOR": "1"], false),
            (["TERM": "dumb", "NO_COLOR": ""], false),
        ])
    func coloursAreForTerminalsThatShowThem(_ environment: [String: String], _ hasColours: Bool) async throws {
        let folder = try Scratch.folder("command")
        let path = folder.appendingPathComponent("rollguard.yaml").path
        try "releases: 5\n".write(toFile: path, atomically: true, encoding: .utf8)
        let command = "'\(Executable.path ?? "")' doctor '\(path)'"
        let terminal = try Executable(
            program: RealProgram.path("script"), ["-qec", command, "/dev/null"], folder: folder,
            environment: environment)
        _ = await terminal.end()
        #expect(terminal.text.contains("\u{1B}[31merror\u{1B}[0m") == hasColours, "\(terminal.text)")
        #expect(terminal.text.contains("\u{1B}[") == hasColours && terminal.text.contains("configuration:"))
        let plain = try Executable(["doctor", path], folder: folder, environment: environment)
        _ = await plain.end()
        #expect(!plain.text.contains("\u{1B}["), "\(plain.text)")
        try? FileManager.default.removeItem(at: folder)
    }

    /// A time without a unit is in seconds; from a minute on it was hardly meant so.
    @Test func aTimeWithoutAUnitIsWarnedOf() async throws {
        let rules = """
            groups:
              - name: latency
                rules:
                  - {alert: Slow, indicator: latency_p99, window: 1m, when: canary > 500, action: rollback}
                  - {alert: Late, indicator: latency_p99, window: 1m, when: canary > 2, action: rollback}

            """
        let (status, output) = try await Self.run(["check", "DIR/rules.yaml"], files: ["rules.yaml": rules])
        #expect(status == 0 && output.contains("write 500ms for milliseconds, or 500s"), "\(output)")
        #expect(output.components(separatedBy: "warning:").count == 2, "\(output)")
    }

    /// The daemon starts all the same: a disk must not leave releases unwatched.
    @Test func aStateFolderThatCannotBeWrittenIsNamed() async throws {
        let folder = try Scratch.folder("command")
        let path = folder.appendingPathComponent("rollguard.yaml").path
        try Self.configuration.write(toFile: path, atomically: true, encoding: .utf8)
        let daemon = try Executable(["run", "--config", path], folder: folder)
        let isListening = await eventually { daemon.text.contains("the API listens on") }
        #expect(isListening && daemon.text.contains("/proc/rollguard"), "\(daemon.text)")
        #expect(daemon.text.contains("starting degraded"), "\(daemon.text)")
        daemon.signal(SIGTERM)
        #expect(await daemon.end()?.status == 0)
        await daemon.kill9()
        try? FileManager.default.removeItem(at: folder)
    }

    @Test func aPortInUseIsNamed() async throws {
        let taken = try PortHolder()
        let text = Self.configuration.replacingOccurrences(of: "127.0.0.1:0", with: "127.0.0.1:\(taken.port)")
            .replacingOccurrences(of: "/proc/rollguard", with: NSTemporaryDirectory() + "rollguard-port-\(UUID())")
        let (status, output) = try await Self.run(
            ["run", "--config", "DIR/rollguard.yaml"], files: ["rollguard.yaml": text])
        #expect(
            status == 3 && output.contains("\(taken.port)") && output.contains("listens there already"), "\(output)")
    }

    @Test func errorsComeAllAtOnceWithTheirPlaces() async throws {
        let text = Self.configuration.replacingOccurrences(of: "window:", with: "windw:")
            .replacingOccurrences(of: "canary < 1", with: "canary <")
        let (status, output) = try await Self.run(["check", "DIR/rollguard.yaml"], files: ["rollguard.yaml": text])
        #expect(status == 1)
        #expect(output.contains("rollguard.yaml:13:") && output.contains("did you mean 'window'?"), "\(output)")
        #expect(output.components(separatedBy: ": error: ").count > 2, "\(output)")
    }

    private static func led(_ list: String) -> String {
        """
        state: /proc/rollguard
        releases:
          - name: checkout
            places: {blue: {targets: ["10.0.0.1:9090"]}, green: {targets: []}}
            start: {blue: v1}
            indicators: {requests: r, errors: e}
            router: {kind: haproxy, socket: /run/h.sock, backend: b, servers: {blue: [old], green: [new]}}
            steps: {list: \(list), every: {min: 5m, requests: 500}}
            rules: [{name: g, rules: [{alert: A, indicator: error_rate, window: 1m, when: canary > 5%, action: rollback}]}]

        """
    }

    @Test func checkSaysWhatHoldsInEachStep() async throws {
        let (status, output) = try await Self.run(
            ["check", "DIR/rollguard.yaml"], files: ["rollguard.yaml": Self.led("[5%, 50%, 100%]")])
        #expect(
            status == 0
                && output.contains(
                    """
                    checkout: led in 3 steps
                      5%: at least 5 min, 500 requests
                      50%: at least 5 min, 500 requests
                      100%: watched for 1 h, then the new version is the baseline

                    """),
            "\(output)")
    }

    /// HAProxy's weights are whole numbers up to 256.
    @Test func checkRefusesStepsThatTheRouterRoundsAway() async throws {
        let (status, output) = try await Self.run(
            ["check", "DIR/rollguard.yaml"], files: ["rollguard.yaml": Self.led("[0.1%, 50%, 50.1%, 100%]")])
        #expect(status == 1 && output.components(separatedBy: ": error: ").count == 3, "\(output)")
        #expect(output.contains("step 1 of 0.1% is less than the router's smallest step"), "\(output)")
        #expect(output.contains("step 3 of 50.1% is less than"), "\(output)")
    }

    @Test func inspectPrintsTheCanonicalSamples() async throws {
        let page = "# TYPE a counter\na{z=\"1\",b=\"2\"} 3\nb 1 12\n"
        let (status, text) = try await Self.run(["inspect", "DIR/body.txt"], files: ["body.txt": page])
        #expect(status == 0 && text.hasPrefix("a{b=\"2\",z=\"1\"} 3\nb 1 12\n"), "\(text)")
        #expect(text.hasSuffix("2 samples of 2 names, prometheus-text; no counter of requests\n"), "\(text)")
        let (bad, error) = try await Self.run(["inspect", "DIR/body.txt"], files: ["body.txt": "a 1\nb{ 2\n"])
        #expect(bad == 1 && error.contains("line 2"), "\(error)")
    }

    @Test func inspectSaysWhichIndicatorsMatch() async throws {
        let (status, text) = try await Self.run(
            ["inspect", "DIR/body.txt", "--config", "DIR/rollguard.yaml"],
            files: ["body.txt": "request_total 1\n", "rollguard.yaml": Self.configuration])
        #expect(status == 0 && text.contains("requests_total matches 0 series"), "\(text)")
        #expect(text.contains("nearest") && text.contains("request_total"), "\(text)")
    }
}

/// Listens on a port so that no other program can.
private final class PortHolder {
    let port: Int
    private let descriptor: Int32

    init() throws {
        let free = try Scratch.port()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(free)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(listener, 1) == 0 else { throw CocoaError(.featureUnsupported) }
        (port, descriptor) = (free, listener)
    }

    deinit { close(descriptor) }
}
