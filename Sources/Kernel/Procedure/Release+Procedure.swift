import Model

/// A release and the plan of its rollback.
extension Release {
    /// The plan as it is now belongs to the rollback that was just intended.
    mutating func freezeProcedure(_ context: inout StepContext) {
        guard let steps = plan.procedure, !steps.steps.isEmpty, !context.isDryRun, let id = rollback?.id else { return }
        let entry = context.record(.procedure(.frozen(steps.ordered)), release: name, incident: id)
        rollback?.incident.apply(entry)
        procedure = ProcedureProcess()
    }

    /// After a restart: what was not ended continues.
    mutating func resumeProcedure() {
        procedure = rollback?.incident.procedure?.isOpen == true ? ProcedureProcess() : nil
    }

    /// Lets the plan work, and then continue as far as it can.
    mutating func leadProcedure(
        _ context: inout StepContext, _ work: (inout ProcedureProcess, inout ProcedureTurn) -> Void = { _, _ in }
    ) {
        // Of several replicas the leader alone runs steps.
        guard var process = procedure, let rollback, !context.isDryRun, context.mayLead else { return }
        procedure = nil
        var turn = ProcedureTurn(
            plan: plan, isRouterCalled: rollback.isRouterCalled, share: poll.share, incident: rollback.incident,
            context: context)
        work(&process, &turn)
        process.proceed(&turn)
        context = turn.context
        self.rollback?.incident = turn.incident
        if turn.run?.isOpen == true { procedure = process }
    }

    /// A rollback whose plan is open loses its place to another one, or to other versions. That is in the journal, and operators
    /// are notified: what a plan has left undone must not vanish. Its group ends as well.
    mutating func endProcedure(because reason: String, _ context: inout StepContext) {
        leadProcedure(&context) { $0.supersede(because: reason, &$1) }
        endGroup(because: reason, &context)
    }

    mutating func takeProcedureOrder(
        _ order: ProcedureOrder, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        guard !context.isDryRun else { return .refused(text: "this is a dry run: it changes nothing of a plan") }
        guard procedure != nil, let id = rollback?.id else {
            return .refused(text: "\(rollback?.id ?? name) has no plan that is open")
        }
        var result = CommandResult.notFound(text: "\(id) has no plan")
        leadProcedure(&context) { result = $0.take(order, by: by, reason: reason, &$1) }
        return result
    }

    /// Why the latch cannot be cleared before an operator has decided about the plan; nil when it can.
    var procedureObstacle: String? {
        guard let procedure, procedure.isBusy, let id = rollback?.id, let step = rollback?.incident.procedure?.next
        else {
            return nil
        }
        return "\(step.plan.name), a step of the plan of \(id), is under way; wait for it, or give the plan up with "
            + "`rollguard plan abandon \(id)`"
    }
}
