import Model

/// A release and the plan of its rollback.
extension Release {
    /// The plan as it is now belongs to the rollback that was just intended.
    mutating func freezeProcedure(_ context: inout StepContext) {
        guard !context.isDryRun, let id = rollback?.id else { return }
        var steps = plan.procedure?.ordered ?? ProcedurePlan()
        let undo = takeUndoSteps(of: id, beside: steps.steps, &context)
        // What the plan itself does with the traffic comes first.
        steps.steps.insert(contentsOf: undo, at: steps.steps.firstIndex { $0.at != .split } ?? steps.steps.count)
        guard !steps.steps.isEmpty else { return }
        let entry = context.record(.procedure(.frozen(steps)), release: name, incident: id)
        rollback?.incident.apply(entry)
        procedure = ProcedureProcess()
    }

    /// After a restart: what was not ended continues, and what was proved is watched again.
    mutating func resumeProcedure() { procedure = isProcedureAlive ? ProcedureProcess() : nil }

    /// The same for a release that was not in the configuration for a while: its steps begin from what the entries say.
    mutating func resumePlans() {
        resumeProcedure()
        if forward != nil { resumeForward() }
    }

    /// A step of the plan may still have to run.
    private var isProcedureAlive: Bool {
        guard let incident = rollback?.incident, let run = incident.procedure else { return false }
        return run.isOpen || run.isWatched && !incident.isRearmed
    }

    /// Lets the plan work, and then continue as far as it can.
    mutating func leadProcedure(
        _ context: inout StepContext, _ work: (inout ProcedureProcess, inout ProcedureTurn) -> Void = { _, _ in }
    ) {
        // Of several replicas the leader alone runs steps.
        let mayLead = context.mayLead(name)
        procedure?.isResting = !mayLead
        guard var process = procedure, let rollback, !context.isDryRun, mayLead else { return }
        procedure = nil
        var turn = ProcedureTurn(
            plan: plan, isRouterCalled: rollback.isRouterCalled, share: poll.share,
            subject: .incident(rollback.incident), context: context)
        turn.isForwardCallOpen = !openForwardCalls.isEmpty || isForwardCallLost
        work(&process, &turn)
        process.proceed(&turn)
        context = turn.context
        if let incident = turn.subject.incident { self.rollback?.incident = incident }
        if isProcedureAlive { procedure = process }
    }

    /// A rollback whose plan is open loses its place to another one, or to other versions. That is in the journal, and operators
    /// are notified: what a plan has left undone must not vanish. Its group ends as well.
    mutating func endProcedure(because reason: String, _ context: inout StepContext) {
        leadProcedure(&context) { $0.supersede(because: reason, &$1) }
        endGroup(because: reason, &context)
    }

    /// The versions were changed while no daemon ran, so the rollback became history with its plan open. What is left of it does
    /// not run, which operators are notified of, as when the versions change under a daemon.
    mutating func endPlanOfThePast(_ context: inout StepContext) {
        guard let old = history.openPlan, !context.isDryRun, context.mayLead(name) else { return }
        var process = ProcedureProcess()
        var turn = ProcedureTurn(
            plan: plan, isRouterCalled: true, share: poll.share, subject: .incident(old), context: context)
        process.supersede(because: "the versions were changed while no daemon ran", &turn)
        context = turn.context
        if let ended = turn.subject.incident { history.update(ended) }
    }

    /// The incident, or the rollout, whose plan an operator means by the release's name: one that is open comes first.
    var idOfPlan: String? {
        if rollback?.incident.procedure?.isOpen == true { return rollback?.id }
        if let forward, forward.run.isOpen { return forward.id }
        return rollback?.incident.procedure == nil ? forward?.id ?? rollback?.id : rollback?.id
    }

    mutating func takeProcedureOrder(
        _ order: ProcedureOrder, of id: String, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        guard !context.isDryRun else { return .refused(text: "this is a dry run: it changes nothing of a plan") }
        if forward?.id == id { return takeForwardOrder(order, of: id, by: by, reason: reason, &context) }
        guard let id = rollback?.id, let run = rollback?.incident.procedure else {
            return .refused(text: "\(rollback?.id ?? name) has no plan that is open")
        }
        if procedure == nil {
            guard order.isOfEndedPlans else { return .refused(text: "\(id) has no plan that is open: \(run.text)") }
            procedure = ProcedureProcess()
        }
        var result = CommandResult.notFound(text: "\(id) has no plan")
        leadProcedure(&context) { process, turn in
            result = process.take(order, by: by, reason: reason, &turn)
            // Further receivers are not notified of what an operator has decided; the next step begins with the first ones.
            guard result.isAccepted, turn.run?.current.contains(where: \.needsOperator) == false else { return }
            turn.context.desk.settle("plan:\(id)")
        }
        return result
    }

    private mutating func takeForwardOrder(
        _ order: ProcedureOrder, of id: String, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        guard forwardProcess != nil else { return .refused(text: "\(id) has no plan that is open") }
        var result = CommandResult.notFound(text: "\(id) has no plan")
        leadForward(&context) { process, turn in
            result = process.take(order, by: by, reason: reason, &turn)
            guard result.isAccepted, turn.run?.current.contains(where: \.needsOperator) == false else { return }
            turn.context.desk.settle("plan:\(id)")
        }
        return result
    }

    /// The latch is cleared: nothing of the plan runs any more, and nothing is watched.
    mutating func endProcedure(by: String, reason: String, _ context: inout StepContext) {
        guard let process = procedure else { return }
        if rollback?.incident.procedure?.isOpen == true || !process.busySteps.isEmpty {
            _ = takeProcedureOrder(.abandon, of: rollback?.id ?? name, by: by, reason: reason, &context)
        }
        procedure = nil
    }

    /// Why the latch cannot be cleared before an operator has decided about the plan; nil when it can.
    var procedureObstacle: String? {
        guard let busy = procedure?.busySteps, !busy.isEmpty, let id = rollback?.id else { return nil }
        return
            "\(busy.joined(separator: ", ")) of the plan of \(id) is under way; wait for it, or give the plan up with "
            + "`rollguard rearm \(name) --abandon-plan`"
    }
}

extension ProcedureOrder {
    /// It is about a plan that has ended.
    fileprivate var isOfEndedPlans: Bool { if case .run = self { true } else { false } }
}
