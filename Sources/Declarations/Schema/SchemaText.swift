/// Writes a schema as JSON, two spaces per level, members in their order.
package struct SchemaText {
    private var definitions: [(name: String, node: SchemaNode)] = []

    /// - Parameter root: An object; the shared schemas in it are added as `definitions`.
    package static func document(title: String, _ root: SchemaNode) -> String {
        var text = SchemaText()
        guard case .object(let members) = root else { return "{}\n" }
        var all: [(String, SchemaNode)] = [
            ("$schema", .text("http://json-schema.org/draft-07/schema#")), ("title", .text(title)),
        ]
        for (name, node) in members { all.append((name, text.resolved(node))) }
        if !text.definitions.isEmpty {
            all.append(("definitions", .object(text.definitions.map { ($0.name, $0.node) })))
        }
        return lines(.object(all)).joined(separator: "\n") + "\n"
    }

    /// The node with references in the place of shared schemas.
    private mutating func resolved(_ node: SchemaNode) -> SchemaNode {
        switch node {
        case .text, .number, .flag: return node
        case .list(let items): return .list(items.map { resolved($0) })
        case .object(let members): return .object(members.map { ($0.0, resolved($0.1)) })
        case .shared(let name, let shared):
            if !definitions.contains(where: { $0.name == name }) {
                let definition = resolved(shared)
                definitions.append((name, definition))
            }
            return .object([("$ref", .text("#/definitions/\(name)"))])
        }
    }

    private static func lines(_ node: SchemaNode) -> [String] {
        switch node {
        case .text(let text): [quoted(text)]
        case .number(let number): [PlainNumber.text(number)]
        case .flag(let flag): ["\(flag)"]
        case .shared: ["{}"]
        case .list(let items):
            isShort(items)
                ? ["[" + items.map { lines($0)[0] }.joined(separator: ", ") + "]"]
                : enclosed("[", items.map(lines), "]")
        case .object(let members):
            enclosed(
                "{",
                members.map { name, node in
                    let value = lines(node)
                    return ["\(quoted(name)): \(value[0])"] + value.dropFirst()
                }, "}")
        }
    }

    private static func isShort(_ items: [SchemaNode]) -> Bool {
        items.allSatisfy { if case .object = $0 { false } else if case .list = $0 { false } else { true } }
    }

    private static func enclosed(_ open: String, _ items: [[String]], _ close: String) -> [String] {
        guard !items.isEmpty else { return [open + close] }
        var result = [open]
        for (index, item) in items.enumerated() {
            var lines = item.map { "  " + $0 }
            if index + 1 < items.count { lines[lines.count - 1] += "," }
            result += lines
        }
        return result + [close]
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
