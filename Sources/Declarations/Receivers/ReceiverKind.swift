package import Model

/// A kind of receiver, as configurations have it: its name, and the fields that no other kind has.
package protocol ReceiverKind: SendableMetatype {
    /// The values of the fields that no other kind has.
    associatedtype Settings: ReceiverSettings

    /// What is sent, for the reference table: "posts to an Alertmanager's API".
    static var sentence: String { get }

    /// The defaults.
    static var blank: Settings { get }

    /// The address of the service, for a receiver without `url`; nil where each receiver has its own.
    static var defaultURL: String? { get }

    /// The field that may hold the address instead of `url`; nil for a kind that has no such choice.
    static var addressField: String? { get }

    /// Of each of these sets of fields exactly one has to be there.
    static var requiredFields: [[String]] { get }

    /// Whether people read its messages as they come: one may report several releases, and has links that act.
    static var isReadByPeople: Bool { get }

    /// What is wrong with a template for this kind's messages; nil for one that can be used. Kinds without texts of their own
    /// refuse every template.
    static func templateProblem(_ template: String) -> TemplateProblem?

    /// The fields that not every kind has. Two kinds may have a field of the same name.
    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>]
}

/// What is wrong with a template, and where.
package struct TemplateProblem: Sendable, Equatable {
    /// Unicode scalars before the place; nil where the whole template is refused.
    package let offset: Int?
    package let reason: String

    package init(offset: Int?, reason: String) {
        self.offset = offset
        self.reason = reason
    }
}

/// Settings with secrets of their own, beside `url`, `secret` and `auth`.
package protocol HoldsSecrets {
    /// The places of the secrets, in the order of the fields.
    var secrets: [SecretReference] { get }
}

extension ReceiverKind {
    /// The value of `kind`.
    package static var name: String { Settings.kind }

    package static var defaultURL: String? { nil }

    package static var addressField: String? { nil }

    package static var requiredFields: [[String]] { [] }

    package static var isReadByPeople: Bool { false }

    package static func templateProblem(_ template: String) -> TemplateProblem? {
        TemplateProblem(offset: nil, reason: "the kind \(name) has no texts of one's own")
    }

    package static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] { [] }

    /// A receiver of this kind with the defaults.
    package static var kind: ReceiverPlan.Kind { ReceiverPlan.Kind(blank) }

    /// The fields as those of any receiver, which are read and written for this kind alone.
    fileprivate static func ownFields(_ folder: ConfigurationFolder) -> [ReceiverField] {
        fields(folder).map { ReceiverField(kind: name, text: $0.defaultText(blank), setting: own($0)) }
    }

    private static func own(_ field: Setting<Settings>) -> Setting<ReceiverPlan> {
        // A text also where the field is required: the schema of all kinds must not require it.
        Setting<ReceiverPlan>(
            names: field.names, summary: field.summary, shownDefault: .text(field.defaultText(blank)),
            sentence: field.sentence, properties: field.properties(),
            read: { fields, plan in read(field, fields, &plan) },
            write: { plan in (plan.kind.settings as? Settings).map(field.write) ?? [] }
        ).showing(field.rows)
    }

    private static func read(_ field: Setting<Settings>, _ fields: Fields, _ plan: inout ReceiverPlan) -> Bool {
        guard var settings = plan.kind.settings as? Settings else { return true }
        let isUsable = field.read(fields, &settings)
        plan.kind = ReceiverPlan.Kind(settings)
        return isUsable
    }
}

/// A field of one kind of receiver.
private struct ReceiverField {
    let kind: String
    /// What the reference table shows as the default.
    let text: String
    let setting: Setting<ReceiverPlan>
}

/// The fields that not every kind of receiver has.
package enum ReceiverFields {
    /// Each name once, in the order of the kinds; refused beside a kind that does not have it.
    package static func all(
        of kinds: [any ReceiverKind.Type], _ folder: ConfigurationFolder
    ) -> [Setting<ReceiverPlan>] {
        let fields = kinds.flatMap { $0.ownFields(folder) }
        var seen: Set<String> = []
        return fields.filter { seen.insert($0.setting.names[0]).inserted }.map { first in
            merged(fields.filter { $0.setting.names == first.setting.names })
        }
    }

    private static func merged(_ fields: [ReceiverField]) -> Setting<ReceiverPlan> {
        let first = fields[0].setting
        let kinds = fields.map(\.kind)
        return Setting<ReceiverPlan>(
            names: first.names, summary: first.summary, shownDefault: .text(fields[0].text),
            sentence: sentence(fields), properties: first.properties(),
            read: { fields.readAll(kinds, $0, &$1) },
            write: { plan in fields.flatMap { $0.setting.write(plan) } }
        ).showing(first.rows)
    }

    /// Kinds that mean the same are named together.
    private static func sentence(_ fields: [ReceiverField]) -> String {
        var sentences: [(text: String, kinds: [String])] = []
        for field in fields {
            let text = field.setting.sentence
            if let index = sentences.firstIndex(where: { $0.text == text }) {
                sentences[index].kinds.append(field.kind)
            } else {
                sentences.append((text, [field.kind]))
            }
        }
        return sentences.map { sentence in
            let names = sentence.kinds.map { "`\($0)`" }.joined(separator: ", ")
            return "of \(names)\(fields.count == 1 ? " alone" : ""): \(sentence.text)"
        }.joined(separator: "; ")
    }
}

extension [ReceiverField] {
    fileprivate func readAll(_ kinds: [String], _ fields: Fields, _ plan: inout ReceiverPlan) -> Bool {
        if let own = first(where: { $0.kind == plan.kind.name }) { return own.setting.read(fields, &plan) }
        let owners = kinds.count == 1 ? "kind \(kinds[0]) alone" : "kinds \(kinds.joined(separator: ", "))"
        for name in self[0].setting.names {
            fields[name]?.fail("'\(name)' is a field of the \(owners); remove it")
        }
        return true
    }
}

/// The kinds that configurations may have, each in the order of the documentation.
package struct ConfigurationKinds: Sendable {
    package let routers: [any RouterKind.Type]
    package let receivers: [any ReceiverKind.Type]
    package let sources: [any SourceKind.Type]
    package let centres: [any CentreKind.Type]

    package init(
        routers: [any RouterKind.Type], receivers: [any ReceiverKind.Type], sources: [any SourceKind.Type] = [],
        centres: [any CentreKind.Type] = []
    ) {
        self.routers = routers
        self.receivers = receivers
        self.sources = sources
        self.centres = centres
    }
}
