import Support

extension WallTime {
    /// What Prometheus writes for "never": Go's zero time.
    static let goZero = "0001-01-01T00:00:00Z"
}

/// Numbers as Prometheus' API writes an alert's value.
enum GoNumber {
    /// Go's `%e` with as few digits as identify the number exactly: 0.0812 is `8.12e-02`, 100000 is `1e+05`.
    static func exponent(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        if value == 0 { return value.sign == .minus ? "-0e+00" : "0e+00" }
        let (digits, power) = decimal(abs(value))
        let mantissa = digits.count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
        let width = abs(power) < 10 ? "0" : ""
        return "\(value < 0 ? "-" : "")\(mantissa)e\(power < 0 ? "-" : "+")\(width)\(abs(power))"
    }

    /// The shortest digits that identify the number, without zeros at the ends, and the power of ten of the first one.
    /// Swift's own description has those digits; only the point has to be moved.
    private static func decimal(_ value: Double) -> (digits: String, power: Int) {
        let parts = "\(value)".split(separator: "e", maxSplits: 1)
        let number = (parts.first ?? "0").split(separator: ".", omittingEmptySubsequences: false)
        let whole = number.first ?? "0"
        let all = whole + (number.count > 1 ? number[1] : "")
        let leadingZeros = all.prefix { $0 == "0" }.count
        var digits = all.dropFirst(leadingZeros)
        while digits.last == "0" { digits.removeLast() }
        let given = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return (digits.isEmpty ? "0" : String(digits), given + whole.count - 1 - leadingZeros)
    }
}
