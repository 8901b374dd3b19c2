import Declarations
import Model

/// `plan` of a release: what goes back beside the traffic.
struct ProcedureReader {
    /// Of one release.
    static let limit = 50

    let folder: ConfigurationFolder

    var section: Section<ProcedurePlan> {
        Section(
            owner: "'plan'", blank: ProcedurePlan(),
            settings: [
                .value(
                    "deadline", \.deadlineMs, .duration(10_000...604_800_000),
                    "from the intent of the rollback to the end of its last step; past it an operator is notified, and "
                        + "the steps continue"),
                steps,
                .optional(
                    "schema", \.schema, SchemaGateReader(folder: folder).section.form(hasOwnTable: true),
                    "[which versions fit the schema](../plans.md#the-schema-of-the-database) of the database that both use; "
                        + "[see below](#schema)"),
            ],
            finish: { _, fields in
                if !fields.has("steps"), !fields.has("schema") {
                    fields.fail("'plan' needs 'steps', 'schema' or both")
                    return false
                }
                return true
            })
    }

    private var steps: Setting<ProcedurePlan> {
        .optional(
            "steps", \.written,
            ValueForm(
                summary: "list of mappings", schema: .array(of: .shared("plan-step", schema), least: 1), read: list,
                write: { .list($0.map { ProcedureStepReader(folder: folder, kind: .init($0)).tree($0) }) }),
            "in the order in which they run; [see below](#a-step-of-a-plan)")
    }

    private func list(_ field: Field) -> [ProcedureStep]? {
        guard let entries = field.entries(of: "steps") else { return nil }
        guard (1...ProcedureReader.limit).contains(entries.count) else {
            field.fail("'steps' of a plan must have 1 to \(ProcedureReader.limit) entries")
            return nil
        }
        let names = UniqueNames(what: "step")
        let steps = entries.compactMap { step($0, names) }
        return steps.count == entries.count && isEachEffectSetOnce(steps, field) && StepOrderCheck.isSound(steps, field)
            && BackupSettings.isBeforeDestructive(steps, field) ? steps : nil
    }

    private func step(_ field: Field, _ names: UniqueNames) -> ProcedureStep? {
        guard case .mapping = field.value.content else { return field.refuse("a mapping with a 'kind'") }
        let all = ProcedureStepKind.allCases.map(\.rawValue)
        guard let kind = field.value.member("kind") else {
            field.fail("a step needs 'kind': \(Quote.choices(all))")
            return nil
        }
        guard let name = Field(label: "'kind'", value: kind.value, log: field.log).choice(all),
            let kind = ProcedureStepKind(rawValue: name)
        else { return nil }
        return ProcedureStepReader(folder: folder, kind: kind, names: names).section.read(field)?.step
    }

    /// Two steps that set the same flag would undo each other, or one of them is a copy that was not finished.
    private func isEachEffectSetOnce(_ steps: [ProcedureStep], _ field: Field) -> Bool {
        var known: [(flag: FlagWork, when: [ProcedureRoad], name: String)] = []
        for step in steps {
            guard case .flag(let work) = step.work else { continue }
            let roads = step.when.filter { $0 != .watch }
            let first = known.first { one in one.flag.setsTheSame(as: work) && one.when.contains(where: roads.contains)
            }
            if let first {
                field.fail(
                    "the steps \(Quote.name(first.name)) and \(Quote.name(step.name)) set the same flag, "
                        + "\(Quote.name(work.flag)); keep one of them")
                return false
            }
            known.append((work, roads, step.name))
        }
        return true
    }

    private var schema: SchemaNode {
        let kinds = ProcedureStepKind.allCases.map { kind in
            SchemaNode.object([
                (
                    "if",
                    .object([("properties", .object([("kind", .object([("const", .text(kind.rawValue))]))]))])
                ),
                ("then", .shared("plan-\(kind.rawValue)", ProcedureStepReader(folder: folder, kind: kind).schema)),
            ])
        }
        let names = ProcedureStepKind.allCases.map(\.rawValue)
        return .object([
            ("type", .text("object")), ("required", .list([.text("kind")])),
            ("properties", .object([("kind", SchemaNode.choice(names).described("the kind of step"))])),
            ("allOf", .list(kinds)),
        ])
    }
}

extension ProcedurePlan {
    /// A plan may have a schema alone.
    fileprivate var written: [ProcedureStep]? {
        get { steps.isEmpty ? nil : steps }
        set { steps = newValue ?? [] }
    }
}

/// What a step may do.
enum ProcedureStepKind: String, CaseIterable {
    case exec, http, flag, consumers, event, backup, workload, person

    init(_ step: ProcedureStep) {
        self =
            switch step.work {
            case .exec: .exec
            case .http: .http
            case .flag: .flag
            case .consumers: .consumers
            case .event: .event
            case .backup: .backup
            case .workload: .workload
            case .person: .person
            }
    }
}
