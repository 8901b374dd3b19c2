/// Tables for docs/reference/calibration.md.
enum Markdown {
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        let lines = [head, head.map { _ in "---" }] + rows
        return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n") + "\n"
    }

    /// A share as percent with one digit.
    static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// A share as percent without needless digits: 0.001 is `0.1 %`.
    static func plainPercent(_ share: Double) -> String {
        let text = percent(share)
        return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
    }

    static func cell(_ cell: Cell) -> [String] {
        ["\(Int(cell.requestsPerSecond))", plainPercent(cell.canaryShare), plainPercent(cell.baseRate)]
    }
}
