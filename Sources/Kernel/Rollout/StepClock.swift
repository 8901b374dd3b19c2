import Model

/// How long the present step has lasted, by the monotonic clock, and what the canary counted in it. The time before a restart
/// is kept; the daemon's downtime adds nothing.
struct StepClock: Sendable, Equatable {
    /// Between two entries of the time.
    private static let recordEveryMs: Int64 = 15_000
    /// A pause of the process adds no more than this: time in which nothing was seen is no evidence.
    private static let longestCycleMs: Int64 = 60_000

    private(set) var standingMs: Int64
    /// The same without the time in which something outside of the step held it (``StepExcuse``); limited by `max`.
    private(set) var countedMs: Int64
    /// Of the canary, since the step settled.
    private(set) var requests = 0.0
    /// How long the canary has had no request.
    private(set) var quietMs: Int64 = 0
    var hasBegunEvidence = false
    /// How often its evidence began again because other instances serve.
    var evidenceRestarts = 0
    private var lastUptimeMs: Int64
    private var recordedUptimeMs: Int64
    /// At the end of the last cycle something outside of the step held it.
    private var wasExcused = false

    init(standingMs: Int64 = 0, countedMs: Int64 = 0, at now: Moment) {
        (self.standingMs, self.countedMs) = (standingMs, countedMs)
        (lastUptimeMs, recordedUptimeMs) = (now.uptimeMs, now.uptimeMs)
    }

    mutating func restart(at now: Moment) { self = StepClock(at: now) }

    /// At the end of a cycle.
    ///
    /// - Parameter isExcused: something outside of the step holds it. Time between two cycles counts towards `max` only when
    ///   nothing did at both of them.
    mutating func advance(canaryRequests: Double, settings: StepPlan?, isExcused: Bool, at now: Moment) {
        let passedMs = min(max(0, now.uptimeMs - lastUptimeMs), StepClock.longestCycleMs)
        lastUptimeMs = now.uptimeMs
        standingMs += passedMs
        quietMs = canaryRequests > 0 ? 0 : quietMs + passedMs
        if !isExcused, !wasExcused { countedMs += passedMs }
        wasExcused = isExcused
        if standingMs - passedMs >= settings?.settleMs ?? 0 { requests += canaryRequests }
    }

    /// Another clock of the same step has counted no more than this.
    mutating func limit(standingMs: Int64, countedMs: Int64, requests: Double) {
        self.standingMs = min(self.standingMs, standingMs)
        self.countedMs = countedMs
        self.requests = min(self.requests, requests)
    }

    /// An operator grants the step its `max` once more.
    mutating func restartLimit() { countedMs = 0 }

    mutating func isRecordDue(at now: Moment) -> Bool {
        guard now.uptimeMs - recordedUptimeMs >= StepClock.recordEveryMs else { return false }
        recordedUptimeMs = now.uptimeMs
        return true
    }
}

extension PoolState {
    /// Requests of the running cycle, over the targets that reported them.
    var cycleRequestCount: Double { targets.reduce(0) { $0 + ($1.cycleRequests ?? 0) } }
}
