import Model
import Support

/// A release and its rollback: where it begins, what it does to the release, and what opens it again.
extension Release {
    // MARK: The beginning

    mutating func startRollback(
        _ trigger: IntentRecord.Trigger, because reason: String, _ context: inout StepContext
    ) {
        let intent = IntentRecord(
            trigger: trigger, fromVersion: plan.canary.version, toVersion: plan.baseline.version,
            splitBefore: poll.share.map { Split(canaryBasisPoints: $0) }, splitWanted: .allBaseline,
            isDryRun: context.isDryRun)
        let entry = context.record(.intended(intent), release: name, incident: "\(name)-\(context.nextSequence)")
        guard let incident = Incident(entry) else { return }
        retireRollback()
        // A poll that was sent before says nothing about what follows.
        poll.dropCall()
        if context.isDryRun {
            adopt(RollbackProcess(incident, plan: plan.rollback, at: context.now, state: .settled))
            return endDryRun(sequence: entry.sequence, reason: reason, &context)
        }
        let untilUptimeMs = context.now.uptimeMs + context.graceMs
        adopt(
            RollbackProcess(
                incident, plan: plan.rollback, at: context.now, state: .awaitingDurable(untilUptimeMs: untilUptimeMs)))
        enter(.rollingBack, &context, because: reason)
        drive(&context) { $0.begin(sequence: entry.sequence, because: reason, &$2) }
    }

    private mutating func adopt(_ process: RollbackProcess) { (rollback, driftGuard) = (process, DriftGuard()) }

    private mutating func endDryRun(sequence: UInt64, reason: String, _ context: inout StepContext) {
        explain("dry run: would have rolled back: \(reason)")
        let steps = rollback.map { facts.splitsOfRollback(shareBefore: $0.incident.intent.splitBefore) } ?? []
        for split in steps { context.emit(.showPlannedCalls(release: name, split: split)) }
        context.emit(.measure(.rollback(release: name, outcome: "dry_run")))
        context.log(.warning, name, explanation)
        context.notify(
            notification(
                .rollbackIntended, sequence: sequence, at: context.now, summary: "\(name): \(explanation)",
                isDryRun: true))
    }

    /// Makes room for another incident: the present one becomes history.
    mutating func retireRollback() {
        guard var old = rollback?.incident else { return }
        old.retire()
        history.remember(old)
        rollback = nil
    }

