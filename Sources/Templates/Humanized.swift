import Foundation

/// Prometheus' ways to write numbers for people (prometheus/common, `template.HelperFuncs`).
enum Humanized {
    /// 1000 and its powers: `1.235M`, `12.3m`.
    static func decimal(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return GoNumber.general(value, digits: 4) }
        var (value, prefix) = (value, "")
        if abs(value) >= 1 {
            for next in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
                guard abs(value) >= 1_000 else { break }
                (value, prefix) = (value / 1_000, next)
            }
        } else {
            for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
                guard abs(value) < 1 else { break }
                (value, prefix) = (value * 1_000, next)
            }
        }
        return GoNumber.general(value, digits: 4) + prefix
    }

    /// 1024 and its powers.
    static func binary(_ value: Double) -> String {
        guard abs(value) > 1, value.isFinite else { return GoNumber.general(value, digits: 4) }
        var (value, prefix) = (value, "")
        for next in ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] {
            guard abs(value) >= 1_024 else { break }
            (value, prefix) = (value / 1_024, next)
        }
        return GoNumber.general(value, digits: 4) + prefix
    }

    static func percentage(_ value: Double) -> String {
        GoNumber.general(value * 100, digits: 4) + "%"
    }

    /// Seconds: `1d 3h 46m 40s`, `123.5ms`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return GoNumber.general(seconds, digits: 4) }
        if seconds == 0 { return "0s" }
        if abs(seconds) >= 1 { return longDuration(seconds) }
        var (value, prefix) = (seconds, "")
        for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            guard abs(value) < 1 else { break }
            (value, prefix) = (value * 1_000, next)
        }
        return GoNumber.general(value, digits: 4) + prefix + "s"
    }

    private static func longDuration(_ seconds: Double) -> String {
        let sign = seconds < 0 ? "-" : ""
        let size = abs(seconds)
        // Go converts what does not fit to the smallest integer.
        let whole = size < 9.2e18 ? Int64(size) : Int64.min
        let (rest, minutes) = (whole % 60, whole / 60 % 60)
        let (hours, days) = (whole / 3_600 % 24, whole / 86_400)
        if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(rest)s" }
        if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(rest)s" }
        if minutes != 0 { return "\(sign)\(minutes)m \(rest)s" }
        return sign + GoNumber.general(size, digits: 4) + "s"
    }
}

extension TemplateFunctions {
    func numbers(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue? {
        let write: (Double) -> String
        switch name {
        case "humanize": write = Humanized.decimal
        case "humanize1024": write = Humanized.binary
        case "humanizePercentage": write = Humanized.percentage
        case "humanizeDuration": write = Humanized.duration
        default: return nil
        }
        let value = try take(1, arguments, name)[0]
        if name == "humanizeDuration", case .time = value { throw fail("humanizeDuration takes a number of seconds") }
        return .text(write(try number(value, name)))
    }
}
