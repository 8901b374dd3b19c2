import Declarations
import Model

/// `router`: the fields follow from its kind.
struct RouterReader {
    let folder: ConfigurationFolder
    let kinds: [any RouterKind.Type]
    /// What the release calls the two sides; nil for a release with pools.
    var sides: SideNames?

    private var names: [String] { kinds.map { $0.name } }

    var form: ValueForm<RouterPlan> {
        ValueForm(
            summary: "mapping", schema: .shared("router", schema), read: router,
            write: { plan in kinds.lazy.compactMap { $0.tree(plan) }.first ?? .mapping([]) })
    }

    private func router(_ field: Field) -> RouterPlan? {
        guard case .mapping = field.value.content else { return field.refuse("a mapping with a 'kind'") }
        guard let kindField = field.value.member("kind") else {
            field.fail("'router' needs 'kind': \(Quote.choices(names))")
            return nil
        }
        let name = Field(label: "'kind'", value: kindField.value, log: field.log).choice(names)
        guard let kind = kinds.first(where: { $0.name == name }) else { return nil }
        return field.log.reading(sides: sides) { kind.read(field, folder) }
    }

    private var schema: SchemaNode {
        let kinds = kinds.map { kind in
            SchemaNode.object([
                ("if", .object([("properties", .object([("kind", .object([("const", .text(kind.name))]))]))])),
                ("then", .shared("router-\(kind.name)", kind.schema)),
            ])
        }
        return .object([
            ("type", .text("object")), ("required", .list([.text("kind")])),
            ("properties", .object([("kind", SchemaNode.choice(names).described("the kind of router"))])),
            ("allOf", .list(kinds)),
        ])
    }
}