    // MARK: Its steps

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
        if isReported { return end(.rolledBack, &context) }
        enter(.rolledBack, &context, because: "rolled back to \(plan.baseline.version)")
    }

    // MARK: A canary that is put back

    /// After a rollback: something put the canary back, so it is taken out again, unless no one would be there to serve what
    /// it has.
    mutating func correctDrift(_ observations: [RouterObservation], _ context: inout StepContext) {
        let drifted = observations.filter { ($0.canaryBasisPoints ?? 0) > 0 }
        guard !drifted.isEmpty, rollback != nil else {
            // What cannot be read is no end of a drift.
            if observations.showNothing { driftIsOver() }
            return
        }
        guard !context.isDryRun else {
            return explain("dry run: the canary was put back: \(observations.text); the router is not called")
        }
        let verdict = driftGuard.judge(
            drifted, baseline: pools.baseline, canary: pools.canary, isHeld: heldReason != nil)
        switch verdict {
        case .takeOut: removeCanaryAgain(observations, &context)
        case .overrule(let request): overrule(request, observations, &context)
        case .hold(let reason): holdDrift(observations, because: reason, &context)
        case .wait:
            poll.hasten(toUptimeMs: context.now.uptimeMs + plan.scrape.intervalMs)
            explain("the canary was put back; waiting for the next scrapes of the baseline")
        }
    }

    private mutating func driftIsOver() {
        heldReason = nil
        driftGuard.forgetDrift()
        explain("rolled back to \(plan.baseline.version)")
    }

    /// The same incident, once more from its verdict on.
    private mutating func removeCanaryAgain(_ observations: [RouterObservation], _ context: inout StepContext) {
        reopen(&context)
        driftGuard.forgetDrift()
        let reason = "the canary was put back: \(observations.text)"
        enter(.rollingBack, &context, because: reason)
        context.emit(.measure(.driftCorrection(release: name)))
        drive(&context) { $0.correct(.drifted(observations), "\(reason); taking it out again", &$2) }
    }

    private mutating func reopen(_ context: inout StepContext) {
        let isReported = driftGuard.reportsCorrection(at: context.now)
        rollback?.reopen(isReported: isReported, plan: plan.rollback, at: context.now)
    }

    private mutating func holdDrift(
        _ observations: [RouterObservation], because reason: String, _ context: inout StepContext
    ) {
        let what = "the canary was put back (\(observations.text)), but \(reason)"
        explain("held: \(what)")
        if heldReason == nil { context.log(.error, name, explanation) }
        heldReason = reason
        guard driftGuard.reportsHold(at: context.now) else { return }
        drive(&context) { process, _, step in
            let sequence = process.write(.driftHeld(reason: reason), &step)
            step.context.emit(.measure(.rollback(release: step.name, outcome: "held")))
            process.report(
                .rollbackHeld, sequence: sequence,
                "\(what). It is taken out when the baseline is there; ask for the rollback to do it now.", &step)
        }
    }

    /// An operator's request is above the guard.
    mutating func overrule(
        _ request: DriftGuard.Request, _ observations: [RouterObservation], _ context: inout StepContext
    ) {
        drive(&context) { $0.write(.driftOverruled(by: request.by, reason: request.reason), &$2) }
        driftGuard.overruled()
        removeCanaryAgain(observations, &context)
    }

    // MARK: A canary with traffic past the router

    /// At the end of a cycle after a rollback: does the canary serve again?
    mutating func watchForStrays(_ context: inout StepContext) {
        let now = context.now.uptimeMs
        let before = max(lastCycleUptimeMs ?? now, now - 3 * plan.scrape.intervalMs)
        // While a target withholds its counts the rate is a lower bound: it may be evidence, but no proof of silence.
        let rate = pools.canary.cycleRequestRate.flatMap { rate in
            pools.canary.withholdingTargets == 0 || rate > plan.proof.countedBelow ? rate : nil
        }
        driftGuard.stray.see(
            rate: rate, seconds: Double(now - before) / 1_000, below: plan.proof, fromUptimeMs: before)
        // Not before the router was read twice: what it shows is corrected as a drift.
        let patienceMs = max(plan.proof.silenceMs, 2 * plan.rollback.observeEveryMs)
        if driftGuard.stray.isSustained(forMs: patienceMs, below: plan.proof, at: context.now) {
            return stopStrays(&context)
        }
        drive(&context) { $0.proveAfterwards(&$1, &$2) }
    }

    /// The same incident, once more from its verdict on: the split is set again, and the traffic has to stop.
    private mutating func stopStrays(_ context: inout StepContext) {
        guard rollback != nil, !context.isDryRun, facts.isBaselineThere, heldReason == nil else { return }
        let rate = driftGuard.stray.meanRate
        reopen(&context)
        let reason =
            "the canary has traffic again: it serves \(NumberText.plain(rate)) requests/s although the router shows 0 %"
        let places = strayPlaces
        enter(.rollingBack, &context, because: reason)
        drive(&context) {
            $0.correct(
                .strayed(canaryRate: rate), "\(reason)\(places). The incident is open again.", error: reason, &$2)
        }
    }

    /// Which instances, for the operator who has to find the way that the requests take.
    private var strayPlaces: String {
        let busy = pools.canary.targets.filter { ($0.cycleRequests ?? 0) > 0 }.prefix(3).map(\.instance)
        return busy.isEmpty ? "" : ", at \(busy.joined(separator: ", "))"
    }
}

extension ReleaseFacts {
    /// The splits that a rollback would set one after the other, for a dry run.
    fileprivate func splitsOfRollback(shareBefore: Split?) -> [Split] {
        guard let plan = plan.drain, let shareBefore, reasonForEverything == nil else { return [.allBaseline] }
        let shares = Drain.shares(steps: plan.stepsBasisPoints, shareBefore: shareBefore.canaryBasisPoints)
        return shares.map { Split(canaryBasisPoints: $0) } + [.allBaseline]
    }
}
