/// A procedure under way, or ended: a fold over its entries, as ``Incident`` is, which holds it.
public struct ProcedureRun: Sendable, Equatable {
    public enum State: String, Sendable, Equatable, CaseIterable {
        case planned
        case started
        /// By its own answer.
        case done
        case proved
        case failed
        case skipped
        case unknown
        case waiting = "waiting_for_person"
    }

    public struct Step: Sendable, Equatable {
        public let plan: ProcedureStep
        public fileprivate(set) var state = State.planned
        /// Tries so far.
        public fileprivate(set) var attempts = 0
        /// Those of them that do not count as retries: before a drift, or before an operator had it run again.
        public fileprivate(set) var formerAttempts = 0
        /// It was proved, and is checked again and again. When something changes it back it runs again, and the procedure does
        /// not wait for that.
        public fileprivate(set) var isWatched = false
        /// Times that operators were notified again that it waits for one.
        public fileprivate(set) var reminders = 0
        public fileprivate(set) var remindedWallMs: Int64?
        /// When operators were notified last that it was changed back.
        public fileprivate(set) var driftReportedWallMs: Int64?
        /// What it or its proof last said, or why it has its state.
        public fileprivate(set) var detail = ""
        public fileprivate(set) var sinceWallMs: Int64
        /// What a step that checks backups has verified.
        public fileprivate(set) var backup: BackupFound?
        /// What it changes had this value before its first try; nil where nothing was read.
        public fileprivate(set) var valueBefore: String?

        /// The procedure does not wait for it any more.
        public var isOver: Bool {
            if isWatched { return true }
            return switch state {
            case .proved, .skipped: true
            case .done: !plan.hasProof
            case .failed: plan.onFailure == .continue
            case .planned, .started, .unknown, .waiting: false
            }
        }

        /// An operator has to decide how it continues.
        public var needsOperator: Bool {
            if isWatched { return false }
            return switch state {
            case .waiting, .unknown: true
            case .failed: plan.onFailure != .continue
            case .planned, .started, .done, .proved, .skipped: false
            }
        }
    }

    public let deadlineMs: Int64
    public let frozenWallMs: Int64
    /// Where the deadline begins: when it was frozen, or opened again.
    public private(set) var openedWallMs: Int64
    public private(set) var steps: [Step]
    public private(set) var isOverdue = false
    public private(set) var endedWallMs: Int64?

    init(_ plan: ProcedurePlan, atWallMs wallMs: Int64) {
        (deadlineMs, frozenWallMs, openedWallMs) = (plan.deadlineMs, wallMs, wallMs)
        steps = plan.steps.map { Step(plan: $0, sinceWallMs: wallMs) }
    }

    public var isOpen: Bool { endedWallMs == nil }

    /// The first step that the procedure waits for; nil when there is none.
    public var next: Step? { steps.first { !$0.isOver } }

    /// The steps that the procedure waits for now: the first one that is not over, and those that run at once with it.
    public var current: [Step] {
        guard let place = steps.firstIndex(where: { !$0.isOver }) else { return [] }
        return steps[ProcedurePlan.group(of: place, in: steps.map(\.plan))].filter { !$0.isOver }
    }

    /// A step is checked for the life of the incident.
    public var isWatched: Bool { steps.contains(where: \.isWatched) }

    /// Operators have to decide before it can continue, or it has not ended in time.
    public var isStuck: Bool { isOpen && (isOverdue || current.contains(where: \.needsOperator)) }

    public func step(_ name: String) -> Step? { steps.first { $0.plan.name == name } }

    /// The same in every try and after every restart.
    public static func key(incident: String, step: String) -> String { "\(incident)/\(step)" }

    /// `2 of 4 steps are over; dead-letters waits for an operator`.
    public var text: String {
        let count = "\(steps.count(where: \.isOver)) of \(steps.count) steps are over"
        guard isOpen, next != nil else {
            let failed = steps.filter { $0.state == .failed }.map(\.plan.name)
            return count + undoneText + (failed.isEmpty ? "" : "; failed: \(failed.joined(separator: ", "))")
        }
        return ([count] + current.map { "\($0.plan.name) \($0.stateText)" }).joined(separator: "; ")
    }

    /// How many steps of the ways forward were undone; empty for a run that undoes none.
    private var undoneText: String {
        let all = steps.filter { $0.plan.undoing != nil }
        guard !all.isEmpty else { return "" }
        return "; undone: \(all.count { $0.state == .proved || $0.state == .done }) of \(all.count)"
    }

