import ReleaseKernel

/// What a rule asks for and can never get. `check` refuses it; a daemon takes it and says so.
enum ImpossibleRule {
    /// A release is promoted, rolled back or replaced long before.
    static let longestForMs: Int64 = 7 * 86_400_000

    static func check(_ plan: RulePlan, _ fields: Fields) {
        func refuse(_ field: Field?, _ text: String) {
            if let field { field.log.impossible(field.place, text) }
        }
        if plan.forMs > longestForMs {
            refuse(
                fields["for"],
                "'for' of \(Amounts.text(durationMs: plan.forMs)) is longer than any release is watched; the rule never fires,"
                    + " use \(Amounts.text(durationMs: longestForMs)) or less")
        }
        // With `no_data: breach` missing values are a breach, whatever the condition says of present ones.
        let isDecided = plan.noData != .breach && !ConditionFeasibility.canHold(plan.condition, of: plan.indicator)
        if isDecided {
            let range =
                plan.indicator == .errorRate ? "a share between 0% and 100%, so that a plain 5 is 500%" : "0 or more"
            refuse(fields["when"], "the condition can never hold: \(plan.indicator.name) is \(range)")
        }
    }
}
