import Foundation
import Testing

@testable import Calculator

@Suite("The calculator")
struct EvidenceCalculatorTests {
    private func answers(_ lines: [String], _ options: EvidenceCalculator.Options = .init()) throws -> [[String: Any]] {
        var calculator = EvidenceCalculator(options)
        return try lines.compactMap { try calculator.take($0) }.map { text in
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
    }

    private func line(_ seconds: Int, _ baseline: (Int, Int), _ canary: (Int, Int)) -> String {
        #"{"t": \#(seconds), "baseline": {"requests": \#(baseline.0), "bad": \#(baseline.1)}, "#
            + #""canary": {"requests": \#(canary.0), "bad": \#(canary.1)}}"#
    }

    /// The same numbers as the golden vector "all_errors_canary": every canary request fails.
    @Test func aCanaryThatAlwaysFailsIsWorse() throws {
        let found = try answers((1...5).map { line(5 * $0, (45, 0), (5, 5)) })
        #expect(found.count == 5)
        #expect(found[0]["bar"] as? Double == log(100))
        #expect(found.last?["verdict"] as? String == "worse")
        #expect(found.last?["canary"] as? Double == 1)
        #expect(found.last?["ratio"] is NSNull, "a baseline without errors has no ratio")
        let logE = found.compactMap { $0["log_e"] as? Double }
        #expect(logE == logE.sorted() && (logE.last ?? 0) > 30)
    }

    @Test func whatIsMissingIsSaid() throws {
        let found = try answers([line(5, (900, 9), (100, 2))])
        #expect(found[0]["verdict"] as? String == "undecided")
        #expect((found[0]["requests_needed"] as? Double ?? 0) > 1_000)
        #expect(found[0]["seconds_needed"] as? Double == (found[0]["requests_needed"] as? Double ?? 0) / 200)
        #expect(found[0]["ratio"] as? Double == 2)
        #expect((found[0]["ratio_low"] as? Double ?? 9) < 2)
    }

    @Test func bucketsAreComparedBoundaryByBoundary() throws {
        func pool(_ fast: Int, _ slow: Int) -> String {
            #"{"requests": \#(fast + slow), "bad": 0, "buckets": {"0.25": \#(fast), "+Inf": \#(fast + slow)}}"#
        }
        let lines = (1...10).map { #"{"t": \#($0 * 5), "baseline": \#(pool(900, 10)), "canary": \#(pool(90, 10))}"# }
        let found = try answers(lines)
        #expect(found.last?["verdict"] as? String == "worse")
        let slow = try #require(found.last?["slow"] as? [[String: Any]])
        #expect(slow.count == 1 && slow[0]["slower_than"] as? Double == 0.25)
    }

    @Test func countersAreTurnedIntoIncrements() throws {
        let counters = [
            line(5, (1_000, 10), (100, 1)), line(10, (1_900, 19), (200, 3)), line(15, (900, 9), (300, 5)),
        ]
        let increments = [line(10, (900, 9), (100, 2)), line(15, (900, 9), (100, 2))]
        let found = try answers(counters, .init(areCounters: true))
        let expected = try answers(increments)
        #expect(found[0]["verdict"] as? String == "nothing", "the first line is only a reference")
        for key in ["baseline", "canary", "ratio"] {
            #expect(found.last?[key] as? Double == expected.last?[key] as? Double, "\(key)")
        }
    }

    @Test func emptyLinesAreSkippedAndCounted() throws {
        var calculator = EvidenceCalculator(.init())
        #expect(try calculator.take("  ") == nil)
        #expect(throws: CalculatorError(line: 2, text: "'canary' is missing")) {
            try calculator.take(#"{"t": 5, "baseline": {"requests": 1, "bad": 0}}"#)
        }
    }

    @Test(arguments: [
        ("{", "this is not a JSON object on one line"),
        ("[]", "another type"),
        (#"{"t": 5, "baseline": 3}"#, "'baseline' has another type"),
        (#"{"t": "5", "baseline": {"requests": 1, "bad": 0}, "canary": {"requests": 1, "bad": 0}}"#, "'t' has another"),
        (
            #"{"t": true, "baseline": {"requests": 1, "bad": 0}, "canary": {"requests": 1, "bad": 0}}"#,
            "'t' has another"
        ),
        (#"{"t": 5, "baseline": {"requests": 1}, "canary": {"requests": 1, "bad": 0}}"#, "'baseline.bad' is missing"),
        (
            #"{"t": 5, "baseline": {"requests": -1, "bad": 0}, "canary": {"requests": 1, "bad": 0}}"#,
            "'baseline.requests' is -1"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1e300, "bad": 0}, "canary": {"requests": 1, "bad": 0}}"#,
            "counts end at 2^53"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0}, "canary": {"requests": 1, "bad": 0}, "phy": 2}"#,
            "unknown field 'phy'"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0}, "canary": {"requests": 1, "bad": 0}, "phi": 0.5}"#,
            "'phi' is 0.5"
        ),
        (#"{"t": -5, "baseline": {"requests": 1, "bad": 0}, "canary": {"requests": 1, "bad": 0}}"#, "'t' is -5"),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"1": 1, "+Inf": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0}}"#, "one pool has 'buckets'"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"1": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0}}"#, "no \"+Inf\""
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"1": 2, "+Inf": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0}}"#, "buckets are cumulative"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"fast": 2, "+Inf": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0}}"#, "is not a bound"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"0x1": 1, "+Inf": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0}}"#, "the bucket '0x1' is not a bound"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"inf": 1, "+Inf": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0}}"#, "the bucket 'inf' is not a bound"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"0.5": 1, "0.50": 1, "+Inf": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0}}"#, "the bucket '0.5' occurs twice"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 1, "bad": 0, "buckets": {"0.5": 1, "+Inf": 1}}, "#
                + #""canary": {"requests": 1, "bad": 0, "buckets": {"0.25": 1, "+Inf": 1}}}"#, "different bounds"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 9, "bad": 0}, "canary": {"requests": 1, "bad": 2}}"#,
            "'canary.bad' is 2, of 1 'requests'"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 9, "bad": 0, "bad": 1}, "canary": {"requests": 1, "bad": 0}}"#,
            "'bad' occurs twice"
        ),
        (
            #"{"t": 5, "baseline": {"requests": 9, "bad": 0}, "canary": {"requests": 1, "bad": 0}, "\u0074": 6}"#,
            "'t' occurs twice"
        ),
        (
            #"{"t": 1e308, "baseline": {"requests": 900, "bad": 9}, "canary": {"requests": 100, "bad": 2}}"#,
            "no longer a finite number"
        ),
    ])
    func badLinesAreNamed(_ line: String, _ text: String) {
        var calculator = EvidenceCalculator(.init())
        do {
            _ = try calculator.take(line)
            Issue.record("accepted: \(line)")
        } catch {
            #expect("\(error)".hasPrefix("<stdin>:1: error: ") && error.text.contains(text), "\(error)")
        }
    }

    /// The same names in different objects, a name as a value, quotes inside of strings.
    @Test func aNameMayOccurInEachObject() {
        #expect(RepeatedName.first(in: #"{"a": {"b": 1}, "b": {"b": "a"}, "c": "\", \"a\": 1"}"#) == nil)
        #expect(RepeatedName.first(in: #"{"a": [{"b" : 1, "b": 2}]}"#) == "b")
    }

    @Test func otherBucketsThanInTheFirstLineAreRefused() throws {
        func line(_ seconds: Int, _ bound: String) -> String {
            let pool = #"{"requests": 10, "bad": 0, "buckets": {"\#(bound)": 9, "+Inf": 10}}"#
            return #"{"t": \#(seconds), "baseline": \#(pool), "canary": \#(pool)}"#
        }
        var calculator = EvidenceCalculator(.init())
        _ = try calculator.take(line(5, "0.5"))
        #expect(throws: CalculatorError(line: 2, text: "'buckets' has other bounds than in the first line")) {
            try calculator.take(line(10, "0.25"))
        }
    }

    /// As in rule files: where twice is tolerated, "safe" means below 2.5 times and not below 1.5.
    @Test func safeLeavesRoomAboveTheTolerance() throws {
        let found = try answers((1...200).map { line($0 * 5, (9_000, 90), (1_000, 18)) }, .init(tolerance: 1))
        #expect(found.last?["verdict"] as? String == "safe")
    }

    @Test func timeDoesNotGoBack() throws {
        var calculator = EvidenceCalculator(.init())
        _ = try calculator.take(line(5, (10, 0), (10, 0)))
        #expect(throws: CalculatorError.self) { try calculator.take(line(5, (10, 0), (10, 0))) }
    }

    @Test(arguments: [
        ("10%", 0.1), ("0.1 %", 0.001), ("0.5", nil), ("10", nil), ("0%", 0.0), ("%", nil), ("", nil), ("-1%", nil),
        ("1e3%", nil),
        ("ten", nil), ("1.2.3%", nil),
    ])
    func percentages(_ text: String, _ share: Double?) {
        let found = Percentage.share(text)
        #expect(found.map { abs($0 - (share ?? 9)) < 1e-15 } ?? (share == nil), "\(text)")
    }
}

