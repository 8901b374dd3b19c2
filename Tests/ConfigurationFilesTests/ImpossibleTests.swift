import Model
import Support
import Testing

@testable import ConfigurationFiles

/// What a configuration asks for and can never get.
@Suite("What can never be")
struct ImpossibleTests {
    private func load(_ lines: String, interval: String) -> Rulebook.Result {
        let scrape = "scrape: {interval: \(interval), timeout: 1s}"
        let text = Sample.changed("scrape: {interval: 5s}", to: scrape)
        return Sample.load(
            Sample.changed("    rules: [", to: "\(lines)    rules: [", in: text),
            rules: Sample.changed("window: 1m", to: "window: 1h", in: Sample.rules))
    }

    /// The limit is refused by `check`, and a daemon uses one that can be kept.
    @Test(
        arguments: [
            ("1m", "30s", true), ("1m", "1m", true), ("30s", "30s", true), ("5m", "1m", true), ("5s", "1s", true),
            ("5s", "15s", true), ("5s", "16s", false), ("5s", "1m", false), ("1m", "2m1s", false), ("1m", "2m", true),
        ])
    func aDeadlineShorterThanAProof(_ interval: String, _ deadline: String, _ isRefused: Bool) throws {
        let result = load("    rollback: {deadline: \(deadline)}\n", interval: interval)
        let plan = try #require(result.plan?.releases.first, "\(result.errors)")
        #expect(result.impossible.isEmpty != isRefused, "\(result.impossible)")
        #expect(plan.rollback.deadlineMs >= plan.shortestProofMs)
    }

    /// Defaults follow from the interval, and are never refused.
    @Test(arguments: ["1s", "5s", "15s", "30s", "1m", "2m"])
    func defaultsCanBeKept(_ interval: String) throws {
        let router = "{kind: gray, instances: [\"http://127.0.0.1:8\"]}"
        for lines in ["", "    fallback: {router: \(router)}\n"] {
            let result = load(lines, interval: interval)
            let plan = try #require(result.plan?.releases.first, "\(result.errors)")
            #expect(result.impossible.isEmpty, "\(result.impossible)")
            #expect(plan.rollback.deadlineMs >= plan.shortestProofMs)
            guard let fallback = plan.fallback else { continue }
            #expect(fallback.afterMs >= plan.shortestProofMs && fallback.afterMs < plan.rollback.deadlineMs)
        }
    }

    @Test(arguments: [("10s", true), ("15s", true), ("16s", false), ("30s", false)])
    func aFallbackThatLeavesAPerfectRouter(_ after: String, _ isRefused: Bool) throws {
        let router = "{kind: gray, instances: [\"http://127.0.0.1:8\"]}"
        let result = load("    fallback: {router: \(router), after: \(after)}\n", interval: "5s")
        #expect(result.impossible.isEmpty != isRefused, "\(result.impossible)")
        let plan = try #require(result.plan?.releases.first)
        #expect((plan.fallback?.afterMs ?? 0) >= plan.shortestProofMs)
    }

    @Test(
        arguments: [
            ("error_rate", "canary > 5", false), ("error_rate", "canary > 100%", false),
            ("error_rate", "canary >= 100%", true), ("error_rate", "canary > 5%", true),
            ("error_rate", "canary < 0%", false), ("error_rate", "canary > 5% and canary < 2%", false),
            ("error_rate", "canary > 2 * baseline and canary < baseline", false),
            ("error_rate", "canary > 2 * baseline and canary > 1%", true),
            ("error_rate", "canary > 5% or canary > 500%", true), ("error_rate", "canary > 3 or canary > 500%", false),
            ("error_rate", "not canary <= 100%", false), ("error_rate", "not (canary > 5% and baseline < 1%)", true),
            ("error_rate", "canary - baseline > 100%", false), ("error_rate", "canary - baseline > 90%", true),
            ("error_rate", "canary / baseline > 200", true), ("error_rate", "canary == 5 * 30%", false),
            ("request_rate", "baseline < 0/s", false), ("request_rate", "canary > 1000000/s", true),
            ("latency_p99", "canary > 2 * baseline and canary > 500ms", true),
            ("latency_p99", "canary > 1s and canary < 500ms", false),
            ("error_rate", "canary * canary > 1", false), ("error_rate", "canary * canary >= 1", true),
            ("error_rate", "canary / baseline < 0", false), ("error_rate", "canary / baseline <= 0", true),
            ("error_rate", "canary * baseline < canary - 2", false),
            ("error_rate", "not canary / baseline >= 0", false),
            ("error_rate", "canary > 0/0", false), ("error_rate", "not canary > 1/0", false),
            ("error_rate", "canary / (baseline * 0) > 1", false), ("error_rate", "canary > 1/0 or canary > 1%", true),
            ("request_rate", "baseline / canary > 1000", true), ("error_rate", "-1 * canary * baseline > 0", false),
            ("error_rate", "canary != canary", false), ("error_rate", "canary > baseline and baseline > canary", false),
        ])
    func aCondition(_ indicator: String, _ text: String, _ isPossible: Bool) throws {
        let known = try #require(Indicator(name: indicator))
        let condition = try ConditionParser.condition(text, of: known)
        #expect(ConditionFeasibility.canHold(condition, of: known) == isPossible, "\(text)")
    }

