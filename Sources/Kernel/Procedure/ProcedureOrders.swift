import Model

/// What an operator asks of a plan.
extension ProcedureProcess {
    mutating func take(
        _ order: ProcedureOrder, by: String, reason: String, _ turn: inout ProcedureTurn
    ) -> CommandResult {
        guard let run = turn.run, run.isOpen else {
            return .refused(text: "\(turn.id) has no plan that is open")
        }
        switch order {
        case .abandon: return abandon(run, by: by, reason: reason, &turn)
        case .done(let name), .skip(let name), .retry(let name):
            guard let step = run.step(name) else {
                let known = run.steps.map(\.plan.name).joined(separator: ", ")
                return .notFound(text: "the plan of \(turn.id) has no step \"\(name)\"; it has: \(known)")
            }
            return take(order, step, by: by, reason: reason, &turn)
        }
    }

    private mutating func take(
        _ order: ProcedureOrder, _ step: ProcedureRun.Step, by: String, reason: String, _ turn: inout ProcedureTurn
    ) -> CommandResult {
        let name = step.plan.name
        guard step.state != .proved, step.state != .skipped else {
            return .refused(text: "\(name) \(step.stateText)")
        }
        if isBusy, step == turn.run?.next {
            return .refused(text: "\(name) is under way; it ends, or fails, by itself")
        }
        switch order {
        case .done: turn.write(.personDone(step: name, by: by, reason: reason))
        case .skip: turn.write(.skipped(step: name, by: by, reason: reason))
        case .retry, .abandon:
            guard step.state == .failed || step.state == .unknown else {
                return .refused(text: "\(name) \(step.stateText); only a step that has failed runs again")
            }
            turn.write(.retried(step: name, by: by, reason: reason))
        }
        if !isBusy { makeReady() }
        return .accepted(text: "\(turn.id): \(turn.run?.text ?? "")", incident: turn.id)
    }

    private mutating func abandon(
        _ run: ProcedureRun, by: String, reason: String, _ turn: inout ProcedureTurn
    ) -> CommandResult {
        leave(run, by: by, reason: reason, "the plan was abandoned while it was under way", &turn)
        turn.write(.ended(reason: "abandoned by \(by): \(reason)"))
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
