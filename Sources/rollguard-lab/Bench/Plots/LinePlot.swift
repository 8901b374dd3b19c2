import Glibc

/// A plot with logarithmic axes, as SVG that is readable on a light and on a dark background.
struct LinePlot {
    struct Line {
        var name: String
        /// Positive numbers, rising in x.
        var points: [(x: Double, y: Double)]
    }

    var title: String
    var xTitle: String
    var yTitle: String
    var lines: [Line]

    private static let (width, height) = (640.0, 360.0)
    private static let (left, right, top, bottom) = (64.0, 120.0, 36.0, 48.0)
    /// Colours that differ on both grounds, also for readers who cannot distinguish red and green.
    private static let colours = ["#3b82f6", "#e07b00", "#8b5cf6", "#0d9488"]

    var svg: String {
        let shown = lines.map { line in
            Line(name: line.name, points: line.points.filter { $0.x > 0 && $0.y > 0 })
        }
        let points = shown.flatMap(\.points)
        guard !points.isEmpty else { return "" }
        let frame = Frame(points)
        var text = head()
        text += ticks(frame)
        for (line, colour) in zip(shown, LinePlot.colours) { text += draw(line, colour: colour, frame) }
        text += labels(shown, frame)
        return text + "</svg>\n"
    }

    /// Whole decades around the points, and where they lie in the image.
    private struct Frame {
        let x: ClosedRange<Int>
        let y: ClosedRange<Int>

        init(_ points: [(x: Double, y: Double)]) {
            func decades(_ values: [Double]) -> ClosedRange<Int> {
                let low = Int(log10(values.min() ?? 1).rounded(.down))
                return low...max(low + 1, Int(log10(values.max() ?? 1).rounded(.up)))
            }
            x = decades(points.map(\.x))
            y = decades(points.map(\.y))
        }

        func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
            func part(_ value: Double, _ range: ClosedRange<Int>) -> Double {
                (log10(value) - Double(range.lowerBound)) / Double(range.count - 1)
            }
            let (wide, high) = (width - left - right, height - top - bottom)
            return (left + part(point.x, x) * wide, height - bottom - part(point.y, y) * high)
        }
    }

    private func head() -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(LinePlot.width)) \(Int(LinePlot.height))" \
        font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="\(escaped(title))">
        <style>text { fill: #1f2328 } .grid { stroke: #d1d9e0; stroke-width: 1 }
        @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #3d444d } }</style>
        <text x="\(Int(LinePlot.left))" y="20" font-size="14" font-weight="600">\(escaped(title))</text>

        """
    }

    private func ticks(_ frame: Frame) -> String {
        var text = ""
        for decade in frame.x {
            let place = frame.place((pow(10, Double(decade)), pow(10, Double(frame.y.lowerBound))))
            let (x, y) = (Figures.fixed(place.x, 1), Int(place.y))
            text += "<path class=\"grid\" d=\"M\(x) \(Int(LinePlot.top))V\(y)\"/>"
            text += "<text x=\"\(x)\" y=\"\(y + 16)\" text-anchor=\"middle\">\(LinePlot.label(decade))</text>\n"
        }
        for decade in frame.y {
            let place = frame.place((pow(10, Double(frame.x.lowerBound)), pow(10, Double(decade))))
            let y = Figures.fixed(place.y, 1)
            let end = Int(LinePlot.width - LinePlot.right)
            text += "<path class=\"grid\" d=\"M\(Int(LinePlot.left)) \(y)H\(end)\"/>"
            text += "<text x=\"\(Int(LinePlot.left) - 8)\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">"
            text += "\(LinePlot.label(decade))</text>\n"
        }
        let middle = Int((LinePlot.left + LinePlot.width - LinePlot.right) / 2)
        text += "<text x=\"\(middle)\" y=\"\(Int(LinePlot.height) - 10)\" text-anchor=\"middle\">"
        text += "\(escaped(xTitle))</text>\n"
        let centre = Int((LinePlot.top + LinePlot.height - LinePlot.bottom) / 2)
        text += "<text transform=\"translate(16 \(centre)) rotate(-90)\" text-anchor=\"middle\">"
        return text + "\(escaped(yTitle))</text>\n"
    }

    private func draw(_ line: Line, colour: String, _ frame: Frame) -> String {
        let places = line.points.map(frame.place)
        let path = places.map { "\(Figures.fixed($0.x, 1)) \(Figures.fixed($0.y, 1))" }.joined(separator: "L")
        guard !path.isEmpty else { return "" }
        let dots = places.map { place in
            "<circle cx=\"\(Figures.fixed(place.x, 1))\" cy=\"\(Figures.fixed(place.y, 1))\" r=\"3\"/>"
        }
        return "<path d=\"M\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>"
            + "<g fill=\"\(colour)\">\(dots.joined())</g>\n"
    }

    /// Names at the lines' ends, moved apart where two would lie on each other.
    private func labels(_ lines: [Line], _ frame: Frame) -> String {
        let ends = zip(lines, LinePlot.colours).compactMap { line, colour in
            line.points.last.map { (name: line.name, colour: colour, place: frame.place($0)) }
        }
        var (text, above) = ("", -1e9)
        for end in ends.sorted(by: { $0.place.y < $1.place.y }) {
            above = max(end.place.y, above + 15)
            let x = Int(LinePlot.width - LinePlot.right) + 8
            text += "<text x=\"\(x)\" y=\"\(Figures.fixed(above, 1))\" dy=\"4\" style=\"fill: \(end.colour)\">"
            text += "\(escaped(end.name))</text>\n"
        }
        return text
    }

    /// A decade as text: `0.01`, `1`, `1 000`, `10M`.
    static func label(_ decade: Int) -> String {
        switch decade {
        case ..<0: "0." + String(repeating: "0", count: -decade - 1) + "1"
        case 0..<6: Figures.grouped((0..<decade).reduce(1) { value, _ in value * 10 })
        default: "\((0..<decade - 6).reduce(1) { value, _ in value * 10 })M"
        }
    }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
