import Declarations
import Foundation
import Model
import Notifications
import Routers
import Testing

@testable import ConfigurationFiles

/// The documentation's tables and the schema files are what the declarations of the fields say.
/// `ROLLGUARD_WRITE_DOCS=1 swift test --filter DeclarationTests` writes them.
struct DeclarationTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let pages = ["configuration", "routers", "rules", "discovery", "centres", "replicas"].map {
        "docs/reference/\($0).md"
    }
    private static let writes = ProcessInfo.processInfo.environment["ROLLGUARD_WRITE_DOCS"] == "1"

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The file has the text; where it is to be written, it gets it.
    private static func expect(_ path: String, _ wanted: String) throws {
        if writes { try wanted.write(to: root.appendingPathComponent(path), atomically: true, encoding: .utf8) }
        #expect(try text(path) == wanted, "\(path) is not what the declarations say; see DeclarationTests")
    }

    /// The document with each marked table as it is declared, and the names of the marks.
    private static func current(_ page: String) throws -> (text: String, names: [String]) {
        let begin = "<!-- fields: "
        let end = "<!-- end of fields -->"
        var parts = try text(page).components(separatedBy: begin)
        var names: [String] = []
        for (index, part) in parts.enumerated().dropFirst() {
            let name = part.components(separatedBy: " -->")[0]
            let table = try #require(
                Rulebook.referenceTables(kinds: Sample.kinds).first { $0.name == name }, "no fields of '\(name)'")
            let rest = try #require(part.range(of: end), "'\(name)' has no end in \(page)")
            parts[index] = "\(name) -->\n" + table.lines.joined(separator: "\n") + "\n" + part[rest.lowerBound...]
            names.append(name)
        }
        return (parts.joined(separator: begin), names)
    }

    @Test(arguments: pages) func theTablesOfTheDocumentAreTheDeclaredOnes(_ page: String) throws {
        try Self.expect(page, Self.current(page).text)
    }

    @Test func everyTableIsInExactlyOneDocument() throws {
        let found = try Self.pages.flatMap { try Self.current($0).names }
        #expect(found.sorted() == Rulebook.referenceTables(kinds: Sample.kinds).map(\.name).sorted())
    }

    @Test func theSchemaFilesAreTheDeclaredOnes() throws {
        try Self.expect("docs/schema/rollguard.schema.json", Rulebook.configurationSchema(kinds: Sample.kinds))
        try Self.expect("docs/schema/rules.schema.json", Rulebook.ruleFileSchema)
    }

    /// A kind that the registry lacks could be configured nowhere; one that it has twice would be read by the first.
    @Test func everyKindIsInItsRegistryOnce() {
        let receivers = ReceiverKinds.all.map { $0.name }
        #expect(Set(receivers).count == receivers.count)
        let names = RouterKinds.all.map { $0.name }
        #expect(Set(names).count == names.count)
        for sample in Sample.routers {
            let plan = Sample.load(Sample.changed("{kind: gray, instances: [\"http://127.0.0.1:9412\"]}", to: sample))
                .plan
            #expect(plan.map { names.contains($0.releases[0].router.kind) } == true, "\(sample)")
        }
        let kinds = Sample.routers.compactMap { $0.wholeMatch(of: /\{kind: ([a-z]+)[,}].*/)?.output.1 }.map(String.init)
        #expect(Set(kinds) == Set(names))
    }

    @Test func aFieldOfOneReceiverKindIsRefusedBesideOthers() {
        let text = Sample.changed("https://hooks.example/a\"}", to: "https://a\", resend: 1m}")
        #expect(
            Sample.errors(Sample.load(text)) == [
                "rollguard.yaml:3:61: error: 'resend' is a field of the kind alertmanager alone; remove it"
            ])
    }
}
