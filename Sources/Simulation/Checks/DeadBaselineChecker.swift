import Model

/// A baseline none of whose processes has been running for several cycles gets nothing more because of a rule or a drift:
/// there is no server for it. A drift may be put back by a daemon that has not heard of any version for a while, or by
/// an operator.
struct DeadBaselineChecker {
    private struct Knowledge {
        /// Scrapes in a row that failed, by canary instance.
        var failures: [String: Int] = [:]
        /// The correction that follows was requested by an operator.
        var isAskedFor = false
    }

    private var releases: [Knowledge]

    init(releases: Int) { self.releases = Array(repeating: Knowledge(), count: releases) }

    mutating func restarted() { releases = releases.map { _ in Knowledge() } }

    mutating func scraped(_ report: ScrapeReport, release: Int) {
        guard report.pool == .canary else { return }
        if case .success = report.outcome {
            releases[release].failures[report.instance] = 0
        } else {
            releases[release].failures[report.instance, default: 0] += 1
        }
    }

    mutating func appended(_ entry: JournalEntry, release: Int, _ world: WorldView) -> String? {
        if case .driftOverruled = entry.event { releases[release].isAskedFor = true }
        guard let rule = HealthyCanaryChecker.rollbackRule(entry) else { return nil }
        return downMs(world).map { "\(rule) moves everything to a baseline that has been down for \($0) ms" }
    }

    mutating func corrects(release: Int, _ world: WorldView) -> String? {
        defer { releases[release].isAskedFor = false }
        let known = releases[release]
        let isHeard = world.plan.canary.targets.contains { known.failures[$0.instance, default: 0] < 2 }
        guard isHeard, !known.isAskedFor, let downMs = downMs(world) else { return nil }
        return "the drift watch moves everything to a baseline that has been down for \(downMs) ms"
    }

    /// Nil while the daemon need not know.
    private func downMs(_ world: WorldView) -> Int64? {
        let downMs = world.nowMs - world.release.baselineUpMs
        // A process that resumes after it was stopped has the answers of before first.
        let awakeMs = world.nowMs - world.resumedMs
        guard awakeMs > 2 * world.plan.scrape.intervalMs + world.plan.scrape.timeoutMs else { return nil }
        // A cycle that was answered in full may be a whole interval old, and its scrapes take a part of the next.
        return downMs > 2 * world.plan.scrape.intervalMs + world.plan.scrape.timeoutMs ? downMs : nil
    }
}
