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

    /// - Parameter rate: requests per second over the targets that reported; nil when none did, which says nothing.
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

    /// It has lasted as long as a silence has to last to be a proof. One burst may be a test, not a fault.
    func isSustained(forMs: Int64, below plan: ProofPlan, at now: Moment) -> Bool {
        guard let since = sinceUptimeMs, isNoticeable(below: plan), evidence >= ProofPlan.expectedRequests * 0.95
        else { return false }
        return now.uptimeMs - since >= forMs
    }
}
