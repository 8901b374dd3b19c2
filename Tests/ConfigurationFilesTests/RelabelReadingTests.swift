import Declarations
import Discovery
import Testing

@testable import ConfigurationFiles

@Suite("Reading relabelling steps")
struct RelabelReadingTests {
    /// What is read, and the diagnostics with their places.
    private func read(_ yaml: String) throws -> (relabelling: Relabelling?, errors: [String], warnings: [String]) {
        let log = DiagnosticLog()
        let document = try #require(Document.read("f.yaml", files: MemoryFiles(["f.yaml": yaml]), log: log))
        let field = Field(label: "'relabel'", value: document.root, log: log)
        let relabelling = RelabelReader.form.read(field)
        func lines(_ severity: Diagnostic.Severity) -> [String] {
            log.sorted(severity).map { "\($0.line):\($0.column): \($0.text)" }
        }
        return (relabelling, lines(.error), lines(.warning))
    }

    @Test func takesPrometheusSteps() throws {
        let read = try read(
            """
            - {source_labels: [__meta_consul_service_metadata_version], target_label: version}
            - {action: LabelMap, regex: "__meta_label_(.+)"}
            - {action: hashmod, source_labels: [__address__], modulus: 18446744073709551615, target_label: __tmp}
            - {action: keep, source_labels: [a, b], separator: "", regex: 8080}
            - {action: labeldrop, regex: tmp}
            - target_label: c
              replacement: true
            """)
        #expect(read.errors == [] && read.warnings == [])
        let rules = try #require(read.relabelling).steps.map(\.rule)
        #expect(rules.map(\.action) == [.replace, .labelmap, .hashmod, .keep, .labeldrop, .replace])
        #expect(rules[0].sourceLabels == ["__meta_consul_service_metadata_version"])
        #expect(rules[2].modulus == .max)
        #expect(rules[3].separator == "" && rules[3].regex == "8080")
        #expect(rules[5].replacement == "true")
        // What is written reads back as the same steps.
        let written = RelabelReader.form.write(try #require(read.relabelling)).render()
        #expect(try self.read(written).relabelling == read.relabelling, "\(written)")
    }

    @Test(arguments: [
        ("- {regex: '(a', target_label: x}", "1:11: 'regex': the regular expression cannot be used: a ')' is missing"),
        ("- {target_label: a-b}", "1:18: 'target_label': 'a-b' is not a valid name of a label"),
        ("- {action: hashmod, target_label: x}", "1:3: 'modulus': hashmod needs 'modulus', 1 or more"),
        ("- {action: hashmod, target_label: x, modulus: 0}", "1:47: 'modulus' must be a whole number, 1 or more"),
        (
            "- {action: keepequal, target_label: x, regex: y}",
            "1:47: 'regex': the action keepequal does not use 'regex'"
        ),
        ("- {action: keepp}", "1:12: 'action' must be"),
        ("- {target_label: x, replace: y}", "1:21: unknown field 'replace' in a relabelling step"),
        ("- {source_labels: [a b], target_label: x}", "1:19: 'source_labels': 'a b' is not a valid name of a label"),
        ("- {source_labels: a, target_label: x}", "1:19: 'source_labels' must be a list"),
        ("action: keep", "1:1: 'relabel' must be a list of relabelling steps"),
    ])
    func whatCannotBeUsedIsReportedAtItsPlace(_ yaml: String, _ begin: String) throws {
        #expect(try read(yaml).errors.contains { $0.hasPrefix(begin) })
    }

    @Test func aVariableThatIsNotThereIsAWarning() throws {
        let read = try read("- source_labels: [a]\n  target_label: x\n  replacement: $1_y\n")
        #expect(read.relabelling?.steps.count == 1)
        #expect(
            read.warnings == [
                "3:16: 'replacement': $1_y is the variable 1_y, which the regular expression does not have, so it is empty; "
                    + "write ${1}_y for group 1"
            ])
    }

    @Test func theNumberOfStepsIsBounded() throws {
        let read = try read(String(repeating: "- {target_label: x}\n", count: 101))
        #expect(read.relabelling == nil)
        #expect(read.errors == ["1:1: 'relabel' has 101 steps; at most 100 are allowed"])
    }
}
