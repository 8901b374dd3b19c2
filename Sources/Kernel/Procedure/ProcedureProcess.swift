import Model

/// The steps of a plan, one after the other, from the intent of a rollback to the end of the last one.
///
///     planned -> started (durable) -> done (its own answer) -> proved (something else shows it) -> the next step
///
/// What has happened is in ``Incident/procedure``, a fold over the journal's entries; this has what a process that ends
/// forgets: what is under way, and when it is lost. So a step that the entries call started, and that this process did not
/// start, is one that another process was in the middle of: whether it took effect is checked before it runs again.
///
/// It never calls a router, and no router call and no acknowledgement waits for it.
struct ProcedureProcess: Sendable, Equatable {
    /// Why it is checked whether a step took effect.
    struct Check: Sendable, Equatable {
        let sinceUptimeMs: Int64
        let reason: Reason

        enum Reason: Sendable, Equatable {
            /// Its work was done, by its own answer.
            case done
            /// The answer was lost.
            case lost
            /// The process before ended in the middle of it. What has not taken effect runs once more, however many
            /// retries there are: this was no failure of the step.
            case restart
        }

        var isDone: Bool { reason == .done }
    }

    enum State: Sendable, Equatable {
        /// For the next step, as soon as it is due.
        case ready
        /// The value that the step changes is read before it changes it.
        case reading(sinceUptimeMs: Int64, call: Int, expiresUptimeMs: Int64)
        case pausingBeforeReading(sinceUptimeMs: Int64, untilUptimeMs: Int64)
        /// The entry of the step's start is on its way to the disk.
        case awaitingDurable(UInt64)
        case acting(call: Int, expiresUptimeMs: Int64)
        case checking(Check, call: Int, expiresUptimeMs: Int64)
        /// Until the next try.
        case pausing(untilUptimeMs: Int64)
        case pausingBeforeCheck(Check, untilUptimeMs: Int64)
        /// An operator has to decide.
        case stopped
    }

    static let checkAgainMs: Int64 = 2_000

    private(set) var state = State.ready
    private var dueUptimeMs: Int64?
    private var deadlineUptimeMs: Int64?

    /// A step is being carried out.
    var isBusy: Bool {
        switch state {
        case .awaitingDurable, .acting, .checking, .reading: true
        case .ready, .pausing, .pausingBeforeCheck, .pausingBeforeReading, .stopped: false
        }
    }

    /// The call of a step that does its work, and whose answer has not come.
    var actingCall: Int? { if case .acting(let call, _) = state { call } else { nil } }

    /// When there is something to do by time alone.
    var wakeUptimeMs: Int64? {
        let wake: Int64? =
            switch state {
            case .ready: dueUptimeMs
            case .awaitingDurable, .stopped: nil
            case .acting(_, let expires), .checking(_, _, let expires), .reading(_, _, let expires): expires
            case .pausing(let until), .pausingBeforeCheck(_, let until), .pausingBeforeReading(_, let until): until
            }
        return [wake, deadlineUptimeMs].compactMap { $0 }.min()
    }

    /// An operator has decided about the step that it was stopped at.
    mutating func makeReady() { state = .ready }

    // MARK: What happens

    mutating func durable(through sequence: UInt64, _ turn: inout ProcedureTurn) {
        guard case .awaitingDurable(let own) = state, own <= sequence, let step = turn.run?.next else { return }
        let call = turn.call(step, { .runStep($0) })
        state = .acting(call: call, expiresUptimeMs: turn.now.uptimeMs + step.plan.callLimitMs)
    }

    /// The entry of the step's start will never be on the disk: it is written once more.
    mutating func lost(from first: UInt64, through last: UInt64, at now: Moment) {
        guard case .awaitingDurable(let own) = state, (first...max(first, last)).contains(own) else { return }
        state = .pausing(untilUptimeMs: now.uptimeMs + ProcedureProcess.checkAgainMs)
    }

    mutating func answered(call number: Int, _ answer: StepAnswer, _ turn: inout ProcedureTurn) {
        guard let step = turn.run?.next else { return }
        switch state {
        case .acting(let call, _) where call == number: acted(step, answer, &turn)
        case .checking(let check, let call, _) where call == number: checked(step, check, answer, &turn)
        case .reading(let since, let call, _) where call == number: read(step, since, answer, &turn)
        default: break
        }
    }

