import ReleaseKernel

/// A baseline none of whose processes has been running for several cycles gets nothing more because of a rule or a drift:
/// there is nobody to serve it. A drift may be put back by a daemon that hears of no version at all, or by a person.
struct DeadBaselineChecker {
    private struct Knowledge {
        /// Canary instances whose last scrape worked.
        var canaryHeard: Set<String> = []
        /// The drift that follows is a person's wish.
        var isAskedFor = false
    }

    private var releases: [Knowledge]

    init(releases: Int) { self.releases = Array(repeating: Knowledge(), count: releases) }

    mutating func restarted() { releases = releases.map { _ in Knowledge() } }

    mutating func scraped(_ report: ScrapeReport, release: Int) {
        guard report.pool == .canary else { return }
        if case .success = report.outcome {
            releases[release].canaryHeard.insert(report.instance)
        } else {
            releases[release].canaryHeard.remove(report.instance)
        }
    }

    mutating func appended(_ entry: JournalEntry, release: Int, _ world: WorldView) -> String? {
        if case .driftOverruled = entry.event { releases[release].isAskedFor = true }
        let rule = HealthyCanaryChecker.rollbackRule(entry)
        guard let cause = rule ?? drift(entry, release, world) else { return nil }
        let downMs = world.nowMs - world.release.baselineUpMs
        // A cycle that was answered in full may be a whole interval old, and its scrapes take a part of the next.
        guard downMs > 2 * world.plan.scrape.intervalMs + world.plan.scrape.timeoutMs else { return nil }
        return "\(cause) moves everything to a baseline that has been down for \(downMs) ms"
    }

    private mutating func drift(_ entry: JournalEntry, _ release: Int, _ world: WorldView) -> String? {
        guard case .drifted = entry.event else { return nil }
        defer { releases[release].isAskedFor = false }
        let isHeard = world.plan.canary.targets.contains { releases[release].canaryHeard.contains($0.instance) }
        return isHeard && !releases[release].isAskedFor ? "the drift watch" : nil
    }
}
