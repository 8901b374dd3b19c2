import Foundation
import Model
package import Support

/// The plan of a release as it would run now: the answer of `POST /api/v1/releases/{name}/plan`.
package struct PlanPreviewDocument: Codable, Sendable, Equatable {
    package var release: String
    package var fromVersion: String
    package var toVersion: String
    package var deadlineSeconds: Double
    /// The road that is shown: `begin`, `watch`, `promote` or `rollback`; nil from a daemon that knows the last one alone.
    package var road: String?
    package var steps: [PlanPreviewStepDocument]
    /// Which versions fit the schema, as it was last read; nil without `schema`.
    @ExplicitNull package var schema: String?

    init(_ release: ReleaseSnapshot, _ road: ProcedureRoad, deadlineMs: Int64, _ steps: [StepPreview]) {
        self.road = road.rawValue
        self.release = release.name
        fromVersion = release.canary.version
        toVersion = release.baseline.version
        deadlineSeconds = Double(deadlineMs) / 1_000
        self.steps = steps.map(PlanPreviewStepDocument.init)
        schema = release.schema
    }

    enum CodingKeys: String, CodingKey {
        case release, road, steps, schema
        case fromVersion = "from_version"
        case toVersion = "to_version"
        case deadlineSeconds = "deadline_seconds"
    }
}

/// A step of it.
package struct PlanPreviewStepDocument: Codable, Sendable, Equatable {
    package var name: String
    package var kind: String
    /// `before`, `split`, `proof`, `drained` or `after`.
    package var at: String
    /// The exact call, secrets masked.
    package var call: String
    /// What the step's proof shows now: `proved`, `not_proved`, `unreadable`; nil for a step without one.
    @ExplicitNull package var shows: String?
    @ExplicitNull package var finding: String?
    /// What the step's guard says now; nil for a step without one.
    package var `guard`: String?
    /// It runs at once with its neighbours that are marked so, too.
    package var together: Bool?
    package var timeoutSeconds: Double
    package var retries: Int
    package var idempotent: Bool
    package var onFailure: String
    /// What would take its effect back: the exact call, secrets masked, or that its value is read before; nil without an undo.
    package var undo: String?

    init(_ preview: StepPreview) {
        let step = preview.step
        undo = preview.undo
        (name, kind, at, call) = (step.name, step.work.kind, step.at.rawValue, preview.call)
        shows = preview.finding.map { finding in
            switch finding {
            case .proved: "proved"
            case .notProved: "not_proved"
            default: "unreadable"
            }
        }
        finding = preview.finding?.text
        (self.guard, together) = (preview.condition, step.runsTogether ? true : nil)
        timeoutSeconds = Double(step.timeoutMs) / 1_000
        (retries, idempotent, onFailure) = (step.retries, step.isIdempotent, step.onFailure.rawValue)
    }

    enum CodingKeys: String, CodingKey {
        case name, kind, at, call, shows, finding, retries, idempotent, together, undo
        case `guard` = "guard"
        case timeoutSeconds = "timeout_seconds"
        case onFailure = "on_failure"
    }
}

/// The plan of a release: as it is configured, and as far as that of the newest rollback has come.
package struct ReleasePlanDocument: Codable, Sendable, Equatable {
    /// From the decision to the end of the last step; nil where only the newest rollback had a plan.
    @ExplicitNull package var deadlineSeconds: Double?
    /// What the next rollback will do, in its order.
    package var steps: [PlannedStepDocument]
    /// The rollback that has a plan and is open or latched; nil without.
    @ExplicitNull package var incident: String?
    /// Its plan.
    @ExplicitNull package var run: PlanDocument?
    /// The steps of `begin` and `promote` of the newest rollout, as far as they have come; nil without.
    package var forward: ForwardPlanDocument?
    /// What the next rollout does on its ways forward.
    package var forwardSteps: [PlannedStepDocument]?
    /// What is repeated while a canary is watched.
    package var watched: [WatchedStepDocument]?

    init(_ procedure: ProcedureSnapshot) {
        forward = procedure.forward.map(ForwardPlanDocument.init)
        forwardSteps = procedure.forwardPlan?.steps.map(PlannedStepDocument.init)
        let failing = procedure.failing
        watched =
            procedure.watched.isEmpty
            ? nil : procedure.watched.map { WatchedStepDocument($0, fails: failing.contains($0.name)) }
        deadlineSeconds = procedure.plan.map { Double($0.deadlineMs) / 1_000 }
        steps = procedure.plan?.steps.map(PlannedStepDocument.init) ?? []
        incident = procedure.incident
        run = procedure.run.map(PlanDocument.init)
    }

    enum CodingKeys: String, CodingKey {
        case steps, incident, run, forward, watched
        case forwardSteps = "forward_steps"
        case deadlineSeconds = "deadline_seconds"
    }
}

