import ArgumentParser
import Foundation
import Testing

@testable import rollguard

/// Whatever a document shows to be typed, the program takes.
@Suite("Commands in documents", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct DocumentedCommandTests {
    private static let documents: [String] = {
        let folder = Programs.root.appendingPathComponent("docs")
        let found = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"]
            + found.filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }.sorted()
    }()

    private static func commands(_ document: String) throws -> [DocumentedCommand] {
        let path = Programs.root.appendingPathComponent(document)
        return DocumentedCommand.all(in: document, try String(contentsOf: path, encoding: .utf8))
    }

    @Test func namesAndOptionsExist() async throws {
        let folder = FileManager.default.temporaryDirectory
        let log = "help-\(UUID().uuidString).json"
        let dump = try ChildProcess(
            "rollguard --experimental-dump-help", folder: folder, log: log,
            environment: ["PATH": Programs.searchPath])
        #expect(await eventually { !dump.isRunning })
        let tree = try JSONDecoder().decode(CommandTree.self, from: Data(dump.text.utf8))
        try? FileManager.default.removeItem(at: dump.log)
        let all = try Self.documents.flatMap(Self.commands)
        #expect(all.count > 100)
        for command in all {
            let problem = tree.problem(command.arguments)
            #expect(problem == nil, "\(command): \(problem ?? "")")
        }
    }

    /// With their values, where nothing is left out.
    @Test(arguments: documents)
    func wholeCommandLinesAreTaken(_ document: String) throws {
        for command in try Self.commands(document) where command.isWhole {
            let isShortened = command.arguments.contains { $0.contains("...") || $0.contains("…") || $0.contains("$") }
            if isShortened || command.arguments.contains("--help") { continue }
            do { _ = try Rollguard.parseAsRoot(command.arguments) } catch {
                Issue.record("\(command): \(Rollguard.message(for: error))")
            }
        }
    }

    @Test(arguments: [
        ("rollguard status --watch   # every second", [["status", "--watch"]]),
        ("sudo -u rollguard rollguard doctor a.yaml && rollguard demo", [["doctor", "a.yaml"], ["demo"]]),
        ("A=b rollguard why x | grep \"a b\" > file", [["why", "x"]]),
        ("rollguard rollback x --reason 'a # b' &", [["rollback", "x", "--reason", "a # b"]]),
        ("curl http://x/rollguard", []), ("rollguard", []),
    ])
    func aLineOfAShellIsTakenApart(_ line: String, _ commands: [[String]]) {
        #expect(ShellLine.commands(in: line) == commands)
    }

    @Test func unknownCommandsAndOptionsAreFound() throws {
        let json = """
            {"command": {"commandName": "rollguard", "subcommands": [{"commandName": "why", "arguments": [
            {"names": [{"kind": "long", "name": "json"}]}]}]}}
            """
        let tree = try JSONDecoder().decode(CommandTree.self, from: Data(json.utf8))
        #expect(tree.problem(["why", "x", "--json"]) == nil && tree.problem(["why", "--help"]) == nil)
        #expect(tree.problem(["why", "--jason"])?.contains("--jason") == true)
        #expect(tree.problem(["how"])?.contains("how") == true)
    }
}
