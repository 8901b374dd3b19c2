import Declarations
import Model

/// A release with `parts`: several services that are led as one rollout. Each part becomes a release of its own, `shop.api`,
/// with the steps of the unit.
struct UnitReader {
    struct Draft {
        var name = ""
        /// As they are written.
        var parts: [(name: String, namePlace: Place, field: Field)] = []
        /// Ranks, each with the names of its parts; empty for all at once.
        var order: [[String]] = []
        var rollout = RolloutReader.Draft()
        /// For writing.
        var plans: [ReleasePlan] = []
    }

    /// More services in one rollout than an operator can follow.
    static let partLimit = 20

    let reader: ReleaseReader

    /// Whether an entry of `releases` is a unit.
    static func isUnit(_ value: YAMLValue) -> Bool { value.member("parts") != nil }

    var section: Section<Draft> {
        Section(
            owner: "a release with 'parts'", blank: Draft(),
            settings: [
                .required("name", \.name, reader.names.form, "identifies the unit: orders are given to it"), parts,
                order,
            ] + RolloutReader(folder: reader.folder).settings.map { $0.within(\.rollout) },
            finish: { _, fields in
                if !fields.has("steps") { fields.fail("a release with 'parts' is led, so it needs 'steps'") }
                return fields.has("steps")
            })
    }

    /// For the reference: the fields that a release does not have.
    var ownRows: [SettingRow] {
        var own = section
        own.settings = Array(own.settings.prefix(3))
        return own.rows
    }

    /// The parts as releases; empty after reporting why it cannot be used.
    func releases(_ field: Field) -> [ReleasePlan] {
        let name = field.value.member("name").flatMap { YAMLValue.text(of: $0.value) } ?? ""
        let owner = name.isEmpty ? section.owner : "release \(Quote.name(name))"
        guard let draft = section.read(field, owner: owner) else { return [] }
        let ranks = UnitOrder.ranks(draft)
        let plans = draft.parts.enumerated().compactMap { index, part -> ReleasePlan? in
            guard var plan = read(part, of: draft.name, field) else { return nil }
            plan.part = PartPlan(
                unit: draft.name, name: part.name, rank: ranks[part.name] ?? 0, isLead: index == 0)
            return plan
        }
        guard plans.count == draft.parts.count else { return [] }
        UnitRules.check(plans, field)
        return plans.map(UnitRules.fitted)
    }

    /// The part with the name of its release and the fields that all parts share.
    private func read(
        _ part: (name: String, namePlace: Place, field: Field), of unit: String, _ field: Field
    ) -> ReleasePlan? {
        guard case .mapping(let own) = part.field.value.content, case .mapping(let shared) = field.value.content else {
            return part.field.refuse("a mapping with the fields of a release")
        }
        let common = Set(RolloutReader(folder: reader.folder).settings.flatMap(\.names))
        let foreign = own.filter { common.contains($0.name) || ["name", "aa", "parts", "order"].contains($0.name) }
        for member in foreign {
            field.log.error(
                member.namePlace,
                "'\(member.name)' in part \(Quote.name(part.name)) belongs to the release with 'parts'")
        }
        guard foreign.isEmpty else { return nil }
        let name = YAMLValue.Member(
            name: "name", namePlace: part.namePlace,
            value: YAMLValue(content: .text("\(unit).\(part.name)", .plain), place: part.namePlace))
        let members = [name] + own + shared.filter { common.contains($0.name) }
        let value = YAMLValue(content: .mapping(members), place: part.field.place)
        var reader = reader
        reader.isPart = true
        return reader.release(Field(label: part.field.label, value: value, log: field.log))
    }

    private var parts: Setting<Draft> {
        Setting(
            names: ["parts"], summary: "mapping of names to mappings", shownDefault: .required,
            sentence:
                "the services: each has the fields of a [release](#releases) but for `name`, `aa` and those from `steps` on",
            properties: [("parts", .mapping(of: reader.partSchema))],
            read: { fields, draft in
                guard let field = fields.required("parts"), let parts = field.pairs() else { return false }
                guard (2...Self.partLimit).contains(parts.count) else {
                    field.fail("'parts' needs 2 to \(Self.partLimit) services, and has \(parts.count)")
                    return false
                }
                draft.parts = parts
                return parts.allSatisfy { isName($0, of: draft.name, field) }
            },
            write: { draft in
                let shared = Set(["name", "aa"] + RolloutReader(folder: reader.folder).settings.flatMap(\.names))
                let parts = draft.plans.map { plan -> (String, YAMLTree) in
                    guard case .mapping(let members) = reader.tree(plan) else { return (plan.name, .mapping([])) }
                    return (plan.part?.name ?? plan.name, .mapping(members.filter { !shared.contains($0.0) }))
                }
                return [("parts", .mapping(parts))]
            })
    }

    private func isName(_ part: (name: String, namePlace: Place, field: Field), of unit: String, _ field: Field) -> Bool
    {
        if NameRules.isIdentifier(part.name), NameRules.isIdentifier("\(unit).\(part.name)") { return true }
        field.log.error(
            part.namePlace,
            "\(Quote.value(part.name)) cannot name a part; use letters, digits, '-', '_' and '.', beginning with a letter or "
                + "digit, so that '\(Quote.clean("\(unit).\(part.name)"))' has at most 63")
        return false
    }

