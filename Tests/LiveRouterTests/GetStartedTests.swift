import Foundation
import Testing

/// The first page that a new user follows: its commands as they are, but for the ports, and scrapes every second.
@Suite("Get started", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct GetStartedTests {
    @Test(.timeLimit(.minutes(5)))
    func thePageLeadsToAProvenRollback() async throws {
        guard Programs.path("haproxy") != nil else { try Test.cancel("haproxy is not installed; see scripts/setup.sh") }
        let reader = try Reader()
        try await FewAtOnce.shared.run {
            do { try await reader.follow() } catch {
                await reader.leave()
                throw error
            }
            await reader.leave()
        }
    }
}

/// A reader with several terminals in an empty folder.
private final class Reader: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    private let page: TutorialPage
    private let folder: URL
    private let ports = try? PortMap([8080, 8081, 8082, 9411, 9999], fixed: [:])
    private var terminals: [ChildProcess] = []

    init() throws {
        let text = try String(contentsOf: Programs.root.appendingPathComponent("docs/get-started.md"), encoding: .utf8)
        page = TutorialPage(text: text)
        folder = URL(fileURLWithPath: "/tmp/rg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func follow() async throws {
        try write("haproxy.cfg", try page.file("haproxy.cfg"))
        try start("services")
        try start("router")
        let isUp = await eventually { FreePort.isOpen(self.port(8080)) && FreePort.isOpen(self.port(8082)) }
        try #require(isUp, "\(terminals.map(\.text))")
        try start("load")
        try await run("init")
        try shorten()
        try await watch("dry-run") { try await self.run("status") }
        try await watch("rollguard") {
            let daemon = self.terminals[self.terminals.count - 1]
            try await self.run("fault")
            let isOut = await eventually(4_000) { daemon.text.contains("checkout: rolled back: rolled back to v1") }
            try #require(isOut, "\(daemon.text)")
            #expect(PageOutput.contains(daemon.text, self.adapt(self.page.log ?? "")), "\(daemon.text)")
            try await self.run("why")
        }
    }

    /// Starts a daemon, waits until it watches, does something, and ends it with Ctrl-C.
    private func watch(_ name: String, _ body: () async throws -> Void) async throws {
        try start(name)
        let daemon = terminals[terminals.count - 1]
        try #require(await eventually { daemon.text.contains("checkout: watching") }, "\(daemon.text)")
        try await body()
        await daemon.stop(SIGINT)
        #expect(!daemon.isRunning)
    }

    /// The test does not wait for scrapes of every five seconds, and takes no port that is in use.
    private func shorten() throws {
        let path = folder.appendingPathComponent("rollguard.yaml")
        let text = try String(contentsOf: path, encoding: .utf8)
        let changed = adapt(text).replacing("interval: 5s", with: "interval: 1s").replacing(
            "timeout: 2s", with: "timeout: 900ms")
        #expect(changed != text)
        try changed.write(to: path, atomically: true, encoding: .utf8)
    }

    private func start(_ name: String) throws {
        for line in try page.commands(name).flatMap({ $0.command.split(separator: "\n") }) {
            let command = line.hasSuffix(" &") ? String(line.dropLast(2)) : String(line)
            terminals.append(
                try ChildProcess(
                    adapt(command), folder: folder, log: "\(name)-\(terminals.count).log", environment: environment))
        }
    }

    /// Runs a command to its end and compares what it prints with the page.
    private func run(_ name: String) async throws {
        let step = try #require(try page.commands(name).first)
        let process = try ChildProcess(
            adapt(step.command), folder: folder, log: "\(name).log", environment: environment)
        let hasEnded = await eventually { !process.isRunning }
        try #require(hasEnded, "\(process.text)")
        #expect(PageOutput.matches(process.text, adapt(step.output ?? "")), "\(name): \(process.text)")
    }

    private func write(_ name: String, _ text: String) throws {
        try adapt(text).write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }

    private var environment: [String: String] { ["PATH": Programs.searchPath, "HOME": folder.path] }

    private func adapt(_ text: String) -> String { ports?.adapt(text) ?? text }

    private func port(_ number: Int) -> Int { ports?[number] ?? number }

    func leave() async {
        for terminal in terminals.reversed() { await terminal.stop() }
        try? FileManager.default.removeItem(at: folder)
    }
}
