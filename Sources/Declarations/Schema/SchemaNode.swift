/// A part of a JSON Schema (draft 7, which editors understand best), with its members in order.
package indirect enum SchemaNode: Sendable {
    case object([(String, SchemaNode)])
    case list([SchemaNode])
    case text(String)
    case number(Double)
    case flag(Bool)
    /// A schema that several fields share; it is written once, under `definitions`.
    case shared(String, SchemaNode)
}

/// How the values of configurations appear to a YAML reader that knows types: `1.10` is a number there and a text
/// to us, so that no schema of a text may ask for a string.
extension SchemaNode {
    package static func typed(_ names: String...) -> SchemaNode {
        .object([("type", names.count == 1 ? .text(names[0]) : .list(names.map { .text($0) }))])
    }

    package static var scalar: SchemaNode { typed("string", "number", "boolean") }
    package static var bool: SchemaNode { typed("boolean") }
    package static var anything: SchemaNode { .object([]) }
    package static var url: SchemaNode { string(pattern: "^[hH][tT][tT][pP][sS]?://") }
    package static var variable: SchemaNode { string(pattern: "^[A-Za-z_][A-Za-z0-9_]*$") }
    package static var size: SchemaNode {
        anyOf([.integer(0...Int.max), string(pattern: "^[0-9]+([kKMG]B|[KMG]iB|B)?$")])
    }
    package static var rate: SchemaNode { anyOf([atLeast(0), string(pattern: "^[0-9]+(\\.[0-9]+)?(/s)?$")]) }
    package static var percentage: SchemaNode { string(pattern: "^[0-9]+(\\.[0-9]+)?%$") }

    package static func string(pattern: String) -> SchemaNode {
        .object([("type", .text("string")), ("pattern", .text(pattern))])
    }

    package static func duration(allowsZero: Bool) -> SchemaNode {
        let text = string(
            pattern: "^(\(allowsZero ? "0|" : "")([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$")
        return allowsZero ? anyOf([text, .object([("const", .number(0))])]) : text
    }

    package static func integer(_ range: ClosedRange<Int>) -> SchemaNode {
        var members: [(String, SchemaNode)] = [
            ("type", .text("integer")), ("minimum", .number(Double(range.lowerBound))),
        ]
        if range.upperBound < .max { members.append(("maximum", .number(Double(range.upperBound)))) }
        return .object(members)
    }

    package static func atLeast(_ minimum: Double) -> SchemaNode {
        .object([("type", .text("number")), ("minimum", .number(minimum))])
    }

    /// `true` is read without quotes too.
    package static func choice(_ names: [String]) -> SchemaNode {
        let flags = names.filter { ["true", "false"].contains($0) }.map { SchemaNode.flag($0 == "true") }
        return .object([("enum", .list(flags + names.map { .text($0) }))])
    }

    package static func array(of item: SchemaNode, least: Int = 0) -> SchemaNode {
        .object(
            [("type", .text("array")), ("items", item)] + (least > 0 ? [("minItems", .number(Double(least)))] : []))
    }

    /// A mapping, or something else. Distinguished by the type, so that an error in the mapping is shown at its place.
    package static func mapping(_ mapping: SchemaNode, or other: SchemaNode) -> SchemaNode {
        .object([("if", typed("object")), ("then", mapping), ("else", other)])
    }

    fileprivate static func oneOf(_ nodes: [SchemaNode]) -> SchemaNode { .object([("oneOf", .list(nodes))]) }

    fileprivate static func requiring(_ name: String) -> SchemaNode {
        .object([("required", .list([.text(name)]))])
    }

    package static func anyOf(_ nodes: [SchemaNode]) -> SchemaNode { .object([("anyOf", .list(nodes))]) }

    /// A mapping with free names.
    package static func mapping(of value: SchemaNode) -> SchemaNode {
        .object([("type", .text("object")), ("additionalProperties", value)])
    }

    /// The schema with a description, which editors show at the field.
    package func described(_ sentence: String) -> SchemaNode {
        let text = ("description", SchemaNode.text(Self.withoutLinks(sentence)))
        // Draft 7 ignores what is beside a reference.
        if case .shared = self { return .object([text, ("allOf", .list([self]))]) }
        guard case .object(let members) = self else { return self }
        return .object([text] + members)
    }

    /// `[text](file.md#part)` as `text`: an editor does not have the document.
    private static func withoutLinks(_ markdown: String) -> String {
        markdown.replacing(/\[([^\]]*)\]\([^)]*\)/) { String($0.output.1) }
    }
}

extension Section {
    private static var sides: [String] { ["baseline", "canary"] }

    /// The names of places are free, and their values are those of a side.
    private var additional: SchemaNode {
        let side = settings.filter { Self.sides.contains($0.names[0]) }.flatMap { $0.properties() }.first
        return hasSides ? side?.schema ?? .flag(false) : .flag(false)
    }

    package var schema: SchemaNode {
        let properties = settings.flatMap { setting in
            setting.properties().map { ($0.name, $0.schema.described(setting.sentence)) }
        }
        var members: [(String, SchemaNode)] = [
            ("type", .text("object")), ("properties", .object(properties)), ("additionalProperties", additional),
        ]
        let required = settings.filter(\.isRequired).flatMap(\.names).filter { !hasSides || !Self.sides.contains($0) }
        if !required.isEmpty { members.append(("required", .list(required.map { .text($0) }))) }
        let alternatives =
            exactlyOne.map { names in SchemaNode.oneOf(names.map(SchemaNode.requiring)) }
            + atMostOne.map { names in
                let each = names.map(SchemaNode.requiring)
                return SchemaNode.oneOf(each + [.object([("not", .anyOf(each))])])
            }
        if !alternatives.isEmpty { members.append(("allOf", .list(alternatives))) }
        return .object(members)
    }
}
