/// Writes numbers as Go does, because that is how Prometheus stores and shows them.
enum FloatFormat {
    /// The shortest digits that read back as the same number, with an exponent only below 1e-6 and from 1e21 on: the form
    /// of the Prometheus API (and of JavaScript).
    static func plain(_ value: Double) -> String {
        if let word = word(value) { return word }
        let (digits, point) = shortest(value)
        let isExtreme = value != 0 && (value.magnitude < 1e-6 || value.magnitude >= 1e21)
        let text = isExtreme ? scientific(digits, exponent: point - 1) : laidOut(digits, point: point)
        return (value.sign == .minus ? "-" : "") + text
    }

    /// The form that the server gives `le` and `quantile`: always a point or an exponent, so that `1` and `1.0` are one
    /// series.
    static func openMetrics(_ value: Double) -> String {
        if let word = word(value) { return word }
        let (digits, point) = shortest(value)
        let sign = value.sign == .minus ? "-" : ""
        let exponent = point - 1
        guard exponent >= -4, exponent < 6 else { return sign + scientific(digits, exponent: exponent) }
        let text = laidOut(digits, point: point)
        return sign + (text.utf8.contains(UInt8(ascii: ".")) ? text : text + ".0")
    }

    private static func word(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : nil
    }

    /// Significant digits without zeros at the end, and where the point is: 120 is ("12", 3), 0.05 is ("5", -1).
    private static func shortest(_ value: Double) -> (digits: String, point: Int) {
        if value == 0 { return ("0", 1) }
        let text = value.magnitude.description
        let parts = text.split(separator: "e", maxSplits: 1)
        let mantissa = parts.first ?? "0"
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let sides = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = sides.first ?? ""
        var digits = String(whole) + (sides.count > 1 ? String(sides[1]) : "")
        var point = whole.utf8.count + exponent
        while digits.hasPrefix("0"), digits.utf8.count > 1 {
            digits.removeFirst()
            point -= 1
        }
        while digits.hasSuffix("0"), digits.utf8.count > 1 { digits.removeLast() }
        return (digits, point)
    }

    private static func laidOut(_ digits: String, point: Int) -> String {
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        let missing = point - digits.utf8.count
        if missing >= 0 { return digits + String(repeating: "0", count: missing) }
        let split = digits.index(digits.startIndex, offsetBy: point)
        return digits[..<split] + "." + digits[split...]
    }

    private static func scientific(_ digits: String, exponent: Int) -> String {
        let rest = digits.dropFirst()
        let mantissa = digits.prefix(1) + (rest.isEmpty ? "" : "." + rest)
        let size = abs(exponent)
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + String(size)
    }
}
