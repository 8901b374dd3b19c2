/// The watch over a rollback that is done.
extension ReleaseState {
    /// After a rollback: something put the canary back, so it is taken out again; unless nobody would be there to serve
    /// what it has.
    mutating func correctDrift(_ observations: [RouterObservation], _ context: inout StepContext) {
        guard observations.contains(where: { ($0.canaryBasisPoints ?? 0) > 0 }), rollback != nil else {
            return driftIsOver()
        }
        guard !context.isDryRun else {
            return explain(
                "dry run: the canary was put back: \(ReleaseState.text(observations)); the router is not called")
        }
        guard baseline.targets.allSatisfy({ $0.isUp != nil }) else { return lookAfterNextCycle(&context) }
        if let reason = reasonToLeaveDrift(observations) { return holdDrift(observations, because: reason, &context) }
        takeOutAgain(observations, &context)
    }

    /// The same incident, once more from its verdict on.
    mutating func takeOutAgain(_ observations: [RouterObservation], _ context: inout StepContext) {
        guard var latched = rollback else { return }
        latched.reopen(plan: plan.rollback, at: context.now)
        latched.note("drifted", ReleaseState.text(observations), atWallMs: context.now.wallMs)
        let mayTell = latched.mayTellOfDrift(at: context.now)
        latched.isEpisodeTold = mayTell
        if mayTell { latched.lastDriftToldUptimeMs = context.now.uptimeMs }
        latched.isDriftHoldTold = false
        latched.receipts = []
        latched.observations = []
        rollback = latched
        let reason = "the canary was put back: \(ReleaseState.text(observations))"
        enter(.rollingBack, &context, because: reason)
        context.emit(.measure(.driftCorrection(release: name)))
        if mayTell {
            let sequence = context.record(.drifted(observations), release: name, incident: latched.incident)
            tell(.rollbackDrifted, sequence: sequence, summary: "\(name): \(reason); taking it out again", &context)
        }
        apply(&context)
    }

    // MARK: A baseline that is not there

    /// Right after a start nobody knows yet whether the baseline is there.
    private mutating func lookAfterNextCycle(_ context: inout StepContext) {
        watch.nextUptimeMs = min(watch.nextUptimeMs, context.now.uptimeMs + plan.scrape.intervalMs)
        explain("the canary was put back; waiting for the first scrapes of the baseline")
    }

    /// Why the baseline could not serve what the canary has been given; nil when nothing says so.
    private func reasonToLeaveDrift(_ observations: [RouterObservation]) -> String? {
        if observations.contains(where: { $0.baselineHealthy == false }) {
            return "the router says that the baseline has no healthy server"
        }
        // When no target of either version answers, the trouble may be between them and us.
        guard canary.healthyTargets > 0, baseline.targets.allSatisfy({ $0.isUp == false }) else { return nil }
        return "no target of the baseline could be scraped"
    }

    /// Looked at again with each look at the router, told when it begins.
    private mutating func holdDrift(
        _ observations: [RouterObservation], because reason: String, _ context: inout StepContext
    ) {
        let what = "the canary was put back (\(ReleaseState.text(observations))), but \(reason)"
        explain("held: \(what)")
        if heldReason != reason { context.log(.error, name, explanation) }
        heldReason = reason
        guard var latched = rollback, !latched.isDriftHoldTold, latched.mayTellOfDrift(at: context.now) else { return }
        latched.isDriftHoldTold = true
        latched.lastDriftToldUptimeMs = context.now.uptimeMs
        latched.note("drift_held", reason, atWallMs: context.now.wallMs)
        rollback = latched
        let sequence = context.record(.driftHeld(reason: reason), release: name, incident: latched.incident)
        context.emit(.measure(.rollback(release: name, outcome: "held")))
        tell(
            .rollbackHeld, sequence: sequence,
            summary: "\(name): \(what). It is taken out when the baseline is there; ask for the rollback to do it now.",
            &context)
    }

    /// A person's word is above the guard.
    mutating func overruleHold(by: String, reason: String, _ context: inout StepContext) {
        context.record(.driftOverruled(by: by, reason: reason), release: name, incident: rollback?.incident)
        rollback?.note("drift_overruled", "\(by): \(reason)", atWallMs: context.now.wallMs)
        takeOutAgain(watch.observations, &context)
    }

    private mutating func driftIsOver() {
        guard heldReason != nil else { return }
        heldReason = nil
        rollback?.isDriftHoldTold = false
        explain("rolled back to \(plan.baseline.version)")
    }
}

extension Rollback {
    /// A fight every few seconds over hours must not page every few seconds. But who was told that nothing is done is
    /// told when something is.
    fileprivate func mayTellOfDrift(at now: Moment) -> Bool {
        isDriftHoldTold || lastDriftToldUptimeMs.map { now.uptimeMs - $0 >= 60_000 } ?? true
    }
}
