import Model

/// One rule's alert over time, as Prometheus keeps it: inactive, pending while `for` runs, firing, and on through
/// `keep_firing_for`. It differs in one thing: only time between conclusive evaluations counts, so a cycle without data
/// freezes the timers and downtime never adds to them.
struct AlertState: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        case inactive
        case pending
        case firing
    }

    enum Change: Sendable, Equatable {
        case none
        case fired
        case resolved
    }

    private(set) var phase = Phase.inactive
    /// Wall clock, for people.
    private(set) var activeSinceWallMs: Int64?
    /// The rule was last breached by both pools, and a window of its own has not passed since; survives ``reset()``.
    var sharedTroubleUntilUptimeMs: Int64?
    /// Conclusive time of the present breach, milliseconds.
    private(set) var breachedMs: Int64 = 0
    /// Conclusive time of a firing alert in which the condition has not held, milliseconds.
    private(set) var healthyMs: Int64 = 0
    private var lastEvaluationUptimeMs: Int64?

    init() {}

    /// An alert that was firing when the process ended. It is neither reported again nor forgotten.
    init(restoredFiringSinceWallMs wallMs: Int64) {
        phase = .firing
        activeSinceWallMs = wallMs
    }

    /// An alert that was pending when the process ended. What was counted is kept; downtime adds nothing.
    init(restoredPendingSinceWallMs wallMs: Int64, breachedMs: Int64) {
        phase = .pending
        activeSinceWallMs = wallMs
        self.breachedMs = breachedMs
    }

    /// Continues `keep_firing_for` where it was when the process ended; downtime adds nothing.
    mutating func restoreHealthy(ms: Int64) {
        if phase == .firing { healthyMs = max(0, ms) }
    }

    /// Takes the verdict of one cycle.
    ///
    /// - Parameters:
    ///   - forMs: of the rule: a breach fires when it has lasted this long.
    ///   - keepFiringForMs: of the rule: a firing alert is resolved when it has been healthy for longer than this.
    ///   - longestStepMs: the most that one cycle can add to a timer; a stall of the process is not evidence.
    mutating func take(
        _ verdict: Verdict, forMs: Int64, keepFiringForMs: Int64, longestStepMs: Int64, at now: Moment
    ) -> Change {
        let step = min(longestStepMs, now.uptimeMs - (lastEvaluationUptimeMs ?? now.uptimeMs))
        lastEvaluationUptimeMs = now.uptimeMs
        switch verdict {
        case .inconclusive: return .none
        case .breached: return breached(forMs: forMs, stepMs: step, slackMs: longestStepMs / 30, at: now)
        case .healthy: return healthy(keepFiringForMs: keepFiringForMs, stepMs: step)
        }
    }

    /// - Parameter slackMs: cycles do not end to the millisecond. Without it a `for` of three intervals would need a fourth
    ///   cycle whenever the third one ends a moment early.
    private mutating func breached(forMs: Int64, stepMs: Int64, slackMs: Int64, at now: Moment) -> Change {
        healthyMs = 0
        switch phase {
        case .firing: return .none
        case .pending: breachedMs += stepMs
        case .inactive:
            phase = .pending
            breachedMs = 0
            activeSinceWallMs = now.wallMs
        }
        guard breachedMs + slackMs >= forMs else { return .none }
        phase = .firing
        return .fired
    }

    private mutating func healthy(keepFiringForMs: Int64, stepMs: Int64) -> Change {
        switch phase {
        case .inactive: return .none
        case .pending:
            reset()
            return .none
        case .firing:
            // The first healthy cycle starts the timer, as `keep_firing_for` does in Prometheus.
            healthyMs = healthyMs == 0 ? 1 : healthyMs + stepMs
            guard healthyMs > keepFiringForMs else { return .none }
            reset()
            return .resolved
        }
    }

    /// Back to inactive, whatever it was.
    mutating func reset() {
        phase = .inactive
        activeSinceWallMs = nil
        breachedMs = 0
        healthyMs = 0
    }
}
