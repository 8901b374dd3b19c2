import Foundation
import Telemetry
import Testing

@Suite("Groups of regular expressions")
struct CaptureTests {
    /// A line of `Vectors/captures.jsonl`: an expression, and texts that it matches whole, each with what its groups
    /// hold in RE2 1.1.20251105 (C++, `dot_nl`), from group 1; null for a group that took no part.
    private struct Vector {
        let pattern: String
        let matches: [[String?]]

        init(_ line: Substring) throws {
            let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any] ?? []
            pattern = try #require(row.first as? String)
            matches = try #require(row.last as? [[Any]]).map { $0.map { $0 as? String } }
        }
    }

    @Test func holdWhatTheyHoldInRE2() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Vectors/captures.jsonl")
        let vectors = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(Vector.init)
        #expect(vectors.count == 1_000)
        for vector in vectors {
            let pattern = try LabelPattern(vector.pattern)
            for match in vector.matches {
                let value = try #require(match.first ?? nil)
                let found = pattern.captures(in: value)
                let groups = (0..<match.count).map { found?[$0].map(String.init) }
                #expect(groups == match, "\(vector.pattern.debugDescription) on \(value.debugDescription)")
            }
        }
    }

    @Test(arguments: [".*", "(.*)", "a|b", "(a)|(?P<name>b)", "(?:a|b){0,2}c"])
    func areThereExactlyWhenTheValueMatches(_ text: String) throws {
        let pattern = try LabelPattern(text)
        for value in ["", "a", "b", "c", "abc", "é\n"] {
            let captures = pattern.captures(in: value)
            #expect((captures != nil) == pattern.matches(value), "\(text) on \(value)")
            if let captures { #expect(captures[0].map(String.init) == value) }
        }
    }

    /// Names may repeat: the first of them that took part counts.
    @Test func haveNames() throws {
        let pattern = try LabelPattern("(?P<n>a)?(x)(?<n>b)?")
        #expect(pattern.groupNames == ["n", nil, "n"])
        #expect(pattern.captures(in: "ax")?[name: "n"] == "a")
        #expect(pattern.captures(in: "xb")?[name: "n"] == "b")
        #expect(pattern.captures(in: "axb")?[name: "n"] == "a")
        #expect(pattern.captures(in: "x")?[name: "n"] == nil)
        #expect(pattern.captures(in: "x")?[name: "other"] == nil)
        #expect(pattern.captures(in: "x")?[4] == nil)
    }

    /// Each of these takes a backtracking engine longer than the universe has existed.
    @Test(arguments: ["(a*)*b", "((a+)+)b", "(a|aa)+b", "(a?){50}(a{50})b"])
    func neverTakeExponentialTime(_ text: String) throws {
        let pattern = try LabelPattern(text)
        let many = String(repeating: "a", count: 400)
        #expect(pattern.captures(in: many) == nil)
        #expect(pattern.captures(in: String(repeating: "a", count: 60) + "b") != nil)
    }

    /// A run holds a place per instruction and group.
    @Test func areBoundedInNumberTimesSize() {
        #expect(throws: PatternError.self) { try LabelPattern(String(repeating: "(a)", count: 1_300)) }
        #expect(throws: Never.self) { try LabelPattern(String(repeating: "(a)", count: 200)) }
    }
}
