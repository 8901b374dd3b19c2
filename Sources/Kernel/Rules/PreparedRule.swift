import Model

/// A rule in the form in which it is judged: the part of its plan that a verdict needs, and what follows from it.
///
/// An object, because a plan is a large value that would be copied for each rule in each cycle.
final class PreparedRule: Sendable, Equatable {
    let test: PreparedTest
    let windowMs: Int64
    let action: RulePlan.Action
    let forMs: Int64
    let keepFiringForMs: Int64
    /// Index of its measure among the cycle's measures.
    let place: Int

    init(_ plan: RulePlan, test: PreparedTest, place: Int) {
        (windowMs, action) = (plan.windowMs, plan.action)
        (forMs, keepFiringForMs) = (plan.forMs, plan.keepFiringForMs)
        (self.test, self.place) = (test, place)
    }

    static func == (left: PreparedRule, right: PreparedRule) -> Bool {
        left === right
            || left.test == right.test && left.windowMs == right.windowMs && left.action == right.action
                && left.forMs == right.forMs && left.keepFiringForMs == right.keepFiringForMs
                && left.place == right.place
    }
}

enum PreparedTest: Sendable, Equatable {
    case threshold(PreparedThreshold)
    case regression(PreparedRegression)

    init(_ plan: RulePlan) {
        self =
            switch plan.test {
            case .threshold(let threshold): .threshold(PreparedThreshold(threshold, action: plan.action))
            case .regression(let regression): .regression(PreparedRegression(regression))
            }
    }

    /// Its values are compared with each other, so they have to be of the same requests and bounds.
    var isComparison: Bool {
        switch self {
        case .threshold(let threshold): threshold.mentions.areBoth
        case .regression: true
        }
    }
}

/// An object for the same reason.
final class PreparedRegression: Sendable, Equatable {
    let plan: RegressionPlan

    init(_ plan: RegressionPlan) { self.plan = plan }

    static func == (left: PreparedRegression, right: PreparedRegression) -> Bool {
        left === right || left.plan == right.plan
    }
}

/// A condition with the pools that it names.
final class PreparedThreshold: Sendable, Equatable {
    let condition: Condition
    let conditionText: String
    let windowMs: Int64
    let minRequests: Double
    let noData: RulePlan.NoDataPolicy
    let action: RulePlan.Action
    let mentions: MentionedPools

    init(_ plan: ThresholdPlan, action: RulePlan.Action) {
        (condition, conditionText, windowMs) = (plan.condition, plan.conditionText, plan.windowMs)
        (minRequests, noData, self.action) = (plan.minRequests, plan.noData, action)
        mentions = MentionedPools(in: plan.condition)
    }

    static func == (left: PreparedThreshold, right: PreparedThreshold) -> Bool {
        left === right
            || left.condition == right.condition && left.conditionText == right.conditionText
                && left.windowMs == right.windowMs && left.minRequests == right.minRequests
                && left.noData == right.noData && left.action == right.action
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
