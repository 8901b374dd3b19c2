import Foundation
import Testing

/// `rollguard evidence` as a script uses it: lines in, lines and an exit code out.
@Suite("rollguard evidence", .enabled(if: Executable.path != nil, "the executable is not built"))
struct EvidenceCommandTests {
    private static func run(_ lines: [String], _ options: [String] = []) async throws -> (Int32?, [String]) {
        let folder = try Scratch.folder("evidence")
        let input = folder.appendingPathComponent("increments.jsonl")
        try lines.joined(separator: "\n").write(to: input, atomically: true, encoding: .utf8)
        let command = try Executable(["evidence"] + options, folder: folder, input: input)
        let end = await command.end()
        let text = command.text
        await command.kill9()
        try? FileManager.default.removeItem(at: folder)
        return (end?.status, text.split(separator: "\n").map(String.init))
    }

    private static func line(_ seconds: Int, _ baseline: (Int, Int), _ canary: (Int, Int)) -> String {
        #"{"t": \#(seconds), "baseline": {"requests": \#(baseline.0), "bad": \#(baseline.1)}, "#
            + #""canary": {"requests": \#(canary.0), "bad": \#(canary.1)}, "phi": 1}"#
    }

    /// The example of docs/reference/statistics.md, to the last digit that matters.
    @Test func theExampleOfTheDocumentation() async throws {
        let lines = [
            Self.line(5, (900, 9), (100, 4)), Self.line(10, (900, 8), (100, 3)), Self.line(15, (900, 10), (100, 5)),
            Self.line(20, (900, 9), (100, 4)), Self.line(25, (900, 9), (100, 4)),
        ]
        let (code, printed) = try await Self.run(lines, ["--tolerance", "10%", "--false-alarm", "1%"])
        #expect(code == 1, "the canary is worse")
        #expect(printed.count == 5)
        #expect(printed.first?.contains(#""log_e":0,"#) == true, "a line waits for its neighbour: \(printed)")
        #expect(printed.first?.contains(#""requests_needed":3036"#) == true)
        #expect(printed.dropFirst().first?.contains(#""log_e":0.78572548"#) == true)
        #expect(printed.dropLast().last?.contains(#""verdict":"undecided""#) == true)
        #expect(printed.last?.contains(#""verdict":"worse""#) == true)
    }

    @Test func aTolerantRuleLetsItPass() async throws {
        let lines = (1...4).map { Self.line(5 * $0, (900, 9), (100, 4)) }
        let (code, printed) = try await Self.run(lines, ["--tolerance", "900%"])
        #expect(code == 0)
        #expect(printed.last?.contains(#""verdict":"worse""#) == false)
    }

    @Test func aLineThatCannotBeUsedIsNamed() async throws {
        let (code, printed) = try await Self.run([Self.line(5, (900, 9), (100, 4)), #"{"t": 10}"#])
        #expect(code == 2)
        #expect(printed.last == "<stdin>:2: error: 'baseline' is missing")
    }

    @Test(arguments: [
        ["--tolerance", "much"], ["--false-alarm", "0%"], ["--floor", "200%"], ["--false-alarm", "60%"],
    ])
    func anOptionThatCannotBeUsedIsNamed(_ options: [String]) async throws {
        let (code, printed) = try await Self.run([], options)
        #expect(code == 2)
        #expect(printed.joined().contains("\(options[0]) \(options[1]): expected a percentage"), "\(printed)")
    }
}
