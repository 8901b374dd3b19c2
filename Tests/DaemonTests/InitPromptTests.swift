import Foundation
import Testing

/// `rollguard init` with an operator at a terminal.
@Suite(
    "rollguard init on a terminal",
    .enabled(if: Executable.path != nil && TerminalSession.path != nil, "needs the executable and setsid"))
struct InitPromptTests {
    private static let ends = (ofFile: "\u{04}", ofProgram: "\u{03}")

    /// The addresses of the two services, out of the world's own configuration.
    private static func targets(_ world: LiveWorld) throws -> [String] {
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        return text.matches(of: /targets: \["([0-9.:]+)"\]/).map { String($0.1) }
    }

    private static func answer(_ terminal: TerminalSession, _ question: String, _ answer: String) async {
        let isAsked = await terminal.shows(question)
        #expect(isAsked, "\(question) in \(terminal.text)")
        terminal.type(answer + "\n")
    }

    @Test func answersMakeAConfigurationAndWrongOnesAreAskedForAgain() async throws {
        let world = try await LiveWorld.start()
        let folder = try Scratch.folder("init")
        let targets = try Self.targets(world)
        let terminal = try TerminalSession(["init"], folder: folder)
        await Self.answer(terminal, "Targets of the old version", "")
        await Self.answer(terminal, "at least one target is needed", "nonsense")
        await Self.answer(terminal, "'nonsense' is neither HOST:PORT nor a URL", targets[0])
        await Self.answer(terminal, "Targets of the new version", "  \(targets[1]) ,")
        await Self.answer(terminal, "Router (haproxy, caddy,", "hapoxy")
        await Self.answer(terminal, "did you mean 'haproxy'?", "gray")
        await Self.answer(terminal, "Its admin address (HOST:PORT)", "")
        await Self.answer(terminal, "an address is needed", world.adminAddress)
        #expect(await terminal.end() == 0, "\(terminal.text)")
        let written = try String(
            contentsOf: folder.appendingPathComponent("rollguard.yaml"), encoding: .utf8)
        for line in ["[\"\(targets[0])\"]", "[\"\(targets[1])\"]", "instances: [\"http://\(world.adminAddress)\"]"] {
            #expect(written.contains(line), "\(line) in \(written)")
        }
        #expect(terminal.text.contains("next     rollguard run"), "\(terminal.text)")
        let check = try Executable(["check", folder.path + "/rollguard.yaml"], folder: folder)
        #expect(await check.end()?.status == 0, "\(check.text)")
        await world.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    @Test(arguments: [("Targets of the old", 0), ("Targets of the new", 1), ("Router (", 2)])
    func theEndOfTheInputWritesNothing(_ question: String, _ answers: Int) async throws {
        let folder = try Scratch.folder("init")
        let terminal = try TerminalSession(["init"], folder: folder)
        let questions = ["Targets of the old", "Targets of the new"]
        for asked in questions.prefix(answers) { await Self.answer(terminal, asked, "127.0.0.1:1") }
        #expect(await terminal.shows(question), "\(terminal.text)")
        terminal.type(Self.ends.ofFile)
        #expect(await terminal.end() == 2, "\(terminal.text)")
        #expect(terminal.text.contains("the input ended before this was answered; nothing was written"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        try? FileManager.default.removeItem(at: folder)
    }

    @Test func anInterruptWritesNothing() async throws {
        let folder = try Scratch.folder("init")
        let terminal = try TerminalSession(["init"], folder: folder)
        await Self.answer(terminal, "Targets of the old", "127.0.0.1:1")
        #expect(await terminal.shows("Targets of the new"), "\(terminal.text)")
        terminal.type(Self.ends.ofProgram)
        let status = await terminal.end()
        #expect(status != nil && status != 0, "\(terminal.text)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        try? FileManager.default.removeItem(at: folder)
    }

    /// A program at the other end that answers the same for ever.
    @Test func theNumberOfQuestionsIsBounded() async throws {
        let folder = try Scratch.folder("init")
        let terminal = try TerminalSession(["init"], folder: folder)
        terminal.type(String(repeating: "nonsense\n", count: 20))
        #expect(await terminal.end() == 2, "\(terminal.text)")
        #expect(terminal.text.contains("no answer could be used"), "\(terminal.text)")
        try? FileManager.default.removeItem(at: folder)
    }

    /// It is refused before the first question, not after the last answer.
    @Test(arguments: ["rollguard.yaml", "rules/error-rate.yaml"])
    func aFileThatIsThereIsNeverOverwritten(_ name: String) async throws {
        let folder = try Scratch.folder("init")
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try "mine\n".write(to: file, atomically: true, encoding: .utf8)
        let terminal = try TerminalSession(["init"], folder: folder)
        #expect(await terminal.end() == 1, "\(terminal.text)")
        #expect(terminal.text.contains("is there already") && !terminal.text.contains("Targets of"))
        #expect(try String(contentsOf: file, encoding: .utf8) == "mine\n")
        try? FileManager.default.removeItem(at: folder)
    }
}
