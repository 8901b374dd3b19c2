/// A YAML text in the making.
package indirect enum YAMLTree {
    /// Written in quotes where it would read as something else.
    case text(String)
    /// Numbers, booleans, durations: written as it is.
    case plain(String)
    case list([YAMLTree])
    case mapping([(String, YAMLTree)])

    package func render() -> String { lines().map(\.text).joined(separator: "\n") + "\n" }

    /// A step from a value to one of its parts.
    package enum Step: Sendable, Equatable {
        case name(String)
        /// From 0.
        case entry(Int)
    }

    /// One line of the text.
    package struct Line {
        package var text: String
        /// Where the value is that the line ends with; nil for a line that only begins one.
        package let path: [Step]?
        /// Nil where ``path`` is.
        package let value: YAMLTree?
    }

    /// What ``render()`` writes, by lines.
    ///
    /// - Parameter path: of this value.
    package func lines(at path: [Step] = []) -> [Line] {
        switch self {
        case .text, .plain: [Line(text: flow, path: path, value: self)]
        case .list(let items):
            items.isEmpty
                ? [Line(text: "[]", path: path, value: self)]
                : items.enumerated().flatMap { $1.indented(first: "- ", rest: "  ", path + [.entry($0)]) }
        case .mapping(let members):
            members.isEmpty
                ? [Line(text: "{}", path: path, value: self)]
                : members.flatMap { name, value in
                    value.member(named: YAMLTree.text(name).flow, path + [.name(name)])
                }
        }
    }

    private func indented(first: String, rest: String, _ path: [Step]) -> [Line] {
        lines(at: path).enumerated().map { index, line in
            Line(text: (index == 0 ? first : rest) + line.text, path: line.path, value: line.value)
        }
    }

    private func member(named name: String, _ path: [Step]) -> [Line] {
        guard !isSimple else { return [Line(text: "\(name): \(flow)", path: path, value: self)] }
        return [Line(text: "\(name):", path: nil, value: nil)]
            + lines(at: path).map { Line(text: "  " + $0.text, path: $0.path, value: $0.value) }
    }

    /// The same with other texts in it.
    package func mapTexts(_ change: (String) -> String) -> YAMLTree {
        switch self {
        case .text(let text): .text(change(text))
        case .plain: self
        case .list(let items): .list(items.map { $0.mapTexts(change) })
        case .mapping(let members): .mapping(members.map { ($0, $1.mapTexts(change)) })
        }
    }

    /// The member of a mapping; nil without one.
    package func member(_ name: String) -> YAMLTree? {
        guard case .mapping(let members) = self else { return nil }
        return members.first { $0.0 == name }?.1
    }

    /// Of a single value; nil for others.
    package var single: String? {
        switch self {
        case .text(let text), .plain(let text): text
        case .list, .mapping: nil
        }
    }

    /// Fits behind its name: a single value, or a list of single values.
    private var isSimple: Bool {
        switch self {
        case .text, .plain: true
        case .list(let items): items.allSatisfy { if case .list = $0 { false } else { $0.isSingle } }
        case .mapping(let members): members.isEmpty
        }
    }

    private var isSingle: Bool {
        switch self {
        case .text, .plain: true
        case .list, .mapping: false
        }
    }

    /// For documentation: on one line, a text without its quotes.
    package var shown: String { if case .text(let text) = self { text } else { flow } }

    /// On one line.
    package var flow: String {
        switch self {
        case .plain(let text): text
        case .text(let text): YAMLTree.isPlain(text) ? text : YAMLTree.quoted(text)
        case .list(let items): "[" + items.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let members):
            "{" + members.map { "\(YAMLTree.text($0).flow): \($1.flow)" }.joined(separator: ", ") + "}"
        }
    }

    /// Names and paths that no YAML reader takes for anything else.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/") else { return false }
        guard text.utf8.allSatisfy({ isLetter($0) || (48...57).contains($0) || "_-./".utf8.contains($0) }) else {
            return false
        }
        return !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if Quote.isShowable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    let code = String(scalar.value, radix: 16)
                    result += "\\U" + String(repeating: "0", count: 8 - code.count) + code
                }
            }
        }
        return result + "\""
    }
}
