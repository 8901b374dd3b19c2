import Model

/// What one step of a plan is doing.
///
///     planned -> started (durable) -> done (its own answer) -> proved (something else shows it) -> watched, where it says so
///
/// What has happened to it is in ``ProcedureRun``; this has what a process that ends forgets: what is under way, and when that
/// is lost. So a step that the entries call started, and that this process did not start, is one that another process was in
/// the middle of: whether it took effect is checked before it runs again.
struct StepProcess: Sendable, Equatable {
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
            /// It was proved, and may have been changed back.
            case watch
        }

        var isDone: Bool { reason == .done }
    }

    enum State: Sendable, Equatable {
        /// For whatever the entries say is next, as soon as it is due.
        case ready
        /// The value that the step changes is read before it changes it.
        case reading(sinceUptimeMs: Int64, call: Int, expiresUptimeMs: Int64)
        case pausingBeforeReading(sinceUptimeMs: Int64, untilUptimeMs: Int64)
        /// The entry of the step's start is on its way to the disk.
        case awaitingDurable(UInt64)
        /// That entry is lost, so the step has not acted. It is written again.
        case startLost(untilUptimeMs: Int64)
        case acting(call: Int, expiresUptimeMs: Int64)
        case checking(Check, call: Int, expiresUptimeMs: Int64)
        /// Until the next try.
        case pausing(untilUptimeMs: Int64)
        case pausingBeforeCheck(Check, untilUptimeMs: Int64)
        /// It was proved; until it is checked again.
        case watching(untilUptimeMs: Int64)
        /// Another replica was in the middle of it, and may be still: until its time is over.
        case ownerMayRun(untilUptimeMs: Int64)
        /// For an operator; until operators are notified again.
        case reminding(untilUptimeMs: Int64)
    }

    static let checkAgainMs: Int64 = 2_000
    /// Of a step that was changed back and cannot be set again, the longest time to the next try.
    static let longestWatchMs: Int64 = 1_800_000
    /// Times that operators are notified again of one step.
    static let reminderLimit = 200

    let name: String
    private(set) var state = State.ready
    private var dueUptimeMs: Int64?
    private var beganUptimeMs: Int64?
    /// Tries in a row that could not set again what was changed back.
    private var failures = 0

    init(_ name: String) { self.name = name }

    /// It is being carried out.
    var isBusy: Bool {
        switch state {
        case .awaitingDurable, .acting, .reading, .ownerMayRun: true
        case .checking(let check, _, _): check.reason != .watch
        case .ready, .startLost, .pausing, .pausingBeforeCheck, .pausingBeforeReading, .watching, .reminding: false
        }
    }

    /// The call that does its work, and whose answer has not come.
    var actingCall: Int? { if case .acting(let call, _) = state { call } else { nil } }

    /// When there is something to do by time alone.
    var wakeUptimeMs: Int64? {
        switch state {
        case .ready: dueUptimeMs
        case .awaitingDurable: nil
        case .acting(_, let expires), .checking(_, _, let expires), .reading(_, _, let expires): expires
        case .pausing(let until), .pausingBeforeReading(_, let until), .pausingBeforeCheck(_, let until),
            .startLost(let until), .watching(let until), .ownerMayRun(let until),
            .reminding(let until):
            until
        }
    }

    // MARK: What happens

    mutating func durable(through sequence: UInt64, _ turn: inout ProcedureTurn) {
        guard case .awaitingDurable(let own) = state, own <= sequence, let step = turn.run?.step(name) else { return }
        let call = turn.call(step, { .runStep($0) })
        beganUptimeMs = turn.now.uptimeMs
        state = .acting(call: call, expiresUptimeMs: turn.now.uptimeMs + step.plan.callLimitMs)
    }

    mutating func lost(from first: UInt64, through last: UInt64, at now: Moment) {
        guard case .awaitingDurable(let own) = state, (first...max(first, last)).contains(own) else { return }
        state = .startLost(untilUptimeMs: now.uptimeMs + StepProcess.checkAgainMs)
    }

    mutating func answered(call number: Int, _ answer: StepAnswer, _ turn: inout ProcedureTurn) {
        guard let step = turn.run?.step(name) else { return }
        switch state {
        case .acting(let call, _) where call == number: acted(step, answer, &turn)
        case .checking(let check, let call, _) where call == number: checked(step, check, answer, &turn)
        case .reading(let since, let call, _) where call == number: read(step, since, answer, &turn)
        default: break
        }
    }

    mutating func tick(_ turn: inout ProcedureTurn) {
        let now = turn.now.uptimeMs
        guard let wake = wakeUptimeMs, now >= wake, let step = turn.run?.step(name) else { return }
        let silence = "no answer within \(step.plan.callLimitMs / 1_000) s"
        switch state {
        case .acting: acted(step, .unknown(silence), &turn)
        case .checking(let check, _, _): checked(step, check, .unreadable(silence), &turn)
        case .reading(let since, _, _): read(step, since, .unreadable(silence), &turn)
        case .pausingBeforeReading(let since, _): readValue(step, since, &turn)
        case .startLost: start(step, &turn)
        case .pausing: state = .ready
        case .pausingBeforeCheck(let check, _): self.check(at: step, check, &turn)
        case .watching: check(at: step, Check(sinceUptimeMs: now, reason: .watch), &turn)
        case .reminding: remind(step, &turn)
        case .ownerMayRun: takeOver(step, &turn)
        // A step that waits behind another one is asked when its turn comes.
        case .ready: dueUptimeMs = nil
        case .awaitingDurable: break
        }
    }

    /// Continues as far as it can without an answer. Called for a step whose turn it is.
    mutating func proceed(_ turn: inout ProcedureTurn) {
        guard case .ready = state, let step = turn.run?.step(name) else { return }
        switch step.state {
        case .planned: begin(step, &turn)
        case .started where turn.context.rights != nil:
            state = .ownerMayRun(untilUptimeMs: turn.now.uptimeMs + step.plan.callLimitMs)
        case .started: continueAfterRestart(step, &turn)
        case .done: check(at: step, Check(sinceUptimeMs: turn.now.uptimeMs, reason: .done), &turn)
        case .waiting: waitForOperator(step, at: turn.now)
        // Whatever happened to it while no process watched it.
        case .proved, .failed: if step.isWatched { state = .watching(untilUptimeMs: turn.now.uptimeMs) }
        case .skipped, .unknown: break
        }
    }

    private mutating func begin(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) {
        dueUptimeMs = step.isWatched ? turn.now.uptimeMs : turn.dueUptimeMs(step.plan)
        guard let due = dueUptimeMs, due <= turn.now.uptimeMs else { return }
        dueUptimeMs = nil
        // A further try is not another decision.
        if step.attempts == step.formerAttempts, !step.isWatched, let reason = turn.reasonToSkip(step.plan) {
            turn.write(.skipped(step: name, by: nil, reason: reason))
            return
        }
        if let reason = step.plan.undoing?.skip {
            turn.write(.skipped(step: name, by: nil, reason: reason))
            return
        }
        guard !step.plan.work.isForPerson else {
            turn.write(.waiting(step: name))
            return proceed(&turn)
        }
        if step.plan.keepsValue, step.valueBefore == nil, step.attempts == 0 {
            return readValue(step, turn.now.uptimeMs, &turn)
        }
        start(step, &turn)
    }

    private mutating func start(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) {
        let sequence = turn.write(.started(step: name, attempt: step.attempts + 1))
        state = .awaitingDurable(sequence)
    }

    /// The replica that led before has no lease any more, and the time of what it had under way is over.
    private mutating func takeOver(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) {
        state = .ready
        guard step.state == .started else { return }
        continueAfterRestart(step, &turn)
    }

    /// The process before was in the middle of it.
    private mutating func continueAfterRestart(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) {
        if step.plan.hasProof {
            return check(at: step, Check(sinceUptimeMs: turn.now.uptimeMs, reason: .restart), &turn)
        }
        guard step.plan.isIdempotent else {
            return stopUnknown(step, "the daemon ended while it was under way", &turn)
        }
        start(step, &turn)
    }
}

