import Declarations
import Model

/// Reads the groups of a rule file, or a group inside a configuration.
struct RuleFileReader {
    let log: DiagnosticLog

    func rules(in document: Document) -> [RuleDraft] {
        let root = Field(label: "a rule file", value: document.root, log: log)
        if let releases = document.root.member("releases"), document.root.member("groups") == nil {
            log.error(releases.namePlace, "this is a configuration, not a rule file; a rule file has 'groups'")
            return []
        }
        guard let fields = root.fields(of: "a rule file", RuleFileReader.names) else { return [] }
        guard let groups = fields.required("groups")?.entries(of: "groups") else { return [] }
        var lines: [String: Int] = [:]
        var drafts: [RuleDraft] = []
        for group in groups {
            drafts += rules(of: group)
            guard case .text(let name, _)? = group.value.member("name")?.value.content else { continue }
            if let first = lines[name], let place = group.value.member("name")?.value.place {
                log.error(place, "group \(Quote.name(name)) is already in this file, in line \(first)")
            }
            lines[name] = lines[name] ?? group.value.member("name")?.value.place.line
        }
        refuseNamesakes(drafts)
        if groups.isEmpty { fields["groups"]?.fail("'groups' is empty; the file has no rules") }
        return drafts
    }

    func rules(of group: Field) -> [RuleDraft] {
        guard let fields = group.fields(of: "a group", RuleFileReader.groupSection.names) else { return [] }
        let name = fields.required("name")?.line(limit: 200)
        guard let entries = fields.required("rules")?.entries(of: "rules") else { return [] }
        if entries.isEmpty { fields["rules"]?.fail("'rules' of the group is empty") }
        return entries.compactMap { RuleReader(group: name ?? "").rule($0) }
    }

    /// Alert names are unique in a release, so that none can be in a file twice.
    func refuseNamesakes(_ drafts: [RuleDraft]) {
        var first: [String: Place] = [:]
        for draft in drafts {
            if let place = first[draft.plan.name] {
                let earlier =
                    place.file.path == draft.namePlace.file.path
                    ? "line \(place.line)" : "\(place.file.path):\(place.line)"
                log.error(
                    draft.namePlace, "alert \(draft.name) is already in \(earlier); names are unique in a release")
            } else {
                first[draft.plan.name] = draft.namePlace
            }
        }
    }

    // MARK: The fields

    private static let names = ["groups"]

    /// A group, as it is written. Rules are read one by one, each with its places.
    struct Group {
        var name = ""
        var rules: [RulePlan] = []
    }

    static var groupSection: Section<Group> {
        let rule = RuleReader(group: "").section
        return Section(
            owner: "a group", blank: Group(),
            settings: [
                .required("name", \.name, .line(limit: 200), "unique in a file"),
                .required(
                    "rules", \.rules,
                    ValueForm(
                        summary: "list of rules", schema: .array(of: .shared("rule", rule.schema), least: 1),
                        read: { _ in nil }, write: { .list($0.map { rule.tree(WrittenRule($0)) }) }),
                    "evaluated after each scrape cycle"),
            ])
    }

    static var schema: SchemaNode {
        .object([
            ("type", .text("object")),
            (
                "properties",
                .object([("groups", .array(of: groupSection.schema, least: 1).described("groups of rules"))])
            ),
            ("additionalProperties", .flag(false)), ("required", .list([.text("groups")])),
        ])
    }

    /// Rules as groups. Neighbours of one group are written in one entry, so that the order is kept.
    static func groups(_ rules: [RulePlan]) -> [YAMLTree] {
        var groups: [Group] = []
        for rule in rules {
            if groups.last?.name != rule.group { groups.append(Group(name: rule.group)) }
            groups[groups.count - 1].rules.append(rule)
        }
        return groups.map(groupSection.tree)
    }
}
