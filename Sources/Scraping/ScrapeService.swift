package import Logging
package import Model
package import Ports
package import SystemSupport

/// Runs every release's scrape cycles.
///
/// Both pools are scraped in the same cycle, so that they are compared over the same time; the targets are spread over
/// a part of the interval, so that their scrape bodies do not all arrive at once. They start in batches: waking up
/// costs more than reading a body, so some bodies per wake-up cost half of what they would cost one by one. The cycle
/// ends with its last scrape.
package actor ScrapeService {
    private let clock: any DaemonClock
    private let logger: Logger
    private let meter: any ScrapeMeter
    private let sink: any ScrapeSink
    private let files: OpenFiles
    /// The last warning about open files; a reload that changes nothing about it does not repeat it.
    private var filesWarning: String?
    private var lanes: ScrapeLanes
    private let layoutCache = LayoutCache()
    private let scratches = ScratchPool()
    private var scrapers: [TargetScraper.Identity: TargetScraper] = [:]
    /// Scrapers of targets that are not in the plan any more: one that returns soon continues from its last values.
    private var retired: [TargetScraper.Identity: Retired] = [:]
    /// By release.
    private var servers: [String: [ServerReader]] = [:]
    /// By release.
    private var loops: [String: Loop] = [:]

    private struct Retired {
        let scraper: TargetScraper
        let untilUptimeMs: Int64
    }

    /// A target that is back after so many intervals at the most was there all the time.
    private static let returnIntervals: Int64 = 3
    private static let retiredLimit = 10_000

    private struct Loop {
        let cycle: ScrapeCycle
        let task: Task<Void, Never>
    }

    package init(
        lanes: ScrapeLanes, files: OpenFiles, clock: any DaemonClock, logger: Logger, meter: any ScrapeMeter,
        sink: any ScrapeSink
    ) {
        self.files = files
        self.lanes = lanes
        self.clock = clock
        self.logger = logger
        self.meter = meter
        self.sink = sink
    }

    /// Starts the plan's cycles. Scrapers whose target and settings are unchanged are kept, with the last values they know,
    /// and so is a release's loop whose scrape settings are unchanged: the running cycle ends as it began, and the next
    /// one begins when it was due. So a reload is not seen in what is counted.
    ///
    /// - Throws: a selector's error, or what keeps a new lane from being made; then the old cycles continue.
    package func follow(_ plan: Plan) throws {
        var next: [TargetScraper.Identity: TargetScraper] = [:]
        var fresh: [(identity: TargetScraper.Identity, target: TargetPlan, release: ReleasePlan)] = []
        for (identity, target, release) in Self.targets(of: plan) {
            if let kept = kept(identity, target: target, release: release) {
                next[identity] = kept
            } else {
                fresh.append((identity, target, release))
            }
        }
        let left = stillRetired(beside: next, fresh.map(\.identity))
        var lanes = lanes
        let served = plan.releases.map { (release: $0, kept: keptServers($0)) }
        lanes.recount(
            next.values.map(\.lane) + left.values.map(\.scraper.lane) + served.flatMap { $0.kept.map(\.lane) })
        for (identity, target, release) in fresh {
            next[identity] = try TargetScraper(
                pool: identity.pool, target: target, release: release, place: try lanes.place(), clock: clock,
                layoutCache: layoutCache, scratches: scratches)
        }
        var nextServers: [String: [ServerReader]] = [:]
        for (release, kept) in served {
            nextServers[release.name] = try ServerReader.groups(of: release).map { group in
                let identity = ServerReader.identity(group.server, release: release, pools: group.pools)
                if let reader = kept.first(where: { $0.identity == identity }) { return reader }
                return try ServerReader(
                    group.server, release: release, pools: group.pools, place: try lanes.place(), clock: clock)
            }
        }
        servers = nextServers
        for retired in lanes.retireEmpty() { clock.start { await retired.shutdown() } }
        self.lanes = lanes
        (scrapers, retired) = (next, left)
        warnOfOpenFiles(targets: next.count)
        for release in plan.releases { Self.watchForSameEndpoints(release, next) }
        for name in loops.keys.sorted() where !plan.releases.contains(where: { $0.name == name }) { stop(name) }
        for release in plan.releases { run(release) }
    }

    private func run(_ release: ReleasePlan) {
        let work = work(of: release)
        if let loop = loops[release.name], loop.cycle.replace(work) { return }
        stop(release.name)
        let cycle = ScrapeCycle(work: work, clock: clock, logger: logger, meter: meter, sink: sink)
        loops[release.name] = Loop(cycle: cycle, task: clock.start { await cycle.run() })
    }

    private func work(of release: ReleasePlan) -> ScrapeCycle.Work {
        let (baseline, canary) = (ordered(.baseline, of: release), ordered(.canary, of: release))
        func scraped(_ pool: Pool, _ targets: [ScrapeCycle.Target]) -> [ScrapeCycle.Target] {
            release.pool(pool).server == nil ? targets : []
        }
        let readers = servers[release.name] ?? []
        let pools = Pool.allCases.filter { release.pool($0).server?.fallsBackToScrapes == true }
        let fallback = ScrapeCycle.Work(
            release: release, baseline: baseline, canary: canary, servers: readers.filter { !$0.fallsBack })
        return ScrapeCycle.Work(
            release: release, baseline: scraped(.baseline, baseline), canary: scraped(.canary, canary),
            servers: readers, fallback: pools.isEmpty ? nil : .init(fallback, pools: Set(pools)))
    }

    private func stop(_ release: String) { loops.removeValue(forKey: release)?.task.cancel() }

    private func warnOfOpenFiles(targets: Int) {
        let warning = files.warning(targets: targets)
        if let warning, warning != filesWarning { logger.warning("\(warning)") }
        filesWarning = warning
    }

    package func stop() {
        for name in loops.keys.sorted() { loops[name]?.task.cancel() }
        loops = [:]
    }

    /// Stops for good, and aborts what is under way.
    package func shutdown() async {
        stop()
        await lanes.shutdown()
    }

    /// In the order in which they are asked, so that targets that are asked together are mostly on one lane.
    private static func targets(
        of plan: Plan
    ) -> [(identity: TargetScraper.Identity, target: TargetPlan, release: ReleasePlan)] {
        plan.releases.flatMap { release in
            // The samples of the others are read from a server alone.
            func named(_ pool: Pool) -> [(Pool, TargetPlan)] {
                let isScraped = release.pool(pool).server.map(\.fallsBackToScrapes) ?? true
                return isScraped ? release.pool(pool).targets.map { (pool, $0) } : []
            }
            return ScrapePace.mixed(named(.baseline), named(.canary)).map { pool, target in
                let identity = TargetScraper.Identity(release: release.name, pool: pool, instance: target.instance)
                return (identity, target, release)
            }
        }
    }

    private func kept(
        _ identity: TargetScraper.Identity, target: TargetPlan, release: ReleasePlan
    ) -> TargetScraper? {
        guard let old = scrapers[identity] ?? retiredScraper(identity), old.target == target,
            old.scrape == release.scrape,
            old.watch == release.indicators(of: identity.pool),
            old.versionLabel == release.rollout?.versionLabel,
            old.instanceLabel == release.pool(identity.pool).instanceLabel
        else { return nil }
        return old
    }

    private func retiredScraper(_ identity: TargetScraper.Identity) -> TargetScraper? {
        guard let known = retired[identity], clock.now.uptimeMs <= known.untilUptimeMs else { return nil }
        return known.scraper
    }

    /// The scrapers that are kept for targets that may return. What a target counts in the other pool is not counted a second
    /// time when it is back.
    private func stillRetired(
        beside next: [TargetScraper.Identity: TargetScraper], _ fresh: [TargetScraper.Identity]
    ) -> [TargetScraper.Identity: Retired] {
        let now = clock.now.uptimeMs
        var left = retired.filter { next[$0.key] == nil && now <= $0.value.untilUptimeMs }
        for (identity, scraper) in scrapers where next[identity] == nil && left.count < Self.retiredLimit {
            let intervalMs = scraper.scrape.intervalMs
            left[identity] = Retired(scraper: scraper, untilUptimeMs: now + Self.returnIntervals * intervalMs)
        }
        for identity in fresh {
            left[identity] = nil
            left[identity.inOtherPool] = nil
        }
        return left
    }

    private func keptServers(_ release: ReleasePlan) -> [ServerReader] {
        let wanted = ServerReader.groups(of: release).map {
            ServerReader.identity($0.server, release: release, pools: $0.pools)
        }
        return (servers[release.name] ?? []).filter { wanted.contains($0.identity) }
    }

    private static func watchForSameEndpoints(
        _ release: ReleasePlan, _ scrapers: [TargetScraper.Identity: TargetScraper]
    ) {
        OtherPool.forTargets(of: release) { pool, target, other in
            let identity = TargetScraper.Identity(release: release.name, pool: pool, instance: target.instance)
            scrapers[identity]?.know(other)
        }
    }

    private func ordered(_ pool: Pool, of release: ReleasePlan) -> [ScrapeCycle.Target] {
        release.pool(pool).targets.enumerated().compactMap { index, target in
            let identity = TargetScraper.Identity(release: release.name, pool: pool, instance: target.instance)
            return scrapers[identity].map { ScrapeCycle.Target(index: index, scraper: $0) }
        }
    }
}
