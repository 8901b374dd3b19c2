import Model

/// The tries to ask a webhook gate. One gate is asked at a time, with one id over all tries and restarts.
struct GateCall: Sendable, Equatable {
    private(set) var isOnItsWay = false
    private(set) var nextUptimeMs: Int64
    private var pauseMs: Int64 = 500
    /// Why the last try gave no answer; nil before it.
    private(set) var problem: String?

    init(at now: Int64) { nextUptimeMs = now }

    mutating func send(at now: Int64, timeoutMs: Int64) {
        isOnItsWay = true
        // An answer that is lost is not waited for.
        nextUptimeMs = now + timeoutMs + 5_000
    }

    func isDue(at now: Int64) -> Bool { now >= nextUptimeMs }

    mutating func take(_ result: GateTry, plan: WebhookGatePlan, at now: Int64) {
        guard isOnItsWay else { return }
        isOnItsWay = false
        switch result {
        case .answered: problem = nil
        case .later(let afterMs, let reason):
            (problem, pauseMs) = (reason, 500)
            nextUptimeMs = now + max(1_000, min(afterMs, plan.withinMs))
        case .noAnswer(let reason):
            problem = reason
            nextUptimeMs = now + pauseMs
            pauseMs = min(plan.everyMs, pauseMs * 2)
        }
    }
}
