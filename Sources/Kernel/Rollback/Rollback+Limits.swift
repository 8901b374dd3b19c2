import Model

extension Rollback {
    /// Continues the limits of a rollback that another process began: `deadline` and `fallback.after` are measured from the
    /// journal's entry, so that a process which restarts again and again keeps them too. A limit whose use cannot be told is
    /// due now: a report that comes too early does less harm than none.
    mutating func resumeClock(plan: RollbackPlan, fallback: FallbackPlan?, callLimitMs: Int64, at now: Moment) {
        let elapsedMs = incident.clock.elapsedMs(atWallMs: now.wallMs)
        let longestMs = max(plan.deadlineMs, fallback?.afterMs ?? 0)
        let usedMs = min(elapsedMs ?? longestMs, longestMs)
        episodeUptimeMs = now.uptimeMs - usedMs
        everythingSinceUptimeMs = now.uptimeMs - usedMs
        deadlineUptimeMs = now.uptimeMs + max(0, plan.deadlineMs - usedMs)
        // The first router showed a canary share of 0 before the restart: it is asked before it is left.
        guard let fallback, incident.observations.showNothing else { return }
        everythingSinceUptimeMs = max(everythingSinceUptimeMs, now.uptimeMs + callLimitMs - fallback.afterMs)
    }
}
