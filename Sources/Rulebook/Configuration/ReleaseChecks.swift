import ReleaseKernel

/// What a rule needs from the release that it stands in.
struct ReleaseChecks {
    /// Rows of a pool's window are kept in memory.
    static let intervalLimit: Int64 = 20_000

    let release: String
    let intervalMs: Int64
    /// The names under `indicators`, usable or not; nil when there is no such section.
    let indicators: Set<String>?
    let log: MistakeLog

    private var name: String { Quote.name(release) }

    func check(_ drafts: [RuleDraft]) {
        RuleFileReader(log: log).refuseNamesakes(drafts)
        for draft in drafts {
            checkWindow(draft)
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

    private func checkIndicator(_ draft: RuleDraft, _ indicators: Set<String>) {
        let needed =
            switch draft.plan.indicator {
            case .requestRate: ["requests"]
            case .errorRate: ["requests", "errors"]
            case .latencyMean, .latencyQuantile: ["latency"]
            }
        if let first = needed.first(where: { !indicators.contains($0) }) {
            log.error(
                draft.indicatorPlace,
                "\(draft.plan.indicator.name) in rule \(draft.name) needs the selector '\(first)', which 'indicators' "
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
