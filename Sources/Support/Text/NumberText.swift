/// Numbers for people, without a library and the same on every machine.
public enum NumberText {
    /// At most three significant digits, no exponent between 0.0001 and a billion: `0.0812`, `12.3`, `1200`.
    public static func plain(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        if value < 0 { return "-" + plain(-value) }
        if value == 0 { return "0" }
        if value >= 100 { return value < 1e15 ? String(Int64(value.rounded())) : "\(value)" }
        guard value >= 0.0001 else { return "\(value)" }
        var decimals = 2
        var edge = 1.0
        while value < edge {
            decimals += 1
            edge /= 10
        }
        if value >= 10 { decimals = 1 }
        return fixed(value, decimals: decimals)
    }

    /// `0.0812` as `8.12%`.
    public static func percent(_ share: Double) -> String { plain(share * 100) + "%" }

    /// `0.312` as `312 ms`, `2.5` as `2.5 s`.
    public static func seconds(_ seconds: Double) -> String {
        switch abs(seconds) {
        case 0: "0 s"
        case ..<0.001: plain(seconds * 1_000_000) + " us"
        case ..<1: plain(seconds * 1_000) + " ms"
        default: plain(seconds) + " s"
        }
    }

    /// Rounds half away from zero and drops trailing zeros.
    private static func fixed(_ value: Double, decimals: Int) -> String {
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((value * Double(scale)).rounded())
        let (whole, rest) = scaled.quotientAndRemainder(dividingBy: scale)
        guard rest > 0 else { return String(whole) }
        var digits = String(rest + scale).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
