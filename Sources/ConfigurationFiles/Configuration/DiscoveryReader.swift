import Declarations
import Model

/// `discovery` of a release: its sources of targets. The fields of a source follow from its kind.
struct DiscoveryReader {
    /// Of one release.
    private static let sourceLimit = 100

    let folder: ConfigurationFolder
    let kinds: [any SourceKind.Type]

    private var names: [String] { kinds.map { $0.name } }

    var form: ValueForm<DiscoveryPlan> {
        ValueForm(
            summary: "list of mappings", schema: .array(of: .shared("source", schema), least: 1), read: discovery,
            write: { plan in
                .list(plan.sources.map { source in kinds.lazy.compactMap { $0.tree(source) }.first ?? .mapping([]) })
            })
    }

    private func discovery(_ field: Field) -> DiscoveryPlan? {
        guard let entries = field.entries(of: "sources") else { return nil }
        guard (1...DiscoveryReader.sourceLimit).contains(entries.count) else {
            field.fail("'discovery' must have 1 to \(DiscoveryReader.sourceLimit) sources")
            return nil
        }
        let sources = entries.compactMap(source)
        return sources.count == entries.count ? DiscoveryPlan(sources: sources) : nil
    }

    private func source(_ field: Field) -> SourcePlan? {
        guard case .mapping = field.value.content else { return field.refuse("a mapping with a 'kind'") }
        guard let kindField = field.value.member("kind") else {
            field.fail("a source needs 'kind': \(Quote.choices(names))")
            return nil
        }
        let name = Field(label: "'kind'", value: kindField.value, log: field.log).choice(names)
        guard let kind = kinds.first(where: { $0.name == name }) else { return nil }
        return kind.read(field, folder)
    }

    private var schema: SchemaNode {
        let kinds = kinds.map { kind in
            SchemaNode.object([
                ("if", .object([("properties", .object([("kind", .object([("const", .text(kind.name))]))]))])),
                ("then", .shared("source-\(kind.name)", kind.schema)),
            ])
        }
        return .object([
            ("type", .text("object")), ("required", .list([.text("kind")])),
            ("properties", .object([("kind", SchemaNode.choice(names).described("the kind of source"))])),
            ("allOf", .list(kinds)),
        ])
    }
}

/// What pools and `discovery` need of each other.
enum SelectionCheck {
    /// Labels that are known to be patched on running processes.
    private static let patched: Set<String> = ["role", "canary", "track"]

    /// - Returns: false after reporting what is wrong.
    static func check(_ pools: PoolsReader.Pair, hasDiscovery: Bool, _ fields: Fields) -> Bool {
        let drafts = [(Pool.baseline, pools.baseline), (.canary, pools.canary)]
        guard hasDiscovery else { return true }
        if drafts.allSatisfy({ $0.1.plan.select.isEmpty }) {
            fields.fail(
                at: fields.namePlace("discovery"),
                "'discovery' lists targets, and no pool has 'select' to take them; add, for example, select: "
                    + "{version: v1.5.0}")
            return false
        }
        for (pool, draft) in drafts {
            for matcher in draft.plan.select.matchers where patched.contains(matcher.label) {
                fields.warn(
                    at: fields.namePlace("discovery"),
                    "\(pools.name(pool)) selects by \(Quote.name(matcher.label)), which deployment tools change on running "
                        + "processes; prefer a label that lasts as long as the process, such as its version")
            }
        }
        let (one, other) = (pools.baseline.plan.select, pools.canary.plan.select)
        if !one.isEmpty, !other.isEmpty, one.relation(to: other) == .overlapping {
            fields.fail(
                at: fields.namePlace("discovery"),
                "the 'select' of both pools can take the same target, \(one) and \(other); make them exclude each other"
            )
            return false
        }
        return true
    }
}
