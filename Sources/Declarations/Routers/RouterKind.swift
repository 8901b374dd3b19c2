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

    /// What a router can do as it is configured; nil for one of another kind, and for one that is refused by itself.
    static func capabilities(of router: RouterPlan) -> RouterCapabilities?
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
        var growth: RouterCapabilities.Growth?
        let section = wholeSection(RouterContext(folder: folder, router: field.value)) { growth = $0 }
        return section.read(field).flatMap { plan($0) }.map { RouterPlan($0, growth: growth) }
    }

    /// Nil for a plan of another kind.
    package static func tree(_ plan: RouterPlan) -> YAMLTree? {
        (plan.settings as? Plan).map { wholeSection(.describing, writing: plan.growth).tree(settings($0)) }
    }

    package static var schema: SchemaNode { wholeSection(.describing).schema }

    /// The rows of the fields beside `kind`.
    package static var rows: [SettingRow] {
        var section = section(.describing)
        section.settings.append(growthSetting())
        return section.rows
    }

    /// The fields with those that every kind has.
    ///
    /// - Parameters:
    ///   - growth: what is written for `growth`.
    ///   - found: gets what is read for it.
    private static func wholeSection(
        _ context: RouterContext, writing growth: RouterCapabilities.Growth? = nil,
        found: @escaping (RouterCapabilities.Growth) -> Void = { _ in }
    ) -> Section<Settings> {
        var section = section(context)
        section.settings.insert(
            Setting(
                names: ["kind"], summary: "`\(name)`", shownDefault: .required, sentence: "the kind of router",
                properties: [("kind", .object([("const", .text(name))]))],
                read: { _, _ in true }, write: { _ in [("kind", .text(name))] }), at: 0)
        section.settings.append(growthSetting(writing: growth, found: found))
        return section
    }

    /// `growth`, which is part of the plan and not of the kind's settings.
    private static func growthSetting(
        writing growth: RouterCapabilities.Growth? = nil,
        found: @escaping (RouterCapabilities.Growth) -> Void = { _ in }
    ) -> Setting<Settings> {
        let names = RouterCapabilities.Growth.allCases.filter { $0 != .unknown }.map(\.rawValue)
        let form = ValueForm<String>.choice(names)
        return Setting(
            names: ["growth"], summary: form.summary, shownDefault: .text("what the kind does"),
            sentence: "who gets the canary while its share grows, where the router's own configuration decides it; "
                + "[see above](#what-a-router-offers-for-steps)",
            properties: [("growth", form.schema())],
            read: { fields, _ in
                guard let field = fields["growth"] else { return !fields.has("growth") }
                guard let growth = form.read(field).flatMap({ RouterCapabilities.Growth(rawValue: $0) }) else {
                    return false
                }
                found(growth)
                return true
            },
            write: { _ in growth.map { [("growth", .text($0.rawValue))] } ?? [] })
    }
}
