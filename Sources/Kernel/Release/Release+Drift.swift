import Model

/// A canary that has traffic after its rollback: what opens the incident again.
extension Release {
    /// After a rollback: something put the canary back, so it is taken out again, unless no one would be there to serve what
    /// it has.
    mutating func correctDrift(_ observations: [RouterObservation], _ context: inout StepContext) {
        let drifted = observations.filter { ($0.canaryBasisPoints ?? 0) > 0 }
        guard !drifted.isEmpty, rollback != nil else {
            // What cannot be read is no end of a drift.
            guard observations.showNothing else { return }
            heldReason = nil
            driftGuard.forgetDrift()
            return explain("rolled back to \(plan.baseline.version)")
        }
        guard !context.isDryRun else {
            return explain("dry run: the canary was put back: \(observations.text); the router is not called")
        }
        let verdict = driftGuard.judge(
            drifted, baseline: pools.baseline, canary: pools.canary, isHeld: heldReason != nil)
        switch verdict {
        case .takeOut: removeCanaryAgain(&context)
        case .overrule(let request): overrule(request, &context)
        case .hold(let reason): holdDrift(because: reason, &context)
        case .wait:
            poll.hasten(toUptimeMs: context.now.uptimeMs + plan.scrape.intervalMs)
            explain("the canary was put back; waiting for the next scrapes of the baseline")
        }
    }

    private mutating func removeCanaryAgain(_ context: inout StepContext) {
        let observations = poll.observations
        let reason = "the canary was put back: \(observations.text)"
        let advice = "a new 'canary.version', or `rollguard rearm \(name)`, lets it stay"
        reopen(because: "\(reason) (\(advice))", &context)
        driftGuard.forgetDrift()
        context.emit(.measure(.driftCorrection(release: name)))
        drive(&context) { $0.correct(.drifted(observations), "\(reason); taking it out again (\(advice))", &$2) }
    }

    /// The same incident, once more from its verdict on.
    private mutating func reopen(because reason: String, _ context: inout StepContext) {
        let isReported = driftGuard.reportsCorrection(at: context.now)
        rollback?.reopen(isReported: isReported, plan: plan.rollback, at: context.now)
        enter(.rollingBack, &context, because: reason)
    }

    private mutating func holdDrift(because reason: String, _ context: inout StepContext) {
        let what = "the canary was put back (\(poll.observations.text)), but \(reason)"
        explain("held: \(what)")
        if heldReason == nil { context.log(.error, name, explanation) }
        heldReason = reason
        guard driftGuard.reportsHold(at: context.now) else { return }
        drive(&context) { $0.reportHold(of: what, because: reason, &$2) }
    }

    /// An operator's request is above the guard.
    mutating func overrule(_ request: DriftGuard.Request, _ context: inout StepContext) {
        drive(&context) { $0.write(.driftOverruled(by: request.by, reason: request.reason), &$2) }
        driftGuard.overruled()
        removeCanaryAgain(&context)
    }

    /// At the end of a cycle after a rollback: does the canary serve again, past the router? Then the split is set again, and
    /// the traffic has to stop.
    mutating func watchForStrays(_ context: inout StepContext) {
        driftGuard.stray.see(pools.canary, since: times.lastEndUptimeMs, plan: plan, at: context.now)
        guard driftGuard.stray.isSustained(plan, at: context.now) else {
            return drive(&context) { $0.proveAfterwards(&$1, &$2) }
        }
        guard rollback != nil, !context.isDryRun, facts.isBaselineThere, heldReason == nil else { return }
        let (rate, reason) = (driftGuard.stray.meanRate, driftGuard.stray.text)
        let text = "\(reason)\(pools.canary.servingPlaces). The incident is open again."
        reopen(because: reason, &context)
        drive(&context) { $0.correct(.strayed(canaryRate: rate), text, error: reason, &$2) }
    }
}
