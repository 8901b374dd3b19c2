import Declarations
import Model

/// `centre`: the configuration centre. The fields follow from its kind.
struct CentreReader {
    let folder: ConfigurationFolder
    let kinds: [any CentreKind.Type]

    private var names: [String] { kinds.map { $0.name } }

    var form: ValueForm<CentrePlan> {
        ValueForm(
            summary: "mapping", schema: .shared("centre", schema), read: centre,
            write: { plan in kinds.lazy.compactMap { $0.tree(plan) }.first ?? .mapping([]) })
    }

    private func centre(_ field: Field) -> CentrePlan? {
        guard case .mapping = field.value.content else { return field.refuse("a mapping with a 'kind'") }
        guard let kindField = field.value.member("kind") else {
            field.fail("'centre' needs 'kind': \(Quote.choices(names))")
            return nil
        }
        let name = Field(label: "'kind'", value: kindField.value, log: field.log).choice(names)
        return kinds.first { $0.name == name }?.read(field, folder)
    }

    private var schema: SchemaNode {
        let kinds = kinds.map { kind in
            SchemaNode.object([
                ("if", .object([("properties", .object([("kind", .object([("const", .text(kind.name))]))]))])),
                ("then", .shared("centre-\(kind.name)", kind.schema)),
            ])
        }
        return .object([
            ("type", .text("object")), ("required", .list([.text("kind")])),
            ("properties", .object([("kind", SchemaNode.choice(names).described("the kind of centre"))])),
            ("allOf", .list(kinds)),
        ])
    }
}
