import ConfigurationFiles
import Testing

/// Files that were made to hurt: each has to give an error with a place, in bounded time and memory.
struct HostileInputTests {
    private static func load(_ bytes: [UInt8]) -> [String] {
        Sample.errors(
            Rulebook.load(configuration: Sample.path, files: MemoryFiles(bytes: [Sample.path: bytes])))
    }

    private static func load(_ text: String) -> [String] { load(Array(text.utf8)) }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test func largeFileIsRefusedUnread() {
        #expect(
            Self.load([UInt8](repeating: 0x20, count: 10 << 20))
                == ["rollguard.yaml: error: the file is larger than 1048576 bytes"])
    }

    @Test func missingFile() {
        let result = Rulebook.load(configuration: Sample.path, files: MemoryFiles([:]))
        #expect(Sample.errors(result) == ["rollguard.yaml: error: there is no such file"])
        #expect(result.plan == nil)
    }

    @Test(arguments: ["", "\n\n", "# nothing\n", "\u{FEFF}"])
    func emptyFile(_ text: String) {
        #expect(Self.load(text) == ["rollguard.yaml: error: the file is empty"])
    }

    @Test(arguments: ["---\n", "~", "just text", "[]", "- a"])
    func fileThatIsNoMapping(_ text: String) {
        #expect(Self.load(text).first?.contains("a configuration must be a mapping") == true)
    }

    @Test func invalidUTF8HasItsPlace() {
        #expect(
            Self.load(Array("state: x\nab".utf8) + [0xC3, 0x28])
                == ["rollguard.yaml:2:3: error: not valid UTF-8; save the file as UTF-8"])
        #expect(Self.load([0xFF, 0xFE, 0x61, 0x00])[0].hasPrefix("rollguard.yaml:1:1: error: not valid UTF-8"))
    }

    /// Found by fuzzing: lines were counted by line feeds alone, so the place was one that the file does not have.
    @Test(arguments: [("\r", "2:3"), ("\r\n", "2:3"), ("\u{85}", "2:3"), ("\u{2028}", "2:3"), (" \n\n", "3:3")])
    func invalidUTF8HasItsPlaceBehindAnyBreak(_ lineBreak: String, _ place: String) {
        #expect(
            Self.load(Array("state: x\(lineBreak)ab".utf8) + [0xC3, 0x28])
                == ["rollguard.yaml:\(place): error: not valid UTF-8; save the file as UTF-8"])
    }

    @Test(arguments: [
        ("state: a\u{0}b", "rollguard.yaml:1:9: error: the character U+0000 is not allowed in YAML; remove it"),
        ("state: a\n\u{1B}[2J", "rollguard.yaml:2:1: error: the character U+001B is not allowed in YAML; remove it"),
        ("state: \u{FEFF}", "rollguard.yaml:1:8: error: the character U+FEFF is not allowed in YAML; remove it"),
    ])
    func forbiddenCharacters(_ text: String, _ expected: String) {
        #expect(Self.load(text) == [expected])
    }

    @Test(arguments: [
        ("[", 500_000), ("{a: ", 200_000), ("- ", 500_000), ("? ", 500_000), ("[{", 299), ("[{a: ", 140), ("- [", 66),
    ])
    func deepNesting(_ piece: String, _ count: Int) {
        let errors = Self.load(Self.repeated(piece, count))
        #expect(errors.count == 1)
        #expect(
            errors.first?.contains("nested deeper than 64 levels") == true || errors.first?.contains("YAML") == true)
    }

    /// Brackets in quotes close nothing. What the count of brackets misses, the parser's own limit stops.
    @Test(arguments: [1, 3, 50])
    func deepNestingBehindQuotedBrackets(_ count: Int) {
        let piece = Self.repeated("[", 250) + "\"" + Self.repeated("]", 250) + "\","
        let errors = Self.load("a: " + Self.repeated(piece, count))
        #expect(errors.count == 1)
        #expect(errors.first?.contains("not valid YAML") == true, "\(errors)")
        let closed = Self.load("a: " + Self.repeated(piece, count) + Self.repeated("]", 250 * count))
        #expect(closed.count == 1)
    }

    @Test(arguments: ["- ? ", "? - ", "? ? "])
    func deepNestingOfKeys(_ piece: String) {
        #expect(Self.load(Self.repeated(piece, 70)).contains { $0.contains("a list or a mapping cannot be a name") })
    }

    @Test func deepNestingByIndentation() {
        let mappings = (0..<290).map { Self.repeated(" ", $0) + "a:" }.joined(separator: "\n")
        #expect(Self.load(mappings) == ["rollguard.yaml:65:65: error: nested deeper than 64 levels"])
        let lists = (0..<280).map { Self.repeated(" ", $0) + "-\n" }.joined()
        #expect(Self.load(lists) == ["rollguard.yaml:65:65: error: nested deeper than 64 levels"])
        let brackets = "a: " + Self.repeated("[", 280) + Self.repeated("]", 280)
        #expect(Self.load(brackets) == ["rollguard.yaml:1:67: error: nested deeper than 64 levels"])
    }

    @Test func aliasesOfAliasesAreCounted() {
        let lines = (1...30).map { "a\($0): &a\($0) [" + Self.repeated("*a\($0 - 1), ", 9) + "]" }
        let errors = Self.load("a0: &a0 [x, x, x]\n" + lines.joined(separator: "\n"))
        #expect(errors.count == 1)
        #expect(errors.first?.contains("error: aliases expand to more than 100000 values") == true)
    }

    @Test func aliasesInKeysAreNotExpanded() {
        let lines = (1...40).map { "? &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n: x" }
        let errors = Self.load("? &a0 [x]\n: x\n" + lines.joined(separator: "\n"))
        #expect(errors.count == 41)
        #expect(errors.allSatisfy { $0.contains("a list or a mapping cannot be a name") })
    }

    @Test func aliasInsideItsOwnAnchor() {
        #expect(
            Self.load("state: &a [x, *a]").contains {
                $0 == "rollguard.yaml:1:15: error: the alias '*a' is used inside its own anchor"
            })
    }

    @Test func longAliasChainsAreAsDeepAsTheyExpand() {
        let lines = (1...200).map { "a\($0): &a\($0) [*a\($0 - 1)]" }
        #expect(
            Self.load("a0: &a0 x\n" + lines.joined(separator: "\n")) == [
                "rollguard.yaml:64:12: error: aliases are nested deeper than 64 levels"
            ])
    }

    @Test func anchorsAndAliasesOfWholeValuesWork() {
        let text = Sample.changed("scrape: {interval: 5s}", to: "scrape: &s {interval: 7s}")
        let again = Sample.changed("name: checkout", to: "name: checkout", in: text)
        #expect(Sample.load(again).plan?.releases.first?.scrape.intervalMs == 7_000)
        let copied =
            text + """
                  - name: other
                    scrape: *s
                    pools:
                      baseline: {version: v1, targets: ["a:1"]}
                      canary: {version: v2, targets: ["b:1"]}
                    indicators: {requests: r, errors: e}
                    router: {kind: gray, instances: ["http://r"]}
                    rules: ["rules/*.yaml"]

                """
        #expect(Sample.load(copied).plan?.releases.last?.scrape.intervalMs == 7_000)
    }

    @Test func manyValuesAreRefused() {
        let errors = Self.load("a: [" + Self.repeated("a,", 110_000) + "]")
        #expect(errors == ["rollguard.yaml:1:200001: error: the file has more than 100000 values"])
    }

    @Test func manyErrorsAreCut() {
        let text = (0..<20_000).map { "field\($0): x" }.joined(separator: "\n")
        #expect(Self.load(text).count == 200)
    }

    @Test func duplicateKeysAreReportedAtTheSecondAndTheRestIsRead() {
        let errors = Self.load("state: a\n\"state\": b\nstate: c\nlisten: nowhere\n'listen': x\nreleases: []\n")
        #expect(
            errors == [
                "rollguard.yaml:2:1: error: 'state' is given twice; the first is in line 1",
                "rollguard.yaml:3:1: error: 'state' is given twice; the first is in line 1",
                "rollguard.yaml:4:9: error: 'listen' must be an address such as 127.0.0.1:9411 or [::1]:9411, got 'nowhere'; "
                    + "the port is missing; 0 takes a free one",
                "rollguard.yaml:5:1: error: 'listen' is given twice; the first is in line 4",
                "rollguard.yaml:6:11: error: 'releases' is empty; there is nothing to watch",
            ])
    }

    @Test func thousandsOfDuplicateKeysEnd() {
        #expect(Self.load(Self.repeated("state: a\n", 5_000)).last?.contains("'state' is given twice") == true)
        #expect(Self.load(Self.repeated("\"\": a\n", 3)).last?.contains("is given twice") == true)
        #expect(Self.load("*a : x\n*a : x\n").last?.contains("is given twice") == true)
    }

    @Test(arguments: [
        (
            "state: [a\n",
            "rollguard.yaml:1:10: error: not valid YAML: did not find expected ',' or ']' while parsing a flow "
                + "sequence that begins in line 1"
        ),
        (
            "state: \"a\n",
            "rollguard.yaml:1:10: error: not valid YAML: found unexpected end of stream while scanning a quoted "
                + "scalar that begins in line 1"
        ),
        (
            "state: a\n\tlisten: b\n",
            "rollguard.yaml:2:1: error: not valid YAML: found a tab character that violates "
                + "indentation while scanning a plain scalar that begins in line 1; line 2 is indented with a tab, use spaces"
        ),
        (
            "state: a: b\n",
            "rollguard.yaml:1:9: error: not valid YAML: mapping values are not allowed in this context; a text "
                + "with ': ' in it has to be in quotes"
        ),
        (
            "state: @a\n",
            "rollguard.yaml:1:8: error: not valid YAML: found character that cannot start any token; put the "
                + "text in quotes"
        ),
        (
            "state: a\n---\nstate: b\n",
            "rollguard.yaml:2:1: error: a second YAML document begins here; a file holds one"
        ),
        (
            "state: \"\\ud800\"\n",
            "rollguard.yaml:1:11: error: not valid YAML: found invalid Unicode character escape code "
                + "while parsing a quoted scalar that begins in line 1"
        ),
        ("%YAML 9.9\n---\nstate: a\n", "rollguard.yaml:1:1: error: not valid YAML: found incompatible YAML document"),
    ])
    func brokenYAML(_ text: String, _ expected: String) {
        #expect(Self.load(text) == [expected])
    }

    @Test(arguments: [
        ("state: !secret a", "rollguard.yaml:1:8: error: the YAML tag '!secret' is not supported; remove it"),
        (
            "<<: {state: a}",
            "rollguard.yaml:1:1: error: merge keys ('<<') are not supported; write the fields out, or alias a "
                + "whole value"
        ),
        (
            "state: *here",
            "rollguard.yaml:1:8: error: unknown alias '*here'; a text that begins with '*' has to be in quotes"
        ),
        (
            "{a: b}: c",
            "rollguard.yaml:1:1: error: a list or a mapping cannot be a name; a text that begins with '{' or '[' "
                + "has to be in quotes"
        ),
    ])
    func yamlWithoutUse(_ text: String, _ expected: String) {
        #expect(Self.load(text).contains(expected))
    }

    /// Each of these made something quadratic: masks for secrets, suggestions, names in templates.
    @Test(arguments: [
        Self.repeated(":", 1_000), Self.repeated("@", 1_000), Self.repeated("a:b@", 400), Self.repeated("://", 500),
    ])
    func longLinesOfSigns(_ piece: String) {
        let errors = Rulebook.load(
            configuration: Sample.path,
            files: MemoryFiles([Sample.path: "{\"x\": \"" + Self.repeated(piece, 500) + "\", y: 1, z: 2}"]))
        #expect(errors.errors.contains { $0.sourceLine == "(a line of more than 2000 characters)" })
    }

    @Test func manyAnchorsAndUnknownAliases() {
        let anchors = (0..<5_000).map { "k\($0): &a\($0) x\n" }.joined()
        let aliases = (0..<5_000).map { "u\($0): *b\($0)\n" }.joined()
        #expect(Self.load(anchors + aliases).count == 200)
    }

    @Test func listsInRulesAreBounded() {
        let labels = (0..<101).map { "l\($0): x" }.joined(separator: ", ")
        #expect(
            Sample.ruleErrors("{severity: page}", to: "{\(labels)}")
                == ["rules/errors.yaml:8:17: error: 'labels' has more than 100 entries"])
        #expect(
            Sample.errors(Sample.load(Sample.changed("rules/*.yaml", to: "*/*/*/*/*.yaml")))
                == ["rollguard.yaml:15:13: error: '*/*/*/*/*.yaml' has more than four '*'"])
    }

    @Test func ruleFilesAreCounted() {
        var texts = [Sample.path: Sample.configuration]
        for number in 0..<250 {
            texts["/etc/rollguard/rules/\(1_000 + number).yaml"] = Sample.changed(
                "CanaryErrors", to: "Canary\(number)", in: Sample.rules)
        }
        let result = Rulebook.load(configuration: Sample.path, files: MemoryFiles(texts))
        #expect(
            Sample.errors(result) == ["rollguard.yaml:15:13: error: more than 200 rule files; the rest is not read"])
        #expect(result.files.count == 201)
    }

    @Test func privateCharactersInTextsSurvive() {
        let text = Sample.changed("version: v2", to: "version: v\u{E000}*\u{E001}")
        let rules = Sample.changed("{severity: page}", to: "{a: \"*\u{E000}\"}", in: Sample.rules)
        #expect(Sample.load(rules: rules).plan?.releases[0].rules[0].labels.first?.value == "*\u{E000}")
        #expect(Sample.load(text).errors.first?.text.contains("control character") == true)
    }
}
