/// Why a regular expression cannot be used.
public struct PatternError: Error { public let reason: String }

/// A regular expression over a whole label value, as PromQL and relabelling have it: RE2's syntax, anchored at both
/// ends, the dot matching line breaks too. Matching takes time proportional to the value's length, whatever the
/// expression is.
public struct LabelPattern: Sendable {
    /// In UTF-8; a longer one is generated text, or was pasted by accident.
    private static let limitBytes = 4_096

    private enum Matcher {
        /// `500|502|503` and `.*`, which most selectors are, are compared as bytes.
        case literals([[UInt8]])
        case anything
        /// `(.*)`, the default of relabelling.
        case anythingCaptured
        case program(RegexProgram)
    }

    private let matcher: Matcher

    /// - Throws: ``PatternError`` that says what cannot be used and at which character.
    public init(_ pattern: String) throws(PatternError) {
        guard pattern.utf8.count <= LabelPattern.limitBytes else {
            throw PatternError(reason: "the regular expression is longer than \(LabelPattern.limitBytes) bytes")
        }
        if pattern == ".*" {
            matcher = .anything
        } else if pattern == "(.*)" {
            matcher = .anythingCaptured
        } else if let literals = LabelPattern.literals(of: pattern) {
            matcher = .literals(literals)
        } else {
            matcher = .program(try RegexParser.program(pattern))
        }
    }

    public func matches(_ value: String) -> Bool {
        switch matcher {
        case .anything, .anythingCaptured: true
        // Strings are equal when they look alike; regular expressions compare characters.
        case .literals(let literals): literals.contains { $0.elementsEqual(value.utf8) }
        case .program(let program): program.matches(value)
        }
    }

    /// The groups of a match of the whole value; nil when it does not match.
    public func captures(in value: String) -> PatternCaptures? {
        let whole = [0, value.utf8.count]
        switch matcher {
        case .anything: return PatternCaptures(value, spans: whole)
        case .anythingCaptured: return PatternCaptures(value, spans: whole + whole)
        case .literals: return matches(value) ? PatternCaptures(value, spans: whole) : nil
        case .program(let program):
            // Most values do not match, and to find that out costs less without the groups.
            guard program.matches(value), let spans = program.captures(in: value) else { return nil }
            return PatternCaptures(value, spans: spans, names: program.groupNames)
        }
    }

    /// The names of the capturing groups, from group 1; nil for a group without a name.
    public var groupNames: [String?] {
        switch matcher {
        case .anything, .literals: []
        case .anythingCaptured: [nil]
        case .program(let program): program.groupNames
        }
    }

    private static func literals(of pattern: String) -> [[UInt8]]? {
        let special = Array("\\.+*?()[]{}^$".utf8)
        guard !pattern.utf8.contains(where: special.contains) else { return nil }
        return pattern.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false).map(Array.init)
    }
}
