import Yams

/// A YAML or JSON text as a JSON document. Unquoted numbers, `true`, `false` and `null` are read as such, all other
/// texts are texts.
enum YAMLAsJSON {
    static func document(_ text: String) throws(Refusal) -> JSONValue {
        if let document = try? JSONParser.parse(text) { return document }
        do {
            guard let root = try Yams.compose(yaml: text) else { throw Refusal(.rejected, "the file is empty") }
            return value(root, depth: 0)
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(.rejected, "the file is neither JSON nor YAML: \(ShownText.line("\(error)", limit: 200))")
        }
    }

    private static func value(_ node: Node, depth: Int) -> JSONValue {
        guard depth < JSONParser.depthLimit else { return .null }
        switch node {
        case .scalar(let scalar): return self.scalar(scalar)
        case .sequence(let items): return .list(items.map { value($0, depth: depth + 1) })
        case .mapping(let members):
            return .object(
                members.map { key, member in
                    JSONMember(name: key.scalar?.string ?? "", value: value(member, depth: depth + 1))
                })
        case .alias: return .null
        }
    }

    private static func scalar(_ scalar: Node.Scalar) -> JSONValue {
        guard scalar.style == .plain || scalar.style == .any else { return .text(scalar.string) }
        switch scalar.string {
        case "", "~", "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default:
            guard case .number(let number)? = try? JSONParser.parse(scalar.string) else { return .text(scalar.string) }
            return .number(number)
        }
    }
}
