import Support

/// What happened to a procedure. The names of the cases and of their values are those in the journal: they are read for ever.
public enum ProcedureEvent: Sendable, Equatable, Codable {
    /// With the intent of the rollback: a reload changes the next procedure, not this one.
    case frozen(ProcedurePlan)
    /// Durable before the step acts.
    ///
    /// - attempt: 1 for the first.
    case started(step: String, attempt: Int)
    /// The step's own answer.
    case done(step: String, receipt: String)
    /// Something else than its own answer shows that it took effect.
    case proved(step: String, finding: String)
    /// What a step that checks backups has verified; the step's proof follows.
    case backup(step: String, found: BackupFound)
    case failed(step: String, reason: String, then: FailureOutcome)
    case skipped(step: String, by: String?, reason: String)
    /// It may have acted, cannot be checked, and must not run twice.
    case unknown(step: String, reason: String)
    /// An operator has to act.
    case waiting(step: String)
    case personDone(step: String, by: String, reason: String)
    /// An operator wants a step that had failed to run again.
    case retried(step: String, by: String, reason: String)
    /// The deadline has passed; the steps continue.
    case overdue(reason: String)
    case ended(reason: String)
    /// What it was proved to have set is not so any more, and it runs again.
    ///
    /// - isReported: operators are notified of it; they were not in the last minute.
    case drifted(step: String, finding: String, isReported: Bool)
    /// An operator was notified once more of a step that waits, so long after it began to.
    case reminded(step: String, afterMs: Int64)
    /// No further step runs, and none is watched any more.
    ///
    /// - states: of every step, in a sentence.
    case abandoned(by: String, reason: String, states: String)
    /// An operator wants the steps to run again, this one and those after it.
    case reopened(from: String, by: String, reason: String)
    /// What a step of a way forward is about to change has this value, which undoing it sets again.
    case valueRead(step: String, value: String)
    /// What the ways forward did is undone: by this incident, or by the plan's own id where there is none.
    case undoing(by: String)
    /// A step of the road `watch` has failed; its repetitions are not written down.
    case watchFailed(step: String, reason: String)
    /// It fails no more.
    case watchRecovered(step: String, reason: String)
}

/// What follows the failure of a step.
public enum FailureOutcome: String, Sendable, Equatable, Codable {
    /// The same step, once more.
    case retry
    /// The next step.
    case `continue`
    case hold
    case page

    public init(_ onFailure: ProcedureStep.OnFailure) {
        switch onFailure {
        case .continue: self = .continue
        case .hold: self = .hold
        case .page: self = .page
        }
    }
}

extension ProcedureEvent {
    /// The event's name in the API and in the journal.
    public var name: String {
        switch self {
        case .frozen: "plan_frozen"
        case .started: "plan_step_started"
        case .done: "plan_step_done"
        case .proved: "plan_step_proved"
        case .backup: "plan_backup_verified"
        case .failed: "plan_step_failed"
        case .skipped: "plan_step_skipped"
        case .unknown: "plan_step_unknown"
        case .waiting: "plan_person_needed"
        case .personDone: "plan_person_done"
        case .retried: "plan_step_retried"
        case .overdue: "plan_overdue"
        case .ended: "plan_ended"
        case .drifted: "plan_step_drifted"
        case .reminded: "plan_person_reminded"
        case .abandoned: "plan_abandoned"
        case .reopened: "plan_reopened"
        case .valueRead: "plan_value_read"
        case .undoing: "plan_undoing"
        case .watchFailed: "plan_watch_failed"
        case .watchRecovered: "plan_watch_recovered"
        }
    }

    /// The event as a phrase.
    public var text: String {
        switch self {
        case .frozen(let plan): "the plan: " + plan.steps.map(\.name).joined(separator: ", ")
        case .started(let step, let attempt): attempt == 1 ? "\(step) starts" : "\(step) starts, try \(attempt)"
        case .done(let step, let receipt): "\(step) is done: \(receipt)"
        case .proved(let step, let finding): "\(step) is proved: \(finding)"
        case .backup(let step, let found): "\(step) has verified a backup: \(found.text)"
        case .failed(let step, let reason, let outcome):
            "\(step) has failed\(outcome == .retry ? ", and is tried again" : ""): \(reason)"
        case .skipped(let step, let by, let reason):
            "\(step) is skipped\(by.map { " by \($0)" } ?? ""): \(reason)"
        case .unknown(let step, let reason): "whether \(step) took effect is not known: \(reason)"
        case .waiting(let step): "\(step) waits for an operator"
        case .personDone(let step, let by, let reason): "\(step) is done, says \(by): \(reason)"
        case .retried(let step, let by, let reason): "\(step) is to run again, for \(by): \(reason)"
        case .overdue(let reason): "the plan has not ended in time: \(reason)"
        case .ended(let reason): "the plan has ended: \(reason)"
        case .drifted(let step, let finding, _): "\(step) was changed back, and runs again: \(finding)"
        case .reminded(let step, let afterMs):
            "\(step) waits for an operator since \(NumberText.wait(seconds: Double(afterMs) / 1_000))"
        case .abandoned(let by, let reason, let states): "the plan is abandoned by \(by): \(reason) (\(states))"
        case .reopened(let step, let by, let reason): "the plan runs again from \(step) on, for \(by): \(reason)"
        case .valueRead(let step, let value): "what \(step) changes is \(value) now"
        case .undoing(let by): "what the plan did is undone by \(by)"
        case .watchFailed(let step, let reason): "\(step) fails while the canary is watched: \(reason)"
        case .watchRecovered(let step, let reason): "\(step) fails no more: \(reason)"
        }
    }
}

extension ProcedureEvent {
    /// The notification that announces it; nil for an event without one.
    public var announcement: Notification.Event? {
        switch self {
        case .failed(_, _, .page): .planStuck
        case .failed(_, _, .hold): .personNeeded
        case .unknown, .overdue: .planStuck
        case .waiting, .reminded: .personNeeded
        case .ended, .abandoned: .planEnded
        case .drifted(_, _, let isReported): isReported ? .planDrift : nil
        case .watchFailed: .watchFailed
        case .watchRecovered: .watchRecovered
        case .frozen, .started, .done, .proved, .backup, .failed, .skipped, .personDone, .retried, .reopened,
            .valueRead,
            .undoing:
            nil
        }
    }
}
