import Declarations
import Model

/// `steps`: the shares, and what has to hold in each.
struct StepsReader {
    struct Draft {
        /// Basis points; the last is 10 000.
        var shares: [Int] = []
        var every = StepPlan(basisPoints: 0)
        /// With their shares; only steps that differ from `every`.
        var at: [StepPlan] = []
        var deadlineMs = RolloutPlan(steps: []).stepDeadlineMs

        init() {}

        /// For writing: each step is complete by itself.
        init(_ plan: RolloutPlan) {
            shares = plan.steps.map(\.basisPoints).dropLast() + [10_000]
            at = Array(plan.steps.dropLast())
            deadlineMs = plan.stepDeadlineMs
        }
    }

    let folder: ConfigurationFolder

    var section: Section<Draft> {
        Section(
            owner: "'steps'", blank: Draft(),
            settings: [
                shares(
                    "list", StepListReader.list, "the shares, rising to `100%`; the first may be `0%`, for test users"),
                shares("linear", StepListReader.linear, "equal steps, up to `100%`").written { _ in false },
                shares("exponential", StepListReader.exponential, "growing steps, up to `100%`").written { _ in false },
                every, at,
                .value(
                    "deadline", \.deadlineMs, .duration(1_000...3_600_000),
                    "a step that is not in force on every instance of the router by then is undone"),
            ], exactlyOne: [["list", "linear", "exponential"]],
            finish: { draft, fields in checkGates(draft, fields) })
    }

    private func shares(_ name: String, _ form: ValueForm<[Int]>, _ sentence: String) -> Setting<Draft> {
        Setting.required(name, \.shares, form, sentence).reading { fields, draft in
            guard fields.has(name) else { return true }
            guard let shares = fields[name].flatMap(form.read) else { return false }
            draft.shares = shares
            return true
        }.shown(default: "one of the three")
    }

    private var every: Setting<Draft> {
        let section = StepReader(folder: folder).section
        return Setting.section(
            "every", \.every, section, shownDefault: "nothing",
            "what holds in each step; [see below](#what-holds-in-a-step)"
        ).reading { fields, draft in
            guard let field = fields["every"] else { return !fields.has("every") }
            return section.read(field, owner: "'every'", into: &draft.every)
        }.withOwnTable.written { _ in false }
    }

    private var at: Setting<Draft> {
        let section = StepReader(folder: folder).section
        return Setting(
            names: ["at"], summary: "mapping of shares to mappings", shownDefault: .text("none"),
            sentence: "what differs at single shares: `25%: {approval: {count: 2}}`. A field replaces the one of "
                + "`every`, `none` takes it away",
            properties: [("at", .mapping(of: section.schema))],
            read: { fields, draft in
                guard let field = fields["at"] else { return !fields.has("at") }
                guard let pairs = field.pairs() else { return false }
                for (name, place, field) in pairs {
                    guard let step = step(name, place, field, draft) else { return false }
                    draft.at.append(step)
                }
                return true
            },
            write: { draft in
                draft.at.isEmpty
                    ? [] : [("at", .mapping(draft.at.map { (shareText($0.basisPoints), section.tree($0)) }))]
            })
    }

    private func step(_ name: String, _ place: Place, _ field: Field, _ draft: Draft) -> StepPlan? {
        let key = Field(
            label: "a share in 'at'", value: YAMLValue(content: .text(name, .plain), place: place), log: field.log)
        guard let share = key.share(0...10_000) else { return nil }
        // Without shares the reason has been reported.
        guard draft.shares.isEmpty || draft.shares.contains(share) else {
            field.log.error(
                place,
                "no step has \(shareText(share)); the steps are "
                    + draft.shares.prefix(20).map(shareText).joined(separator: ", "))
            return nil
        }
        guard share < 10_000 else {
            field.log.error(
                place, "nothing follows 100%, so nothing has to hold there; 'bake' says how long it is watched")
            return nil
        }
        guard !draft.at.contains(where: { $0.basisPoints == share }) else {
            field.log.error(place, "'at' has \(shareText(share)) twice")
            return nil
        }
        var step = draft.every
        if share == 0 { step.evidence = nil }
        guard StepReader(folder: folder).section.read(field, owner: "step \(shareText(share))", into: &step) else {
            return nil
        }
        step.basisPoints = share
        return step
    }
}

extension StepsReader.Draft {
    /// The complete steps. The last has no gates: what is asked for there comes from `bake`.
    ///
    /// - Parameter holdback: basis points that the last step leaves to the old version.
    func steps(holdback: Int) -> [StepPlan] {
        shares.dropLast().map(step) + [StepPlan(basisPoints: 10_000 - holdback)]
    }

    private func step(_ share: Int) -> StepPlan {
        if let own = at.first(where: { $0.basisPoints == share }) { return own }
        var step = every
        step.basisPoints = share
        // Without a share there is nothing to compare.
        if share == 0 { step.evidence = nil }
        return step
    }
}

extension StepsReader {
    /// A step that is over as soon as it is in force has shown nothing.
    private func checkGates(_ draft: Draft, _ fields: Fields) -> Bool {
        let open = draft.steps(holdback: 0).dropLast().filter { step in
            let isAsked = step.basisPoints == 0 && (step.webhook != nil || step.approval != nil)
            return step.minMs == 0 && step.requests == nil && step.evidence == nil && !isAsked
        }
        if !open.isEmpty {
            let shares = open.prefix(20).map { shareText($0.basisPoints) }.joined(separator: ", ")
            let (noun, verb) = open.count == 1 ? ("step", "has") : ("steps", "have")
            let field = open.count == 1 ? fields["at"] : nil
            let place = field?.value.member(shares)?.namePlace ?? fields.namePlace("every")
            fields.fail(
                at: place,
                "\(noun) \(shares) \(verb) none of 'min', 'requests' and 'evidence', and would be passed as soon as the "
                    + "router shows the share; add one of them to 'every' or 'at'")
        }
        let first = fields["at"]?.value.member("0%")
        if let evidence = first?.value.member("evidence"),
            draft.at.contains(where: { $0.basisPoints == 0 && $0.evidence != nil })
        {
            fields.fail(
                at: evidence.namePlace,
                "at 0% the canary has no share of the traffic, so there is nothing to compare; ask for 'requests', a "
                    + "'webhook' or an 'approval' there")
        }
        return true
    }
}
