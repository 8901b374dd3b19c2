import DemoWorld
import Foundation
import Testing

/// docs/operations.md with a real daemon; and what the other pages for users mention.
@Suite("Operate", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct OperationsPageTests {
    /// Blocks that cannot be run beside other tests, and what is tested instead.
    static let elsewhere: [(start: String, reason: String)] = [
        ("sudo apt install", "changes the machine; `make test-dist` installs, upgrades and removes the package"),
        ("sudo rollguard init --output /etc", "needs the addresses of a fleet; InitOnRoutersTests runs it"),
        ("podman build", "needs an image from a registry; `make test-dist` runs the same root file system"),
        ("rollguard demo", "`make test-dist` and the demo's own test run it"),
    ]

    private static let pages = ["docs/get-started.md", "docs/operations.md", "docs/why.md", "docs/glossary.md"]

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Programs.root.appendingPathComponent(path), encoding: .utf8)
    }

    /// A block that belongs to no test would rot.
    @Test(arguments: pages)
    func everyBlockIsRunOrHasAReason(_ page: String) throws {
        let blocks = try Self.text(page).split(separator: "\n```").map(String.init)
        for block in blocks where block.hasPrefix("sh\n") {
            let command = block.dropFirst(3)
            #expect(Self.elsewhere.contains { command.hasPrefix($0.start) }, "\(page): \(command)")
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func thePageIsFollowedFromTheCheckToTheDowngrade() async throws {
        try await FewAtOnce.shared.run {
            let scene = try await Scene(.gray)
            let reader = Operator(scene: scene, page: TutorialPage(text: try Self.text("docs/operations.md")))
            do { try await reader.follow() } catch {
                await reader.leave()
                throw error
            }
            await reader.leave()
        }
    }

    /// What a sentence mentions is run as it is, with this world's names for the page's placeholders.
    @Test(.timeLimit(.minutes(10)))
    func whatTheOtherPagesMentionCanBeRun() async throws {
        try await FewAtOnce.shared.run {
            let scene = try await Scene(.gray)
            let reader = Operator(scene: scene, page: TutorialPage(text: ""))
            do {
                try await reader.start("text")
                try await reader.rollBack()
                for page in ["docs/why.md", "docs/glossary.md", "docs/get-started.md"] {
                    for command in DocumentedCommand.all(in: page, try Self.text(page)) where !command.isWhole {
                        try await reader.run(command)
                    }
                }
            } catch {
                await reader.leave()
                throw error
            }
            await reader.leave()
        }
    }
}

/// Someone with a shell in the scene's folder, where `/var/lib/rollguard` and `/backup` are.
private final class Operator: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    private let scene: Scene
    private let page: TutorialPage
    private let load: LoadGenerator
    private var loading: Task<Void, Never>?

    init(scene: Scene, page: TutorialPage) {
        (self.scene, self.page) = (scene, page)
        load = LoadGenerator(target: "127.0.0.1:\(scene.ports[8080])", requestsPerSecond: 50, users: 100, seed: 3)
    }

    func follow() async throws {
        try await start("text")
        try await expect("doctor", ended: 0, "a rollback would call")
        try await rollBack()
        try compare("text")
        try await expect("backup", ended: 0, "")
        // A backup never replaces a file.
        try await expect("backup", ended: 1, "before-the-upgrade.sqlite")
        await scene.daemon?.stop()
        try await expect("restore", ended: 0, "")
        try await start("json")
        let status = try await shell("rollguard status")
        #expect(status.contains("checkout: rolled_back") || status.contains("checkout: rolled back"), "\(status)")
        let rearm = try await shell("rollguard rearm checkout --reason 'the cart was the cause'")
        #expect(rearm.contains("is rearmed"), "\(rearm)")
        try compare("json")
        await scene.daemon?.stop()
        try await raiseTheSchemaVersion()
        let refused = try await shell("rollguard run --config rollguard.yaml")
        #expect(refused.contains("ended with 3"), "\(refused)")
        try compare("downgrade", with: refused)
        try await checkReload()
    }

    /// What systemd runs at `systemctl reload`, by the unit itself.
    private func checkReload() async throws {
        let unit = try String(
            contentsOf: Programs.root.appendingPathComponent("packaging/rollguard.service"), encoding: .utf8)
        let line = try #require(unit.firstMatch(of: /ExecReload=\/usr\/bin\/(.*)/).map { String($0.1) })
        try FileManager.default.removeItem(atPath: scene.path("state"))
        try await start("text")
        let reload = try await shell(line)
        #expect(reload.contains("reloaded") && reload.contains("ended with 0"), "\(reload)")
    }

    func start(_ format: String) async throws {
        if loading == nil {
            try FileManager.default.createDirectory(
                atPath: scene.path("backup"), withIntermediateDirectories: true)
            try await scene.startRouter()
            loading = Task { [load] in await load.run() }
        }
        try await scene.startDaemon(options: "--log-format \(format)")
        let isKnown = await eventually { self.scene.daemonText.contains("checkout: ") }
        #expect(isKnown, "\(scene.daemonText)")
    }

    func rollBack() async throws {
        let isWatched = await eventually { self.scene.daemonText.contains("checkout: watching") }
        #expect(isWatched, "\(scene.daemonText)")
        let text = try await shell("rollguard rollback checkout --reason 'carts are empty'")
        #expect(text.contains("acknowledged"), "\(text)\n\(scene.daemonText)")
        incident = try await shell("rollguard why").firstMatch(of: /checkout-[0-9]+/).map { String($0.0) } ?? ""
    }

    /// The newest incident.
    private var incident = ""

    func run(_ command: DocumentedCommand) async throws {
        // `run`, `demo` and `init` are steps of the pages' blocks.
        guard let name = command.arguments.first, !["run", "demo", "init", "service", "load"].contains(name) else {
            return
        }
        let names = [
            "HOST:PORT": "127.0.0.1:8082", "INCIDENT": incident, "RELEASE": "checkout", "...": "a test",
            "rollguard.yaml": "rollguard.yaml", "/etc/rollguard/rollguard.yaml": "rollguard.yaml",
        ]
        var arguments = command.arguments.map { names[$0] ?? $0 }
        if name == "rollback" || name == "rearm", arguments.count == 1 { arguments += ["checkout"] }
        if name == "rollback" || name == "rearm", !arguments.contains("--reason") {
            arguments += ["--reason", "a test"]
        }
        let text = try await shell("rollguard " + arguments.map { "'\($0)'" }.joined(separator: " "))
        // 0 is yes, 1 is no; the others are a wrong usage or something that could not be reached.
        #expect(text.contains("ended with 0") || text.contains("ended with 1"), "\(command)\n\(text)")
    }

    /// Runs the page's commands of a name, one after the other.
    private func expect(_ name: String, ended status: Int, _ part: String) async throws {
        var texts: [String] = []
        for command in try page.commands(name) { texts.append(try await shell(command.command)) }
        for text in texts { #expect(text.contains("ended with \(status)"), "\(name): \(text)") }
        #expect(part.isEmpty || texts.contains { $0.contains(part) }, "\(name): \(texts)")
    }

    private func shell(_ command: String) async throws -> String {
        try await scene.run(
            "export ROLLGUARD_ADDRESS=127.0.0.1:9411; set -e; trap 'echo ended with $?' EXIT\n" + here(command))
    }

    /// The page's paths and users, in this folder and as whoever runs the tests.
    private func here(_ text: String) -> String {
        text.replacing("/etc/rollguard/rollguard.yaml", with: "rollguard.yaml")
            .replacing("/var/lib/rollguard", with: "state")
            .replacing("/backup/", with: scene.path("backup/")).replacing("sudo ", with: "")
            .replacing(" -o rollguard", with: "")
    }

    private func compare(_ log: String, with text: String? = nil) throws {
        let wanted = here(try #require(page.logs[log], "the page has no block log=\(log)"))
        let text = text ?? scene.daemonText
        #expect(PageOutput.contains(text, wanted), "\(wanted)\nis not in\n\(text)")
    }

    /// As a newer program would leave it.
    private func raiseTheSchemaVersion() async throws {
        let change = "import sqlite3; sqlite3.connect('state/journal.sqlite').execute('PRAGMA user_version = 999')"
        let text = try await shell("python3 -c \"\(change)\"")
        #expect(text.contains("ended with 0"), "\(text)")
    }

    func leave() async {
        loading?.cancel()
        await load.stop()
        await scene.stop()
    }
}
