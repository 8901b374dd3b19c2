import Model

/// A rollback in steps: the canary keeps a part of its share for a while, so that a baseline that was made small can take
/// the traffic over.
///
/// A step never gives the canary more than it has: the router is read before it is set, and where that says too little,
/// everything goes at once. The steps are a courtesy to the baseline and end early for a very bad canary, for a router
/// that does not take a step within its pause, and when a person asks a second time.
extension ReleaseState {
    /// Begins the rollback that was just written down in steps, where the plan asks for it.
    mutating func beginDrain(_ context: inout StepContext) {
        guard let plan = plan.drain, let open = rollback, let before = open.incident.intent.splitBefore else { return }
        if let reason = reasonForEverything {
            write(.draining(DrainRecord(sharesBasisPoints: [], remark: reason)), &context)
            return context.log(.warning, name, "everything at once: \(reason)")
        }
        var drain = Drain(
            steps: plan.stepsBasisPoints, shareBefore: before.canaryBasisPoints, atUptimeMs: context.now.uptimeMs)
        drain?.record.healthyTargetsBefore = baseline.healthyTargets
        drain?.record.baselineBefore = baselineNow
        rollback?.drain = drain
        writeStep(&context)
    }

    /// The splits that a rollback would set one after the other, for a dry run.
    var sharesInSteps: [Split] {
        guard let plan = plan.drain, let before = rollback?.incident.intent.splitBefore, reasonForEverything == nil
        else { return [.allBaseline] }
        let drain = Drain(steps: plan.stepsBasisPoints, shareBefore: before.canaryBasisPoints, atUptimeMs: 0)
        return (drain?.record.sharesBasisPoints ?? []).map { Split(canaryBasisPoints: $0) } + [.allBaseline]
    }

    /// What comes next for the router: everything is set at once, a step is looked at first. Its time begins now.
    mutating func proceed(_ context: inout StepContext) {
        rollback?.drain?.begunUptimeMs = context.now.uptimeMs
        guard rollback?.drain != nil else { return apply(&context) }
        observe(&context)
    }

    /// The next try. A step that is not in place when its pause is over is not waited for.
    mutating func retryStep(_ context: inout StepContext) {
        guard let drain = rollback?.drain, let plan = plan.drain else { return proceed(&context) }
        guard !context.isDryRun else { return showInstead(&context) }
        if let reason = drain.cutShortBecause { return cutShort(because: reason, &context) }
        if !drain.isStanding, context.now.uptimeMs - drain.begunUptimeMs >= plan.pauseMs {
            return cutShort(because: "the router did not take the step within its pause", &context)
        }
        rollback?.drain?.askedBasisPoints = nil
        observe(&context)
    }

    /// The router was read in the middle of the steps.
    mutating func sawStep(_ observations: [RouterObservation], _ context: inout StepContext) {
        guard let drain = rollback?.drain else { return }
        if let reason = drain.cutShortBecause { return cutShort(because: reason, &context) }
        switch drain.place(of: observations) {
        case .inPlace: standInStep(&context)
        case .above(let share) where drain.askedBasisPoints == nil: lower(to: share, observations, &context)
        case .above: pauseThenRetry(&context)
        // One look that fails is no reason to give a baseline everything that cannot carry it.
        case .unread where drain.isStanding, .mixed where drain.record.isHeld: lookAgain(&context)
        case .unread, .mixed:
            cutShort(because: "the instances do not all tell a share that the step could lower", &context)
        }
    }

    /// Asks for the step's share; at a step that stood already, once more.
    private mutating func lower(to share: Int, _ observations: [RouterObservation], _ context: inout StepContext) {
        guard let drain = rollback?.drain else { return }
        if drain.inPlaceSinceUptimeMs != nil {
            // Who moves traffic away from a baseline that is not there is let do so until it is.
            guard baselineIsThere else { return lookAgain(&context) }
            rollback?.drain?.putBacks += 1
            rollback?.drain?.inPlaceSinceUptimeMs = nil
            context.emit(.measure(.driftCorrection(release: name)))
            // A fight is not fought in steps.
            if drain.putBacks + 1 >= 2, !drain.record.isHeld {
                return cutShort(because: "the canary is put back again and again", &context)
            }
        }
        rollback?.drain?.askedBasisPoints = share
        apply(&context)
    }

    private mutating func standInStep(_ context: inout StepContext) {
        if rollback?.drain?.inPlaceSinceUptimeMs == nil {
            rollback?.drain?.inPlaceSinceUptimeMs = context.now.uptimeMs
            rollback?.pause.reset()
        }
        lookAgain(&context)
    }

    private mutating func lookAgain(_ context: inout StepContext) {
        rollback?.drain?.askedBasisPoints = nil
        rollback?.step = .draining
        let nextLookMs = context.now.uptimeMs + plan.rollback.observeEveryMs
        rollback?.wakeUptimeMs = nextLookMs
    }

    // MARK: Going on

