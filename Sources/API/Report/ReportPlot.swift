import Foundation

/// A plot of a report as SVG: one line per pool, and a mark where the incident was opened.
struct ReportPlot: Sendable {
    private static let width = 640.0
    private static let height = 160.0
    private static let left = 64.0

    let title: String
    /// Of the history's columns, for the baseline and the canary.
    let columns: (baseline: String, canary: String)
    let format: @Sendable (Double) -> String

    /// Nil without a value to plot.
    func markup(_ history: HistoryDocument, openedAtMs: Int64) -> ReportText? {
        let lines = [("base", columns.baseline), ("canary", columns.canary)].map { ($0.0, values($0.1, history)) }
        let all = lines.flatMap(\.1)
        guard let first = all.map(\.at).min(), let last = all.map(\.at).max(), first < last else { return nil }
        let top = max(all.map(\.value).max() ?? 0, 1e-9) * 1.1
        func x(_ at: Double) -> Double { Self.left + (Self.width - Self.left - 8) * (at - first) / (last - first) }
        func y(_ value: Double) -> Double { 10 + (Self.height - 24) * (1 - value / top) }
        let drawn = lines.map { name, values -> ReportText in
            let points = values.map { "\(Self.short(x($0.at))),\(Self.short(y($0.value)))" }.joined(separator: " ")
            return "<polyline class=\"\(name)\" points=\"\(points)\"/>"
        }
        let mark = Self.short(x(min(max(Double(openedAtMs), first), last)))
        return """
            <h3>\(title)</h3><svg viewBox="0 0 640 160" role="img"><text x="4" y="16">\(format(top))</text>\
            <text x="4" y="146">\(format(0))</text><line class="mark" x1="\(mark)" x2="\(mark)" y1="8" y2="148"/>\(drawn)</svg>
            """
    }

    private func values(_ column: String, _ history: HistoryDocument) -> [(at: Double, value: Double)] {
        guard let index = history.columns.firstIndex(of: column) else { return [] }
        return history.points.compactMap { point in
            guard let at = point.first ?? nil, index < point.count, let value = point[index] else { return nil }
            return (at, value)
        }
    }

    private static func short(_ value: Double) -> String { String(Int(value.rounded())) }
}