    private var order: Setting<Draft> {
        Setting(
            names: ["order"], summary: "list of names, or of lists of names", shownDefault: .text("all at once"),
            sentence:
                "which router is called first when a share is raised; a rollback goes the other way. Parts in one list are "
                + "called at once: `[[api, jobs], web]`",
            properties: [("order", .array(of: .anyOf([.scalar, .array(of: .scalar, least: 1)]), least: 1))],
            read: { fields, draft in
                guard let field = fields["order"] else { return !fields.has("order") }
                guard let order = UnitOrder.read(field, parts: draft.parts.map(\.name)) else { return false }
                draft.order = order
                return true
            },
            write: { draft in
                guard draft.order.count > 1 else { return [] }
                let ranks = draft.order.map { $0.count == 1 ? YAMLTree.text($0[0]) : .list($0.map { .text($0) }) }
                return [("order", .list(ranks))]
            })
    }

    /// The unit whose parts these are.
    func tree(_ plans: [ReleasePlan]) -> YAMLTree {
        var draft = Draft()
        (draft.name, draft.plans) = (plans[0].part?.unit ?? "", plans)
        let ranks = Dictionary(grouping: plans.compactMap(\.part), by: \.rank)
        draft.order = ranks.keys.sorted().map { (ranks[$0] ?? []).map(\.name) }
        draft.rollout = UnitRules.joined(plans).map { RolloutReader.Draft($0) } ?? RolloutReader.Draft()
        return section.tree(draft)
    }
}

/// `order`: which part has which rank.
enum UnitOrder {
    /// Nil after reporting why it cannot be used.
    static func read(_ field: Field, parts: [String]) -> [[String]]? {
        guard let entries = field.entries(of: "names of parts") else { return nil }
        var (order, known): ([[String]], Set<String>) = ([], [])
        var isUsable = true
        for entry in entries {
            var rank: [String] = []
            for name in names(entry) {
                guard let part = name.line(limit: 63) else { return nil }
                if !parts.contains(part) {
                    name.fail("'parts' has no \(Quote.value(part))" + Quote.suggestion(for: part, among: parts))
                } else if !known.insert(part).inserted {
                    name.fail("\(Quote.value(part)) is in 'order' twice")
                } else {
                    rank.append(part)
                    continue
                }
                isUsable = false
            }
            order.append(rank)
        }
        let missing = parts.filter { !known.contains($0) }
        if isUsable, !missing.isEmpty {
            field.fail(
                "'order' does not name \(missing.map { Quote.value($0) }.joined(separator: ", ")); it names every part once"
            )
            isUsable = false
        }
        return isUsable ? order.filter { !$0.isEmpty } : nil
    }

    /// One name, or a list of those that come at once.
    private static func names(_ entry: Field) -> [Field] {
        guard case .list = entry.value.content else { return [entry] }
        return entry.entries(of: "names of parts") ?? []
    }

    /// Without an order all parts have rank 0.
    static func ranks(_ draft: UnitReader.Draft) -> [String: Int] {
        var ranks: [String: Int] = [:]
        for (rank, names) in draft.order.enumerated() { for name in names { ranks[name] = rank } }
        return ranks
    }
}

/// The rules that steps of a unit name: each part answers for those that it has.
enum UnitRules {
    /// Each rule that a step names has to be one of some part.
    static func check(_ plans: [ReleasePlan], _ field: Field) {
        let known = Set(plans.flatMap { $0.rules.map(\.name) })
        let steps = field.value.member("steps")?.value
        let at = steps?.member("at")?.value
        let own: [YAMLValue] = if case .mapping(let members)? = at?.content { members.map(\.value) } else { [] }
        for step in [steps?.member("every")?.value].compactMap(\.self) + own {
            for entry in step.member("rules")?.value.entries ?? [] {
                guard let name = YAMLValue.text(of: entry), !known.contains(name) else { continue }
                field.log.error(
                    entry.place,
                    "no part has a rule \(Quote.value(name))" + Quote.suggestion(for: name, among: known.sorted()))
            }
        }
    }

    /// A part's own gates: its rules; and people and programs are asked by the first part alone.
    static func fitted(_ plan: ReleasePlan) -> ReleasePlan {
        var plan = plan
        let names = Set(plan.rules.map(\.name))
        for index in plan.rollout?.steps.indices ?? 0..<0 {
            plan.rollout?.steps[index].rules.removeAll { !names.contains($0) }
            guard plan.part?.isLead == false else { continue }
            plan.rollout?.steps[index].webhook = nil
            plan.rollout?.steps[index].approval = nil
        }
        return plan
    }

    /// What the unit's steps were before they were fitted; rules in the order of the parts.
    static func joined(_ plans: [ReleasePlan]) -> RolloutPlan? {
        guard var whole = plans.first?.rollout else { return nil }
        for plan in plans.dropFirst().compactMap(\.rollout) {
            for (index, step) in plan.steps.enumerated() where whole.steps.indices.contains(index) {
                whole.steps[index].rules += step.rules.filter { !whole.steps[index].rules.contains($0) }
            }
        }
        return whole
    }
}

extension YAMLValue {
    /// Nil for a list or a mapping.
    fileprivate static func text(of value: YAMLValue) -> String? {
        if case .text(let text, _) = value.content { text } else { nil }
    }
}
