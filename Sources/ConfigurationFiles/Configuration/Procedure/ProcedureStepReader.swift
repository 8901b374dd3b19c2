import Declarations
import Model

/// One step of a plan; which fields it has follows from its kind.
struct ProcedureStepReader {
    /// What is read, with the settings of each kind.
    struct Draft {
        var step = ProcedureStep(name: "", work: .person(text: ""))
        var exec = ExecWork()
        var http = HTTPWork()
        var flag = FlagWork()
        var consumers = ConsumersWork()
        var receiver = ""
        var backup = BackupWork()
        var workload = WorkloadWork()
        var undo = UndoDraft()
        var text = ""
    }

    let folder: ConfigurationFolder
    let kind: ProcedureStepKind
    var names = UniqueNames(what: "step")

    func tree(_ step: ProcedureStep) -> YAMLTree { section.tree(Draft(step)) }

    var schema: SchemaNode { section.schema }

    var section: Section<Draft> {
        Section(
            owner: "a step of kind '\(kind.rawValue)'", blank: blank,
            settings: [
                .required("name", \.step.name, names.form, "identifies the step in its plan"), kindSetting,
            ] + RoadSettings(kind: kind).settings + kindSettings + RoadSettings(kind: kind).undo
                + (kind == .person ? [] : tries) + [
                    .value(
                        "on_failure", \.step.onFailure, .choice(ProcedureStep.OnFailure.self),
                        "`continue`: the next step runs; `hold`: the plan stops, and an operator is notified; "
                            + "`page`: the same, and it is critical")
                ] + StepOptionSettings(kind: kind).settings.map { $0.within(\Draft.step) },
            finish: finish)
    }

    /// Flags are absolute values, and requests carry a key by which the server knows a repetition.
    private var blank: Draft {
        var draft = Draft()
        draft.step.isIdempotent = isRepeatable || kind == .workload
        if kind == .flag { draft.step.watchEveryMs = 30_000 }
        // A backup is read as a whole.
        if kind == .backup { draft.step.timeoutMs = 1_800_000 }
        if kind == .workload { (draft.step.at, draft.step.settleMs) = (.drained, 300_000) }
        return draft
    }

    /// The kind is idempotent by its nature.
    private var isRepeatable: Bool { [.flag, .consumers, .event, .backup].contains(kind) }

    private var kindSetting: Setting<Draft> {
        Setting(
            names: ["kind"], summary: "`\(kind.rawValue)`", shownDefault: .required, sentence: "what the step does",
            properties: [("kind", .object([("const", .text(kind.rawValue))]))],
            read: { _, _ in true }, write: { _ in [("kind", .text(kind.rawValue))] })
    }

    private var tries: [Setting<Draft>] {
        let all: [Setting<Draft>] = [
            .value("timeout", \.step.timeoutMs, .duration(100...3_600_000), "of one try"),
            .value("retries", \.step.retries, .integer(0...100), "tries after the first one"),
            .value("retry_after", \.step.retryAfterMs, .duration(100...3_600_000), "from a try to the next one"),
            .value(
                "settle", \.step.settleMs, .duration(0...3_600_000),
                "how long the proof may take after the step was done"),
        ]
        if kind == .workload { return all + [WorkloadSettings.idempotent] }
        return isRepeatable ? all : all + [idempotent]
    }

    private var idempotent: Setting<Draft> {
        .required(
            "idempotent", \.step.isIdempotent, .bool,
            "whether it may run once more when its outcome is not known, after a crash or an answer that was lost")
    }

    private func finish(_ draft: inout Draft, _ fields: Fields) -> Bool {
        switch kind {
        case .exec: draft.step.work = .exec(draft.exec)
        case .http: draft.step.work = .http(draft.http)
        case .flag: draft.step.work = .flag(draft.flag)
        case .consumers: draft.step.work = .consumers(draft.consumers)
        case .event: draft.step.work = .event(receiver: draft.receiver)
        case .backup: draft.step.work = .backup(draft.backup)
        case .workload: draft.step.work = .workload(draft.workload)
        case .person: draft.step.work = .person(text: draft.text)
        }
        guard StepOptionSettings.check(draft.step, fields) else { return false }
        draft.step.undo = draft.undo.work(for: draft.step.work)
        guard RoadCheck(step: draft.step, kind: kind, fields: fields).passes() else { return false }
        return switch kind {
        case .flag: FlagSettings.check(draft.flag, timeoutMs: draft.step.timeoutMs, fields)
        case .consumers: ConsumersSettings.check(draft.consumers, fields)
        case .backup: BackupSettings.check(draft.backup, fields)
        case .workload: WorkloadSettings.check(draft, fields)
        case .exec, .http, .event, .person: true
        }
    }
}

extension ProcedureStepReader.Draft {
    init(_ step: ProcedureStep) {
        self.init()
        self.step = step
        undo = UndoDraft(step.undo)
        switch step.work {
        case .exec(let work): exec = work
        case .http(let work): http = work
        case .flag(let work): flag = work
        case .consumers(let work): consumers = work
        case .event(let name): receiver = name
        case .backup(let work): backup = work
        case .workload(let work): workload = work
        case .person(let text): self.text = text
        }
    }
}

