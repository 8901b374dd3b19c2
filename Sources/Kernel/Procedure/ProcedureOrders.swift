import Model

/// What an operator asks of a plan.
extension ProcedureProcess {
    mutating func take(
        _ order: ProcedureOrder, by: String, reason: String, _ turn: inout ProcedureTurn
    ) -> CommandResult {
        guard let run = turn.run else { return .refused(text: "\(turn.id) has no plan") }
        switch order {
        case .run(let first): return runAgain(run, from: first, by: by, reason: reason, &turn)
        case .abandon: return abandon(run, by: by, reason: reason, &turn)
        case .done(let name), .doneWithoutBackup(let name), .skip(let name), .retry(let name):
            guard run.isOpen else {
                return .refused(text: "the plan of \(turn.id) has ended; `rollguard plan run` runs steps again")
            }
            guard let step = run.step(name) else { return unknown(name, run, turn) }
            return take(order, step, by: by, reason: reason, &turn)
        }
    }

    private mutating func take(
        _ order: ProcedureOrder, _ step: ProcedureRun.Step, by: String, reason: String, _ turn: inout ProcedureTurn
    ) -> CommandResult {
        let name = step.plan.name
        let isVerifiedAgain = busySteps.isEmpty && order == .retry(step: name) && turn.run?.mayVerifyAgain(step) == true
        guard step.state != .proved || isVerifiedAgain, step.state != .skipped, !step.isWatched else {
            return .refused(text: "\(name) \(step.stateText)")
        }
        if busySteps.contains(name) {
            return .refused(text: "\(name) is under way; it ends, or fails, by itself")
        }
        switch order {
        case .done:
            if let obstacle = turn.run?.backupObstacle(of: step, atWallMs: turn.now.wallMs) {
                return .refused(text: "\(obstacle). `--without-backup` says that it is done all the same")
            }
            turn.write(.personDone(step: name, by: by, reason: reason))
        case .doneWithoutBackup:
            guard step.plan.isDestructive == true else {
                return .refused(text: "\(name) needs no backup; leave `--without-backup` out")
            }
            turn.write(.personDone(step: name, by: by, reason: "without a backup: \(reason)"))
        case .skip: turn.write(.skipped(step: name, by: by, reason: reason))
        case .retry, .abandon, .run:
            guard step.state == .failed || step.state == .unknown || isVerifiedAgain else {
                return .refused(text: "\(name) \(step.stateText); only a step that has failed runs again")
            }
            turn.write(.retried(step: name, by: by, reason: reason))
        }
        forget(name)
        return .accepted(text: "\(turn.id): \(turn.run?.text ?? "")", incident: turn.id)
    }

    private func unknown(_ name: String, _ run: ProcedureRun, _ turn: ProcedureTurn) -> CommandResult {
        let known = run.steps.map(\.plan.name).joined(separator: ", ")
        return .notFound(text: "the plan of \(turn.id) has no step \"\(name)\"; it has: \(known)")
    }

    /// The steps of a plan that has ended or is stopped run again. One that must not run twice has to be named itself.
    private mutating func runAgain(
        _ run: ProcedureRun, from name: String?, by: String, reason: String, _ turn: inout ProcedureTurn
    ) -> CommandResult {
        guard let incident = turn.subject.incident else {
            return .refused(
                text:
                    "the plan of \(turn.id) is on a way forward: its rollout runs it, and `rollguard plan retry` a step"
            )
        }
        if let obstacle = reasonNotToRun(run, incident) { return .refused(text: obstacle) }
        guard let place = name.map({ name in run.steps.firstIndex { $0.plan.name == name } }) ?? 0 else {
            return unknown(name ?? "", run, turn)
        }
        let once = run.steps[place...].first { $0.plan.name != name && $0.mustNotRunAgain }
        if let once = once?.plan.name {
            return .refused(text: "\(once) has run, and must not run twice; `--from \(once)` orders it all the same")
        }
        let first = run.steps[place].plan.name
        for step in run.steps[..<place] where !step.isOver {
            turn.write(.skipped(step: step.plan.name, by: by, reason: "the plan runs from \(first) on"))
        }
        turn.write(.reopened(from: first, by: by, reason: reason))
        forgetAll()
        return .accepted(text: "the plan of \(turn.id) runs from \(first) on", incident: turn.id)
    }

    private func reasonNotToRun(_ run: ProcedureRun, _ incident: Incident) -> String? {
        if incident.isRearmed { return "the latch of \(incident.id) was cleared: its plan is history" }
        if let busy = busySteps.first { return "\(busy) is under way; it ends, or fails, by itself" }
        let isStopped = run.current.contains(where: \.needsOperator)
        return run.isOpen && !isStopped ? "the plan of \(incident.id) is under way: \(run.text)" : nil
    }

    private mutating func abandon(
        _ run: ProcedureRun, by: String, reason: String, _ turn: inout ProcedureTurn
    ) -> CommandResult {
        guard run.isOpen || run.isWatched else {
            return .refused(text: "\(turn.id) has no plan that is open: \(run.text)")
        }
        let states = run.steps.map { "\($0.plan.name) \($0.state.rawValue)" }.joined(separator: ", ")
        leave(run, by: by, reason: reason, "the plan was abandoned while it was under way", &turn)
        turn.write(.abandoned(by: by, reason: reason, states: states))
        return .accepted(text: "the plan of \(turn.id) is abandoned", incident: turn.id)
    }

    /// Something else has taken the place of the rollback: what is left of its plan does not run.
    mutating func supersede(because reason: String, _ turn: inout ProcedureTurn) {
        guard let run = turn.run, run.isOpen else { return }
        leave(run, by: nil, reason: reason, "\(reason) while it was under way", &turn)
        turn.write(.ended(reason: reason))
    }

    /// No further step runs. What is under way is not ended, and its answer is not waited for.
    private mutating func leave(
        _ run: ProcedureRun, by: String?, reason: String, _ whileUnderWay: String, _ turn: inout ProcedureTurn
    ) {
        for step in run.steps where !step.isOver {
            if step.state == .started {
                turn.write(.unknown(step: step.plan.name, reason: whileUnderWay))
            } else {
                turn.write(.skipped(step: step.plan.name, by: by, reason: reason))
            }
        }
    }
}

extension ProcedureRun.Step {
    /// It may have acted, and a second time could do harm.
    fileprivate var mustNotRunAgain: Bool { attempts > 0 && !plan.isIdempotent }
}
