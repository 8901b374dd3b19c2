/// One named schema of the OpenAPI document: an object and its fields. The document does not forbid others, because a later
/// version may add some; the tests see to it that this one has none.
struct Schema: Sendable {
    indirect enum Kind: Sendable {
        case text
        case integer
        case number
        case flag
        /// RFC 3339, UTC, milliseconds.
        case time
        /// Names to texts.
        case texts
        /// One of these words.
        case words([String])
        case reference(String)
        case list(Kind)
        case nullable(Kind)
    }

    struct Field: Sendable {
        let name: String
        let kind: Kind
        let description: String
        let isRequired: Bool

        init(_ name: String, _ kind: Kind, _ description: String = "", required isRequired: Bool = true) {
            self.name = name
            self.kind = kind
            self.description = description
            self.isRequired = isRequired
        }
    }

    let name: String
    let fields: [Field]

    init(_ name: String, _ fields: [Field]) {
        self.name = name
        self.fields = fields
    }

    var tree: JSONTree {
        let required = fields.filter(\.isRequired).map { JSONTree.text($0.name) }
        let members = fields.map { ($0.name, $0.tree) }
        let list: [(String, JSONTree)] = required.isEmpty ? [] : [("required", .list(required))]
        return .object(
            [("type", .text("object"))] + list
                + [("properties", .object(members))])
    }

    static func reference(_ name: String) -> JSONTree { .object([("$ref", .text("#/components/schemas/\(name)"))]) }
}

extension Schema.Field {
    fileprivate var tree: JSONTree {
        guard case .object(let members) = kind.tree, !description.isEmpty else { return kind.tree }
        return .object(members + [("description", .text(description))])
    }
}

extension Schema.Kind {
    fileprivate var tree: JSONTree { .object(members) }

    private var members: [(String, JSONTree)] {
        switch self {
        case .text: [("type", .text("string"))]
        case .integer: [("type", .text("integer"))]
        case .number: [("type", .text("number"))]
        case .flag: [("type", .text("boolean"))]
        case .time: [("type", .text("string")), ("format", .text("date-time"))]
        case .texts:
            [("type", .text("object")), ("additionalProperties", .object([("type", .text("string"))]))]
        case .words(let words): [("type", .text("string")), ("enum", .list(words.map { .text($0) }))]
        case .reference(let name): [("$ref", .text("#/components/schemas/\(name)"))]
        case .list(let item): [("type", .text("array")), ("items", item.tree)]
        case .nullable(let inner): nullableMembers(of: inner)
        }
    }

    private func nullableMembers(of inner: Schema.Kind) -> [(String, JSONTree)] {
        if case .reference = inner {
            return [("anyOf", .list([inner.tree, .object([("type", .text("null"))])]))]
        }
        return inner.members.map { member in
            guard member.0 == "type" else { return member }
            return ("type", .list([member.1, .text("null")]))
        }
    }
}
