import Model
import Statistics
import Support

/// What an A/A release measured, as text.
enum MeasuredPoolsText {
    /// A sentence for each kind of bad event that a rule compares, shown with its verdict.
    static func notes(_ pools: EvidenceRecord.PoolsMeasured, of scope: RegressionPlan.Scope) -> [String] {
        pools.divergence.findings.filter { isCompared($0.event, by: scope) }.map { note($0, pools) }
    }

    private static func isCompared(_ event: BadEvent, by scope: RegressionPlan.Scope) -> Bool {
        switch event {
        case .error: scope.hasShare
        case .slowerThan: scope.hasLatency
        }
    }

    /// `an A/A release of 1 h, until 2026-11-28: errors of the same version were 1.2 times as many in the canary pool and …`
    private static func note(_ found: PoolDivergence.Finding, _ pools: EvidenceRecord.PoolsMeasured) -> String {
        let day = "\(WallTime(wallMs: pools.untilWallMs))".prefix(10)
        let duration = NumberText.wait(seconds: pools.divergence.seconds)
        return "an A/A release of \(duration), until \(day): \(sentence(found))"
    }

    /// What the pools of one version differed by, and what follows from it. A ratio that is written as 1 and a spread below
    /// half a percent are no difference.
    static func sentence(_ found: PoolDivergence.Finding) -> String {
        let name: String =
            switch found.event {
            case .error: "errors"
            case .slowerThan(let bound): "answers slower than \(NumberText.seconds(bound))"
            }
        let (ratio, least) = (NumberText.plain(found.ratio), NumberText.plain(found.unprovenRatio))
        let level = ratio == "1" ? "as many in both pools" : "\(ratio) times as many in the canary pool"
        let wandering =
            found.spread < 0.005
            ? "did not wander from minute to minute"
            : "wandered by \(NumberText.percent(found.spread)) (sd) from minute to minute"
        let conclusion =
            least == "1"
            ? "the pools account for no difference"
            : "a difference below \(least) times can be the pools', not the version's"
        return "\(name) of the same version were \(level) and \(wandering); \(conclusion)"
    }
}
