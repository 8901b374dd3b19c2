package import Model

/// A kind of router, as configurations have it: its name and its fields.
package protocol RouterKind: SendableMetatype {
    /// What the driver has to know.
    associatedtype Plan: RouterSettings
    /// What the fields are read into. Often the plan itself.
    associatedtype Settings

    /// The fields beside `kind`.
    static func section(_ context: RouterContext) -> Section<Settings>

    /// The fields of mappings that have a table of their own in the documentation.
    static var tables: [(name: String, rows: [SettingRow])] { get }

    /// Nil after reporting why the settings cannot be used.
    static func plan(_ settings: Settings) -> Plan?

    /// The settings that give the plan.
    static func settings(_ plan: Plan) -> Settings
}

extension RouterKind {
    package static var tables: [(name: String, rows: [SettingRow])] { [] }
}

extension RouterKind where Settings == Plan {
    package static func plan(_ settings: Plan) -> Plan? { settings }

    package static func settings(_ plan: Plan) -> Plan { plan }
}

/// What the fields of a router depend on.
package struct RouterContext {
    package let folder: ConfigurationFolder
    /// The whole router, whose templates may name what is declared elsewhere in it; nil where none is read.
    package let router: YAMLValue?

    /// For writing and describing.
    package static var describing: RouterContext { RouterContext(folder: ConfigurationFolder(of: ""), router: nil) }
}

extension RouterKind {
    /// The value of `kind`.
    package static var name: String { Plan.kind }

    package static func read(_ field: Field, _ folder: ConfigurationFolder) -> RouterPlan? {
        let section = wholeSection(RouterContext(folder: folder, router: field.value))
        return section.read(field).flatMap { plan($0) }.map { RouterPlan($0) }
    }

    /// Nil for a plan of another kind.
    package static func tree(_ plan: RouterPlan) -> YAMLTree? {
        (plan.settings as? Plan).map { wholeSection(.describing).tree(settings($0)) }
    }

    package static var schema: SchemaNode { wholeSection(.describing).schema }

    /// The rows of the fields beside `kind`.
    package static var rows: [SettingRow] { section(.describing).rows }

    /// The fields with `kind`.
    private static func wholeSection(_ context: RouterContext) -> Section<Settings> {
        var section = section(context)
        section.settings.insert(
            Setting(
                names: ["kind"], summary: "`\(name)`", shownDefault: .required, sentence: "the kind of router",
                properties: [("kind", .object([("const", .text(name))]))],
                read: { _, _ in true }, write: { _ in [("kind", .text(name))] }), at: 0)
        return section
    }
}
