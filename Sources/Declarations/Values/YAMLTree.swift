/// A YAML text in the making.
package indirect enum YAMLTree {
    /// Written in quotes where it would read as something else.
    case text(String)
    /// Numbers, booleans, durations: written as it is.
    case plain(String)
    case list([YAMLTree])
    case mapping([(String, YAMLTree)])

    package func render() -> String { lines.joined(separator: "\n") + "\n" }

    private var lines: [String] {
        switch self {
        case .text, .plain: [flow]
        case .list(let items):
            items.isEmpty ? ["[]"] : items.flatMap { $0.indented(first: "- ", rest: "  ") }
        case .mapping(let members):
            members.isEmpty ? ["{}"] : members.flatMap { name, value in value.member(named: YAMLTree.text(name).flow) }
        }
    }

    private func indented(first: String, rest: String) -> [String] {
        lines.enumerated().map { ($0 == 0 ? first : rest) + $1 }
    }

    private func member(named name: String) -> [String] {
        isSimple ? ["\(name): \(flow)"] : ["\(name):"] + lines.map { "  " + $0 }
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
