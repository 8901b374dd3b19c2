import Model

/// A release and the plan of its ways forward: the steps of `begin` and `promote`, and what undoes them.
///
/// They run in one process beside the rollback's, which never waits for it.
extension Release {
    /// At the end of a step of the kernel: freezes the plan of a rollout that begins, lets it work as far as it can, and goes
    /// back where the rollout ended without a rollback.
    mutating func leadForward(
        _ context: inout StepContext, _ work: (inout ProcedureProcess, inout ProcedureTurn) -> Void = { _, _ in }
    ) {
        // Of several replicas the leader alone runs steps.
        let mayLead = context.mayLead(name)
        forwardProcess?.isResting = !mayLead
        guard !context.isDryRun, mayLead else { return }
        freezeForwardOfRollout(&context)
        if hasFailedWithoutRollback { undoForward(&context) }
        guard var process = forwardProcess, let known = forward else { return }
        forwardProcess = nil
        var turn = ProcedureTurn(
            plan: plan, isRouterCalled: false, share: poll.share, subject: .forward(known, roadSigns(known)),
            context: context)
        turn.isForwardCallOpen = !openForwardCalls.isEmpty || isForwardCallLost
        work(&process, &turn)
        process.proceed(&turn)
        context = turn.context
        forward = turn.subject.forward
        if turn.run?.isOpen == true { forwardProcess = process } else { openForwardCalls = process.actingCalls }
    }

    /// After a restart: what was not ended continues.
    mutating func resumeForward() {
        forwardProcess = forward?.run.isOpen == true ? ProcedureProcess() : nil
        isForwardCallLost = true
    }

    /// What came of a call of a step, whichever road it is on.
    mutating func tookStep(call: Int, _ answer: StepAnswer, _ context: inout StepContext) {
        openForwardCalls.removeAll { $0 == call }
        leadProcedure(&context) { $0.answered(call: call, answer, &$1) }
        leadForward(&context) { $0.answered(call: call, answer, &$1) }
        tookRepeated(call: call, answer, &context)
    }

    /// The plan of the rollout is open, and has the step that the order is about.
    func waitsFor(_ order: ProcedureOrder, of id: String) -> Bool {
        guard let forward, forward.id == id, forward.run.isOpen else { return false }
        return order.step.map { forward.run.step($0) != nil } ?? true
    }

    // MARK: The beginning

    private mutating func freezeForwardOfRollout(_ context: inout StepContext) {
        guard let running = rollouts.running?.rollout, running.hasBegun, running.state == .checking,
            running.undoneWallMs.isEmpty, forward?.id != running.id
        else { return }
        freezeForward(id: running.id, isOneStep: running.steps.count == 1, &context)
    }

    /// A release without a rollout begins when its canary is seen to have a share.
    mutating func freezeForwardOfWatching(_ context: inout StepContext) {
        guard plan.rollout == nil, !context.isDryRun, context.mayLead(name) else { return }
        freezeForward(id: context.rolloutID(name), isOneStep: false, &context)
    }

    /// The plan of a rollout before, which may wait for an operator since its promotion, gives way. One that is being undone
    /// does not: the first share waits for it. Without a rollout nothing waits, because other clients set the share; what is
    /// left of the undo is skipped then, and operators are notified.
    private mutating func freezeForward(id: String, isOneStep: Bool, _ context: inout StepContext) {
        guard forward?.undo?.isOpen != true || plan.rollout == nil else { return }
        closeForward(because: "\(id) begins", &context)
        let steps = plan.procedure?.forward(
            from: plan.baseline.version, to: plan.canary.version, isOneStep: isOneStep)
        guard let steps else {
            (forward, forwardProcess) = (nil, nil)
            return
        }
        let entry = context.record(.procedure(.frozen(steps)), release: name, incident: id)
        forward = ForwardProcedure(entry)
        (forwardProcess, openForwardCalls, isForwardCallLost) = (ProcedureProcess(), [], false)
    }

    /// What has not begun is skipped. What is under way is not ended; whether it took effect is not known.
    mutating func closeForward(because reason: String, _ context: inout StepContext) {
        guard let run = forward?.run, run.isOpen else { return }
        openForwardCalls = forwardProcess?.actingCalls ?? []
        for step in run.steps where !step.isOver {
            let isUnderWay = step.state == .started
            let outcome: ProcedureEvent =
                isUnderWay
                ? .unknown(step: step.plan.name, reason: "\(reason) while it was under way")
                : .skipped(step: step.plan.name, by: nil, reason: reason)
            if step.state == .failed || step.state == .unknown || step.state == .done { continue }
            writeForward(outcome, &context)
        }
        writeForward(.ended(reason: forward?.run.text ?? ""), &context)
        forwardProcess = nil
    }

    private mutating func writeForward(_ event: ProcedureEvent, _ context: inout StepContext) {
        guard let id = forward?.id else { return }
        let entry = context.record(.procedure(event), release: name, incident: id)
        forward?.apply(entry)
        context.log(.info, name, event.text, incident: id)
        guard let announcement = event.announcement, let known = forward else { return }
        let subject = ProcedureSubject.forward(known, RoadSigns())
        subject.announce(announcement, entry, event.text, plan: plan, share: poll.share, &context)
    }

    // MARK: The way back

    /// What a rollback has to undo: the steps that acted, newest first. Ends what is under way.
    ///
    /// - Parameter rollback: the steps of the rollback itself.
    mutating func takeUndoSteps(
        of incident: String, beside rollback: [ProcedureStep], _ context: inout StepContext
    ) -> [ProcedureStep] {
        guard let known = forward, known.undoneBy == nil, known.versions.canary == plan.canary.version else {
            return []
        }
        let steps = endForward(because: "\(incident) goes back", beside: rollback, &context)
        writeForward(.undoing(by: incident), &context)
        return steps
    }

