import Declarations
import Model

/// What a rule asks for and can never get. `check` refuses it; a daemon takes it and says so.
enum ImpossibleRule {
    /// A release is promoted, rolled back or replaced long before.
    static let longestForMs: Int64 = 7 * 86_400_000

    static func check(
        _ plan: ThresholdPlan, _ action: RulePlan.Action, _ fields: Fields, isIndicatorKnown: Bool = true
    ) {
        func refuse(_ field: Field?, _ text: String) {
            if let field { field.log.impossible(field.place, text) }
        }
        if plan.forMs > longestForMs {
            refuse(
                fields["for"],
                "'for' of \(Amounts.text(durationMs: plan.forMs)) is longer than any release is watched; the rule never fires,"
                    + " use \(Amounts.text(durationMs: longestForMs)) or less")
        }
        if isIndicatorKnown { checkDivision(plan, fields["when"]) }
        // With `no_data: breach` missing values are a breach, whatever the condition says of present ones.
        let isDecided =
            isIndicatorKnown && plan.noData != .breach
            && !ConditionFeasibility.canHold(plan.condition, of: plan.indicator)
        if isDecided { refuseCondition(plan, fields["when"]) }
        if isIndicatorKnown { warnOfCertainty(plan, action, fields["when"]) }
        if isIndicatorKnown { warnOfUnit(plan, fields["when"]) }
    }

    /// The same for a rule whose indicator has become known.
    static func check(_ plan: ThresholdPlan, _ action: RulePlan.Action, condition: Field) {
        checkDivision(plan, condition)
        warnOfCertainty(plan, action, condition)
        warnOfUnit(plan, condition)
        if plan.noData != .breach, !ConditionFeasibility.canHold(plan.condition, of: plan.indicator) {
            refuseCondition(plan, condition)
        }
    }

    private static func checkDivision(_ plan: ThresholdPlan, _ field: Field?) {
        guard let field, ConditionFeasibility.dividesByZero(plan.condition, of: plan.indicator) else { return }
        field.log.impossible(
            field.place, "the condition divides by zero, so it never has a value; correct the divisor")
    }

    private static func warnOfCertainty(_ plan: ThresholdPlan, _ action: RulePlan.Action, _ field: Field?) {
        guard let field, action == .rollback,
            ConditionFeasibility.alwaysHolds(plan.condition, of: plan.indicator)
        else { return }
        field.log.warning(
            field.place,
            "the condition holds for every value of \(plan.indicator.name), so the rule rolls back every release")
    }

    /// A plain number of a time is in seconds. From a minute on it was probably meant in milliseconds.
    private static func warnOfUnit(_ plan: ThresholdPlan, _ field: Field?) {
        guard let field, plan.indicator.measure == .seconds else { return }
        let number = /[<>]=?\s*(\d+(?:\.\d+)?)\s*(?:$|\)|and\b|or\b)/
        for match in plan.conditionText.matches(of: number) {
            guard let value = Double(match.1), value >= 60 else { continue }
            field.log.warning(
                field.place,
                "\(match.1) without a unit is \(match.1) seconds; write \(match.1)ms for milliseconds, or \(match.1)s")
        }
    }

    private static func refuseCondition(_ plan: ThresholdPlan, _ field: Field?) {
        let range =
            plan.indicator == .errorRate ? "a share between 0% and 100%, so that a plain 5 is 500%" : "0 or more"
        // What divides by zero has been reported.
        guard let field, !ConditionFeasibility.dividesByZero(plan.condition, of: plan.indicator) else { return }
        field.log.impossible(
            field.place, "the condition can never hold: \(plan.indicator.name) is \(range)")
    }
}