// MARK: - Answers

extension StepProcess {
    private mutating func acted(_ step: ProcedureRun.Step, _ answer: StepAnswer, _ turn: inout ProcedureTurn) {
        state = .ready
        switch answer {
        case .done(let receipt):
            turn.write(.done(step: name, receipt: receipt))
            if !step.plan.hasProof { measure(step, &turn) }
        case .verified(let found):
            turn.write(.backup(step: name, found: found))
            proved(step, found.text, &turn)
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
        if check.reason == .watch { return watched(step, answer, &turn) }
        if case .proved(let finding) = answer { return proved(step, finding, &turn) }
        // An answer that says no is an answer; one that cannot be read may be readable in a moment.
        let isAnswer = if case .notProved = answer { true } else { false }
        let isInTime = turn.now.uptimeMs - check.sinceUptimeMs < step.plan.settleMs
        if isInTime, check.isDone || !isAnswer {
            return state = .pausingBeforeCheck(check, untilUptimeMs: turn.now.uptimeMs + StepProcess.checkAgainMs)
        }
        if check.isDone {
            return notProvedInTime(step, answer.text, &turn)
        }
        guard step.plan.isIdempotent else { return stopUnknown(step, answer.text, &turn) }
        if check.reason == .restart { return start(step, &turn) }
        retryOrFail(step, "it has not taken effect: \(answer.text)", &turn)
    }

    private mutating func proved(_ step: ProcedureRun.Step, _ finding: String, _ turn: inout ProcedureTurn) {
        turn.write(.proved(step: name, finding: finding))
        measure(step, &turn)
        failures = 0
        if step.plan.watchEveryMs > 0 { watchAgain(step, at: turn.now) }
    }

    /// A receipt without an effect.
    private mutating func notProvedInTime(_ step: ProcedureRun.Step, _ text: String, _ turn: inout ProcedureTurn) {
        let reason = "it was done, and is not proved after \(step.plan.settleMs / 1_000) s: \(text)"
        if step.plan.isIdempotent { retryOrFail(step, reason, &turn) } else { fail(step, reason, &turn) }
    }

    private mutating func outcomeUnknown(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        if step.plan.hasProof {
            return check(at: step, Check(sinceUptimeMs: turn.now.uptimeMs, reason: .lost), &turn)
        }
        guard step.plan.isIdempotent else { return stopUnknown(step, reason, &turn) }
        retryOrFail(step, reason, &turn)
    }

    private mutating func stopUnknown(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        turn.write(.unknown(step: name, reason: reason))
        measure(step, &turn)
    }

    private mutating func retryOrFail(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        guard step.attempts - step.formerAttempts <= step.plan.retries else { return fail(step, reason, &turn) }
        turn.write(.failed(step: name, reason: reason, then: .retry))
        state = .pausing(untilUptimeMs: turn.now.uptimeMs + step.plan.retryAfterMs)
    }

    private mutating func fail(_ step: ProcedureRun.Step, _ reason: String, _ turn: inout ProcedureTurn) {
        // The plan does not wait for a step that was proved once, whatever became of it.
        let outcome = step.isWatched ? FailureOutcome.continue : FailureOutcome(step.plan.onFailure)
        turn.write(.failed(step: name, reason: reason, then: outcome))
        measure(step, &turn)
        guard step.isWatched else { return }
        failures += 1
        watchAgain(step, at: turn.now)
    }

    private mutating func check(at step: ProcedureRun.Step, _ check: Check, _ turn: inout ProcedureTurn) {
        let call = turn.call(step, { .checkStep($0) })
        state = .checking(check, call: call, expiresUptimeMs: turn.now.uptimeMs + step.plan.callLimitMs)
    }

    /// From the moment at which it acted; a process that did not see that cannot say.
    private mutating func measure(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) {
        guard let began = beganUptimeMs else { return }
        beganUptimeMs = nil
        let seconds = Double(max(0, turn.now.uptimeMs - began)) / 1_000
        turn.context.emit(.measure(.planStep(release: turn.plan.name, kind: step.plan.work.kind, seconds: seconds)))
    }
}

// MARK: - The value before

extension StepProcess {
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
            turn.write(.valueRead(step: name, value: value))
            return start(step, &turn)
        }
        guard turn.now.uptimeMs - sinceUptimeMs < step.plan.settleMs else {
            return fail(step, "its value cannot be read, and could not be set again: \(answer.text)", &turn)
        }
        state = .pausingBeforeReading(
            sinceUptimeMs: sinceUptimeMs, untilUptimeMs: turn.now.uptimeMs + StepProcess.checkAgainMs)
    }
}

