import Foundation
import Testing

/// docs/tutorials/plan.md as a user follows it, but for the ports: PostgreSQL with dbmate, a flag of flagd, NATS, HAProxy, two
/// versions of a service, and a bad one of them.
@Suite(
    "The tutorial of plans",
    .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"),
    .enabled(if: PlanReader.missing == nil, "\(PlanReader.missing ?? "")"))
struct PlanTutorialTests {
    @Test(.timeLimit(.minutes(8)))
    func theFlagAndTheQueueAreBackAndTheMigrationIsLeftAlone() async throws {
        try await FewAtOnce.shared.run {
            let reader = try PlanReader()
            do { try await reader.follow() } catch {
                await reader.leave()
                throw error
            }
            await reader.leave()
        }
    }
}

/// A reader with several terminals in an empty folder.
private final class PlanReader: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    private let page: TutorialPage
    private let folder: URL
    private let ports: PortMap
    private var terminals: [String: [ChildProcess]] = [:]

    /// The environments of Python that `scripts/setup.sh test` makes have what the page's first command installs.
    private static let environments = [".flags-venv", ".plans-venv", ".routers-venv"].map {
        Programs.root.appendingPathComponent($0).path
    }

    /// Which program of the page is not here; nil when all are.
    static var missing: String? {
        if ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] != nil { return nil }
        let folders = environments.map { $0 + "/bin" } + ["/usr/sbin", "/usr/bin"]
        let wanted = ["dbmate", "nats-server", "haproxy", "psql", "python3"]
        let absent = wanted.first { name in
            !folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        }
        return absent.map { "\($0) is not installed" }
    }

    init() throws {
        page = try TutorialPage("plan")
        ports = try PortMap([4222, 5432, 8080, 8081, 8082, 9411, 9999], fixed: [:])
        folder = URL(fileURLWithPath: "/tmp/rg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func follow() async throws {
        for (name, text) in page.files.sorted(by: { $0.key < $1.key }) {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try ports.adapt(text).write(to: file, atomically: true, encoding: .utf8)
        }
        try await serve()
        try await rollBack()
        try await checkWhatIsBack()
    }

    private func serve() async throws {
        try start("postgres")
        try await listens(5432)
        try await prints("migrate")
        try start("nats")
        try await listens(4222)
        try await prints("make")
        try start("workers")
        try start("services")
        for port in [8081, 8082] { try await listens(port) }
        try start("router")
        try await listens(8080)
        try start("rollguard")
        try await daemonSays("watching")
    }

    private func rollBack() async throws {
        try await prints("preview")
        try start("load")
        // The new version has served enough for a verdict, all of it well.
        try await Task.sleep(for: .seconds(6))
        #expect(!daemonText.contains("rolling back"), "\(daemonText)")
        try await prints("fault")
        try await daemonSays("rolled back: rolled back to v1")
        try await daemonSays("cards waits for an operator")
        let wanted = ports.adapt(try #require(page.log))
        #expect(PageOutput.contains(daemonText, wanted), "\(wanted)\nis not in\n\(daemonText)")
    }

    private func checkWhatIsBack() async throws {
        try await daemonSays("consumer is proved")
        for name in ["flag", "queue", "schema", "events", "done"] { try await prints(name) }
        try await daemonSays("the plan has ended")
        let why = try await shell(try #require(try page.commands("why").first).command)
        let plan = why.split(separator: "timeline")[0]
        for step in ["new-checkout", "consumer", "cards"] {
            let line = plan.split(separator: "\n").first { $0.contains(" \(step) ") }
            #expect(line?.contains("is proved") == true, "\(why)")
        }
        // The migration is as it was: nothing destructive ran.
        let gift = try await shell(
            "psql -h 127.0.0.1 -p 5432 -U postgres -XAtc 'select count(*) > 0 from orders where gift is not null'")
        #expect(gift.hasPrefix("t"), "\(gift)")
    }

    // MARK: Terminals

    private func start(_ name: String) throws {
        for line in try page.commands(name).flatMap({ $0.command.split(separator: "\n") }) {
            let command = line.hasSuffix(" &") ? String(line.dropLast(2)) : String(line)
            let terminal = try ChildProcess(
                ports.adapt(command), folder: folder, log: "\(name)-\(terminals[name]?.count ?? 0).log",
                environment: environment)
            terminals[name, default: []].append(terminal)
        }
    }

    private func listens(_ port: Int) async throws {
        let isUp = await eventually { FreePort.isOpen(self.ports[port]) }
        try #require(isUp, "\(port): \(allText)")
    }

    private var daemonText: String { terminals["rollguard"]?.first?.text ?? "" }

    private var allText: String {
        terminals.sorted { $0.key < $1.key }.map { name, all in
            "\(name): \(all.map(\.text).joined(separator: "\n"))"
        }.joined(separator: "\n")
    }

    private func daemonSays(_ part: String) async throws {
        let says = await eventually(2_400) { self.daemonText.contains(part) }
        try #require(says, "\(part) is not in\n\(allText)")
    }

    /// Runs a command of the page until it prints what the page shows.
    private func prints(_ name: String) async throws {
        let step = try #require(try page.commands(name).first)
        let wanted = ports.adapt(step.output ?? "…")
        var printed = ""
        for _ in 0..<20 {
            printed = try await shell(step.command)
            if PageOutput.matches(printed, wanted) { return }
            // What changes something is not repeated.
            if ["migrate", "queue", "done", "fault"].contains(name) { break }
            try await Task.sleep(for: .milliseconds(500))
        }
        Issue.record("\(name) printed\n\(printed)\nand the page has\n\(wanted)\n\(allText)")
    }

    private func shell(_ command: String) async throws -> String {
        let quoted = ports.adapt(command).replacing("'", with: "'\\''")
        let process = try ChildProcess(
            "sh -c '\(quoted)'", folder: folder, log: "command-\(UUID().uuidString.prefix(6)).log",
            environment: environment)
        let hasEnded = await eventually { !process.isRunning }
        try #require(hasEnded, "\(command): \(process.text)")
        return process.text
    }

    private var environment: [String: String] {
        let bins = PlanReader.environments.map { $0 + "/bin" }
        let packages = PlanReader.environments.flatMap { environment in
            let lib = environment + "/lib"
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: lib)) ?? []
            return versions.map { "\(lib)/\($0)/site-packages" }
        }
        return [
            "PATH": (bins + [Programs.searchPath]).joined(separator: ":"), "HOME": folder.path,
            "PYTHONPATH": packages.joined(separator: ":"), "PYTHONUNBUFFERED": "1",
        ]
    }

    func leave() async {
        for terminal in terminals.values.joined() { await terminal.stop() }
        try? FileManager.default.removeItem(at: folder)
    }
}
