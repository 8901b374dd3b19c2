import Model

/// The times by which a rollback has to be done, by the monotonic clock.
struct RollbackLimits: Sendable, Equatable {
    /// Start of the episode: the verdict, or the drift.
    private(set) var episodeUptimeMs: Int64
    /// Since when everything is being taken out, after the steps.
    private(set) var everythingSinceUptimeMs: Int64
    private(set) var deadlineUptimeMs: Int64
    /// The deadline has passed, and people were notified.
    var isOverdue = false
    /// In a dry run over the rollback of another run: nothing happens to it by time alone.
    var areSuspended = false

    /// An episode begins.
    init(deadlineMs: Int64, at now: Moment) {
        episodeUptimeMs = now.uptimeMs
        everythingSinceUptimeMs = now.uptimeMs
        deadlineUptimeMs = now.uptimeMs + deadlineMs
    }

    /// Continues the limits of a rollback that another process began: `deadline` and `fallback.after` are measured from the
    /// journal's entry, so that a process which restarts again and again keeps them too. A limit whose use is unknown
    /// is due now: a report that comes too early does less harm than none.
    ///
    /// - Parameter callLimitMs: within which a call to the router is answered, or counts as lost.
    init(continuing incident: Incident, plan: ReleasePlan, callLimitMs: Int64, at now: Moment) {
        let elapsedMs = incident.clock.elapsedMs(atWallMs: now.wallMs)
        let longestMs = max(plan.rollback.deadlineMs, plan.fallback?.afterMs ?? 0)
        let usedMs = min(elapsedMs ?? longestMs, longestMs)
        episodeUptimeMs = now.uptimeMs - usedMs
        everythingSinceUptimeMs = now.uptimeMs - usedMs
        deadlineUptimeMs = now.uptimeMs + max(0, plan.rollback.deadlineMs - usedMs)
        isOverdue = incident.isAbandoned
        // The first router showed a canary share of 0 before the restart: it is asked before it is left.
        guard let fallback = plan.fallback, incident.observations.showNothing else { return }
        everythingSinceUptimeMs = max(everythingSinceUptimeMs, now.uptimeMs + callLimitMs - fallback.afterMs)
    }

    /// The steps are over. From here on it is a rollback like any other, with its own deadline.
    mutating func takeEverything(deadlineMs: Int64, at now: Moment) {
        everythingSinceUptimeMs = now.uptimeMs
        deadlineUptimeMs = now.uptimeMs + deadlineMs
        isOverdue = false
    }

    /// When the second router takes over from the first; nil without one.
    ///
    /// A router that shows a canary share of 0 gets the time that a proof takes, unless the traffic contradicts it.
    func fallbackUptimeMs(_ plan: ReleasePlan, _ proof: Proof) -> Int64? {
        guard let fallback = plan.fallback, !areSuspended else { return nil }
        let dueMs = everythingSinceUptimeMs + fallback.afterMs
        guard let zeroMs = proof.zeroSinceUptimeMs, !proof.isContradicted else { return dueMs }
        return max(dueMs, zeroMs + plan.shortestProofMs + plan.scrape.intervalMs)
    }

    /// When people are to be notified; nil when they were, or need not be.
    var reportUptimeMs: Int64? { isOverdue || areSuspended ? nil : deadlineUptimeMs }
}
