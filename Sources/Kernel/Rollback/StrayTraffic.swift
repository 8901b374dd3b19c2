import Model
import Support

/// Requests of a canary that was rolled back and whose routers show 0 %: clients that reach it past the router, a router
/// that are not listed, connections that were never closed.
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

    /// For an operator; of evidence above 0.
    var text: String {
        "the canary has traffic again: it serves \(NumberText.plain(meanRate)) requests/s although the router shows 0 %"
    }

    /// Takes in a scrape cycle that ends now.
    ///
    /// - Parameter lastEndUptimeMs: when the cycle before it ended; nil when there was none.
    mutating func see(_ canary: PoolState, since lastEndUptimeMs: Int64?, plan: ReleasePlan, at now: Moment) {
        let before = max(lastEndUptimeMs ?? now.uptimeMs, now.uptimeMs - 3 * plan.scrape.intervalMs)
        // While a target withholds its counts the rate is a lower bound: it may be evidence, but no proof of silence.
        let rate = canary.cycleRequestRate.flatMap { rate in
            canary.withholdingTargets == 0 || rate > plan.proof.countedBelow ? rate : nil
        }
        see(rate: rate, seconds: Double(now.uptimeMs - before) / 1_000, below: plan.proof, fromUptimeMs: before)
    }

    /// - Parameter rate: requests per second over the targets that reported; nil when none did, which says nothing.
    private mutating func see(rate: Double?, seconds: Double, below plan: ProofPlan, fromUptimeMs: Int64) {
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

    /// It has lasted as long as a silence has to last to be a proof. One burst may be a test, not a fault.
    func isSustained(_ plan: ReleasePlan, at now: Moment) -> Bool {
        guard let since = sinceUptimeMs, isNoticeable(below: plan.proof),
            evidence >= ProofPlan.expectedRequests * 0.95
        else { return false }
        // Not before the router was read twice: what it shows is corrected as a drift.
        return now.uptimeMs - since >= max(plan.proof.silenceMs, 2 * plan.rollback.observeEveryMs)
    }
}

extension PoolState {
    /// Which instances serve, for the operator who has to find the way that the requests take: `, at a:1, b:1`.
    var servingPlaces: String {
        let busy = targets.filter { ($0.cycleRequests ?? 0) > 0 }.prefix(3).map(\.instance)
        return busy.isEmpty ? "" : ", at \(busy.joined(separator: ", "))"
    }
}
