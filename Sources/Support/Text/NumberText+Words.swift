extension NumberText {
    /// A count for a sentence: two significant digits, in groups of three: `1 900`, `33 000`; from a billion on `10^12`.
    public static func grouped(_ value: Double) -> String {
        guard value.isFinite, value >= 0 else { return plain(value) }
        if value >= 1e9 { return powerOfTen(value) }
        var step: Int64 = 1
        var rest = Int64(value.rounded())
        while rest / step >= 100 { step *= 10 }
        rest = (rest + step / 2) / step * step
        var text = ""
        for (place, digit) in String(rest).reversed().enumerated() {
            if place > 0, place.isMultiple(of: 3) { text = " " + text }
            text = "\(digit)" + text
        }
        return text
    }

    private static func powerOfTen(_ value: Double) -> String {
        var exponent = 0
        var rest = value
        while rest >= 10 {
            rest /= 10
            exponent += 1
        }
        return "10^\(exponent)"
    }

    /// A time to wait for: `40 s`, `12 min`, `3 h`, `5 days`.
    public static func wait(seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(plain(max(1, seconds.rounded()))) s"
        case ..<3_600: "\(plain((seconds / 60).rounded())) min"
        case ..<172_800: "\(plain((seconds / 3_600).rounded())) h"
        default: "\(grouped(seconds / 86_400)) days"
        }
    }
}
