/// The watch over a rollback that is done.
extension ReleaseState {
    /// After a rollback: something put the canary back, so it is taken out again.
    mutating func correctDrift(_ observations: [RouterObservation], _ context: inout StepContext) {
        guard observations.contains(where: { ($0.canaryBasisPoints ?? 0) > 0 }), var latched = rollback else { return }
        guard !context.isDryRun else {
            return explain(
                "dry run: the canary was put back: \(ReleaseState.text(observations)); the router is not called")
        }
        latched.reopen(plan: plan.rollback, at: context.now)
        latched.note("drifted", ReleaseState.text(observations), atWallMs: context.now.wallMs)
        // A fight every few seconds over hours must not page every few seconds.
        let mayTell = latched.lastDriftToldUptimeMs.map { context.now.uptimeMs - $0 >= 60_000 } ?? true
        latched.isEpisodeTold = mayTell
        if mayTell { latched.lastDriftToldUptimeMs = context.now.uptimeMs }
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
}
