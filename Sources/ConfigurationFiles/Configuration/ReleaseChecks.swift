import Declarations
import Model
import Support

/// What a rule needs from the release that it belongs to.
struct ReleaseChecks {
    /// Rows of a pool's window are kept in memory.
    static let intervalLimit: Int64 = 20_000

    let release: String
    let intervalMs: Int64
    /// The names under `indicators`, usable or not; nil when there is no such section.
    let indicators: Set<String>?
    /// Upper bounds of the latency histogram, seconds, rising; empty when they are not configured.
    var latencyBounds: [Double] = []
    let log: DiagnosticLog

    private var name: String { Quote.name(release) }

    func check(_ drafts: [RuleDraft]) {
        RuleFileReader(log: log).refuseNamesakes(drafts)
        for draft in drafts {
            if draft.plan.regression == nil { checkWindow(draft) } else { checkBuckets(draft) }
            if let indicators { checkIndicator(draft, indicators) }
        }
    }

    private func checkWindow(_ draft: RuleDraft) {
        let window = Amounts.text(durationMs: draft.plan.windowMs)
        let interval = Amounts.text(durationMs: intervalMs)
        if draft.plan.windowMs < 2 * intervalMs {
            log.error(
                draft.windowPlace,
                "a window of \(window) is shorter than two scrape intervals of release \(name) (\(interval) each): "
                    + "a rate is the difference of two scrapes, and one missed scrape would leave nothing to judge; "
                    + "use \(Amounts.text(durationMs: 2 * intervalMs)) or more")
        } else if draft.plan.windowMs / intervalMs > ReleaseChecks.intervalLimit {
            log.error(
                draft.windowPlace,
                "a window of \(window) is longer than \(ReleaseChecks.intervalLimit) scrape intervals of release "
                    + "\(name) (\(interval) each), which are kept in memory; shorten it or scrape less often")
        }
    }

    /// The indicators of the rule, and the selectors that they need.
    private func needs(of rule: RulePlan) -> [(indicator: String, selectors: [String])] {
        if let regression = rule.regression {
            guard regression.scope.own == nil else { return [] }
            return regression.scope.names.map { ($0, $0 == "error_rate" ? ["requests", "errors"] : ["latency"]) }
        }
        let selectors: [String] =
            switch rule.indicator {
            case .requestRate: ["requests"]
            case .errorRate: ["requests", "errors"]
            case .latencyMean, .latencyQuantile: ["latency"]
            case .own: []
            }
        return [(rule.indicator.name, selectors)]
    }

    /// A percentile can be seen to rise only from one bucket to another.
    private func checkBuckets(_ draft: RuleDraft) {
        guard let regression = draft.plan.regression, latencyBounds.count > 1 else { return }
        guard case .percentile(let quantile) = regression.scope else { return }
        let indicator = Indicator.latencyQuantile(quantile).name
        let wide = BucketWidth.tooWide(latencyBounds, ratio: 1 + regression.tolerance)
        guard let first = wide.first else { return }
        let bucket = "\(NumberText.seconds(first.lower)) to \(NumberText.seconds(first.upper))"
        let effect = "\(NumberText.percent(regression.tolerance)) of \(indicator) in rule \(draft.name)"
        let advice = "add a boundary at \(NumberText.plain(first.missing)) to the histogram, or raise the tolerance"
        if wide.count == latencyBounds.count - 1 {
            log.error(
                draft.indicatorPlace,
                "no bucket of the latency is fine enough for \(effect): the one from \(bucket) is "
                    + "\(NumberText.plain(first.upper / first.lower)) times wide; \(advice)")
        } else {
            log.warning(
                draft.indicatorPlace,
                "\(wide.count) of \(latencyBounds.count - 1) buckets are too wide for \(effect), the first from \(bucket); "
                    + "where the percentile lies in one of them, \(advice)")
        }
    }

    private func checkIndicator(_ draft: RuleDraft, _ indicators: Set<String>) {
        for (indicator, selectors) in needs(of: draft.plan) {
            guard let first = selectors.first(where: { !indicators.contains($0) }) else { continue }
            log.error(
                draft.indicatorPlace,
                "\(indicator) in rule \(draft.name) needs the selector '\(first)', which 'indicators' "
                    + "of release \(name) does not have")
        }
        if draft.plan.action == .rollback, !indicators.contains("requests") {
            log.warning(
                draft.actionPlace,
                "without the indicator 'requests' in release \(name) a rollback cannot be proved by the "
                    + "canary's traffic"
            )
        }
    }
}
