import Model

/// The life of a release: idle until the canary has a share, watched while it has one, over when it has everything or
/// nothing.
extension Release {
    /// Windows and evidence are reset for this pair of versions.
    mutating func begin(_ context: inout StepContext, because reason: String) {
        watchedSinceUptimeMs = context.now.uptimeMs
        promise = nil
        poll.shares.begin()
        endProcedure(because: "the canary has a share again", &context)
        retireRollback()
        pools.begin(plan, at: context.now)
        comparedTargets = ComparedTargets(plan)
        report(rules.begin(), &context)
        context.record(.began(baseline: plan.baseline.version, canary: plan.canary.version), release: name)
        enter(.watching, &context, because: reason)
        freezeForwardOfWatching(&context)
    }

    mutating func end(_ end: ReleaseEnd, _ context: inout StepContext) {
        context.record(.ended(end), release: name)
        report(rules.end(because: "the release has ended: \(end.text)"), &context)
        watchedSinceUptimeMs = nil
        // Verdicts that led to a rollback stay: they say why.
        if end != .rolledBack { rules.forgetVerdicts() }
        let (next, reason) = end.next(baseline: plan.baseline.version)
        let isOrdered = end == .withdrawn && centreShare.order?.basisPoints == 0
        enter(next, &context, because: isOrdered ? "the configuration centre took the canary out" : reason)
        if plan.rollout == nil, end == .withdrawn { undoForward(&context) }
    }

    mutating func enter(_ next: ReleasePhase, _ context: inout StepContext, because reason: String) {
        phase = next
        sinceWallMs = context.now.wallMs
        (heldReason, heldUntilUptimeMs) = (nil, nil)
        driftGuard.stray = StrayTraffic()
        explain(reason)
        // A rollback that was done stays known until the next one; a line about watching is not about it.
        let incident = next == .rollingBack || next == .rolledBack ? rollback?.id : nil
        context.log(.info, name, "\(next.text): \(reason)", incident: incident)
    }
}
