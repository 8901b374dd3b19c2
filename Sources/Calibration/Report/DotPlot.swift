import Glibc

/// Shares of many cells by method, a dot each, on a logarithmic scale with a place of its own for 0. As SVG that is readable on a
/// light and on a dark background.
struct DotPlot: Sendable {
    struct Row: Sendable {
        let name: String
        /// Drawn in another colour than the others.
        let isOurs: Bool
        /// 0...1, one per cell.
        let shares: [Double]
    }

    let title: String
    let xTitle: String
    let rows: [Row]
    /// Where a line marks what was asked for, 0...1.
    let stated: Double

    private static let (width, left, right, top, rowHeight) = (720.0, 220.0, 24.0, 40.0, 26.0)
    /// The smallest share that is shown apart from 0, and the decades above it up to 1.
    private static let (smallest, decades) = (0.001, 3.0)
    /// Between the place of 0 and that of the smallest share.
    private static let zeroGap = 40.0

    var svg: String {
        let height = DotPlot.top + Double(rows.count) * DotPlot.rowHeight + 48
        var text = head(height) + ticks(height)
        for (number, row) in rows.enumerated() { text += draw(row, number) }
        return text + "</svg>\n"
    }

    private func head(_ height: Double) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(DotPlot.width)) \(Int(height))" \
        font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="\(DotPlot.escaped(title))">
        <style>text { fill: #1f2328 } .grid { stroke: #d1d9e0; stroke-width: 1 } .stated { stroke: #cf222e; stroke-width: 1.5 }
        .ours { fill: #3b82f6; fill-opacity: 0.55 } .peer { fill: #e07b00; fill-opacity: 0.55 }
        @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #3d444d } }</style>
        <text x="16" y="22" font-size="14" font-weight="600">\(DotPlot.escaped(title))</text>

        """
    }

    private func ticks(_ height: Double) -> String {
        let bottom = Int(height) - 44
        var text = ""
        for (share, label) in [(0.0, "0"), (0.001, "0.1"), (0.01, "1"), (0.1, "10"), (1, "100")] {
            let x = DotPlot.tenths(place(share))
            text += "<path class=\"grid\" d=\"M\(x) \(Int(DotPlot.top))V\(bottom)\"/>"
            text += "<text x=\"\(x)\" y=\"\(bottom + 16)\" text-anchor=\"middle\">\(label)</text>\n"
        }
        text += "<path class=\"stated\" d=\"M\(DotPlot.tenths(place(stated))) \(Int(DotPlot.top))V\(bottom)\"/>\n"
        let middle = Int((DotPlot.left + DotPlot.width - DotPlot.right) / 2)
        return text
            + "<text x=\"\(middle)\" y=\"\(bottom + 36)\" text-anchor=\"middle\">\(DotPlot.escaped(xTitle))</text>\n"
    }

    private func draw(_ row: Row, _ number: Int) -> String {
        let y = DotPlot.top + (Double(number) + 0.5) * DotPlot.rowHeight
        let dots = row.shares.map { share in
            "<circle cx=\"\(DotPlot.tenths(place(share)))\" cy=\"\(DotPlot.tenths(y))\" r=\"4\"/>"
        }
        return "<text x=\"\(Int(DotPlot.left) - 24)\" y=\"\(DotPlot.tenths(y))\" dy=\"4\" text-anchor=\"end\">"
            + "\(DotPlot.escaped(row.name))</text><g class=\"\(row.isOurs ? "ours" : "peer")\">\(dots.joined())</g>\n"
    }

    private func place(_ share: Double) -> Double {
        guard share > 0 else { return DotPlot.left }
        let first = DotPlot.left + DotPlot.zeroGap
        let part = log10(max(share, DotPlot.smallest) / DotPlot.smallest) / DotPlot.decades
        return first + part * (DotPlot.width - DotPlot.right - first)
    }

    private static func tenths(_ value: Double) -> String {
        let whole = Int((value * 10).rounded())
        return "\(whole / 10).\(whole % 10)"
    }

    private static func escaped(_ text: String) -> String {
        text.split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;")
            .split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
            .split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "&quot;")
    }
}

extension CalibrationPlot {
    /// False rollbacks per method, a dot for each cell.
    ///
    /// - Parameter ours: how many of the names are Rollguard's; they come first.
    static func falseRollbacks(_ file: String, title: String, names: [String], ours: Int, tallies: [Tally]) -> Self {
        let rows = names.enumerated().map { method, name in
            DotPlot.Row(name: name, isOurs: method < ours, shares: tallies.map { $0.alarmShare(method) })
        }
        let plot = DotPlot(
            title: title, xTitle: "healthy releases rolled back, %; a dot per cell, the line is what was asked for",
            rows: rows, stated: ErrorTrial.falseAlarm)
        return CalibrationPlot(file: file, svg: plot.svg)
    }
}
