import Model
import Ports

/// When a delivery is tried again, and when it is given up.
struct DeliveryPolicy: Sendable {
    let plan: ReceiverPlan

    /// After this a delivery is a dead letter.
    func isOverdue(ageMs: Int64) -> Bool { ageMs > plan.giveUpAfterMs }

    /// The rest of a pause that an earlier process planned. Its wall clock may have been wrong: a pause that is longer
    /// than any is no pause.
    func remainingPauseMs(_ waiting: WaitingDelivery, nowWallMs: Int64) -> Int64 {
        let rest = waiting.nextTryWallMs - nowWallMs
        guard waiting.delivery.attempt > 1, rest > 0, rest <= plan.retryMaxMs else { return 0 }
        return rest
    }

    /// The pause after a failed try: doubles from `retryMinMs` to `retryMaxMs`, then 50 % to 100 % of that, so that many
    /// daemons do not come back at once. A receiver's own wish may only make it longer.
    ///
    /// - Parameter draw: 0..<1.
    func pauseMs(afterAttempt attempt: Int, wishMs: Int64?, draw: Double) -> Int64 {
        var pause = max(1, plan.retryMinMs)
        var doubled = 1
        while doubled < attempt, pause < plan.retryMaxMs {
            pause *= 2
            doubled += 1
        }
        let capped = Double(min(pause, max(1, plan.retryMaxMs)))
        return max(Int64(capped * (0.5 + draw / 2)), wishMs ?? 0)
    }
}