    @Test(arguments: [
        ("canary >= 0", true), ("canary > -1", true), ("5 > canary", true), ("canary <= 100%", true),
        ("canary / baseline >= 0", true), ("canary > 5% or canary <= 5%", true), ("canary > 0", false),
        ("canary > 2 * baseline", false), ("canary > 5", false), ("canary > 1/0", false),
    ])
    func aConditionThatAlwaysHolds(_ text: String, _ isCertain: Bool) throws {
        let condition = try ConditionParser.condition(text, of: .errorRate)
        #expect(ConditionFeasibility.alwaysHolds(condition, of: .errorRate) == isCertain)
        let rules = Self.rules(when: text)
        let warnings = Sample.load(rules: rules).warnings.filter { $0.text.contains("holds for every value") }
        #expect(warnings.isEmpty != isCertain, "\(warnings)")
    }

    private static func rules(when condition: String) -> String {
        let piece = "when: canary > 2 * baseline and canary > 1%"
        return Sample.changed(piece, to: "when: \(condition)\n        action: rollback", in: Sample.rules)
    }

    @Test func aDivisionByZeroIsNamed() {
        #expect(
            Sample.load(rules: Self.rules(when: "canary > 1/0")).impossible.map(\.text).filter {
                $0.contains("divides by zero")
            }.count == 1)
    }

    @Test(arguments: [("0/s", true), ("0.000000001/s", true), ("0.001/s", false), ("0.5/s", false)])
    func aRateThatTakesForEverToBeProved(_ below: String, _ isRefused: Bool) throws {
        let result = load("    proof: {below: \(below)}\n", interval: "5s")
        #expect(result.impossible.isEmpty != isRefused, "\(result.impossible)")
        #expect(try #require(result.plan?.releases.first).rollback.deadlineMs < 3 * 3_600_000)
    }

    @Test(arguments: [("10m", "1m", true), ("1m", "1m", true), ("59s", "1m", false)])
    func aFirstRetryAfterTheDeadline(_ min: String, _ deadline: String, _ isRefused: Bool) {
        let result = load("    rollback: {retry: {min: \(min), max: 20m}, deadline: \(deadline)}\n", interval: "5s")
        #expect(result.errors.contains { $0.text.contains("'min' of 'retry'") } == isRefused, "\(result.errors)")
    }

    @Test(arguments: [("127.0.0.1:9412", true), ("localhost:9412/", true), ("127.0.0.1:9413", false)])
    func aFallbackThatIsTheFirstRouter(_ address: String, _ isRefused: Bool) {
        let router = "{kind: gray, instances: [\"http://\(address)\"]}"
        let result = load("    fallback: {router: \(router)}\n", interval: "5s")
        #expect(
            result.impossible.contains { $0.text.contains("own router again") } == isRefused, "\(result.impossible)")
    }

    /// Whatever holds for some drawn values is never called impossible.
    @Test func neverRefusesWhatCanHold() {
        var draw = SeededGenerator(seed: 12)
        var seen = 0
        for _ in 0..<4_000 {
            let condition = ImpossibleTests.condition(depth: 3, &draw)
            let values = IndicatorValues(
                baseline: Double.random(in: 0...1, using: &draw), canary: Double.random(in: 0...1, using: &draw))
            guard condition.holds(values) == true else { continue }
            seen += 1
            #expect(ConditionFeasibility.canHold(condition, of: .errorRate), "\(condition) with \(values)")
        }
        #expect(seen > 500)
    }

    private static func condition(depth: Int, _ draw: inout SeededGenerator) -> Condition {
        switch depth == 0 ? 3 : Int.random(in: 0...3, using: &draw) {
        case 0: .and(condition(depth: depth - 1, &draw), condition(depth: depth - 1, &draw))
        case 1: .or(condition(depth: depth - 1, &draw), condition(depth: depth - 1, &draw))
        case 2: .not(condition(depth: depth - 1, &draw))
        default:
            .compare(
                term(&draw), [.less, .lessOrEqual, .greater, .greaterOrEqual].randomElement(using: &draw)!, term(&draw))
        }
    }

    private static func term(_ draw: inout SeededGenerator) -> Term {
        let number = Term.number(Double(Int.random(in: 0...20, using: &draw)) / 10)
        return switch Int.random(in: 0...6, using: &draw) {
        case 0: number
        case 1: .value(.baseline)
        case 2: .combine(number, .multiply, .value(.baseline))
        case 3: .combine(.value(.canary), .subtract, .value(.baseline))
        case 4: .combine(.combine(.value(.canary), .subtract, number), .divide, .value(.baseline))
        case 5: .combine(.value(.canary), .multiply, .combine(number, .subtract, .value(.baseline)))
        default: .value(.canary)
        }
    }

    @Test(arguments: [("for: 60d", 1), ("for: 8w", 1), ("for: 7d", 0), ("for: 10m", 0), ("no_data: breach", 0)])
    func aRule(_ line: String, _ count: Int) {
        let condition = line.hasPrefix("no_data") ? "canary > 500%" : "canary > 5%"
        let rules = """
            groups:
              - name: g
                rules:
                  - alert: A
                    indicator: error_rate
                    window: 1m
                    when: \(condition)
                    \(line)

            """
        let result = Rulebook.check(ruleFile: "a.yaml", files: MemoryFiles(["a.yaml": rules]))
        #expect(result.errors.isEmpty && result.rules.count == 1)
        #expect(result.impossible.count == count, "\(result.impossible)")
        #expect(result.impossible.allSatisfy { "\($0)".contains(": error: ") })
    }
}
