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

    /// `an A/A release of 1 h, until 2026-11-28: errors of the same version differed by …`
    private static func note(_ found: PoolDivergence.Finding, _ pools: EvidenceRecord.PoolsMeasured) -> String {
        let name: String =
            switch found.event {
            case .error: "errors"
            case .slowerThan(let bound): "answers slower than \(NumberText.seconds(bound))"
            }
        let day = "\(WallTime(wallMs: pools.untilWallMs))".prefix(10)
        let ratio = NumberText.plain(found.ratio)
        let steady = "\(name) of the same version were \(ratio) times as many in the canary pool"
        let wandering = "wandered by \(NumberText.percent(found.spread)) (sd) from minute to minute"
        let duration = NumberText.wait(seconds: pools.divergence.seconds)
        let least = NumberText.plain(found.unprovenRatio)
        return "an A/A release of \(duration), until \(day): \(steady) and \(wandering); a difference below \(least) "
            + "times can be the pools', not the version's"
    }
}
