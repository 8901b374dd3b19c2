import Model

/// A kind of router, as configurations have it: its name and its fields. A new kind is such a type, a line in
/// ``RouterKinds`` and a driver.
protocol RouterKind: SendableMetatype {
    /// What the fields are read into. Often the plan itself.
    associatedtype Settings

    /// The value of `kind`.
    static var name: String { get }

    /// The fields beside `kind`.
    static func section(_ context: RouterContext) -> Section<Settings>

    /// Nil after reporting why the settings cannot be used.
    static func plan(_ settings: Settings) -> RouterPlan?

    /// The settings that give the plan; nil for a plan of another kind.
    static func settings(_ plan: RouterPlan) -> Settings?
}

/// What the fields of a router depend on.
struct RouterContext {
    let folder: ConfigurationFolder
    /// The whole router, whose templates may name what is declared elsewhere in it; nil where none is read.
    let router: YAMLValue?

    func templates(setsSplit: Bool) -> RouterTemplates {
        let nothing = YAMLValue(content: .mapping([]), place: .whole(SourceFile(path: "")))
        return RouterTemplates(router: router ?? nothing, setsSplit: setsSplit)
    }
}

/// All kinds of routers.
enum RouterKinds {
    static let all: [any RouterKind.Type] = [
        GrayKind.self, HAProxyKind.self, NginxKind.self, CaddyKind.self, EnvoyKind.self, TraefikKind.self,
        EtcdKind.self, ConsulKind.self, KubernetesKind.self, HTTPKind.self,
    ]

    static var names: [String] { all.map { $0.name } }
}

extension RouterKind {
    /// The fields with `kind`.
    static func wholeSection(_ context: RouterContext) -> Section<Settings> {
        var section = section(context)
        section.settings.insert(
            Setting(
                names: ["kind"], summary: "`\(name)`", shownDefault: .required, sentence: "the kind of router",
                properties: [("kind", .object([("const", .text(name))]))],
                read: { _, _ in true }, write: { _ in [("kind", .text(name))] }), at: 0)
        return section
    }

    static func read(_ field: Field, _ folder: ConfigurationFolder) -> RouterPlan? {
        wholeSection(RouterContext(folder: folder, router: field.value)).read(field).flatMap(plan)
    }

    static func tree(_ plan: RouterPlan) -> YAMLTree? {
        settings(plan).map { wholeSection(.describing).tree($0) }
    }

    static var schema: SchemaNode { wholeSection(.describing).schema }

    static var rows: [SettingRow] { section(.describing).rows }
}

extension RouterContext {
    /// For writing and describing.
    static var describing: RouterContext { RouterContext(folder: ConfigurationFolder(of: ""), router: nil) }
}
