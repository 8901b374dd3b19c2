import Testing

@testable import Discovery

@Suite("Relabelling")
struct RelabellingTests {
    @Test func theTableIsRead() {
        #expect(RelabelCase.table.count >= 200)
        let used = Set(RelabelCase.table.flatMap(\.rules).map(\.action))
        #expect(used == Set(RelabelRule.Action.allCases))
    }

    @Test(arguments: RelabelCase.table) func givesThePrometheusLabels(_ row: RelabelCase) throws {
        #expect(try row.ours() == row.outcome)
    }

    /// The test suite of RFC 1321, section A.5: the second half of each digest.
    @Test(
        arguments: [
            ("", 0xE9800998ECF8427E),
            ("a", 0x31C399E269772661),
            ("abc", 0xD6963F7D28E17F72),
            ("message digest", 0x525A2F31AAF161D0),
            ("abcdefghijklmnopqrstuvwxyz", 0x7DFB496CCA67E13B),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 0xA5611C2C9F419D9F),
            ("12345678901234567890123456789012345678901234567890123456789012345678901234567890", 0xAC49DA2E2107B67A),
        ] as [(String, UInt64)])
    func theDigestIsMD5(_ text: String, _ wanted: UInt64) {
        #expect(MD5.lastEightBytes(text) == wanted)
    }

    // MARK: What cannot be used

    static let refused: [(rule: RelabelRule, field: RelabelRule.Field, words: String)] = [
        (rule { $0.regex = "(a" }, .regex, "a ')' is missing"),
        (rule { $0.targetLabel = "" }, .targetLabel, "needs 'target_label'"),
        (rule { $0.targetLabel = "a-b" }, .targetLabel, "not a valid name"),
        (rule { $0.targetLabel = "1a" }, .targetLabel, "not a valid name"),
        (rule { $0.targetLabel = "$1-x" }, .targetLabel, "cannot give a valid name"),
        (rule { $0.targetLabel = "${1" }, .targetLabel, "cannot give a valid name"),
        (rule { $0.sourceLabels = ["a b"] }, .sourceLabels, "'a b' is not a valid name"),
        (rule { $0.action = .hashmod }, .modulus, "needs 'modulus'"),
        (rule { ($0.action, $0.targetLabel) = (.hashmod, "$1") }, .targetLabel, "not a valid name"),
        (rule { ($0.action, $0.targetLabel) = (.lowercase, "") }, .targetLabel, "needs 'target_label'"),
        (rule { ($0.action, $0.replacement) = (.uppercase, "x") }, .replacement, "does not use 'replacement'"),
        (rule { ($0.action, $0.regex) = (.keepequal, "x") }, .regex, "does not use 'regex'"),
        (rule { ($0.action, $0.separator) = (.dropequal, "") }, .separator, "does not use 'separator'"),
        (rule { ($0.action, $0.modulus) = (.dropequal, 1) }, .modulus, "does not use 'modulus'"),
        (rule { $0.action = .labeldrop }, .targetLabel, "does not use 'target_label'"),
        (
            rule { ($0.action, $0.targetLabel, $0.sourceLabels) = (.labelkeep, "", ["a"]) }, .sourceLabels,
            "does not use"
        ),
        (rule { ($0.action, $0.replacement) = (.labelmap, "a-$1") }, .replacement, "cannot give a valid name"),
        (rule { ($0.action, $0.replacement) = (.labelmap, "") }, .replacement, "cannot give a valid name"),
    ]

    private static func rule(_ change: (inout RelabelRule) -> Void) -> RelabelRule {
        var rule = RelabelRule()
        rule.targetLabel = "x"
        change(&rule)
        return rule
    }

    @Test(arguments: refused.indices) func whatPrometheusRefusesIsRefusedAtItsField(_ index: Int) {
        let (rule, field, words) = Self.refused[index]
        do throws(RelabelError) {
            _ = try RelabelStep(rule)
            Issue.record("accepted: \(rule)")
        } catch {
            #expect(error.field == field, "\(error)")
            #expect(error.reason.contains(words), "\(error)")
        }
    }

    // MARK: What is probably not meant

    @Test(arguments: [
        (
            "$1_x",
            "$1_x is the variable 1_x, which the regular expression does not have, so it is empty; write ${1}_x for group 1"
        ),
        ("${1_x}", "${1_x} is the variable 1_x, which the regular expression does not have, so it is empty"),
        ("a$2", "$2 is group 2, which the regular expression does not have, so it is empty"),
        ("$name", "$name is the variable name, which the regular expression does not have, so it is empty"),
    ])
    func aVariableThatIsNotThereIsWarnedOf(_ replacement: String, _ text: String) throws {
        let step = try RelabelStep(Self.rule { $0.replacement = replacement })
        #expect(step.warnings.map(\.text) == [text])
        #expect(step.warnings.map(\.field) == [.replacement])
    }

    @Test(arguments: ["$1", "${1}_x", "$$1", "$0", "x$", "$1-$1", "no variable"])
    func otherReplacementsAreNotWarnedOf(_ replacement: String) throws {
        #expect(try RelabelStep(Self.rule { $0.replacement = replacement }).warnings.isEmpty)
    }

    // MARK: Bounds

    @Test func doublingEndsAtABound() throws {
        let double = Self.rule { ($0.sourceLabels, $0.separator, $0.targetLabel) = (["x", "x"], "", "x") }
        let outcome = Relabelling(try (0..<100).map { _ in try RelabelStep(double) }).outcome(of: ["x": "ab"])
        guard case .unusable(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("step 16 "), "\(reason)")
        let many = Self.rule {
            $0.replacement = String(repeating: "$1", count: 2_000); $0.sourceLabels = ["x"]
        }
        let value = String(repeating: "a", count: 1_000)
        guard case .unusable = Relabelling([try RelabelStep(many)]).outcome(of: ["x": value]) else {
            Issue.record("a value of 2 000 000 bytes was made")
            return
        }
    }

    @Test func theNumberOfLabelsIsBounded() throws {
        let map = Self.rule { ($0.action, $0.targetLabel, $0.replacement) = (.labelmap, "", "a_$1") }
        let labels = LabelSet((0..<500).map { ("x\($0)", "v") })
        let outcome = Relabelling(try (0..<8).map { _ in try RelabelStep(map) }).outcome(of: labels)
        guard case .unusable(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("more than 1024 labels"), "\(reason)")
    }
}
