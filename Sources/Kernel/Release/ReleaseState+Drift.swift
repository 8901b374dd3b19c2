import Model

/// The watch over a rollback that is done.
extension ReleaseState {
    /// After a rollback: something put the canary back, so it is taken out again; unless nobody would be there to serve
    /// what it has.
    mutating func correctDrift(_ observations: [RouterObservation], _ context: inout StepContext) {
        let drifted = observations.filter { ($0.canaryBasisPoints ?? 0) > 0 }
        guard !drifted.isEmpty, let latched = rollback else {
            // What cannot be read is no end of a drift.
            if ReleaseState.showsNothing(observations) { driftIsOver() }
            return
        }
        guard !context.isDryRun else {
            return explain(
                "dry run: the canary was put back: \(observations.text); the router is not called")
        }
        let presence = baselinePresence(accordingTo: drifted)
        if presence == .there { return takeOutAgain(observations, &context) }
        if latched.wish != nil { return overrule(observations, &context) }
        if case .away(let reason) = presence { return holdDrift(observations, because: reason, &context) }
        lookAfterNextCycle(&context)
    }

    /// The same incident, once more from its verdict on.
    mutating func takeOutAgain(_ observations: [RouterObservation], _ context: inout StepContext) {
        guard var latched = rollback else { return }
        latched.reopen(plan: plan.rollback, at: context.now)
        let mayTell = latched.mayTellOfDrift(at: context.now)
        latched.isEpisodeTold = mayTell
        if mayTell { latched.lastDriftToldUptimeMs = context.now.uptimeMs }
        latched.forgetDrift()
        latched.receipts = []
        latched.observations = []
        rollback = latched
        let reason = "the canary was put back: \(observations.text)"
        enter(.rollingBack, &context, because: reason)
        context.emit(.measure(.driftCorrection(release: name)))
        if mayTell {
            let sequence = write(.drifted(observations), &context)
            tell(.rollbackDrifted, sequence: sequence, summary: "\(name): \(reason); taking it out again", &context)
        }
        apply(&context)
    }

    private mutating func driftIsOver() {
        heldReason = nil
        rollback?.forgetDrift()
        explain("rolled back to \(plan.baseline.version)")
    }
}

extension Rollback {
    fileprivate mutating func forgetDrift() { (isDriftHoldTold, wish, undecidedLooks) = (false, nil, 0) }

    /// A fight every few seconds over hours must not page every few seconds. But who was told that nothing is done is
    /// told when something is.
    func mayTellOfDrift(at now: Moment) -> Bool {
        isDriftHoldTold || lastDriftToldUptimeMs.map { now.uptimeMs - $0 >= 60_000 } ?? true
    }
}
