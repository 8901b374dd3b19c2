import Model

/// No data is no verdict: in a cycle in which nothing of the canary could be read, no rule says healthy or breached, except
/// one that is configured to take silence for health (`no_data: ignore`). What is proven stays proven.
struct SilenceChecker {
    private struct Cycle {
        let name: String
        /// Scrape bodies of the canary that were read in the running cycle.
        var scrapes = 0
    }

    private var cycles: [Cycle]

    init(releases: [String]) { cycles = releases.map { Cycle(name: $0) } }

    mutating func began(release: Int) { cycles[release].scrapes = 0 }

    mutating func scraped(_ report: ScrapeReport, release: Int) {
        guard report.pool == .canary, case .success = report.outcome else { return }
        cycles[release].scrapes += 1
    }

    func ended(release: Int, _ snapshot: Snapshot, plan: ReleasePlan, atWallMs now: Int64) -> String? {
        guard cycles[release].scrapes == 0 else { return nil }
        guard let shown = snapshot.releases.first(where: { $0.name == plan.name }) else { return nil }
        for (rule, settings) in zip(shown.rules, plan.rules) {
            let holds = settings.threshold.map { $0.noData == .hold } ?? true
            guard holds, rule.lastEvaluationWallMs == now, let evidence = rule.evidence else { continue }
            if case .inconclusive = evidence.verdict { continue }
            if evidence.regression != nil, evidence.verdict == .breached { continue }
            return "\(rule.name) says \(evidence.verdict.name), and nothing of the canary could be read"
        }
        return nil
    }
}
