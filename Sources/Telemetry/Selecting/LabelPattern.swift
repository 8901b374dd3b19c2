/// Why a regular expression cannot be used.
struct PatternError: Error { let reason: String }

/// A regular expression over a whole label value, as PromQL has it (RE2: anchored at both ends, the dot matches
/// anything).
struct LabelPattern {
    /// Longer ones are mistakes.
    private static let limitBytes = 4_096

    private enum Matcher {
        /// `500|502|503` and `.*`, which most selectors are, need no engine.
        case words([String])
        case anything
        case regex(Regex<AnyRegexOutput>)
    }

    private let matcher: Matcher

    init(_ pattern: String) throws(PatternError) {
        if pattern == ".*" {
            matcher = .anything
        } else if let words = LabelPattern.words(of: pattern) {
            matcher = .words(words)
        } else {
            matcher = .regex(try LabelPattern.compile(pattern))
        }
    }

    func matches(_ value: String) -> Bool {
        switch matcher {
        case .anything: true
        case .words(let words): words.contains(value)
        case .regex(let regex): (try? regex.wholeMatch(in: value)) != nil
        }
    }

    private static func words(of pattern: String) -> [String]? {
        let special = "\\.+*?()[]{}^$"
        guard !pattern.contains(where: special.contains) else { return nil }
        return pattern.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }

    private static func compile(_ pattern: String) throws(PatternError) -> Regex<AnyRegexOutput> {
        guard pattern.utf8.count <= limitBytes else {
            throw PatternError(reason: "the regular expression is longer than \(limitBytes) bytes")
        }
        for foreign in ["(?=", "(?!", "(?<=", "(?<!", "(?>", "(?R", "(?|"] where pattern.contains(foreign) {
            throw PatternError(reason: "'\(foreign)' is not known in regular expressions of PromQL")
        }
        if hasBackreference(pattern) {
            throw PatternError(reason: "references to groups are not known in regular expressions of PromQL")
        }
        do {
            return try Regex("(?s:\(pattern))").matchingSemantics(.unicodeScalar)
        } catch {
            throw PatternError(reason: "the regular expression cannot be used: \(PageText.shown("\(error)"))")
        }
    }

    private static func hasBackreference(_ pattern: String) -> Bool {
        var isEscaped = false
        for byte in pattern.utf8 {
            if isEscaped, byte >= 0x31, byte <= 0x39 || byte == UInt8(ascii: "k") || byte == UInt8(ascii: "g") {
                return byte <= 0x39 || byte >= 0x61
            }
            isEscaped = !isEscaped && byte == Byte.backslash
        }
        return false
    }
}
