/// The proof that a rollback took effect: the canary's own requests stop. A router's word is not enough.
extension ReleaseState {
    /// Looks at one cycle's canary traffic. Only a cycle that began after the router showed 0 % counts.
    mutating func weighTraffic(_ context: inout StepContext) {
        guard var open = rollback, open.isOpen, let since = open.observedZeroSinceUptimeMs, !open.isProven else {
            return
        }
        guard let before = lastCycleUptimeMs, before >= since else { return }
        // An instance that has not answered yet may be the one that still has traffic.
        let allowsLate = plan.scrape.lateAfterMs != nil
        guard !canary.hasLate else { return }
        if allowsLate, canary.hasUntold { return weighSilence(&context) }
        guard let rate = canary.cycleRequestRate else { return weighSilence(&context) }
        if rate > plan.proof.belowPerSecond {
            open.quietCycles = 0
            open.busyCycles += 1
            rollback = open
            explain("the router shows 0 %, but the canary still serves \(NumberText.plain(rate)) requests/s")
            // The router says one thing and the traffic another: ask again for what is wanted.
            if open.busyCycles % 3 == 0, open.step == .proving { apply(&context) }
            return
        }
        open.quietCycles += 1
        rollback = open
        // A page that comes late was asked for in the cycle before.
        if open.quietCycles >= plan.proof.cycles + (allowsLate ? 1 : 0) { proven(rate: rate, &context) }
    }

    private mutating func proven(rate: Double, _ context: inout StepContext) {
        if rollback?.isEpisodeTold == true {
            context.record(.provenByTraffic(canaryRate: rate), release: name, incident: rollback?.incident)
        }
        rollback?.note("proven", "the canary serves \(NumberText.plain(rate)) requests/s", atWallMs: context.now.wallMs)
        rollback?.isProven = true
        measure("proven", &context)
        confirm(&context)
    }

    /// A canary that cannot be scraped (it crashed, say) cannot prove anything; after three such cycles a router that
    /// can be read, and shows 0 %, is believed.
    private mutating func weighSilence(_ context: inout StepContext) {
        guard var open = rollback else { return }
        open.blindCycles += 1
        rollback = open
        guard open.blindCycles >= max(3, plan.proof.cycles), ReleaseState.showsNothing(open.observations) else {
            return
        }
        rollback?.note(
            "unproven", "no canary target tells its requests; the router's read-back stands",
            atWallMs: context.now.wallMs)
        rollback?.isProven = true
        confirm(&context)
    }

    /// One last look: the acknowledgement must not rest on a read-back that has grown old.
    private mutating func confirm(_ context: inout StepContext) {
        if rollback?.step == .observing || rollback?.step == .applying { return }
        observe(&context)
    }
}
