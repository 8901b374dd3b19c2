/// A table in Markdown.
struct Markdown {
    private(set) var text: String

    init(_ columns: [String]) {
        text = "| " + columns.joined(separator: " | ") + " |\n"
        text += "|" + String(repeating: " --- |", count: columns.count) + "\n"
    }

    mutating func row(_ cells: [String]) { text += "| " + cells.joined(separator: " | ") + " |\n" }
}

/// Numbers as people read them: three digits that say something.
enum Figures {
    static func short(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "-" }
        switch abs(value) {
        case 100...: return grouped(Int(value.rounded()))
        case 10..<100: return fixed(value, 1)
        case 0.1..<10: return fixed(value, 2)
        default: return fixed(value, 3)
        }
    }

    /// `1 000 000`.
    static func grouped(_ value: Int) -> String {
        var (digits, text) = (Array(String(abs(value))), "")
        while digits.count > 3 {
            text = " " + String(digits.suffix(3)) + text
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + String(digits) + text
    }

    static func fixed(_ value: Double, _ decimals: Int) -> String {
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(scaled) }
        return sign + "\(scaled / scale)." + String(String(scale + scaled % scale).dropFirst())
    }
}
