/// A JSON value whose members keep the order in which they were written, for a document that people read too.
enum JSONTree: Sendable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([JSONTree])
    case object([(String, JSONTree)])

    /// Indented by two spaces; ends without a line break.
    func printed(indent: Int = 0) -> String {
        switch self {
        case .text(let text): JSONTree.quoted(text)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .list(let items):
            JSONTree.block("[", items.map { $0.printed(indent: indent + 2) }, "]", indent: indent)
        case .object(let members):
            JSONTree.block(
                "{", members.map { "\(JSONTree.quoted($0.0)): \($0.1.printed(indent: indent + 2))" }, "}",
                indent: indent)
        }
    }

    /// On one line when it is short, else an item per line.
    private static func block(_ open: String, _ items: [String], _ close: String, indent: Int) -> String {
        let oneLine = open + items.joined(separator: ", ") + close
        if oneLine.count + indent <= 100, !oneLine.contains("\n") { return oneLine }
        let margin = "\n" + String(repeating: " ", count: indent + 2)
        return open + margin + items.joined(separator: "," + margin) + "\n"
            + String(repeating: " ", count: indent) + close
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
