import Foundation
import Testing

@testable import Telemetry

@Suite("Regular expressions")
struct RegularExpressionTests {
    /// A line of `Vectors/regular-expressions.jsonl`: an expression, texts that RE2 1.1.20251105 (C++, `dot_nl`) matches
    /// whole, and texts that it does not; no lists where RE2 refuses the expression. The expressions were drawn from RE2's
    /// grammar, with what other dialects know mixed in.
    private struct Vector {
        let pattern: String
        let matching: [String]?
        let other: [String]

        init(_ line: Substring) throws {
            let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any] ?? []
            pattern = try #require(row.first as? String)
            matching = row[1] as? [String]
            other = row[2] as? [String] ?? []
        }
    }

    @Test func agreeWithRE2OnDrawnExpressions() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let text = try String(
            contentsOf: folder.appendingPathComponent("Vectors/regular-expressions.jsonl"), encoding: .utf8)
        let vectors = try text.split(separator: "\n").map(Vector.init)
        #expect(vectors.count == 1_000)
        for vector in vectors {
            let pattern = try? LabelPattern(vector.pattern)
            #expect((pattern != nil) == (vector.matching != nil), "\(vector.pattern)")
            guard let pattern else { continue }
            for value in vector.matching ?? [] {
                #expect(pattern.matches(value), "\(vector.pattern) on \(value.debugDescription)")
            }
            for value in vector.other {
                #expect(!pattern.matches(value), "\(vector.pattern) on \(value.debugDescription)")
            }
        }
    }

    /// A single byte, and names of groups that are not ASCII: C++ RE2 takes them, Go's regexp, which Prometheus uses, does not.
    @Test(arguments: ["\\C", "a\\C*", "(?P<é>a)"]) func whatGoRefusesIsRefused(_ pattern: String) {
        #expect(throws: PatternError.self) { _ = try LabelPattern(pattern) }
    }

    @Test(arguments: [
        ("(?!get).*", "lookahead"), ("a(?<=b)", "lookbehind"), ("g++et", "possessive"), ("(a)\\1", "refers to a group"),
        ("\\hget", "'\\h' is not a known escape"), ("(get", "a ')' is missing"), ("get)", "closes nothing"),
        ("[a-", "a ']' is missing"), ("[z-a]", "upside down"), ("a{2,1}", "upside down"), ("*", "nothing to repeat"),
        ("\\p{Letter}", "not a Unicode category"), ("((a{100}){100}){2}", "1000 copies"), ("a\\", "behind the last"),
    ])
    func aRefusalSaysWhatAndWhere(_ pattern: String, _ words: String) {
        do throws(PatternError) {
            _ = try LabelPattern(pattern)
            Issue.record("accepted: \(pattern)")
        } catch {
            #expect(error.reason.contains(words), "\(error.reason)")
            #expect(error.reason.contains("at character"), "\(error.reason)")
        }
    }

    /// Each of these takes a backtracking engine longer than the universe has existed.
    @Test(arguments: ["(a*)*b", "(a+)+b", "(a|aa)+b", "(a|a?)+b", "(.*)*(.*)*(.*)*b", "(a?){50}a{50}b"])
    func neverTakeExponentialTime(_ pattern: String) throws {
        let value = String(repeating: "a", count: 400)
        #expect(try !LabelPattern(pattern).matches(value))
        #expect(try LabelPattern(pattern).matches(String(repeating: "a", count: 60) + "b"))
    }

    /// The expression may be as bad as its length allows: it is refused, or compiled to something of bounded size.
    @Test(arguments: [
        ("(", 2_000, ""), ("(a{9}", 500, ")"), ("(([a-z]{30}){30})", 2, ""), ("(?i)[a-z]{1,999}", 200, ""),
        ("a|", 2_000, ""), ("(a*)*", 800, ""),
    ])
    func areBounded(_ begin: String, _ count: Int, _ end: String) throws {
        let pattern = String(repeating: begin, count: count) + String(repeating: end, count: count)
        if let usable = try? LabelPattern(pattern) { _ = usable.matches("aaaaaaaaaa") }
        #expect(throws: PatternError.self) { _ = try LabelPattern(pattern + String(repeating: "x", count: 4_096)) }
    }

    @Test func compareCharactersNotTheirAppearance() throws {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        #expect(composed == decomposed)
        #expect(try !LabelPattern(composed).matches(decomposed))
        #expect(try !LabelPattern("[\(composed)]").matches(decomposed))
    }
}
