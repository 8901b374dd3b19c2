import API
import Foundation
import Model
import Support

/// The evidence of a rule that asks for proof, for people.
enum RegressionText {
    /// For `status`: the sentence, what limits it, and the counts of the comparison with the strongest evidence.
    static func short(_ rule: RuleDocument) -> [String] {
        guard let found = rule.regression else { return selfCheck(rule.selfCheck).map { "  \(rule.name): \($0)" } }
        let lines = ["  \(rule.name): \(found.sentence)\(bar(found))"]
        let reason = rule.reason.map { [$0] } ?? []
        return lines + (reason + rule.notes + selfCheck(rule.selfCheck)).map { "    \($0)" }
            + table(found.comparisons.prefix(1), indent: "    ")
    }

    /// For `why`: every comparison with its counts.
    static func whole(_ found: RegressionRecord) -> [String] {
        var lines = ["  evidence \(found.sentence)\(bar(found))"]
        lines += table(found.comparisons[...], indent: "           ")
        for one in found.comparisons where one.dispersion > 1 {
            lines.append(
                "           \(one.name): \(NumberText.plain(one.dispersion)) times fewer independent ones than counted")
        }
        if let check = found.selfCheck { lines += selfCheck(check).map { "           \($0)" } }
        return lines
    }

    private static func table(_ comparisons: ArraySlice<RegressionRecord.Comparison>, indent: String) -> [String] {
        guard !comparisons.isEmpty else { return [] }
        return Columns.laidOut(
            [["", "", "requests", "bad", "rate", "99 % interval"]] + comparisons.flatMap(rows), indent: indent)
    }

    private static func rows(_ one: RegressionRecord.Comparison) -> [[String]] {
        func row(_ name: String, _ pool: String, _ side: RegressionRecord.Side) -> [String] {
            [
                name, pool, NumberText.plain(side.requests), NumberText.plain(side.bad),
                side.rate.map(NumberText.percent) ?? "-",
                "\(NumberText.percent(side.rateLow)) to \(NumberText.percent(side.rateHigh))",
            ]
        }
        return [row(one.name, "canary", one.canary), row("", "baseline", one.baseline)]
    }

    /// ` (the bar: 1 in 1 000)`
    private static func bar(_ found: RegressionRecord) -> String {
        " (the bar: 1 in \(NumberText.grouped(exp(found.barLogEvidence))))"
    }

    private static func selfCheck(_ record: RegressionRecord.SelfCheckRecord?) -> [String] {
        record.map { ["self-check of the baseline against itself: \($0.falseAlarms) false alarms in \($0.runs) runs"] }
            ?? []
    }
}
