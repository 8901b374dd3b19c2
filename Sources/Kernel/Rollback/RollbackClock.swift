import Model

/// When the present attempt of a rollback began, by the wall clock of its journal entries: all that a restart knows of the
/// time that its limits have used up.
struct RollbackClock: Sendable, Equatable {
    /// The verdict, the drift, or the last of several steps: where `deadline` and `fallback.after` begin.
    private(set) var sinceWallMs: Int64
    /// The latest entry of the incident. The wall clock may have been set back between two of them.
    private(set) var latestWallMs: Int64

    init(atWallMs wallMs: Int64) { (sinceWallMs, latestWallMs) = (wallMs, wallMs) }

    mutating func note(atWallMs wallMs: Int64) { latestWallMs = max(latestWallMs, wallMs) }

    /// The limits begin anew with this entry.
    mutating func restart(atWallMs wallMs: Int64) { (sinceWallMs, latestWallMs) = (wallMs, max(latestWallMs, wallMs)) }

    /// How much earlier than now the attempt began, milliseconds, 0 or more; nil when the wall clock was set back and nobody
    /// can tell.
    func elapsedMs(atWallMs nowMs: Int64) -> Int64? {
        guard nowMs >= latestWallMs - RollbackClock.toleranceMs else { return nil }
        return max(0, max(nowMs, latestWallMs) - sinceWallMs)
    }

    /// Corrections by which a well-kept clock goes back.
    private static let toleranceMs: Int64 = 1_000
}

extension Rollback {
    /// Continues the limits of a rollback that another process began: `deadline` and `fallback.after` are measured from the
    /// journal's entry, so that a process which restarts again and again keeps them too. A limit whose use cannot be told is
    /// due now: a report that comes too early does less harm than none.
    mutating func resumeClock(plan: RollbackPlan, fallback: FallbackPlan?, callLimitMs: Int64, at now: Moment) {
        let elapsedMs = clock.elapsedMs(atWallMs: now.wallMs)
        let longestMs = max(plan.deadlineMs, fallback?.afterMs ?? 0)
        let usedMs = min(elapsedMs ?? longestMs, longestMs)
        episodeUptimeMs = now.uptimeMs - usedMs
        everythingSinceUptimeMs = now.uptimeMs - usedMs
        deadlineUptimeMs = now.uptimeMs + max(0, plan.deadlineMs - usedMs)
        // The first router showed a canary share of 0 before the restart: it is asked before it is left.
        guard let fallback, ReleaseState.showsNothing(observations) else { return }
        everythingSinceUptimeMs = max(everythingSinceUptimeMs, now.uptimeMs + callLimitMs - fallback.afterMs)
    }
}
