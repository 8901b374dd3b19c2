import Declarations
import Model

/// Fields of a step that say whether it runs, what runs beside it, and what is done once it is over.
struct StepOptionSettings {
    /// A check each second would be a load on whoever is asked.
    private static let leastWatchMs: Int64 = 5_000

    let kind: ProcedureStepKind

    var settings: [Setting<ProcedureStep>] {
        let all: [Setting<ProcedureStep>] = [
            .optional(
                "guard", \.condition, StepOptionSettings.condition,
                "where it does not hold the step is [skipped](../plans.md#guards)"),
            .value(
                "together", \.runsTogether, .bool,
                "neighbours with the same `at` that are all marked [run at once](../plans.md#steps-that-run-at-once)"),
        ]
        return all + (kind == .person ? [remind] : [watch])
    }

    private var watch: Setting<ProcedureStep> {
        .value(
            "watch", \.watchEveryMs, .duration(0...86_400_000),
            "how often the proof is checked again until `rollguard rearm`; what was changed back is set again; `0s` for never"
        )
    }

    private var remind: Setting<ProcedureStep> {
        .value(
            "remind", \.remindEveryMs, .duration(0...604_800_000),
            "how often `person_needed` is sent again while the step waits; `0s` for never")
    }

    /// - Returns: false after reporting what does not fit.
    static func check(_ step: ProcedureStep, _ fields: Fields) -> Bool {
        if case .rule? = step.condition, step.when != [.rollback] {
            fields["guard"]?.fail("a guard on a rule is for a rollback: no rule leads to a way forward")
            return false
        }
        if step.condition != nil, step.when == [.watch] {
            fields["guard"]?.fail("a step of 'watch' repeats whatever a guard says; remove 'guard'")
            return false
        }
        if fields.has("watch"), !step.when.contains(.rollback) {
            fields.fail(
                at: fields.namePlace("watch"),
                "'watch' is for steps of a rollback: on the ways forward an operator may change what a step has set")
            return false
        }
        guard step.watchEveryMs > 0 else { return true }
        func refuse(_ text: String) -> Bool {
            fields.fail(at: fields.namePlace("watch"), text)
            return false
        }
        guard step.canBeWatched else {
            return refuse(
                "'watch' needs a step that can be checked, with 'prove', and that may run again, 'idempotent: true'")
        }
        return step.watchEveryMs >= leastWatchMs || refuse("'watch' must be 0s, or 5s at the least")
    }

    // MARK: The guard

    /// What is read of a guard.
    private struct Draft {
        var step: String?
        var states: [StepGuard.State]?
        var baseline: String?
        var canary: String?
        var rule: String?

        init() {}

        init(_ condition: StepGuard) {
            switch condition {
            case .step(let name, let states): (step, self.states) = (name, states)
            case .versions(let baseline, let canary): (self.baseline, self.canary) = (baseline, canary)
            case .rule(let pattern): rule = pattern
            }
        }

        var condition: StepGuard {
            if let rule { return .rule(rule) }
            guard let step, let states else { return .versions(baseline: baseline, canary: canary) }
            return .step(name: step, states: states)
        }
    }

    private static var condition: ValueForm<StepGuard> {
        section.form().mapped({ draft, _ in draft.condition }, back: Draft.init)
    }

    private static var section: Section<Draft> {
        Section(
            owner: "'guard'", blank: Draft(),
            settings: [
                .optional("step", \.step, .line(limit: 200), "an earlier step of the plan; needs `is`"),
                .optional("is", \.states, states, "what that step has to have come to"),
                .optional(
                    "baseline", \.baseline, .line(limit: 200), "the version that is gone back to; `*` is any text"),
                .optional("canary", \.canary, .line(limit: 200), "the version that is left; `*` is any text"),
                .optional(
                    "rule", \.rule, .line(limit: 200),
                    "the rule that led to the rollback, so that its indicator was in breach; `*` is any text"),
            ],
            finish: { draft, fields in
                if (draft.step == nil) != (draft.states == nil) {
                    fields.fail("'guard' needs 'step' and 'is' together")
                    return false
                }
                let kinds = [draft.step != nil, draft.baseline != nil || draft.canary != nil, draft.rule != nil]
                guard kinds.count(where: { $0 }) == 1 else {
                    fields.fail("'guard' needs either 'step' with 'is', or 'baseline', 'canary' or both, or 'rule'")
                    return false
                }
                return true
            })
    }

    private static var states: ValueForm<[StepGuard.State]> {
        let names = StepGuard.State.allCases.map(\.rawValue)
        return ValueForm(
            summary: "list of " + Quote.markdownChoices(names), schema: .array(of: .choice(names), least: 1),
            read: { field in
                guard let entries = field.entries(of: "states") else { return nil }
                let states = entries.compactMap { $0.choice(names).flatMap(StepGuard.State.init) }
                return states.count == entries.count && !states.isEmpty ? states : nil
            },
            write: { .list($0.map { .plain($0.rawValue) }) })
    }
}