// MARK: - Watching, waiting

extension StepProcess {
    /// Changed back, it runs again. What cannot be read is no drift.
    private mutating func watched(_ step: ProcedureRun.Step, _ answer: StepAnswer, _ turn: inout ProcedureTurn) {
        guard case .notProved(let finding) = answer else {
            if case .proved = answer { failures = 0 }
            // Another client set it again.
            if case .proved(let finding) = answer, step.state != .proved {
                turn.write(.proved(step: name, finding: finding))
            }
            return watchAgain(step, at: turn.now)
        }
        turn.write(.drifted(step: name, finding: finding, isReported: step.reportsDrift(atWallMs: turn.now.wallMs)))
        proceed(&turn)
    }

    /// A provider that refuses is asked less and less often.
    private mutating func watchAgain(_ step: ProcedureRun.Step, at now: Moment) {
        let everyMs = step.plan.watchEveryMs
        let pauseMs = failures == 0 ? everyMs : max(everyMs, min(everyMs << min(failures, 10), Self.longestWatchMs))
        state = .watching(untilUptimeMs: now.uptimeMs + pauseMs)
    }

    private mutating func waitForOperator(_ step: ProcedureRun.Step, at now: Moment) {
        let everyMs = step.plan.remindEveryMs
        guard everyMs > 0, step.reminders < Self.reminderLimit else { return }
        // A wall clock that was set does not make the pause longer.
        let restMs = (step.remindedWallMs ?? step.sinceWallMs) + everyMs - now.wallMs
        state = .reminding(untilUptimeMs: now.uptimeMs + min(max(0, restMs), everyMs))
    }

    private mutating func remind(_ step: ProcedureRun.Step, _ turn: inout ProcedureTurn) {
        state = .ready
        guard step.state == .waiting else { return }
        turn.write(.reminded(step: name, afterMs: max(0, turn.now.wallMs - step.sinceWallMs)))
        proceed(&turn)
    }
}

extension ProcedureRun.Step {
    /// Whether operators are notified that it was changed back: they were not in the last minute.
    fileprivate func reportsDrift(atWallMs now: Int64) -> Bool {
        driftReportedWallMs.map { now < $0 || now - $0 >= 60_000 } ?? true
    }
}
