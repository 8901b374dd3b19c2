import Telemetry

/// Names of labels as Prometheus 2 has them, and Prometheus 3 with `metric_name_validation_scheme: legacy`.
enum LabelName {
    /// A letter or `_`, then letters, digits and `_`; ASCII alone.
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A name in which parts may refer to groups: `${1}_total`. The rule is that of Prometheus 2.
    static func isValidTemplate(_ text: String) -> Bool { templatePattern?.matches(text) ?? false }

    private static let templatePattern =
        try? LabelPattern("(?:(?:[a-zA-Z_]|\\$(?:\\{\\w+\\}|\\w+))+\\w*)+")
}
