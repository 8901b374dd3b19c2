import Foundation
import Testing

@testable import ConfigurationFiles

/// The table of docs/presets.md is the table of the program. `ROLLGUARD_WRITE_DOCS=1` writes it.
struct PresetDocumentTests {
    private static let path = #filePath.replacing(
        "Tests/ConfigurationFilesTests/PresetDocumentTests.swift", with: "docs/presets.md")
    private static let (begin, end) = ("<!-- presets -->\n", "<!-- end of presets -->")

    private static var table: String {
        func code(_ texts: [String]) -> String {
            // A vertical bar would end the cell.
            texts.map { "`\($0.replacing("|", with: "\\|"))`" }.joined(separator: " + ")
        }
        let rows = ServicePresets.all.map { preset in
            let latency = [preset.latency].compactMap { $0 }
            let unit = preset.watchList.latencyUnit ?? .seconds
            let run = if case .run(let program) = preset.trial { "yes: \(program)" } else { "no" }
            let notes = [preset.refusal.map { "**refused**: \($0)" }, preset.note].compactMap { $0 }
            return [
                "`\(preset.name)`", preset.title, code(preset.requests),
                preset.errors.isEmpty ? "none" : code(preset.errors),
                latency.isEmpty ? "none" : "\(code(latency)), \(unit.rawValue)",
                preset.exclude.map { code([$0]) } ?? "nothing", preset.presence.map { code([$0]) } ?? "none",
                code(preset.poolLabels).replacing(" + ", with: ", "),
                run,
                notes.joined(separator: ". "),
            ]
        }
        let head = [
            "preset", "exporter", "requests", "errors", "latency", "excluded", "presence", "labels of the pools", "run",
            "note",
        ]
        return ([head, head.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |\n" }.joined()
    }

    @Test func theTableIsTheProgramsOwn() throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let before = try #require(text.range(of: Self.begin))
        let after = try #require(text.range(of: Self.end))
        let wanted = text[..<before.upperBound] + Self.table + text[after.lowerBound...]
        if ProcessInfo.processInfo.environment["ROLLGUARD_WRITE_DOCS"] == "1" {
            try String(wanted).write(toFile: Self.path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: Self.path, encoding: .utf8) == wanted)
    }
}