    mutating func tick(_ turn: inout ProcedureTurn) {
        let now = turn.now.uptimeMs
        if let limit = deadlineUptimeMs, now >= limit { noteOverdue(&turn) }
        guard let step = turn.run?.next else { return }
        switch state {
        case .acting(_, let expires) where now >= expires:
            acted(step, .unknown("no answer within \(step.plan.callLimitMs / 1_000) s"), &turn)
        case .checking(let check, _, let expires) where now >= expires:
            checked(step, check, .unreadable("no answer within \(step.plan.callLimitMs / 1_000) s"), &turn)
        case .reading(let since, _, let expires) where now >= expires:
            read(step, since, .unreadable("no answer within \(step.plan.callLimitMs / 1_000) s"), &turn)
        case .pausingBeforeReading(let since, let until) where now >= until: readValue(step, since, &turn)
        case .pausing(let until) where now >= until: state = .ready
        case .pausingBeforeCheck(let check, let until) where now >= until: self.check(at: step, check, &turn)
        default: break
        }
    }

    /// Continues as far as it can without an answer. Called at the end of each step of the kernel.
    mutating func proceed(_ turn: inout ProcedureTurn) {
        while case .ready = state, let run = turn.run, run.isOpen {
            setDeadline(run, turn)
            guard let next = run.next else {
                turn.write(.ended(reason: run.text))
                return
            }
            guard !next.needsOperator else { return state = .stopped }
            if !begin(next, &turn) { return }
        }
    }

    /// - Returns: false when nothing more can be done now.
    private mutating func begin(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) -> Bool {
        switch step.state {
        case .started: return goOnAfterRestart(step, &turn)
        case .done:
            check(at: step, Check(sinceUptimeMs: turn.now.uptimeMs, reason: .done), &turn)
            return false
        case .planned, .proved, .failed, .skipped, .unknown, .waiting: break
        }
        dueUptimeMs = turn.dueUptimeMs(step.plan)
        guard let due = dueUptimeMs, due <= turn.now.uptimeMs else { return false }
        dueUptimeMs = nil
        start(step, &turn)
        return true
    }

    private mutating func start(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) {
        if let reason = step.plan.undoing?.skip {
            turn.write(.skipped(step: step.plan.name, by: nil, reason: reason))
            return
        }
        if step.plan.keepsValue, step.valueBefore == nil, step.attempts == 0 {
            return readValue(step, turn.now.uptimeMs, &turn)
        }
        guard !step.plan.work.isForPerson else {
            turn.write(.waiting(step: step.plan.name))
            return
        }
        let sequence = turn.write(.started(step: step.plan.name, attempt: step.attempts + 1))
        state = .awaitingDurable(sequence)
    }

    /// The process before was in the middle of it.
    private mutating func goOnAfterRestart(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) -> Bool {
        let reason = "the daemon ended while it was under way"
        if step.plan.hasProof {
            check(at: step, Check(sinceUptimeMs: turn.now.uptimeMs, reason: .restart), &turn)
            return false
        }
        guard step.plan.isIdempotent else {
            stopUnknown(step, reason, &turn)
            return false
        }
        start(step, &turn)
        return false
    }

    private mutating func setDeadline(_ run: ProcedureRun, _ turn: ProcedureTurn) {
        guard deadlineUptimeMs == nil, !run.isOverdue, let limitMs = turn.subject.deadlineMs(run) else { return }
        deadlineUptimeMs = turn.now.uptimeMs + max(0, run.frozenWallMs + limitMs - turn.now.wallMs)
    }

    private mutating func noteOverdue(_ turn: inout ProcedureTurn) {
        deadlineUptimeMs = nil
        guard let run = turn.run, run.isOpen, !run.isOverdue else { return }
        turn.write(.overdue(reason: run.text))
    }
}

// MARK: - Answers

extension ProcedureProcess {
    private mutating func acted(_ step: ProcedureRun.Step, _ answer: StepAnswer, _ turn: inout ProcedureTurn) {
        state = .ready
        switch answer {
        case .done(let receipt):
            turn.write(.done(step: step.plan.name, receipt: receipt))
        case .failed(let reason): retryOrFail(step, reason, &turn)
        case .refused(let reason): fail(step, reason, &turn)
        case .unknown(let reason), .unreadable(let reason), .proved(let reason), .notProved(let reason),
            .value(let reason):
            outcomeUnknown(step, reason, &turn)
        }
    }

