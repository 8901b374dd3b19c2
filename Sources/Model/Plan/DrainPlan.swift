/// Takes the canary's traffic away in steps, for a baseline that was made small while the canary grew: all at once could
/// be more than it can carry. Without it a rollback is one step.
public struct DrainPlan: Sendable, Equatable, Codable {
    /// How much of the canary's share is gone after each step, basis points of that share, rising; the last is 10 000.
    public var stepsBasisPoints: [Int]
    /// Between two steps at least. A step also waits for one whole scrape cycle, so that the baseline has been
    /// observed.
    public var pauseMs: Int64
    /// A canary with this error rate or a higher one loses everything at once, 0...1.
    public var atOnceAboveErrorRate: Double

    public init(stepsBasisPoints: [Int], pauseMs: Int64, atOnceAboveErrorRate: Double = 0.2) {
        self.stepsBasisPoints = stepsBasisPoints
        self.pauseMs = pauseMs
        self.atOnceAboveErrorRate = atOnceAboveErrorRate
    }
}

extension ReleasePlan {
    /// The window in which both pools are judged between two steps; nil without steps.
    package var drainWindowMs: Int64? { drain.map { max($0.pauseMs, scrape.intervalMs) } }
}