    mutating func apply(_ event: ProcedureEvent, atWallMs wallMs: Int64) {
        switch event {
        case .frozen: break
        case .started(let name, let attempt):
            change(name, .started, "try \(attempt)", wallMs) { $0.attempts = attempt }
        case .done(let name, let receipt): change(name, .done, receipt, wallMs)
        case .proved(let name, let finding):
            change(name, .proved, finding, wallMs) { $0.isWatched = $0.plan.watchEveryMs > 0 }
        case .backup(let name, let found): note(name, found)
        case .failed(let name, let reason, let outcome):
            change(name, outcome == .retry ? .planned : .failed, reason, wallMs)
        case .skipped(let name, _, let reason): change(name, .skipped, reason, wallMs)
        case .unknown(let name, let reason): change(name, .unknown, reason, wallMs)
        case .waiting(let name):
            change(name, .waiting, "", wallMs) { ($0.reminders, $0.remindedWallMs) = (0, nil) }
        case .personDone(let name, let by, let reason): change(name, .proved, "\(by): \(reason)", wallMs)
        case .retried(let name, let by, let reason):
            change(name, .planned, "\(by): \(reason)", wallMs) { $0.formerAttempts = $0.attempts }
        case .overdue: isOverdue = true
        case .ended: endedWallMs = wallMs
        case .drifted(let name, let finding, let isReported):
            change(name, .planned, finding, wallMs) { step in
                step.formerAttempts = step.attempts
                if isReported { step.driftReportedWallMs = wallMs }
            }
        case .reminded(let name, _): remind(name, wallMs)
        case .abandoned:
            endedWallMs = wallMs
            for index in steps.indices { steps[index].isWatched = false }
        case .reopened(let name, let by, let reason): reopen(from: name, "\(by): \(reason)", wallMs)
        case .valueRead(let name, let value): if let index = index(name) { steps[index].valueBefore = value }
        case .undoing, .watchFailed, .watchRecovered: break
        }
    }

    private mutating func remind(_ name: String, _ wallMs: Int64) {
        guard let index = steps.firstIndex(where: { $0.plan.name == name }) else { return }
        steps[index].reminders += 1
        steps[index].remindedWallMs = wallMs
    }

    private mutating func reopen(from name: String, _ detail: String, _ wallMs: Int64) {
        guard let first = steps.firstIndex(where: { $0.plan.name == name }) else { return }
        for index in steps.indices[first...] {
            change(steps[index].plan.name, .planned, detail, wallMs) { step in
                (step.formerAttempts, step.isWatched) = (step.attempts, false)
            }
        }
        (endedWallMs, isOverdue, openedWallMs) = (nil, false, wallMs)
    }

    /// Another rollback, or another pair of versions, has taken its place.
    mutating func retire(atWallMs wallMs: Int64) { endedWallMs = endedWallMs ?? wallMs }

    private mutating func note(_ name: String, _ found: BackupFound) {
        if let index = index(name) { steps[index].backup = found }
    }

    private func index(_ name: String) -> Int? { steps.firstIndex { $0.plan.name == name } }

    private mutating func change(
        _ name: String, _ state: State, _ detail: String, _ wallMs: Int64, _ more: (inout Step) -> Void = { _ in }
    ) {
        guard let index = index(name) else { return }
        (steps[index].state, steps[index].detail, steps[index].sinceWallMs) = (state, detail, wallMs)
        more(&steps[index])
    }
}

extension ProcedureRun {
    /// What an operator may decide about a step: `done`, `skip`, `retry`. None about one that is under way or over, and none
    /// once the procedure has ended.
    public func orders(about step: Step) -> [String] {
        guard isOpen, !step.isWatched else { return [] }
        return switch step.state {
        case .proved where mayVerifyAgain(step): ["retry"]
        case .proved, .skipped, .started: []
        case .failed, .unknown: ["done", "retry", "skip"]
        case .planned, .done, .waiting: ["done", "skip"]
        }
    }
}

extension ProcedureRun.Step {
    /// `waits for an operator`, `has failed: exit status 3`.
    public var stateText: String {
        let reason = detail.isEmpty ? "" : ": \(detail)"
        return switch state {
        case .planned where isWatched: "was changed back, and runs again\(reason)"
        case .planned: detail.isEmpty ? "has not begun" : "is tried again after\(reason)"
        case .started: "is under way (\(detail))"
        case .done: plan.hasProof ? "is done and not proved yet\(reason)" : "is done\(reason)"
        case .proved: "is proved\(reason)"
        case .failed: "has failed\(reason)"
        case .skipped: "is skipped\(reason)"
        case .unknown: "may have taken effect\(reason)"
        case .waiting: "waits for an operator"
        }
    }
}
