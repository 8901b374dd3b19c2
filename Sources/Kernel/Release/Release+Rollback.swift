import Model

/// A release and its rollback: where it begins, and what it does to the release.
extension Release {
    mutating func startRollback(
        _ trigger: IntentRecord.Trigger, because reason: String, shareBefore: Int? = nil, id: String? = nil,
        _ context: inout StepContext
    ) {
        let intent = IntentRecord(
            trigger, plan: plan, share: shareBefore ?? poll.share, isDryRun: context.isDryRun)
        let entry = context.record(.intended(intent), release: name, incident: id ?? incidentID(context))
        guard let incident = Incident(entry) else { return }
        endProcedure(because: "\(incident.id), another rollback, has taken its place", &context)
        retireRollback()
        promise = nil
        // A poll that was sent before says nothing about what follows.
        poll.dropCall()
        let untilUptimeMs = context.now.uptimeMs + context.graceMs
        let state: RollbackState = context.isDryRun ? .settled : .awaitingDurable(untilUptimeMs: untilUptimeMs)
        rollback = RollbackProcess(incident, plan: plan.rollback, at: context.now, state: state)
        // Two calls on one instance at a time, and the earlier one could be the last to arrive.
        rollback?.turn = CallTurn(
            blockedUntilUptimeMs: centreShare.call?.expiresUptimeMs ?? rollouts.running?.callExpiresUptimeMs)
        driftGuard = DriftGuard()
        guard !context.isDryRun else {
            explain("dry run: would have rolled back: \(reason)")
            let splits = facts.splitsOfRollback(shareBefore: intent.splitBefore)
            return notices.reportDryRun(incident, splits: splits, sequence: entry.sequence, explanation, &context)
        }
        freezeProcedure(&context)
        if context.rights != nil { context.emit(.announceRollback(entry)) }
        enter(.rollingBack, &context, because: reason)
        drive(&context) { $0.begin(sequence: entry.sequence, because: reason, &$2) }
        if plan.rollout != nil { lead(&context) { $0.rollbackBegan(incident, because: reason, &$1) } }
    }

    /// Lets the rollback work, with the canary's pool, and does what it asks for.
    mutating func drive(
        _ context: inout StepContext,
        _ work: (inout RollbackProcess, inout PoolState, inout RollbackStep) -> Void
    ) {
        guard var process = rollback else { return }
        rollback = nil
        var step = RollbackStep(facts: facts, context: context)
        work(&process, &pools.canary, &step)
        rollback = process
        context = step.context
        for command in step.commands {
            switch command {
            case .explain(let text): explain(text)
            case .acknowledged(let isReported): acknowledged(isReported: isReported, &context)
            }
        }
    }

    private mutating func acknowledged(isReported: Bool, _ context: inout StepContext) {
        poll.dropCall()
        poll.schedule(atUptimeMs: context.now.uptimeMs + plan.rollback.observeEveryMs)
        if isReported {
            end(.rolledBack, &context)
            // The rollout of a unit ends with its last part.
            guard plan.rollout != nil, plan.part == nil, let trigger = rollback?.incident.intent.trigger else { return }
            return lead(&context) { $0.rollbackEnded(trigger, &$1) }
        }
        enter(.rolledBack, &context, because: "rolled back to \(plan.baseline.version)")
    }
}
