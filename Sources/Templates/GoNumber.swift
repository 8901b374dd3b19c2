import Foundation

/// Numbers as Go's strconv writes and reads them.
enum GoNumber {
    /// `%v`: the fewest digits that read back as the number; an exponent below 0.0001 and from
    /// 1 000 000 on.
    static func shortest(_ value: Double) -> String {
        if let special = special(value) { return special }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, point) = decimal(value)
        let sign = value < 0 ? "-" : ""
        let exponent = point - 1
        guard exponent < -4 || exponent >= 6 else { return sign + plain(digits, point) }
        let rest = digits.count > 1 ? "." + String(digits.dropFirst()) : ""
        let size = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
        return "\(sign)\(digits[0])\(rest)e\(exponent < 0 ? "-" : "+")\(size)"
    }

    static func special(_ value: Double, plus: String = "+") -> String? {
        if value.isNaN { return "NaN" }
        guard value.isInfinite else { return nil }
        return value > 0 ? plus + "Inf" : "-Inf"
    }

    /// The digits without zeros at their ends, and how many of them are before the point.
    private static func decimal(_ value: Double) -> (digits: [Character], point: Int) {
        var text = "\(abs(value))"
        var exponent = 0
        if let mark = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: mark)...]) ?? 0
            text = String(text[..<mark])
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let whole = Array(parts[0])
        var digits = whole + (parts.count > 1 ? Array(parts[1]) : [])
        var point = whole.count + exponent
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        while digits.count > 1, digits.first == "0" {
            digits.removeFirst()
            point -= 1
        }
        return (digits, point)
    }

    private static func plain(_ digits: [Character], _ point: Int) -> String {
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + String(digits) }
        if digits.count <= point { return String(digits) + String(repeating: "0", count: point - digits.count) }
        return String(digits[..<point]) + "." + String(digits[point...])
    }

    /// `%.4g`.
    static func general(_ value: Double, digits: Int) -> String {
        special(value) ?? String(format: "%.\(max(1, digits))g", value)
    }

    static func parse(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "inf", "+inf", "infinity", "+infinity": .infinity
        case "-inf", "-infinity": -.infinity
        default: text.first.map { $0.isNumber || "+-.".contains($0) } == true ? Double(text) : nil
        }
    }
}
