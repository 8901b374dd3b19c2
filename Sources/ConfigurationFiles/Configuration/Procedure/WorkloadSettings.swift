import Declarations
import Model

/// The fields of a step that sets a workload.
struct WorkloadSettings {
    let folder: ConfigurationFolder

    /// Of most tools the values are absolute; a playbook may do anything.
    static var idempotent: Setting<ProcedureStepReader.Draft> {
        .value(
            "idempotent", \.step.isIdempotent, .bool,
            "whether it may run once more when its outcome is not known; `ansible` needs it said")
    }

    var settings: [Setting<WorkloadWork>] {
        let tool: [Setting<WorkloadWork>] = [
            .required(
                "tool", \.tool, .choice(WorkloadWork.Tool.self),
                "what runs it. In `deployment`, `image`, `job`, `unit`, `limit`, the values of `vars` and `prove`, `{baseline}` "
                    + "and `{canary}` are the versions")
        ]
        return tool + kubernetes + nomad + programs + Setting.security(\.security, folder)
    }

    private var kubernetes: [Setting<WorkloadWork>] {
        [
            .optional("url", \.url, .baseURL, "of `kubernetes` and `nomad`: where the API is"),
            .value("namespace", \.namespace, .line(limit: 200), "of `kubernetes` and `nomad`"),
            .optional("deployment", \.deployment, .line(limit: 253), "of `kubernetes`: its name"),
            .optional("replicas", \.replicas, .integer(0...100_000), "of `kubernetes`: scales to so many"),
            .optional(
                "revision", \.revision, .integer(1...Int.max),
                "of `kubernetes`: goes back to this revision, also if it has another number by now"),
            .optional(
                "image", \.image, .line(limit: 1_000),
                "of `kubernetes`: goes back to the newest revision that has a container with this image"),
        ]
    }

    private var nomad: [Setting<WorkloadWork>] {
        [
            .optional("job", \.job, .line(limit: 200), "of `nomad`: its id"),
            .optional("job_version", \.jobVersion, .integer(0...Int.max), "of `nomad`: reverts to this version"),
            .value("fail_deployment", \.failsDeployment, .bool, "of `nomad`: fails the deployment that is under way"),
        ]
    }

    private var programs: [Setting<WorkloadWork>] {
        [
            .optional(
                "unit", \.unit, .line(limit: 255),
                "of `systemd`: what is restarted, such as `checkout@{baseline}.service`"),
            .optional("playbook", \.playbook, .wholePath(folder), "of `ansible`"),
            .optional("inventory", \.inventory, .wholePath(folder), "of `ansible`"),
            .optional("limit", \.limit, .line(limit: 1_000), "of `ansible`: the hosts"),
            .pairs("vars", \.variables, summary: "mapping of names to texts", "of `ansible`: `-e` each") { fields in
                WorkloadSettings.variables(fields)
            },
            .optional(
                "env_file", \.environmentFile, .wholePath(folder),
                "of `systemd` and `ansible`: lines `NAME=value` for its environment, such as `HOME`"),
            .optional(
                "program", \.program, .wholePath(folder), shownDefault: "where Debian has it",
                "`systemctl` or `ansible-playbook`"),
            .optional(
                "prove", \.proof, ProcedureStepReader.proof.form(),
                "of `systemd` and `ansible`: a request that shows which version runs"),
        ]
    }

    private static func variables(_ fields: Fields) -> [TextPair] {
        (fields["vars"]?.pairs() ?? []).compactMap { name, place, field in
            guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else {
                fields.fail(at: place, "\(Quote.value(name)) cannot name a variable; use letters, digits and '_'")
                return nil
            }
            return field.text().map { TextPair(name, $0) }
        }
    }

    /// - Returns: false after reporting what is missing, or what does not go together.
    static func check(_ draft: ProcedureStepReader.Draft, _ fields: Fields) -> Bool {
        let work = draft.workload
        func need(_ name: String, _ isThere: Bool) -> Bool {
            if !isThere { fields.fail("a workload of '\(work.tool.rawValue)' needs \(name)") }
            return isThere
        }
        switch work.tool {
        case .kubernetes:
            let goals = [work.replicas != nil, work.revision != nil, work.image != nil].count { $0 }
            return need("'url'", work.url != nil) && need("'deployment'", work.deployment != nil)
                && need("one of 'replicas', 'revision' and 'image'", goals == 1) && isNotCut(draft, fields)
        case .nomad:
            return need("'url'", work.url != nil) && need("'job'", work.job != nil)
                && need("either 'job_version' or 'fail_deployment'", (work.jobVersion != nil) != work.failsDeployment)
        case .systemd: return need("'unit'", work.unit != nil)
        case .ansible: return need("'playbook'", work.playbook != nil) && need("'idempotent'", fields.has("idempotent"))
        }
    }

    /// Scaled to nothing, the canary's streams and what it has in hand are cut off.
    private static func isNotCut(_ draft: ProcedureStepReader.Draft, _ fields: Fields) -> Bool {
        guard draft.workload.replicas == 0, draft.step.at == .split || draft.step.at == .proof else { return true }
        fields["replicas"]?.fail("'replicas: 0' cuts off what the canary has in hand; it needs 'at: drained'")
        return false
    }
}
