import Model

/// A threshold rule in the form in which it is judged: the part of its plan that a verdict needs, and what follows from it.
///
/// An object, because a plan is a large value that would be copied for each rule in each cycle.
final class PreparedRule: Sendable, Equatable {
    let condition: Condition
    let conditionText: String
    let windowMs: Int64
    let minRequests: Double
    let noData: RulePlan.NoDataPolicy
    let action: RulePlan.Action
    let forMs: Int64
    let keepFiringForMs: Int64
    /// It is a statistical rule.
    let asksForProof: Bool
    let mentions: MentionedPools
    /// Index of its measure among the cycle's measures.
    let place: Int

    init(_ plan: RulePlan, mentions: MentionedPools, place: Int) {
        (condition, conditionText, windowMs) = (plan.condition, plan.conditionText, plan.windowMs)
        (minRequests, noData, action) = (plan.minRequests, plan.noData, plan.action)
        (forMs, keepFiringForMs) = (plan.forMs, plan.keepFiringForMs)
        asksForProof = plan.regression != nil
        (self.mentions, self.place) = (mentions, place)
    }

    static func == (left: PreparedRule, right: PreparedRule) -> Bool {
        left === right
            || left.condition == right.condition && left.conditionText == right.conditionText
                && left.windowMs == right.windowMs && left.minRequests == right.minRequests
                && left.noData == right.noData && left.action == right.action && left.forMs == right.forMs
                && left.keepFiringForMs == right.keepFiringForMs && left.asksForProof == right.asksForProof
                && left.place == right.place
    }
}

/// The pools whose values a condition names. A condition is a tree, so this is determined once per rule, not in each
/// cycle.
struct MentionedPools: Sendable, Equatable {
    let baseline: Bool
    let canary: Bool

    init(in condition: Condition) {
        (baseline, canary) = (condition.mentions(.baseline), condition.mentions(.canary))
    }

    subscript(pool: Pool) -> Bool { pool == .baseline ? baseline : canary }

    var areBoth: Bool { baseline && canary }
}
