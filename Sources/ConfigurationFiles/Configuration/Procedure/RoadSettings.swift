import Declarations
import Model

/// On which roads a step of a plan is, and what undoes it.
struct RoadSettings {
    typealias Draft = ProcedureStepReader.Draft

    let kind: ProcedureStepKind

    var settings: [Setting<Draft>] {
        [
            .value(
                "when", \.step.when, Self.roads,
                "the [roads](../plans.md#roads) of the step: `begin`, before and with the first share of a canary; `watch`, "
                    + "again and again while a canary is watched; `promote`, before and after everything; `rollback`"),
            .value(
                "at", \.step.at, .choice(ProcedureStep.Point.self),
                "`before`: of `begin` and `promote`, which wait for it; `split`: when the router has been called, without "
                    + "waiting for it; `proof`: after the rollback was acknowledged; `drained`: the same, and `drain_for` "
                    + "later; `after`: when the first share was read back, after the promotion, or at the end of a rollback"
            ),
            .value("drain_for", \.step.drainMs, .duration(0...86_400_000), "of a step with `at: drained`"),
            .optional(
                "every", \.step.everyMs, .duration(1_000...86_400_000), shownDefault: "`30s`",
                "of a step with `when: watch`: from one repetition to the next"),
            .optional(
                "destructive", \.step.isDestructive, .bool, shownDefault: "`false`",
                "of a step by hand: its effect cannot be taken back, so it is not done before "
                    + "[a backup](../plans.md#a-backup) was verified by a step before it. Nothing destructive runs by itself"
            ),
        ]
    }

    /// What takes the effect of a step of `begin` or `promote` back; a flag gets the value again that it had.
    var undo: [Setting<Draft>] {
        switch kind {
        case .exec:
            [
                .optional(
                    "undo", \.undo.command, ProcedureStepReader.command,
                    "of a step of `begin` or `promote`: the program that takes its effect back, and its arguments"),
                .optional(
                    "undo_prove", \.undo.proof, ProcedureStepReader.command,
                    "a program whose exit status says whether `undo` took effect, as `prove`"),
            ]
        case .http:
            [
                .optional(
                    "undo", \.undo.request,
                    Self.request.form("mapping with `method`, `url`, `headers`, `body`, `prove`"),
                    "of a step of `begin` or `promote`: the request that takes its effect back; it gets the same `tls` and "
                        + "`auth`")
            ]
        default: []
        }
    }

    private static var request: Section<HTTPWork> {
        Section(owner: "'undo'", blank: HTTPWork(), settings: ProcedureStepReader.requestSettings)
    }

    /// One road, or a list of them.
    private static var roads: ValueForm<[ProcedureRoad]> {
        let names = ProcedureRoad.allCases.map(\.rawValue)
        return ValueForm<[ProcedureRoad]>(
            summary: "one or a list of " + names.map { "`\($0)`" }.joined(separator: ", "),
            schema: .object([
                ("anyOf", .list([SchemaNode.choice(names), .array(of: SchemaNode.choice(names), least: 1)]))
            ]),
            read: { field in
                guard case .list = field.value.content else { return field.choice(ProcedureRoad.self).map { [$0] } }
                guard let entries = field.entries(of: "roads") else { return nil }
                let roads = entries.compactMap { $0.choice(ProcedureRoad.self) }
                guard roads.count == entries.count, !roads.isEmpty, Set(roads).count == roads.count else {
                    if roads.count == entries.count {
                        field.fail("'when' needs each of its roads once, and one at least")
                    }
                    return nil
                }
                return ProcedureRoad.allCases.filter(roads.contains)
            },
            write: { roads in
                roads.count == 1 ? .text(roads[0].rawValue) : .list(roads.map { .text($0.rawValue) })
            })
    }
}

/// What undoes a step, as it is read.
struct UndoDraft {
    var command: [String]?
    var proof: [String]?
    var request: HTTPWork?

    init() {}

    init(_ work: ProcedureWork?) {
        switch work {
        case .exec(let exec)?: (command, proof) = (exec.command, exec.proof)
        case .http(let http)?: request = http
        default: break
        }
    }

    /// It does the work with the environment, or the credentials, of the step.
    func work(for step: ProcedureWork) -> ProcedureWork? {
        switch step {
        case .exec(var exec):
            guard let command else { return nil }
            (exec.command, exec.proof) = (command, proof)
            return .exec(exec)
        case .http(let http):
            guard var undo = request else { return nil }
            undo.request.security = http.request.security
            return .http(undo)
        default: return nil
        }
    }
}

/// What the roads of a step do not allow.
struct RoadCheck {
    let step: ProcedureStep
    let kind: ProcedureStepKind
    let fields: Fields

    /// - Returns: false after reporting what is wrong.
    func passes() -> Bool {
        guard let problem else { return true }
        if fields.has(problem.field) {
            fields.fail(at: fields.namePlace(problem.field), problem.text)
        } else {
            fields.fail(problem.text)
        }
        return false
    }

    private var problem: (field: String, text: String)? {
        if step.isDestructive == true, kind != .person {
            return (
                "destructive",
                "nothing destructive runs by itself: make it a step by hand ('kind: person'), or remove 'destructive'"
            )
        }
        if fields.has("drain_for"), step.at != .drained { return ("drain_for", "'drain_for' goes with 'at: drained'") }
        return problemOfPoint ?? problemOfWatch ?? problemOfUndo
    }

    private var problemOfPoint: (field: String, text: String)? {
        let roads = step.when.filter { $0 != .watch }
        if roads.isEmpty {
            return fields.has("at") ? ("at", "a step of 'watch' repeats, so it has no 'at'; write 'every'") : nil
        }
        if step.at == .before, roads.contains(.rollback) {
            return ("at", "no step of a rollback is 'at: before': nothing comes before the call of the router")
        }
        guard roads.contains(where: \.isForward) else { return nil }
        guard fields.has("at") else {
            return ("when", "a step of 'begin' or 'promote' needs 'at': 'before', 'split' or 'after'")
        }
        guard step.at == .proof || step.at == .drained else { return nil }
        return (
            "at", "'at: \(step.at.rawValue)' is of a rollback; 'begin' and 'promote' have 'before', 'split' and 'after'"
        )
    }

    private var problemOfWatch: (field: String, text: String)? {
        guard step.when.contains(.watch) else {
            return fields.has("every") ? ("every", "'every' goes with 'when: watch'") : nil
        }
        if kind == .person { return ("when", "a step by hand cannot repeat: 'watch' is for what the daemon does") }
        guard !step.hasProof, !step.isIdempotent else { return nil }
        return ("when", "a step of 'watch' repeats, so it needs 'idempotent: true', or a 'prove' that is asked alone")
    }

    private var problemOfUndo: (field: String, text: String)? {
        if fields.has("undo_prove"), !fields.has("undo") { return ("undo_prove", "'undo_prove' goes with 'undo'") }
        guard step.undo != nil, !step.when.contains(where: \.isForward) else { return nil }
        return ("undo", "'undo' goes with 'when: begin' or 'when: promote': a rollback is not undone")
    }
}

extension ProcedurePlan {
    /// Without `steps` nothing waits for the plan: other clients set the shares.
    func refuseBefore(_ fields: Fields) {
        let early = steps.first { step in step.at == .before && step.when.contains(where: \.isForward) }
        guard let early else { return }
        fields["plan"]?.fail(
            "the step \(Quote.name(early.name)) is 'at: before', and nothing can wait for it: other clients set the share of "
                + "a release without 'steps'; use 'split' or 'after', or add 'steps'")
    }
}