    private mutating func endForward(
        because reason: String, beside rollback: [ProcedureStep], _ context: inout StepContext
    ) -> [ProcedureStep] {
        closeForward(because: reason, &context)
        let mayAct = !openForwardCalls.isEmpty || isForwardCallLost
        let open = mayAct ? forward?.steps.steps.filter { $0.state == .unknown }.map(\.plan.name) : nil
        return forward?.undoSteps(beside: rollback, underWay: open ?? [], atWallMs: context.now.wallMs) ?? []
    }

    /// The rollout is over, was not promoted, and no incident has taken its canary out: it never had a share, or another
    /// client took the share away.
    private var hasFailedWithoutRollback: Bool {
        guard let known = forward, known.undoneBy == nil else { return false }
        guard plan.rollout != nil else { return false }
        guard let over = rollouts.ended.first(where: { $0.id == known.id }), over.incident == nil else { return false }
        return over.end != .promoted
    }

    /// Goes back without an incident, in the name of the plan's own id.
    mutating func undoForward(_ context: inout StepContext) {
        guard let known = forward, known.undoneBy == nil, !context.isDryRun, context.mayLead(name) else { return }
        let steps = endForward(because: "\(known.id) is over", beside: [], &context)
        writeForward(.undoing(by: known.id), &context)
        guard !steps.isEmpty else { return }
        writeForward(.frozen(ProcedurePlan(deadlineMs: known.steps.deadlineMs, steps: steps)), &context)
        forwardProcess = ProcedureProcess()
    }

    // MARK: What the steps and the rollout see

    private func roadSigns(_ known: ForwardProcedure) -> RoadSigns {
        var signs = RoadSigns()
        signs.isOut = poll.observations.showNothing
        guard plan.rollout != nil else {
            let (isWatched, isPromoted) = (phase == .watching, phase == .promoted)
            (signs.isFirstShareCalled, signs.isFirstShareInForce) = (isWatched || isPromoted, isWatched || isPromoted)
            (signs.isLastShareWanted, signs.isLastShareCalled, signs.isPromoted) = (isPromoted, isPromoted, isPromoted)
            return signs
        }
        if let process = rollouts.running, process.id == known.id {
            process.mark(&signs)
        } else if rollouts.ended.contains(where: { $0.id == known.id && $0.end == .promoted }) {
            signs = RoadSigns(
                isFirstShareCalled: true, isFirstShareInForce: true, isLastShareWanted: true, isLastShareCalled: true,
                isPromoted: true, isOut: signs.isOut)
        }
        return signs
    }

    /// What the rollout before did is still undone: the next one would run beside it, and would take what is not undone yet for
    /// the state before it.
    private var openUndo: String? {
        guard let incident = rollback?.incident, let run = incident.procedure, run.isOpen,
            let step = run.steps.first(where: { $0.plan.undoing != nil && !$0.isOver })
        else { return nil }
        return
            "\(step.plan.name), a step of the plan of \(incident.id), \(step.stateText); wait for it, or give the plan up with "
            + "`rollguard plan abandon \(incident.id)`"
    }

    /// What the plan says to a rollout that wants more for its canary.
    func roadFacts(at now: Moment) -> RoadFacts {
        var facts = RoadFacts()
        facts.halt = stepWatch.halt(plan.procedure)
        facts.openUndo = openUndo
        guard let known = forward, let running = rollouts.running else { return facts }
        if known.undo?.isOpen == true {
            facts.beforeFirstShare = "the plan of \(known.id), which is undone: \(known.run.text)"
        }
        // A plan that was given up keeps nothing back.
        guard known.id == running.id, known.undo == nil, known.steps.isOpen else { return facts }
        facts.beforeFirstShare = known.steps.wait(before: .begin) ?? facts.beforeFirstShare
        facts.beforeLastShare = known.steps.wait(before: .promote)
        if running.rollout.steps.count == 1 { facts.beforeFirstShare = facts.beforeFirstShare ?? facts.beforeLastShare }
        if let stopped = known.steps.current.first(where: { $0.state == .failed || $0.state == .unknown }) {
            facts.halt = facts.halt ?? "\(stopped.plan.name), a step of the plan, \(stopped.stateText)"
        }
        return facts
    }
}

/// What the plan of a rollout says to it.
struct RoadFacts: Sendable, Equatable {
    /// Why no rollout may begin yet; nil when one may.
    var openUndo: String?
    /// Why no share may be set yet; nil when it may.
    var beforeFirstShare: String?
    /// Why the canary may not get everything yet; nil when it may.
    var beforeLastShare: String?
    /// Why nothing goes up; nil when nothing speaks against it.
    var halt: String?
}

extension ProcedureRun {
    /// The step `at: before` of a road that is not over, as a phrase; nil when all are.
    func wait(before road: ProcedureRoad) -> String? {
        let open = steps.first { $0.plan.road == road && $0.plan.at == .before && !$0.isOver }
        guard let open else { return nil }
        // What comes before it in the plan is what it waits for.
        let next = next ?? open
        return "\(next.plan.name), a step of the plan, \(next.stateText)"
    }
}

extension RolloutProcess {
    /// How far the rollout has come.
    func mark(_ signs: inout RoadSigns) {
        let (last, isCalled) = (rollout.steps.count, move?.wasCalled == true)
        signs.isFirstShareCalled = rollout.step > 0 || (rollout.wantedStep > 0 && isCalled)
        signs.isFirstShareInForce = rollout.step > 0
        signs.isLastShareWanted = wantsLastShare || last == 1 || rollout.wantedStep == last
        signs.isLastShareCalled = rollout.step == last || (rollout.wantedStep == last && isCalled)
    }
}
