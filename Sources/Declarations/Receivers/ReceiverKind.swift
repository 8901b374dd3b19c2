package import Model

/// A kind of receiver, as configurations have it: its name, and the fields that no other kind has.
package protocol ReceiverKind: SendableMetatype {
    /// The values of the fields that no other kind has.
    associatedtype Settings: ReceiverSettings

    /// What is sent, for the reference table: "posts to an Alertmanager's API".
    static var sentence: String { get }

    /// The defaults.
    static var blank: Settings { get }

    /// The fields that no other kind has.
    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>]
}

extension ReceiverKind {
    /// The value of `kind`.
    package static var name: String { Settings.kind }

    package static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] { [] }

    /// A receiver of this kind with the defaults.
    package static var kind: ReceiverPlan.Kind { ReceiverPlan.Kind(blank) }

    /// The fields as those of any receiver; each is refused beside another kind.
    package static func ownFields(_ folder: ConfigurationFolder) -> [Setting<ReceiverPlan>] {
        fields(folder).map(own)
    }

    private static func own(_ field: Setting<Settings>) -> Setting<ReceiverPlan> {
        // A text also where the field is required: the schema of all kinds must not require it.
        Setting<ReceiverPlan>(
            names: field.names, summary: field.summary, shownDefault: .text(field.defaultText(blank)),
            sentence: "of `\(name)` alone: \(field.sentence)", properties: field.properties(),
            read: { fields, plan in read(field, fields, &plan) },
            write: { plan in (plan.kind.settings as? Settings).map(field.write) ?? [] }
        ).showing(field.rows)
    }

    private static func read(_ field: Setting<Settings>, _ fields: Fields, _ plan: inout ReceiverPlan) -> Bool {
        guard var settings = plan.kind.settings as? Settings else {
            for name in field.names {
                fields[name]?.fail("'\(name)' is a field of the kind \(Self.name) alone; remove it")
            }
            return true
        }
        let isUsable = field.read(fields, &settings)
        plan.kind = ReceiverPlan.Kind(settings)
        return isUsable
    }
}

/// The kinds that configurations may have, each in the order of the documentation.
package struct ConfigurationKinds: Sendable {
    package let routers: [any RouterKind.Type]
    package let receivers: [any ReceiverKind.Type]
    package let sources: [any SourceKind.Type]

    package init(
        routers: [any RouterKind.Type], receivers: [any ReceiverKind.Type], sources: [any SourceKind.Type] = []
    ) {
        self.routers = routers
        self.receivers = receivers
        self.sources = sources
    }
}
