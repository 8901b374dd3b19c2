import Discovery
import Testing

@testable import TargetSources

@Suite("Lists of targets as text")
struct TargetListTextTests {
    private static func parse(_ text: String, _ format: TargetListText.Format) throws -> [TargetGroup] {
        try TargetListText.parse(Array(text.utf8), as: format, source: "s", labels: ["__meta_filepath": "s"])
    }

    private static let json = #"[{"targets": ["a:1", "b:2"], "labels": {"version": "v1"}}, {"targets": []}]"#
    private static let yaml = "- targets: [a:1, 'b:2']\n  labels: {version: v1}\n- targets: []\n"

    @Test(arguments: [(json, TargetListText.Format.json), (yaml, .yaml), (json, .yaml)])
    func bothFormatsHaveTheSameMeaning(_ text: String, _ format: TargetListText.Format) throws {
        let groups = try Self.parse(text, format)
        let meta: LabelSet = ["__meta_filepath": "s"]
        #expect(
            groups == [
                TargetGroup(
                    source: "s:0", labels: LabelSet([("version", "v1")]).over(meta),
                    targets: [DiscoveredTarget(address: "a:1"), DiscoveredTarget(address: "b:2")]),
                TargetGroup(source: "s:1", labels: meta, targets: []),
            ])
    }

    @Test(arguments: [TargetListText.Format.json, .yaml])
    func anEmptyListIsWrittenWithBrackets(_ format: TargetListText.Format) throws {
        #expect(try Self.parse("[]", format).isEmpty)
    }

    /// What is in a file, and a part of the reason to refuse it.
    @Test(arguments: [
        ("", TargetListText.Format.json, "empty"), ("", .yaml, "empty"), (" \n", .yaml, "empty"),
        ("# later\n", .yaml, "empty"), ("---\n", .yaml, "no list"), ("null", .json, "no JSON list"),
        ("[null]", .json, "no JSON list"), ("{}", .json, "no JSON list"), ("[", .json, "no JSON list"),
        (#"[{"targets": "a:1"}]"#, .json, "0.targets"), (#"[{"targets": [1]}]"#, .json, "0.targets"),
        ("- target: [a:1]", .yaml, "'target'"), ("- targets: a:1", .yaml, "line 1"),
        ("targets: [a:1]", .yaml, "no list"),
        ("- targets: [[a]]", .yaml, "a target is a text"), ("- [", .yaml, "no YAML"), ("- null", .yaml, "a group"),
        ("- labels: [a]", .yaml, "'labels'"), ("a: 1\n---\nb: 2", .yaml, "no YAML"),
    ])
    func whatIsNoListIsRefusedWithAReason(_ text: String, _ format: TargetListText.Format, _ part: String) {
        let error = #expect(throws: TargetListError.self) { _ = try Self.parse(text, format) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }

    @Test func boundsAreKept() {
        let many = "[{\"targets\": [" + repeatElement("\"a:1\"", count: 10_001).joined(separator: ",") + "]}]"
        let long = "[{\"targets\": [\"a:1\"], \"labels\": {\"x\": \"\(String(repeating: "y", count: 1 << 20))\"}}]"
        for text in [many, long] {
            for format in [TargetListText.Format.json, .yaml] {
                #expect(throws: TargetListError.self) { _ = try Self.parse(text, format) }
            }
        }
    }

    @Test func manyAliasesOfALongListAreBounded() {
        let list = repeatElement("a:1", count: 5_000).joined(separator: ", ")
        let text = "- targets: &l [\(list)]\n" + String(repeating: "- targets: *l\n", count: 5_000)
        #expect(throws: TargetListError.self) { _ = try Self.parse(text, .yaml) }
    }
}
