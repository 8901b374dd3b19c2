/// The second router: it takes over when the first was not acknowledged in time.
///
/// From then on changes go to both, because the first may come back, and looks go to the second alone, because a first
/// router that is lost, or that shows what it does not do, must not keep the rollback from being acknowledged. The
/// canary's traffic has to stop all the same. It stays so until the release begins anew.
extension ReleaseState {
    /// Which router the calls that follow are for. Said before each call, so that nothing depends on remembering it;
    /// never said where there is only one.
    func aim(_ context: inout StepContext) {
        guard plan.fallback != nil else { return }
        context.emit(.useFallback(release: name, isOn: rollback?.incident.isOnFallback ?? false))
    }

    /// When the open rollback goes over to the second router; nil where it will not.
    var fallbackDueUptimeMs: Int64? {
        guard let fallback = plan.fallback, let open = rollback, open.isOpen, open.hasLimits else { return nil }
        guard !open.incident.isOnFallback else { return nil }
        // The intent comes first, whichever router it is.
        guard open.step != .awaitingDurable, open.drain == nil, !open.isBeingConfirmed else { return nil }
        let dueMs = open.everythingSinceUptimeMs + fallback.afterMs
        // A router that shows a canary share of 0 gets the time that a proof takes, unless the traffic contradicts it. One
        // cycle may still count requests that came before.
        guard let zeroMs = open.observedZeroSinceUptimeMs else { return dueMs }
        let isContradicted = open.proof.busyCycles > 1 && open.proof.quietCycles == 0
        return isContradicted ? dueMs : max(dueMs, zeroMs + plan.shortestProofMs + plan.scrape.intervalMs)
    }

    /// - Returns: true when it took over just now.
    mutating func takeOverWhenDue(_ context: inout StepContext) -> Bool {
        guard let due = fallbackDueUptimeMs, context.now.uptimeMs >= due else { return false }
        let kind = plan.fallback?.router.kind ?? ""
        let reason = "not acknowledged on \(plan.router.kind) in time; \(kind) takes over"
        rollback?.forgetProof()
        // What the first router answered says nothing of the second.
        rollback?.receipts = []
        rollback?.observations = []
        let sequence = write(.fallback(reason: reason), &context)
        tell(.rollbackFallback, sequence: sequence, summary: "\(name): \(reason)", &context)
        context.log(.error, name, reason)
        explain(reason)
        measure("fallback", &context)
        apply(&context)
        return true
    }
}
