import Declarations
import Model

/// `groups`: releases that go back together.
struct GroupReader {
    private static let limit = 200
    /// More releases than an operator can follow.
    private static let memberLimit = 50

    let folder: ConfigurationFolder

    /// Whether `groups` holds groups of rules, which belong in a file of their own.
    static func areOfRules(_ value: YAMLValue) -> Bool {
        value.entries.isEmpty || value.entries.contains { $0.member("rules") != nil }
    }

    var form: ValueForm<[GroupPlan]> {
        let names = UniqueNames(what: "group")
        return ValueForm(
            summary: "list of mappings", schema: .array(of: section(names).schema),
            read: { field in
                guard let entries = field.entries(of: "groups") else { return nil }
                guard entries.count <= Self.limit else {
                    field.fail("'groups' has \(entries.count) entries; \(Self.limit) at most")
                    return nil
                }
                let groups = entries.compactMap { section(names).read($0) }
                return groups.count == entries.count ? groups : nil
            },
            write: { .list($0.map(section(names).tree)) })
    }

    func section(_ names: UniqueNames) -> Section<GroupPlan> {
        Section(
            owner: "a group", blank: GroupPlan(name: ""),
            settings: [
                .required(
                    "name", \.name, names.form, "identifies the group; the same in every daemon that has members"),
                .required(
                    "releases", \.members, members,
                    "names of releases, two at least; one of another daemon is a mapping, [see below](#a-member-of-a-group)"
                ),
                .value(
                    "together", \.together, .choice(GroupPlan.Together.self), "who goes back: every member that can"),
                .value(
                    "on_refusal", \.onRefusal, .choice(GroupPlan.Refusal.self),
                    "what follows when a member cannot go back: `go_without` takes the others back, `hold` leaves them and "
                        + "notifies operators; the sick one goes in any case"),
            ])
    }

    private var members: ValueForm<[GroupMember]> {
        ValueForm(
            summary: "list of names and mappings",
            schema: .array(of: .anyOf([.scalar, member.schema]), least: 2),
            read: read, write: { .list($0.map(tree)) })
    }

    private func tree(_ one: GroupMember) -> YAMLTree {
        one.daemon == nil ? .text(one.release) : member.tree(Draft(one))
    }

    private func read(_ field: Field) -> [GroupMember]? {
        guard let entries = field.entries(of: "releases") else { return nil }
        guard (2...Self.memberLimit).contains(entries.count) else {
            field.fail(
                entries.count < 2
                    ? "a group needs two releases at least; one goes back alone without a group"
                    : "a group has \(Self.memberLimit) releases at most, and this one has \(entries.count)")
            return nil
        }
        let members = entries.compactMap { entry -> GroupMember? in
            if case .mapping = entry.value.content { return member.read(entry)?.member }
            return entry.line(limit: 63).map { GroupMember(release: $0) }
        }
        guard members.count == entries.count, isEachThereOnce(members, entries) else { return nil }
        guard members.contains(where: { $0.daemon == nil }) else {
            field.fail("every release of the group is on another daemon; name those of this one, without 'daemon'")
            return nil
        }
        return members
    }

    private func isEachThereOnce(_ members: [GroupMember], _ entries: [Field]) -> Bool {
        for (index, one) in members.enumerated()
        where members[..<index].contains(where: { $0.companion == one.companion }) {
            entries[index].fail("release \(Quote.name(one.companion.text)) is in this group already")
            return false
        }
        return true
    }

    // MARK: A member

    struct Draft {
        var name = ""
        var daemon: String?
        var security = ClientSecurity()

        init() {}

        init(_ member: GroupMember) {
            name = member.release
            (daemon, security) = (member.daemon?.url, member.daemon?.security ?? ClientSecurity())
        }

        var member: GroupMember {
            GroupMember(release: name, daemon: daemon.map { PeerDaemon(url: $0, security: security) })
        }
    }

    var member: Section<Draft> {
        let name = ValueForm<String>.line(limit: 63, "name").checked { name, field in
            if NameRules.isIdentifier(name) { return name }
            field.fail("\(Quote.value(name)) is not the name of a release")
            return nil
        }
        return Section(
            owner: "a member of a group", blank: Draft(),
            settings: [
                .required("name", \.name, name, "the release, as its daemon names it"),
                .optional(
                    "daemon", \.daemon, .baseURL, shownDefault: "this daemon",
                    "the address of the API of another daemon, whose configuration has a group of the same name with this "
                        + "release"),
            ] + Setting.security(\.security, folder),
            finish: { draft, fields in
                guard draft.daemon == nil, fields.has("auth") || fields.has("tls") else { return true }
                fields.fail("'auth' and 'tls' of a member need 'daemon'")
                return false
            })
    }

    // MARK: With the releases

    /// Names that are not there, and releases that are in two groups or are parts of one rollout.
    static func check(_ plan: Plan, _ fields: Fields) -> Bool {
        var known: [String: String] = [:]
        var isUsable = true
        let entries = plan.groups.isEmpty ? [] : fields.present("groups")?.entries(of: "groups") ?? []
        for (index, group) in plan.groups.enumerated() {
            let places = index < entries.count ? places(entries[index]) : []
            for (number, member) in group.members.enumerated() where member.daemon == nil {
                let place = number < places.count ? places[number] : fields.namePlace("groups")
                let other = known.updateValue(group.name, forKey: member.release)
                guard let problem = problem(member.release, plan, other: other) else { continue }
                isUsable = false
                fields.fail(at: place, problem)
            }
        }
        return isUsable
    }

    /// Of the members, where they are written.
    private static func places(_ group: Field) -> [Place] {
        group.value.member("releases")?.value.entries.map(\.place) ?? []
    }

    private static func problem(_ name: String, _ plan: Plan, other group: String?) -> String? {
        if let group { return "release \(Quote.name(name)) is in group \(Quote.name(group)) already; it can be in one" }
        if let unit = plan.releases.first(where: { $0.name == name })?.part?.unit
            ?? plan.units.first(where: { $0 == name })
        {
            return
                "\(Quote.name(unit)) has 'parts', which go up and back together already; a group takes releases without "
                + "'parts'"
        }
        let names = plan.releases.filter { $0.part == nil }.map(\.name)
        // The rest of the releases comes from the centre.
        guard plan.centre == nil, !names.contains(name) else { return nil }
        return "there is no release \(Quote.name(name))" + Quote.suggestion(for: name, among: names)
    }
}
