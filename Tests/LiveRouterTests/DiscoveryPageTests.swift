import Foundation
import Testing

/// docs/discovery.md as a user follows it, but for the ports.
@Suite(
    "Targets that change, the document",
    .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct DiscoveryPageTests {
    @Test(.timeLimit(.minutes(5)))
    func theListIsFollowedAndAnEmptyFileChangesNothing() async throws {
        let reader = try ListReader()
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
private final class ListReader: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    private let page: TutorialPage
    private let folder: URL
    private let ports = try? PortMap([8081, 8082, 8083, 9411, 9999], fixed: [:])
    private var terminals: [ChildProcess] = []

    init() throws {
        let text = try String(contentsOf: Programs.root.appendingPathComponent("docs/discovery.md"), encoding: .utf8)
        page = TutorialPage(text: text)
        folder = URL(fileURLWithPath: "/tmp/rg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func follow() async throws {
        for name in ["targets.json", "rollguard.yaml", "rules.yaml"] {
            try adapt(try page.file(name)).write(
                to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        try start("services")
        try await prints("check")
        try start("rollguard")
        try await prints("targets")
        try start("more")
        try await prints("add")
        try await prints("added")
        try await prints("truncate")
        try await prints("failing")
        try await prints("repair")
        try await prints("added")
    }

    private func start(_ name: String) throws {
        for line in try page.commands(name).flatMap({ $0.command.split(separator: "\n") }) {
            let command = line.hasSuffix(" &") ? String(line.dropLast(2)) : String(line)
            terminals.append(
                try ChildProcess(
                    adapt(command), folder: folder, log: "\(name)-\(terminals.count).log", environment: environment))
        }
    }

    /// Runs a command until it prints what the document shows: a list is followed within seconds.
    private func prints(_ name: String) async throws {
        let step = try #require(try page.commands(name).first)
        let wanted = adapt(step.output ?? "")
        // A line with a pipe or `&&` is for a shell; a child process executes one program.
        let quoted = adapt(step.command).replacing("'", with: "'\\''")
        var printed = ""
        for attempt in 0..<60 {
            let process = try ChildProcess(
                "sh -c '\(quoted)'", folder: folder, log: "\(name)-try\(attempt).log", environment: environment)
            let hasEnded = await eventually { !process.isRunning }
            try #require(hasEnded, "\(process.text)")
            printed = process.text
            if PageOutput.matches(printed, wanted) { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        Issue.record("\(name): \(printed)\n\(terminals.last?.text ?? "")")
    }

    private var environment: [String: String] { ["PATH": Programs.searchPath, "HOME": folder.path] }

    private func adapt(_ text: String) -> String { ports?.adapt(text) ?? text }

    func leave() async {
        for terminal in terminals.reversed() { await terminal.stop() }
        try? FileManager.default.removeItem(at: folder)
    }
}
