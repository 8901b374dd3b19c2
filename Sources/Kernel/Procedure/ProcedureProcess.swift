import Model

/// The steps of a plan, from the intent of a rollback to the end of the last one, and the watch over those that are done.
///
/// What has happened is in ``Incident/procedure``, a fold over the journal's entries. This decides which steps may proceed: one
/// after the other, or neighbours at once where the plan says so. What each of them is doing is its ``StepProcess``.
///
/// It never calls a router, and no router call and no acknowledgement waits for it.
struct ProcedureProcess: Sendable, Equatable {
    /// Of the steps that this process has worked on, in that order.
    private var processes: [StepProcess] = []
    private var deadlineUptimeMs: Int64?
    /// Another replica leads: nothing is due here.
    var isResting = false

    /// The steps that are being carried out.
    var busySteps: [String] { processes.filter(\.isBusy).map(\.name) }

    /// The calls of steps that do their work, and whose answers have not come.
    var actingCalls: [Int] { processes.compactMap(\.actingCall) }

    /// When there is something to do by time alone.
    var wakeUptimeMs: Int64? {
        guard !isResting else { return nil }
        var earliest = deadlineUptimeMs
        for process in processes {
            guard let wake = process.wakeUptimeMs else { continue }
            earliest = min(earliest ?? wake, wake)
        }
        return earliest
    }

    /// An operator has decided about the step: what it was waiting for is not waited for any more.
    mutating func forget(_ name: String) { processes.removeAll { $0.name == name } }

    /// Every step begins from what the entries say.
    mutating func forgetAll() { (processes, deadlineUptimeMs) = ([], nil) }

    // MARK: What happens

    mutating func durable(through sequence: UInt64, _ turn: inout ProcedureTurn) {
        for index in processes.indices { processes[index].durable(through: sequence, &turn) }
    }

    /// The entry of a step's start will never be on the disk: it is written once more.
    mutating func lost(from first: UInt64, through last: UInt64, at now: Moment) {
        for index in processes.indices { processes[index].lost(from: first, through: last, at: now) }
    }

    mutating func answered(call number: Int, _ answer: StepAnswer, _ turn: inout ProcedureTurn) {
        for index in processes.indices { processes[index].answered(call: number, answer, &turn) }
    }

    mutating func tick(_ turn: inout ProcedureTurn) {
        if let limit = deadlineUptimeMs, turn.now.uptimeMs >= limit { noteOverdue(&turn) }
        for index in processes.indices { processes[index].tick(&turn) }
    }

    /// Continues as far as it can without an answer. Called at the end of each step of the kernel.
    mutating func proceed(_ turn: inout ProcedureTurn) {
        while let run = turn.run, run.isOpen {
            setDeadline(run, turn)
            let names = run.current.map(\.plan.name)
            guard !names.isEmpty else {
                turn.write(.ended(reason: run.text))
                break
            }
            for name in names { proceed(name, &turn) }
            // What is over makes room for the next one.
            if turn.run?.current.map(\.plan.name) == names { break }
        }
        for step in turn.run?.steps ?? [] where step.isWatched { proceed(step.plan.name, &turn) }
    }

    private mutating func proceed(_ name: String, _ turn: inout ProcedureTurn) {
        guard let index = processes.firstIndex(where: { $0.name == name }) else {
            var process = StepProcess(name)
            process.proceed(&turn)
            return processes.append(process)
        }
        processes[index].proceed(&turn)
    }

    private mutating func setDeadline(_ run: ProcedureRun, _ turn: ProcedureTurn) {
        guard deadlineUptimeMs == nil, !run.isOverdue, let limitMs = turn.subject.deadlineMs(run) else { return }
        deadlineUptimeMs = turn.now.uptimeMs + max(0, run.openedWallMs + limitMs - turn.now.wallMs)
    }

    private mutating func noteOverdue(_ turn: inout ProcedureTurn) {
        deadlineUptimeMs = nil
        guard let run = turn.run, run.isOpen, !run.isOverdue else { return }
        turn.write(.overdue(reason: run.text))
    }
}
