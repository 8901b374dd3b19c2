/// Why a regular expression cannot be used.
struct PatternError: Error { let reason: String }

/// A regular expression over a whole label value, as PromQL has it: RE2's syntax, anchored at both ends, the dot matching
/// line breaks too. Matching takes time proportional to the value's length, whatever the expression is.
struct LabelPattern {
    /// In UTF-8; a longer one is generated text, or was pasted by accident.
    private static let limitBytes = 4_096

    private enum Matcher {
        /// `500|502|503` and `.*`, which most selectors are, are compared as bytes.
        case literals([[UInt8]])
        case anything
        case program(RegexProgram)
    }

    private let matcher: Matcher

    init(_ pattern: String) throws(PatternError) {
        guard pattern.utf8.count <= LabelPattern.limitBytes else {
            throw PatternError(reason: "the regular expression is longer than \(LabelPattern.limitBytes) bytes")
        }
        if pattern == ".*" {
            matcher = .anything
        } else if let literals = LabelPattern.literals(of: pattern) {
            matcher = .literals(literals)
        } else {
            matcher = .program(try RegexParser.program(pattern))
        }
    }

    func matches(_ value: String) -> Bool {
        switch matcher {
        case .anything: true
        // Strings are equal when they look alike; regular expressions compare characters.
        case .literals(let literals): literals.contains { $0.elementsEqual(value.utf8) }
        case .program(let program): program.matches(value)
        }
    }

    private static func literals(of pattern: String) -> [[UInt8]]? {
        let special = Array("\\.+*?()[]{}^$".utf8)
        guard !pattern.utf8.contains(where: special.contains) else { return nil }
        return pattern.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false).map(Array.init)
    }
}