/// The fields of each kind.
extension ProcedureStepReader {
    private var kindSettings: [Setting<Draft>] {
        switch kind {
        case .exec: execSettings
        case .http: httpSettings
        case .flag: FlagSettings(folder: folder).settings.map { $0.within(\Draft.flag) }
        case .consumers: ConsumersSettings(folder: folder).settings.map { $0.within(\Draft.consumers) }
        case .event:
            [
                .required(
                    "to", \.receiver, .line(limit: 200),
                    "the [receiver](#receivers) that publishes it: `cloudevents`, `nats`, `rabbitmq`, `redis_stream` or "
                        + "`kafka`")
            ]
        case .backup: BackupSettings(folder: folder).settings.map { $0.within(\Draft.backup) }
        case .workload: WorkloadSettings(folder: folder).settings.map { $0.within(\Draft.workload) }
        case .person:
            [
                .required(
                    "text", \.text, .line(limit: 1_000),
                    "what the person has to do; the step waits for `rollguard plan done`")
            ]
        }
    }

    private var execSettings: [Setting<Draft>] {
        let settings: [Setting<ExecWork>] = [
            .required(
                "command", \.command, ProcedureStepReader.command,
                "the program's absolute path, and its arguments; no shell reads them"),
            .pairs(
                "env", \.environment, summary: "mapping of names to texts",
                "variables beside `PATH`, `LANG` and [`ROLLGUARD_…`](../plans.md#a-program)"
            ) { fields in ProcedureStepReader.variables(fields) },
            .optional(
                "env_file", \.environmentFile, .wholePath(folder),
                "lines `NAME=value` with further variables, secrets among them; read before each run"),
            .optional("cwd", \.directory, .wholePath(folder), shownDefault: "`/`", "the program's folder"),
            .value(
                "stop_signal", \.stopSignal, .choice(ExecWork.StopSignal.self),
                "what the program and all that it started get at the end of `timeout`"),
            .value("grace", \.graceMs, .duration(0...600_000), "from the signal to the kill"),
            .optional(
                "prove", \.proof, ProcedureStepReader.command,
                "a program whose exit status says whether the step took effect: 0 yes, 1 not yet, others that it cannot be "
                    + "said. Without it the step's own exit status is all that is known"),
        ]
        return settings.map { $0.within(\Draft.exec) }
    }

    static var command: ValueForm<[String]> {
        ValueForm<[String]>.lines(of: "a program and its arguments").checked { command, field in
            guard command[0].hasPrefix("/") else {
                field.fail(
                    "\(Quote.value(command[0])) is no absolute path; write where the program is, such as /usr/bin/psql")
                return nil
            }
            return command
        }
    }

    private static func variables(_ fields: Fields) -> [TextPair] {
        (fields["env"]?.pairs() ?? []).compactMap { name, place, field in
            let isName = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            guard isName, name.first?.isNumber == false, !name.hasPrefix("ROLLGUARD_") else {
                fields.fail(
                    at: place,
                    "\(Quote.value(name)) cannot name a variable of the program; use letters, digits and '_', and no "
                        + "ROLLGUARD_ at the beginning")
                return nil
            }
            return field.text().map { TextPair(name, $0) }
        }
    }

    private var httpSettings: [Setting<Draft>] {
        let settings = ProcedureStepReader.requestSettings + Setting.security(\.request.security, folder)
        return settings.map { $0.within(\Draft.http) }
    }

    /// A request and its proof, without credentials.
    static var requestSettings: [Setting<HTTPWork>] {
        [
            .value("method", \.request.method, ProcedureStepReader.method, "of the request"),
            .required(
                "url", \.request.url, .url(),
                "gets the request, with the step's key as `Idempotency-Key`; an answer 200 to 299 is its receipt"),
            .headers("headers", \.request.headers, "sent with it; credentials go in `auth`"),
            .value("body", \.request.body, .text, shownDefault: "none", "sent as it is"),
            .optional(
                "prove", \.proof, ProcedureStepReader.proof.form(),
                "a request that shows whether the step took effect; it gets the same `tls` and `auth`"),
        ]
    }

    private static var method: ValueForm<String> { .choice(["POST", "PUT", "PATCH", "DELETE", "GET"]) }

    static var proof: Section<HTTPProof> {
        Section(
            owner: "'prove'", blank: HTTPProof(),
            settings: [
                .required("url", \.request.url, .url(), "is read with `GET`; an answer 200 to 299 is needed"),
                .headers("headers", \.request.headers, "sent with it"),
                .optional("contains", \.contains, .line(), "a text that the answer has to contain"),
                .optional("pointer", \.pointer, .pointer, "where in a JSON answer the value is; needs `equals`"),
                .optional("equals", \.equals, .line(), "the value there, as text: `false`, `12`, `off`"),
            ],
            finish: { proof, fields in
                if (proof.pointer == nil) != (proof.equals == nil) {
                    fields.fail("'prove' needs 'pointer' and 'equals' together")
                    return false
                }
                if proof.pointer == nil, proof.contains == nil {
                    fields.fail("'prove' needs 'contains', or 'pointer' with 'equals': any answer would prove it")
                    return false
                }
                return true
            })
    }
}
