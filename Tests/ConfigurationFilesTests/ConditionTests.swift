import Model
import Testing

@testable import ConfigurationFiles

struct ConditionTests {
    private static let canary = Term.value(.canary)
    private static let baseline = Term.value(.baseline)

    private static func error(_ text: String, _ indicator: Indicator? = .errorRate) -> String? {
        do throws(ConditionError) {
            _ = try ConditionParser.condition(text, of: indicator)
            return nil
        } catch {
            return "\(error.offset): \(error.text)"
        }
    }

    @Test(arguments: [
        ("canary > 1%", Condition.compare(canary, .greater, .number(0.01))),
        ("canary>=0.5", .compare(canary, .greaterOrEqual, .number(0.5))),
        ("canary < baseline", .compare(canary, .less, baseline)),
        ("(canary) <= (1)", .compare(canary, .lessOrEqual, .number(1))),
        ("canary == -1", .compare(canary, .equal, .negate(.number(1)))),
        ("canary != 2x", .compare(canary, .notEqual, .number(2))),
        (
            "canary > 1 + 2 * baseline",
            .compare(canary, .greater, .combine(.number(1), .add, .combine(.number(2), .multiply, baseline)))
        ),
        (
            "canary - baseline - 1% > 0",
            .compare(
                .combine(.combine(canary, .subtract, baseline), .subtract, .number(0.01)), .greater, .number(0))
        ),
        ("not canary > 1", .not(.compare(canary, .greater, .number(1)))),
        (
            "canary > 1 or canary > 2 and not baseline > 3",
            .or(
                .compare(canary, .greater, .number(1)),
                .and(.compare(canary, .greater, .number(2)), .not(.compare(baseline, .greater, .number(3)))))
        ),
        (
            "(canary > 1 or canary > 2) and baseline > 3",
            .and(
                .or(.compare(canary, .greater, .number(1)), .compare(canary, .greater, .number(2))),
                .compare(baseline, .greater, .number(3)))
        ),
        (
            "canary / baseline > 150%",
            .compare(.combine(canary, .divide, baseline), .greater, .number(1.5))
        ),
    ])
    func conditionsAreReadAsWritten(_ text: String, _ expected: Condition) throws {
        #expect(try ConditionParser.condition(text, of: .errorRate) == expected)
    }

    @Test(arguments: [
        ("latency_p99", "canary > 250ms", 0.25), ("latency_mean", "canary > 1.5s", 1.5),
        ("latency_p50", "canary > 500us", 0.0005), ("request_rate", "canary < 10/s", 10),
        ("error_rate", "canary > 1%", 0.01),
        ("error_rate", "canary > 0.01", 0.01), ("latency_p99", "canary > 2", 2), ("request_rate", "canary > 2", 2),
    ])
    func unitsAreBaseUnits(_ indicator: String, _ text: String, _ number: Double) throws {
        let condition = try ConditionParser.condition(text, of: Indicator(name: indicator))
        guard case .compare(_, _, .number(number)) = condition else {
            Issue.record("\(condition) is not a comparison with \(number)")
            return
        }
    }

    @Test(arguments: [
        ("latency_p99", "canary > 150% * baseline"), ("latency_p99", "canary > baseline + 50ms"),
        ("latency_p99", "canary / baseline > 2x"),
        ("latency_p99", "canary - baseline > 10% * baseline and canary > 100ms"),
        ("request_rate", "canary < 50% * baseline"), ("request_rate", "canary < 0.1/s and baseline > 10/s"),
        ("error_rate", "canary > 2 * baseline"), ("error_rate", "canary * 100 > 1"), ("error_rate", "canary / 2 > 1%"),
        ("latency_mean", "-canary < -(100ms)"), ("latency_mean", "2 * (canary - baseline) / baseline > 0.5"),
    ])
    func unitsThatFit(_ indicator: String, _ text: String) {
        #expect(Self.error(text, Indicator(name: indicator)) == nil)
    }

    @Test(arguments: [
        (
            "error_rate", "canary > 250ms",
            "9: a time cannot be compared with a share (error_rate is a share); write a percentage "
                + "such as 1%, or a plain number"
        ),
        (
            "error_rate", "10/s < canary",
            "0: a rate cannot be compared with a share (error_rate is a share); write a percentage "
                + "such as 1%, or a plain number"
        ),
        (
            "latency_p99", "canary > 1%",
            "9: a share cannot be compared with a time (latency_p99 is a time); write a time such as "
                + "250ms, or a share of a pool's value such as 150% * baseline, or a plain number"
        ),
        (
            "request_rate", "canary + 1s > 5",
            "9: a time cannot be added to or taken from a rate (request_rate is a rate); write a "
                + "rate such as 10/s, or a share of a pool's value such as 50% * baseline, or a plain number"
        ),
        ("latency_p99", "canary * baseline > 1", "9: a time cannot be multiplied by a time"),
        ("latency_p99", "1 / canary > 1", "4: a plain number cannot be divided by a time"),
        (
            "latency_p99", "canary / baseline > 100ms",
            "0: a share cannot be compared with a time (latency_p99 is a time); write "
                + "a time such as 250ms, or a share of a pool's value such as 150% * baseline, or a plain number"
        ),
        (
            "error_rate", "1s > 5/s and canary > 1",
            "5: a rate cannot be compared with a time (the other side is a time); write a "
                + "time such as 250ms, or a share of a pool's value such as 150% * baseline, or a plain number"
        ),
    ])
    func unitsThatDoNotFit(_ indicator: String, _ text: String, _ expected: String) {
        #expect(Self.error(text, Indicator(name: indicator)) == expected)
    }

