import Model
import Support

/// Requests of a canary that was rolled back and whose routers show 0 %: clients that reach it past the router, a router
/// that nobody has listed, connections that were never closed.
struct StrayTraffic: Sendable, Equatable {
    /// Requests above what `proof.below` allows for; at most ``ProofPlan/expectedRequests``.
    private(set) var evidence = 0.0
    /// Since when the evidence has been above 0.
    private(set) var sinceUptimeMs: Int64?
    /// Cycles since then.
    private(set) var cycles = 0
    /// Requests counted since then, and the seconds in which they were.
    private var requests = 0.0
    private var seconds = 0.0

    /// Requests per second since the evidence has been above 0; a single cycle may be a fraction of a second.
    var meanRate: Double { seconds > 0 ? requests / seconds : 0 }

    /// - Parameter rate: requests per second over the targets that told; nil when none did, which says nothing.
    mutating func see(rate: Double?, seconds: Double, below plan: ProofPlan, fromUptimeMs: Int64) {
        guard let rate else { return }
        let sum = evidence + (rate - plan.countedBelow) * seconds
        evidence = min(max(0, sum), ProofPlan.expectedRequests)
        guard evidence > 0 else { return self = StrayTraffic() }
        sinceUptimeMs = sinceUptimeMs ?? fromUptimeMs
        cycles += 1
        requests += rate * seconds
        self.seconds += seconds
    }

    /// Several cycles with more than the rate that the release calls no traffic.
    func isNoticeable(below plan: ProofPlan) -> Bool { cycles >= 3 && meanRate > plan.belowPerSecond }

    /// It has lasted as long as a silence has to last to be a proof. One burst is somebody's test, not a fault.
    func isSustained(forMs: Int64, below plan: ProofPlan, at now: Moment) -> Bool {
        guard let since = sinceUptimeMs, isNoticeable(below: plan), evidence >= ProofPlan.expectedRequests * 0.95
        else { return false }
        return now.uptimeMs - since >= forMs
    }
}

extension ReleaseState {
    /// At the end of a cycle after a rollback: does the canary serve again?
    mutating func watchForStrays(_ context: inout StepContext) {
        let now = context.now.uptimeMs
        let before = max(lastCycleUptimeMs ?? now, now - 3 * plan.scrape.intervalMs)
        // While a target withholds its counts the rate is a lower bound: it may be evidence, but no proof of silence.
        let rate = canary.cycleRequestRate.flatMap { rate in
            canary.withholdingTargets == 0 || rate > plan.proof.countedBelow ? rate : nil
        }
        stray.see(
            rate: rate, seconds: Double(now - before) / 1_000, below: plan.proof,
            fromUptimeMs: before)
        // Not before the router was read twice: what it shows is corrected as a drift.
        let patienceMs = max(plan.proof.silenceMs, 2 * plan.rollback.observeEveryMs)
        if stray.isSustained(forMs: patienceMs, below: plan.proof, at: context.now) { return reopen(&context) }
        proveAfterwards(&context)
    }

    /// The same incident, once more from its verdict on: the split is set again, and the traffic has to stop.
    private mutating func reopen(_ context: inout StepContext) {
        guard var latched = rollback, !context.isDryRun, baselineIsThere, heldReason == nil else { return }
        let rate = stray.meanRate
        stray = StrayTraffic()
        latched.reopen(plan: plan.rollback, at: context.now)
        let mayTell = latched.mayTellOfDrift(at: context.now)
        latched.isEpisodeTold = mayTell
        if mayTell { latched.lastDriftToldUptimeMs = context.now.uptimeMs }
        (latched.receipts, latched.observations) = ([], [])
        rollback = latched
        let reason = "the canary has traffic again: \(ReleaseState.strayText(rate))"
        enter(.rollingBack, &context, because: reason)
        if mayTell {
            let sequence = write(.strayed(canaryRate: rate), &context)
            tell(
                .rollbackDrifted, sequence: sequence,
                summary: "\(name): \(reason)\(strayPlaces). The incident is open again.", &context)
        }
        context.log(.error, name, reason)
        apply(&context)
    }

    static func strayText(_ rate: Double) -> String {
        "it serves \(NumberText.plain(rate)) requests/s although the router shows 0 %"
    }

    /// Which instances, for whoever has to find the way that the requests take.
    private var strayPlaces: String {
        let busy = canary.targets.filter { ($0.cycleRequests ?? 0) > 0 }.prefix(3).map(\.instance)
        return busy.isEmpty ? "" : ", at \(busy.joined(separator: ", "))"
    }

    /// An acknowledgement that was not proven is proven when the targets come back and are silent for long enough.
    private mutating func proveAfterwards(_ context: inout StepContext) {
        guard rollback?.unproven != nil, rollback?.unseenTargets == [], canary.untold.isEmpty else { return }
        let lengthMs = context.now.uptimeMs - (rollback?.proof.blockSinceUptimeMs ?? context.now.uptimeMs)
        let block = canary.endBlock(lengthSeconds: Double(lengthMs) / 1_000)
        rollback?.proof.blockSinceUptimeMs = context.now.uptimeMs
        rollback?.proof.see(block, below: plan.proof)
        guard let proof = rollback?.proof, block.rate <= plan.proof.belowPerSecond,
            proof.evidence >= ProofPlan.expectedRequests, canary.possiblyRepeated.isEmpty
        else { return }
        rollback?.unproven = nil
        let rate = proof.meanRate
        write(.provenByTraffic(canaryRate: rate), &context)
        context.log(.info, name, "the rollback is proven now: the canary can be scraped and serves nothing")
    }
}
