import Model
package import Support

/// The plan of a release as it would run now: the answer of `POST /api/v1/releases/{name}/plan`.
package struct PlanPreviewDocument: Codable, Sendable, Equatable {
    package var release: String
    package var fromVersion: String
    package var toVersion: String
    package var deadlineSeconds: Double
    package var steps: [PlanPreviewStepDocument]
    /// Which versions fit the schema, as it was last read; nil without `schema`.
    @ExplicitNull package var schema: String?

    init(_ release: ReleaseSnapshot, deadlineMs: Int64, _ steps: [StepPreview]) {
        self.release = release.name
        fromVersion = release.canary.version
        toVersion = release.baseline.version
        deadlineSeconds = Double(deadlineMs) / 1_000
        self.steps = steps.map(PlanPreviewStepDocument.init)
        schema = release.schema
    }

    enum CodingKeys: String, CodingKey {
        case release, steps, schema
        case fromVersion = "from_version"
        case toVersion = "to_version"
        case deadlineSeconds = "deadline_seconds"
    }
}

/// A step of it.
package struct PlanPreviewStepDocument: Codable, Sendable, Equatable {
    package var name: String
    package var kind: String
    /// `split`, `proof` or `drained`.
    package var at: String
    /// The exact call, secrets masked.
    package var call: String
    /// What the step's proof shows now: `proved`, `not_proved`, `unreadable`; nil for a step without one.
    @ExplicitNull package var shows: String?
    @ExplicitNull package var finding: String?
    package var timeoutSeconds: Double
    package var retries: Int
    package var idempotent: Bool
    package var onFailure: String

    init(_ preview: StepPreview) {
        let step = preview.step
        (name, kind, at, call) = (step.name, step.work.kind, step.at.rawValue, preview.call)
        shows = preview.finding.map { finding in
            switch finding {
            case .proved: "proved"
            case .notProved: "not_proved"
            default: "unreadable"
            }
        }
        finding = preview.finding?.text
        timeoutSeconds = Double(step.timeoutMs) / 1_000
        (retries, idempotent, onFailure) = (step.retries, step.isIdempotent, step.onFailure.rawValue)
    }

    enum CodingKeys: String, CodingKey {
        case name, kind, at, call, shows, finding, retries, idempotent
        case timeoutSeconds = "timeout_seconds"
        case onFailure = "on_failure"
    }
}

/// The plan of an incident, as far as it has come.
package struct PlanDocument: Codable, Sendable, Equatable {
    package var open: Bool
    package var overdue: Bool
    /// `2 of 4 steps are over; dead-letters waits for an operator`.
    package var text: String
    package var steps: [PlanStepDocument]

    init(_ run: ProcedureRun) {
        (open, overdue, text) = (run.isOpen, run.isOverdue, run.text)
        steps = run.steps.map(PlanStepDocument.init)
    }
}

/// A step of it.
package struct PlanStepDocument: Codable, Sendable, Equatable {
    package var name: String
    package var kind: String
    package var at: String
    /// `planned`, `started`, `done`, `proved`, `failed`, `skipped`, `unknown` or `waiting_for_person`.
    package var state: String
    package var attempts: Int
    package var text: String
    package var since: WallTime

    init(_ step: ProcedureRun.Step) {
        (name, kind, at) = (step.plan.name, step.plan.work.kind, step.plan.at.rawValue)
        (state, attempts, text) = (step.state.rawValue, step.attempts, step.stateText)
        since = WallTime(wallMs: step.sinceWallMs)
    }
}