    /// At the end of a scrape cycle: is the canary too bad to wait, may the baseline be given more? A baseline that is in
    /// trouble comes first: what cannot carry a step cannot carry everything.
    mutating func weighDrain(_ context: inout StepContext) {
        guard let open = rollback, open.isOpen, let drain = open.drain, open.step != .awaitingDurable,
            !context.isDryRun
        else { return }
        guard let plan = plan.drain else {
            return cutShort(because: "the configuration has no steps any more", &context)
        }
        let condition = baselineCondition(since: drain.record)
        rollback?.drain?.note(condition, isCanaryBlind: canary.healthyTargets == 0)
        guard case .trouble(let trouble) = condition else {
            if condition == .unseen { remindOfHold(&context) }
            return goOn(drain, pauseMs: plan.pauseMs, isWell: condition == .well, &context)
        }
        // A bad cycle stops the next step; one that lasts is told.
        if rollback?.drain?.troubledCycles ?? 0 > cyclesPerPause, drain.isStanding {
            stand(because: trouble, &context)
        }
    }

    /// After so many cycles nothing of what is looked at is the same.
    private var cyclesPerPause: Int {
        let intervalMs = max(1, plan.scrape.intervalMs)
        return Int(((plan.drainWindowMs ?? 0) + intervalMs - 1) / intervalMs)
    }

    private mutating func goOn(_ drain: Drain, pauseMs: Int64, isWell: Bool, _ context: inout StepContext) {
        // What was seen to be in trouble has to be seen to be well.
        guard isWell || !drain.record.isHeld else { return }
        if let reason = reasonToHurry(blindCycles: rollback?.drain?.blindCycles ?? 0) {
            return cutShort(because: reason, &context)
        }
        // Only a cycle that began after the step says how the baseline carries it.
        guard let since = drain.inPlaceSinceUptimeMs, let before = lastCycleUptimeMs, before >= since else { return }
        if context.now.uptimeMs - since >= pauseMs { nextStep(&context) }
    }

    private mutating func nextStep(_ context: inout StepContext) {
        rollback?.drain?.next()
        // What was said of the step before says nothing of this one.
        rollback?.receipts = []
        rollback?.observations = []
        rollback?.pause.reset()
        writeStep(&context)
        if rollback?.drain?.record.isLastStep == true { rollback?.endDrain(plan: plan.rollback, at: context.now) }
        proceed(&context)
    }

    /// The next look at a step that stands: somebody may put the canary back meanwhile. Where no scrape cycle ends any more
    /// nothing can be learned by waiting, so the next step is taken.
    mutating func lookAtStep(_ context: inout StepContext) {
        guard let drain = rollback?.drain, let plan = plan.drain else { return proceed(&context) }
        guard !context.isDryRun else { return showInstead(&context) }
        let blindMs = plan.pauseMs + 3 * self.plan.scrape.intervalMs
        let silentMs = lastCycleUptimeMs.map { context.now.uptimeMs - $0 } ?? .max
        let isBlind = silentMs > blindMs && context.now.uptimeMs - drain.begunUptimeMs > blindMs
        if isBlind, baseline.healthyTargets > 0, !drain.record.isHeld { return nextStep(&context) }
        observe(&context)
    }

    /// Takes the rest out now. Waits for the answer of a call in flight: the router must not carry it out after the next.
    mutating func cutShort(because reason: String, _ context: inout StepContext) {
        guard let open = rollback, open.drain != nil else { return }
        let isInFlight = open.step == .applying && open.call != nil
        guard !isInFlight, open.step != .awaitingDurable else {
            rollback?.drain?.cutShortBecause = reason
            return
        }
        rollback?.drain?.skipToLast(because: reason)
        rollback?.receipts = []
        rollback?.observations = []
        rollback?.call = nil
        writeStep(&context)
        rollback?.endDrain(plan: plan.rollback, at: context.now)
        apply(&context)
    }

    /// A held step whose baseline serves too little to be judged stays held for as long as that takes, so people hear of it
    /// again.
    private mutating func remindOfHold(_ context: inout StepContext) {
        guard let drain = rollback?.drain, drain.record.isHeld else { return }
        guard context.now.uptimeMs - drain.begunUptimeMs > plan.drainWindowMs ?? 0 else { return }
        stand(because: drain.record.remark ?? "the baseline was not seen to be well", &context)
    }

    private mutating func stand(because trouble: String, _ context: inout StepContext) {
        guard let drain = rollback?.drain else { return }
        guard !drain.record.isHeld || drain.isReminderDue(at: context.now) else { return }
        rollback?.drain?.hold(because: trouble, at: context.now)
        let sequence = writeStep(&context)
        context.emit(.measure(.rollback(release: name, outcome: "held")))
        tell(
            .rollbackHeld, sequence: sequence,
            summary: "\(name): \(rollback?.drain?.record.text ?? "")."
                + " It goes on when the baseline is well; ask for the rollback once more to take the rest out now.",
            &context)
    }

    @discardableResult
    private mutating func writeStep(_ context: inout StepContext) -> UInt64 {
        guard let drain = rollback?.drain else { return 0 }
        let sequence = write(.draining(drain.record), &context)
        explain("draining: \(drain.record.text)")
        context.log(.warning, name, explanation)
        return sequence
    }
}

extension Rollback {
    /// From here on it is a rollback like any other, with its own deadline.
    fileprivate mutating func endDrain(plan: RollbackPlan, at now: Moment) {
        drain = nil
        everythingSinceUptimeMs = now.uptimeMs
        deadlineUptimeMs = now.uptimeMs + plan.deadlineMs
        isOverdue = false
        pause.reset()
    }
}

extension Drain {
    fileprivate mutating func note(_ condition: BaselineCondition, isCanaryBlind: Bool) {
        if case .trouble = condition { troubledCycles += 1 } else { troubledCycles = 0 }
        blindCycles = isCanaryBlind ? blindCycles + 1 : 0
    }
}