/// The plan of a rollout on its ways forward, and on its way back where it has no incident.
package struct ForwardPlanDocument: Codable, Sendable, Equatable {
    /// The rollout's id: orders about its steps name it.
    package var id: String
    /// Where it is: `begin`, `promote`, or `rollback` while it is undone.
    package var road: String
    package var run: PlanDocument
    /// The incident that undoes it, or its own id; nil while nothing does.
    package var undoneBy: String?

    init(_ forward: ForwardProcedure) {
        (id, road, run) = (forward.id, forward.road.rawValue, PlanDocument(forward.run))
        undoneBy = forward.undoneBy
    }

    enum CodingKeys: String, CodingKey {
        case id, road, run
        case undoneBy = "undone_by"
    }
}

/// A step that repeats while a canary is watched.
package struct WatchedStepDocument: Codable, Sendable, Equatable {
    package var name: String
    package var kind: String
    package var everySeconds: Double
    package var fails: Bool

    init(_ step: ProcedureStep, fails: Bool) {
        (name, kind, everySeconds) = (step.name, step.work.kind, Double(step.intervalMs) / 1_000)
        self.fails = fails
    }

    enum CodingKeys: String, CodingKey {
        case name, kind, fails
        case everySeconds = "every_seconds"
    }
}

/// A step of a plan that has not begun.
package struct PlannedStepDocument: Codable, Sendable, Equatable {
    package var name: String
    /// `exec`, `http`, `flag`, `consumers`, `event`, `backup`, `workload` or `person`.
    package var kind: String
    /// `before`, `split`, `proof`, `drained` or `after`.
    package var at: String
    /// `begin`, `promote` or `rollback`; nil from a daemon that knows the last one alone.
    package var road: String?
    /// What a failure means for the steps after it, as in the configuration.
    package var onFailure: String
    /// What an operator is to do; nil for what the daemon does.
    @ExplicitNull package var instructions: String?

    init(_ step: ProcedureStep) {
        (name, kind, at, onFailure) = (step.name, step.work.kind, step.at.rawValue, step.onFailure.rawValue)
        road = step.road.rawValue
        instructions = step.work.instructions
    }

    enum CodingKeys: String, CodingKey {
        case name, kind, at, road, instructions
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
        steps = run.steps.map { PlanStepDocument($0, of: run) }
    }
}

/// A step of it.
package struct PlanStepDocument: Codable, Sendable, Equatable {
    package var name: String
    package var kind: String
    package var at: String
    /// `begin`, `promote` or `rollback`; nil from a daemon that knows the last one alone.
    package var road: String?
    /// `planned`, `started`, `done`, `proved`, `failed`, `skipped`, `unknown` or `waiting_for_person`.
    package var state: String
    package var attempts: Int
    package var text: String
    package var since: WallTime
    /// What an operator is to do; nil for what the daemon does.
    @ExplicitNull package var instructions: String?
    /// An operator has to decide how the plan continues.
    package var needsOperator: Bool?
    /// What an operator may decide about it: `done`, `skip`, `retry`; nil from a daemon that does not say, as `needs_operator`.
    package var orders: [String]?
    /// It is checked again and again, and set again when something changes it back; not there while it is not.
    package var watched: Bool?

    init(_ step: ProcedureRun.Step, of run: ProcedureRun) {
        let orders = run.orders(about: step)
        (name, kind, at) = (step.plan.name, step.plan.work.kind, step.plan.at.rawValue)
        road = step.plan.road.rawValue
        (state, attempts, text) = (step.state.rawValue, step.attempts, step.stateText)
        since = WallTime(wallMs: step.sinceWallMs)
        instructions = run.instructions(for: step, atWallMs: Int64(Date().timeIntervalSince1970 * 1_000))
        (needsOperator, self.orders) = (!orders.isEmpty && step.needsOperator, orders)
        watched = step.isWatched ? true : nil
    }

    enum CodingKeys: String, CodingKey {
        case name, kind, at, road, state, attempts, text, since, instructions, orders, watched
        case needsOperator = "needs_operator"
    }
}
