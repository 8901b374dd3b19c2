/// Numbers, durations, sizes, rates.
extension ValueForm where Value == Int64 {
    /// Milliseconds, written with units.
    package static func duration(_ range: ClosedRange<Int64> = Amounts.positive) -> ValueForm {
        func text(_ durationMs: Int64) -> String { "`\(Amounts.text(durationMs: durationMs))`" }
        let summary =
            switch range {
            case Amounts.positive: "duration"
            case Amounts.orZero: "duration, also `0s`"
            default: "duration, \(text(range.lowerBound)) to \(text(range.upperBound))"
            }
        return ValueForm(
            summary: summary, schema: .duration(allowsZero: range.contains(0)), read: { $0.durationMs(range) },
            write: { .plain(Amounts.text(durationMs: $0)) })
    }
}

extension ValueForm where Value == Int {
    package static func integer(_ range: ClosedRange<Int>) -> ValueForm {
        ValueForm(
            summary: "whole number, \(range.lowerBound) to \(range.upperBound)", schema: .integer(range),
            read: { $0.integer(range) }, write: { .plain("\($0)") })
    }

    /// Bytes.
    package static func size(_ range: ClosedRange<Int>) -> ValueForm {
        let limit = Amounts.text(sizeBytes: range.upperBound)
        return ValueForm(
            summary: "size, up to `\(limit)`", schema: .size, read: { $0.sizeBytes(range) },
            write: { .plain(Amounts.text(sizeBytes: $0)) })
    }
}

extension ValueForm where Value == Double {
    /// 0 or more.
    package static var number: ValueForm {
        ValueForm(
            summary: "number", schema: .atLeast(0), read: { $0.number() },
            write: { .plain(PlainNumber.text($0)) })
    }

    /// Per second.
    package static var rate: ValueForm {
        ValueForm(
            summary: "rate", schema: .rate, read: { $0.rate() }, write: { .plain(PlainNumber.text($0) + "/s") })
    }

    /// A share, 1 for 100 %, written as a percentage with its sign.
    package static func percentage(_ range: ClosedRange<Double>) -> ValueForm {
        let limits = [range.lowerBound, range.upperBound].map { "`\(Field.percent($0))`" }
        return ValueForm(
            summary: "\(limits[0]) to \(limits[1])", schema: .percentage, read: { $0.percentage(range) },
            write: { .plain(Field.percent($0)) })
    }
}

extension ValueForm where Value == Bool {
    package static var bool: ValueForm {
        ValueForm(
            summary: "`true` or `false`", schema: .bool, read: { $0.bool() }, write: { .plain("\($0)") })
    }
}

/// Numbers as configurations write them.
package enum PlainNumber {
    /// Without an exponent; whole numbers without a fraction.
    package static func text(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        let text = "\(value)"
        return text.contains("e") ? decimal(text) : text
    }

    /// `2.5e-07` as `0.00000025`.
    private static func decimal(_ text: String) -> String {
        let parts = text.split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return text }
        let digits = parts[0].filter { $0 != "." }
        let whole = parts[0].prefix { $0 != "." }
        let point = whole.count + exponent
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return digits + String(repeating: "0", count: point - digits.count) }
        return digits.prefix(point) + "." + digits.dropFirst(point)
    }
}
