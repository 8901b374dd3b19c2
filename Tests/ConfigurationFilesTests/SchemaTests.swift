import ConfigurationFiles
import Foundation
import Testing

/// A real validator reads the schemas: what `check` takes is valid by them, and the errors that an editor can see are
/// not.
struct SchemaTests {
    private static let root = DocumentationTests.root.path
    private static let python = root + "/.schema-venv/bin/python"
    private static let expectsPrograms = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"
    private static var canRun: Bool { expectsPrograms || FileManager.default.isExecutableFile(atPath: python) }

    /// The validator's answer for each text: `valid`, or where and why not.
    private static func answers(_ schema: String, _ texts: [String]) throws -> [String] {
        let folder = NSTemporaryDirectory() + "rollguard-schema-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let paths = try texts.enumerated().map { index, text in
            let path = "\(folder)/\(index).yaml"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
        let output = try run([root + "/scripts/check-schema.py", "\(root)/docs/schema/\(schema).schema.json"] + paths)
        let lines = output.split(separator: "\n").map(String.init)
        try #require(lines.count == texts.count, "\(output)")
        return zip(lines, paths).map { String($0.dropFirst($1.count + 2)) }
    }

    private static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(output)")
        return output
    }

    private static func expectValid(_ schema: String, _ texts: [String]) throws {
        for (answer, text) in zip(try answers(schema, texts), texts) { #expect(answer == "valid", "\(text)") }
    }

    private static func withRouter(_ router: String) -> String {
        Sample.changed("{kind: gray, instances: [\"http://127.0.0.1:9412\"]}", to: router)
    }

    @Test(.enabled(if: canRun)) func everyConfigurationThatLoadsIsValid() throws {
        var texts = [Sample.configuration, EffectiveTests.rich]
        texts += Sample.routers.map(Self.withRouter)
        texts += try DocumentationTests.blocks("docs/reference/configuration.md").map(DocumentationTests.completed)
        texts += try DocumentationTests.blocks("README.md").filter { $0.contains("releases:") }
        texts += try RouterTemplateTests.configurations()
        let effective = try texts.map { text in
            let result = Rulebook.load(configuration: Sample.path, files: try DocumentationTests.files(text))
            return Rulebook.effectiveYAML(of: try #require(result.plan, "\(result.errors)"))
        }
        try Self.expectValid("rollguard", texts + effective)
    }

    @Test(.enabled(if: canRun)) func everyRuleFileThatLoadsIsValid() throws {
        var texts = try DocumentationTests.ruleNames.map { try DocumentationTests.text("rules/\($0).yaml") }
        for page in ["rules", "conditions"] { texts += try DocumentationTests.blocks("docs/reference/\(page).md") }
        try Self.expectValid("rules", texts + [Sample.rules])
    }

    @Test(.enabled(if: canRun)) func whatAnEditorCanSeeIsRefused() throws {
        let rows: [(piece: String, other: String, path: String)] = [
            ("state: /var/lib/rollguard", "stat: /a", "$"),
            ("state: /var/lib/rollguard", "state: /a\njournal: {grace: 5}", "$.journal.grace"),
            ("state: /var/lib/rollguard", "state: /a\nlisten: 9411", "$.listen"),
            ("kind: webhook", "kind: webhok", "$.receivers[0].kind"),
            ("url: \"https://hooks.example/a\"", "url: hooks.example", "$.receivers[0].url"),
            ("url: \"https://hooks.example/a\"", "url: http://a, url_env: B", "$.receivers[0]"),
            ("{interval: 5s}", "{interval: 5s, timout: 1s}", "$.releases[0].scrape"),
            ("{interval: 5s}", "{sample_limit: -1}", "$.releases[0].scrape.sample_limit"),
            ("{interval: 5s}", "{auth: {}}", "$.releases[0].scrape.auth"),
            ("targets: [\"10.0.0.2:9090\"]", "targets: []", "$.releases[0].pools.canary.targets"),
            ("kind: gray", "kind: grey", "$.releases[0].router.kind"),
            ("kind: gray, instances", "kind: gray, instance", "$.releases[0].router"),
            ("kind: gray", "kind: caddy", "$.releases[0].router"),
            ("rules: [\"rules/*.yaml\"]", "rules: []", "$.releases[0].rules"),
            (
                "rules: [\"rules/*.yaml\"]", "rules: [{name: g, rules: [{alert: A, actoin: hold}]}]",
                "$.releases[0].rules[0]"
            ),
        ]
        let texts = rows.map { Sample.changed($0.piece, to: $0.other) }
        for (answer, row) in zip(try Self.answers("rollguard", texts), rows) {
            #expect(answer.hasPrefix(row.path), "\(answer) of \(row.other)")
            #expect(answer != "valid", "\(row.other)")
        }
    }
}