    private mutating func checked(
        _ step: ProcedureRun.Step, _ check: Check, _ answer: StepAnswer, _ turn: inout ProcedureTurn
    ) {
        state = .ready
        if case .proved(let finding) = answer {
            turn.write(.proved(step: step.plan.name, finding: finding))
            return
        }
        // An answer that says no is an answer; one that cannot be read may be readable in a moment.
        let isAnswer = if case .notProved = answer { true } else { false }
        let isInTime = turn.now.uptimeMs - check.sinceUptimeMs < step.plan.settleMs
        if isInTime, check.isDone || !isAnswer {
            return state = .pausingBeforeCheck(
                check, untilUptimeMs: turn.now.uptimeMs + ProcedureProcess.checkAgainMs)
        }
        if check.isDone {
            return notProvedInTime(step, answer.text, &turn)
        }
        guard step.plan.isIdempotent else { return stopUnknown(step, answer.text, &turn) }
        if check.reason == .restart { return start(step, &turn) }
        retryOrFail(step, "it has not taken effect: \(answer.text)", &turn)
    }

    /// A receipt without an effect.
    private mutating func notProvedInTime(_ step: ProcedureRun.Step, _ text: String, _ turn: inout ProcedureTurn) {
        let reason = "it was done, and is not proved after \(step.plan.settleMs / 1_000) s: \(text)"
        if step.plan.isIdempotent { retryOrFail(step, reason, &turn) } else { fail(step, reason, &turn) }
    }

    private mutating func outcomeUnknown(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        state = .ready
        if step.plan.hasProof {
            return check(at: step, Check(sinceUptimeMs: turn.now.uptimeMs, reason: .lost), &turn)
        }
        guard step.plan.isIdempotent else { return stopUnknown(step, reason, &turn) }
        retryOrFail(step, reason, &turn)
    }

    private mutating func stopUnknown(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        turn.write(.unknown(step: step.plan.name, reason: reason))
        state = .stopped
    }

    private mutating func retryOrFail(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        guard step.attempts <= step.plan.retries else { return fail(step, reason, &turn) }
        turn.write(.failed(step: step.plan.name, reason: reason, then: .retry))
        state = .pausing(untilUptimeMs: turn.now.uptimeMs + step.plan.retryAfterMs)
    }

    private mutating func fail(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        let outcome = FailureOutcome(step.plan.onFailure)
        turn.write(.failed(step: step.plan.name, reason: reason, then: outcome))
        state = outcome == .continue ? .ready : .stopped
    }

    private mutating func check(at step: ProcedureRun.Step, _ check: Check, _ turn: inout ProcedureTurn) {
        let call = turn.call(step, { .checkStep($0) })
        state = .checking(check, call: call, expiresUptimeMs: turn.now.uptimeMs + step.plan.callLimitMs)
    }
}

// MARK: - The value before

extension ProcedureProcess {
    private mutating func readValue(_ step: ProcedureRun.Step, _ sinceUptimeMs: Int64, _ turn: inout ProcedureTurn) {
        let call = turn.call(step, wantsValue: true) { .checkStep($0) }
        state = .reading(
            sinceUptimeMs: sinceUptimeMs, call: call, expiresUptimeMs: turn.now.uptimeMs + step.plan.callLimitMs)
    }

    /// The value is in the journal before it is changed: what could not be undone is not done.
    private mutating func read(
        _ step: ProcedureRun.Step, _ sinceUptimeMs: Int64, _ answer: StepAnswer, _ turn: inout ProcedureTurn
    ) {
        state = .ready
        if case .value(let value) = answer {
            turn.write(.valueRead(step: step.plan.name, value: value))
            let sequence = turn.write(.started(step: step.plan.name, attempt: step.attempts + 1))
            return state = .awaitingDurable(sequence)
        }
        guard turn.now.uptimeMs - sinceUptimeMs < step.plan.settleMs else {
            return fail(step, "its value cannot be read, and could not be set again: \(answer.text)", &turn)
        }
        state = .pausingBeforeReading(
            sinceUptimeMs: sinceUptimeMs, untilUptimeMs: turn.now.uptimeMs + ProcedureProcess.checkAgainMs)
    }
}
