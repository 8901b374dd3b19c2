import Telemetry

/// A text that refers to groups of a regular expression, as Go's `Regexp.Expand` reads it, which Prometheus uses.
///
/// `$name` takes as many letters, digits and `_` as follow, so `$1_total` is the variable `1_total`; `${1}_total` is
/// group 1 and a text. `$$` is a dollar sign, and a `$` before anything else is one as well. A variable that the
/// expression does not have is empty.
struct ReplacementTemplate: Sendable {
    private enum Part: Sendable {
        case literal(String)
        case group(Int)
        case name(String)
    }

    private let parts: [Part]

    init(_ text: String) {
        var reader = TemplateReader(text)
        var parts: [Part] = []
        var literal = ""
        while let piece = reader.next() {
            switch piece {
            case .literal(let scalar): literal.unicodeScalars.append(scalar)
            case .variable(let name):
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(ReplacementTemplate.groupNumber(name).map { .group($0) } ?? .name(name))
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    /// The text with what the groups hold; nil when it would be longer than the limit, in bytes of UTF-8.
    func expanded(_ captures: PatternCaptures, limitBytes: Int) -> String? {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .group(let number): text += captures[number] ?? ""
            case .name(let name): text += captures[name: name] ?? ""
            }
            if text.utf8.count > limitBytes { return nil }
        }
        return text
    }

    /// The variables that an expression with these groups does not have, in their order.
    func unknownVariables(groupNames: [String?]) -> [String] {
        parts.compactMap { part in
            switch part {
            case .literal: nil
            case .group(let number): number > groupNames.count ? String(number) : nil
            case .name(let name): groupNames.contains(name) ? nil : name
            }
        }
    }

    /// A number without leading zeros, below 1 000 000 000; anything else is a name.
    private static func groupNumber(_ name: String) -> Int? {
        guard name.utf8.count <= 9, name.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        guard name.utf8.count == 1 || !name.hasPrefix("0") else { return nil }
        return Int(name)
    }
}

/// Separates literal characters and variables.
private struct TemplateReader {
    enum Piece {
        case literal(Unicode.Scalar)
        case variable(String)
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// Nil at the end.
    mutating func next() -> Piece? {
        guard position < scalars.count else { return nil }
        let scalar = scalars[position]
        position += 1
        guard scalar == "$", position < scalars.count else { return .literal(scalar) }
        if scalars[position] == "$" {
            position += 1
            return .literal("$")
        }
        return variable().map { .variable($0) } ?? .literal("$")
    }

    /// Nil when this is none, and nothing has been read.
    private mutating func variable() -> String? {
        let hasBrace = scalars[position] == "{"
        let start = position + (hasBrace ? 1 : 0)
        let end = scalars[start...].firstIndex { !TemplateReader.isNameScalar($0) } ?? scalars.count
        guard end > start else { return nil }
        if hasBrace {
            guard end < scalars.count, scalars[end] == "}" else { return nil }
        }
        position = hasBrace ? end + 1 : end
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars[start..<end])
        return name
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "_" { return true }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
            return true
        default: return false
        }
    }
}