    @Test(arguments: [
        ("", "0: the condition is empty"),
        ("  ", "0: the condition is empty"),
        ("canary", "0: the condition is a number; compare it with something, as in canary > 1%"),
        ("1 > 0", "0: the condition names neither canary nor baseline, so that it always says the same"),
        ("canary >", "8: the condition ends where a number, canary, baseline or '(' is expected"),
        ("canary > 1% and", "15: the condition ends where a number, canary, baseline or '(' is expected"),
        ("(canary > 1", "11: the condition ends where ')' is expected"),
        ("canary > 1)", "10: unexpected ')'; expected 'and', 'or' or the end of the condition"),
        ("canary > 1 2", "11: unexpected number; expected 'and', 'or' or the end of the condition"),
        ("canary > 1 baseline", "11: unexpected 'baseline'; expected 'and', 'or' or the end of the condition"),
        ("canry > 1", "0: unknown name 'canry'; did you mean 'canary'?"),
        ("Canary > 1", "0: unknown name 'Canary'; write it in lower case: 'canary'"),
        ("canary > 1 AND canary > 2", "11: unknown name 'AND'; write it in lower case: 'and'"),
        (
            "error_rate > 1",
            "0: unknown name 'error_rate'; canary and baseline are the rule's indicator in each pool"
        ),
        ("canary > threshold", "9: unknown name 'threshold'; values are canary and baseline"),
        ("canary = 1", "7: unexpected '=' in a condition; equality is written =="),
        ("canary > 1 && baseline > 1", "11: unexpected '&' in a condition; write and"),
        ("canary > 1 || baseline > 1", "11: unexpected '|' in a condition; write or"),
        ("!(canary > 1)", "0: unexpected '!' in a condition; write not"),
        ("canary > .5", "9: unexpected '.' in a condition; a number begins with a digit, as in 0.5"),
        ("canary > 0,5", "10: unexpected ',' in a condition; fractions are written with a point, as in 0.5"),
        ("canary > 5 $", "11: unexpected '$' in a condition"),
        ("canary > 1sec", "10: unknown unit 'sec'; known are %, us, ms, s, x, /s"),
        ("canary > 1 %", "11: unexpected '%' in a condition; a unit follows its number without a blank"),
        ("canary > 9999999999999999", "9: the number is larger than 1000000000000000"),
        ("0 < canary < 1", "11: comparisons cannot be chained; join two of them with and"),
        ("canary > 1 and 2", "15: 'and' needs a comparison here, but this is a number; write for example canary > 1%"),
        ("not canary", "4: 'not' needs a comparison here, but this is a number; write for example canary > 1%"),
        ("(canary > 1) + 1 > 2", "0: '+' needs a number here, but this is a comparison"),
        ("-(canary > 1) > 1", "1: '-' needs a number here, but this is a comparison"),
        ("(canary > 1) > (baseline > 1)", "0: '>' needs a number here, but this is a comparison"),
    ])
    func errorsHaveTheirPlace(_ text: String, _ expected: String) {
        #expect(Self.error(text) == expected)
    }

    @Test(arguments: [
        String(repeating: "(", count: 999) + "canary", String(repeating: "-", count: 900) + "canary > 1",
        String(repeating: "not ", count: 900) + "canary > 1", "canary > 1" + String(repeating: " + 1", count: 400),
        "canary > 1" + String(repeating: " and canary > 1", count: 200),
    ])
    func depthIsBounded(_ text: String) {
        #expect(
            Self.error(text)?.hasSuffix("the condition is nested deeper, or chained longer, than 64 levels") == true)
    }

    @Test func lengthIsBounded() {
        let words = "canary > 1" + String(repeating: " + 1", count: 600)
        #expect(Self.error(words)?.hasSuffix("the condition has more than 1000 names, numbers and signs") == true)
        let long = "canary > 1" + String(repeating: " ", count: 10_000)
        #expect(Self.error(long)?.hasSuffix("the condition is longer than 10000 characters") == true)
    }
}
