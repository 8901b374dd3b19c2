package import Model

/// A kind of target source, as configurations have it: its name and its fields.
package protocol SourceKind: SendableMetatype {
    /// What the source has to know.
    associatedtype Plan: SourceSettings

    /// The fields beside `kind`.
    static func section(_ folder: ConfigurationFolder) -> Section<Plan>
}

extension SourceKind {
    /// The value of `kind`.
    package static var name: String { Plan.kind }

    package static func read(_ field: Field, _ folder: ConfigurationFolder) -> SourcePlan? {
        wholeSection(folder).read(field).map { SourcePlan($0) }
    }

    /// Nil for a plan of another kind.
    package static func tree(_ plan: SourcePlan) -> YAMLTree? {
        (plan.settings as? Plan).map { wholeSection(ConfigurationFolder(of: "")).tree($0) }
    }

    package static var schema: SchemaNode { wholeSection(ConfigurationFolder(of: "")).schema }

    /// The rows of the fields beside `kind`.
    package static var rows: [SettingRow] { section(ConfigurationFolder(of: "")).rows }

    private static func wholeSection(_ folder: ConfigurationFolder) -> Section<Plan> {
        var section = section(folder)
        section.settings.insert(
            Setting(
                names: ["kind"], summary: "`\(name)`", shownDefault: .required, sentence: "the kind of source",
                properties: [("kind", .object([("const", .text(name))]))],
                read: { _, _ in true }, write: { _ in [("kind", .text(name))] }), at: 0)
        return section
    }
}