/// Shares that change, and scrapes that are not taken at one moment.
@Suite("The calculator and blocks that cannot be compared")
struct ComparableBlockTests {
    private func line(_ seconds: Int, _ counts: (Double, Double, Double, Double)) -> String {
        let (requests, bad, canary, canaryBad) = counts
        return #"{"t": \#(seconds), "baseline": {"requests": \#(requests.rounded()), "bad": \#(bad.rounded())}, "#
            + #""canary": {"requests": \#(canary.rounded()), "bad": \#(canaryBad.rounded())}}"#
    }

    /// 1 000 requests/s, 5 % to the canary and 0.2 % bad, then 50 % and 10 % bad for both, with one line in which both
    /// change.
    @Test func aShareThatChangesWithinALineIsNotEvidence() throws {
        var calculator = EvidenceCalculator(.init())
        // What is left of a fraction of a bad request comes in a later line.
        var (owed, canaryOwed) = (0.0, 0.5)
        func part(_ seconds: Double, share: Double, rate: Double) -> (Double, Double, Double, Double) {
            let all = 1_000 * seconds
            return (all * (1 - share), all * (1 - share) * rate, all * share, all * share * rate)
        }
        var last: [String: Any] = [:]
        for number in 1...240 {
            var counts = part(5, share: number <= 120 ? 0.05 : 0.5, rate: number <= 120 ? 0.002 : 0.1)
            if number == 121 {
                let (good, sick) = (part(2.5, share: 0.05, rate: 0.002), part(2.5, share: 0.5, rate: 0.1))
                counts = (good.0 + sick.0, good.1 + sick.1, good.2 + sick.2, good.3 + sick.3)
            }
            (owed, canaryOwed) = (owed + counts.1, canaryOwed + counts.3)
            (counts.1, counts.3) = (owed.rounded(.down), canaryOwed.rounded(.down))
            (owed, canaryOwed) = (owed - counts.1, canaryOwed - counts.3)
            let text = try #require(try calculator.take(line(number * 5, counts)))
            last = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            let isWorse = calculator.isWorse
            #expect(!isWorse, "line \(number)")
        }
        let ratio = try #require(last["ratio"] as? Double)
        #expect(abs(ratio - 1) < 0.02, "\(ratio)")
        #expect((last["ratio_low"] as? Double ?? 9) < ratio && (last["ratio_high"] as? Double ?? 0) > ratio)
        #expect((last["max_log_e"] as? Double ?? 9) < 1)
        #expect(last["verdict"] as? String == "safe")
    }

    /// The canary's scrapes come half a second after the baseline's, and both pools have an outage that begins in between.
    @Test func anOutageOfBothThatBeginsBetweenTheScrapesIsNotEvidence() throws {
        var calculator = EvidenceCalculator(.init())
        var chance = 12_345.0
        for number in 1...200 {
            chance = (chance * 16_807).truncatingRemainder(dividingBy: 2_147_483_647)
            let begins = number % 40 == 20, isThere = (21...30).contains(number % 40)
            let bad = isThere ? 2_250 : 45 + (chance / 2_147_483_647 - 0.5) * 20
            let early = begins ? 25.0 : 0
            _ = try calculator.take(line(number * 5, (4_500, bad, 500, (isThere ? 250 : 5) + early)))
            let isWorse = calculator.isWorse
            #expect(!isWorse, "line \(number)")
        }
    }
}
