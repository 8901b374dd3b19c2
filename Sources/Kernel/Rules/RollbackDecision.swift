import Model

/// What the firing rules together ask for, given what is known of the baseline. The result depends on the set of rules, never
/// on their order: a rule that has no reason to wait acts, whatever the others have to wait for.
enum RollbackDecision: Equatable {
    /// No rule asks for a rollback in this cycle.
    ///
    /// - isWanted: one that does is still firing.
    case none(isWanted: Bool)
    case wait(String)
    /// An operator is needed: what the rule asks for would not help.
    ///
    /// - untilUptimeMs: before then nothing is moved, even when the reason ends; nil where the reason alone counts.
    case hold(rule: Int, because: String, untilUptimeMs: Int64?)
    case rollback(rule: Int)
}

/// What a decision needs to know besides the rules.
struct DecisionFacts {
    let facts: ReleaseFacts
    /// Cycles of this process.
    let cycles: Int
    /// An earlier decision to hold is still valid.
    let isHeld: Bool
    let heldUntilUptimeMs: Int64?
    /// False for a replica that does not lead: it acts on threshold rules alone.
    var actsOnStatistics = true
    /// The baseline does not fit the schema, so it would serve the canary's users no better; or nothing is known of that, and the
    /// plan says to wait then.
    var closedWayBack: String?

    /// A base, a jump, its two confirmations, and one missed scrape each way. A baseline without requests is not waited for
    /// any longer.
    fileprivate static let cyclesToKnowTheBaseline = 6

    /// Why there is no baseline that could take the canary's traffic over; nil when there is one.
    fileprivate var baselineAbsence: String? {
        if facts.baseline.healthyTargets == 0 { return "no target of the baseline could be scraped" }
        return facts.observations.sayBaselineIsAway ? "the router says that the baseline has no healthy server" : nil
    }
}

extension RuleEngine {
    private static let waitingText = "held: waiting for a whole window without the baseline's trouble"

    /// Only a breach seen in this very cycle moves traffic.
    func decide(_ known: DecisionFacts, at now: Moment) -> RollbackDecision {
        let all = wanting
        let wanting = known.actsOnStatistics ? all : all.filter { rules[$0].regression == nil }
        if wanting.isEmpty, let waiting = all.first {
            return .wait("waiting: \(rules[waiting].name) is a statistical rule, on which the leading replica acts")
        }
        guard let first = wanting.first else { return .none(isWanted: isRollbackWanted) }
        if let reason = known.baselineAbsence {
            let windowMs = wanting.map { rules[$0].windowMs }.max() ?? 0
            return .hold(rule: first, because: reason, untilUptimeMs: now.uptimeMs + windowMs)
        }
        if let reason = known.closedWayBack { return .hold(rule: first, because: reason, untilUptimeMs: nil) }
        // It may be as sick as the canary, and has not been heard yet.
        if known.facts.baseline.isAboutToReport {
            return .wait("waiting: the baseline has not reported its requests yet")
        }
        guard let free = wanting.first(where: { !isSharedTrouble($0, at: now) }) else {
            return sharedTrouble(wanting, isHeld: known.isHeld)
        }
        // After a restart `for` is over at once where it was before; what was known of the baseline is not known any more.
        let isYoung = known.cycles <= DecisionFacts.cyclesToKnowTheBaseline
        if isYoung, evaluations[free]?.evidence.baseline.value == nil {
            return .wait("waiting: nothing is known of the baseline yet")
        }
        // A trouble of both versions does not end for both in the same cycle: the canary is judged by a window of its own.
        if let until = known.heldUntilUptimeMs, now.uptimeMs < until { return .wait(RuleEngine.waitingText) }
        return .rollback(rule: free)
    }

    /// Every rule that asks for a rollback has to wait, because the baseline does no better.
    private func sharedTrouble(_ wanting: [Int], isHeld: Bool) -> RollbackDecision {
        if let sick = wanting.first(where: { evaluations[$0]?.baselineBreachesToo == true }) {
            let reason = "the baseline breaches the same condition, so it is not the canary's fault"
            return .hold(rule: sick, because: reason, untilUptimeMs: nil)
        }
        if isHeld { return .wait(RuleEngine.waitingText) }
        let reason = "the baseline breached the same condition less than a window ago"
        return .hold(rule: wanting[0], because: reason, untilUptimeMs: nil)
    }
}
