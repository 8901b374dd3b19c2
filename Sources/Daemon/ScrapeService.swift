import Logging
import ReleaseKernel

/// Runs every release's scrape cycles.
///
/// Both pools are scraped in the same cycle, so that they are compared over the same time; the targets are spread over
/// a tenth of the interval, so that their pages do not all arrive at once. They start in clumps: waking up costs more
/// than reading a page, so some pages per wake-up cost half of what they would cost one by one. The cycle ends with its
/// last scrape.
actor ScrapeService {
    private let transport: any HTTPTransport
    private let clock: SystemClock
    private let logger: Logger
    private let meter: KernelMeter
    private let watchdog: Watchdog
    private let shelf = LayoutShelf()
    private let scratches = ScratchPool()
    private var scrapers: [TargetScraper.Identity: TargetScraper] = [:]
    private var loops: [Task<Void, Never>] = []

    init(
        transport: any HTTPTransport, clock: SystemClock, logger: Logger, meter: KernelMeter, watchdog: Watchdog
    ) {
        self.transport = transport
        self.clock = clock
        self.logger = logger
        self.meter = meter
        self.watchdog = watchdog
    }

    /// Starts the plan's cycles; those of an earlier plan end. Scrapers whose target and settings are unchanged are kept,
    /// with the last values they know.
    ///
    /// - Throws: a selector's error; then the old cycles go on.
    func follow(_ plan: Plan) throws {
        var next: [TargetScraper.Identity: TargetScraper] = [:]
        for release in plan.releases {
            for pool in Pool.allCases {
                for target in release.pool(pool).targets {
                    let identity = TargetScraper.Identity(
                        release: release.name, pool: pool, instance: target.instance)
                    next[identity] = try scraper(identity, target: target, release: release)
                }
            }
        }
        stop()
        scrapers = next
        loops = plan.releases.map { release in
            let cycle = ScrapeCycle(
                release: release, scrapers: Pool.allCases.map { pool in ordered(pool, of: release) },
                clock: clock, logger: logger, meter: meter, watchdog: watchdog)
            return Task { await cycle.run() }
        }
    }

    func stop() {
        for loop in loops { loop.cancel() }
        loops = []
    }

    private func scraper(
        _ identity: TargetScraper.Identity, target: TargetPlan, release: ReleasePlan
    ) throws -> TargetScraper {
        if let kept = scrapers[identity], kept.target == target, kept.scrape == release.scrape,
            kept.watch == release.indicators
        {
            return kept
        }
        return try TargetScraper(
            pool: identity.pool, target: target, release: release, transport: transport, clock: clock,
            shelf: shelf, scratches: scratches)
    }

    private func ordered(_ pool: Pool, of release: ReleasePlan) -> [TargetScraper] {
        release.pool(pool).targets.compactMap { target in
            scrapers[TargetScraper.Identity(release: release.name, pool: pool, instance: target.instance)]
        }
    }
}

/// One release's endless row of cycles.
struct ScrapeCycle: Sendable {
    let release: ReleasePlan
    /// By pool, in the order of `Pool.allCases`, then in the plan's order.
    let scrapers: [[TargetScraper]]
    let clock: SystemClock
    let logger: Logger
    let meter: KernelMeter
    let watchdog: Watchdog

    func run() async {
        var startMs = clock.now.uptimeMs
        while !Task.isCancelled {
            meter.cycleBegan(release: release.name, lateMs: clock.now.uptimeMs - startMs)
            await once()
            // A cycle that took too long skips the ones it missed instead of catching up in a burst.
            let now = clock.now.uptimeMs
            let missed = max(0, now - startMs) / release.scrape.intervalMs
            startMs += (missed + 1) * release.scrape.intervalMs
            do { try await Task.sleep(for: .milliseconds(max(0, startMs - now))) } catch { return }
        }
    }

    private func once() async {
        let began = clock.uptimeNs
        let progress = CycleProgress(lateAfterMs: release.scrape.lateAfterMs) { await judge(sinceNs: began) }
        await withTaskCancellationHandler {
            await askAll(sinceNs: began, progress)
        } onCancel: {
            progress.abandon()
        }
        guard !Task.isCancelled else { return }
        await progress.finish()
    }

    /// Returns with the last answer.
    private func askAll(sinceNs began: Int64, _ progress: CycleProgress) async {
        let watchedSinceMs = await watchdog.watchedSinceUptimeMs(release: release.name)
        let targets = scrapers.flatMap { pool in pool.enumerated().map { ($0.offset, $0.element) } }
        let pace = ScrapePace(targets: targets.count, intervalMs: release.scrape.intervalMs)
        await withDiscardingTaskGroup { group in
            for (order, (index, scraper)) in targets.enumerated() {
                if order > 0, order % pace.clump == 0 {
                    let dueNs = began + Int64(order / pace.clump) * pace.pauseUs * 1_000
                    try? await Task.sleep(for: .nanoseconds(max(0, dueNs - clock.uptimeNs)))
                }
                guard !Task.isCancelled else { return }
                group.addTask { await scrape(scraper, index: index, watchedSinceUptimeMs: watchedSinceMs, progress) }
            }
            progress.askedAll()
        }
    }

    private func judge(sinceNs began: Int64) async {
        let (_, seconds) = await meter.timed { await watchdog.send(.cycleEnded(release: release.name)) }
        meter.decided(release: release.name, seconds: seconds)
        meter.cycleEnded(release: release.name, seconds: Double(clock.uptimeNs - began) / 1e9)
    }

    private func scrape(
        _ scraper: TargetScraper, index: Int, watchedSinceUptimeMs: Int64?, _ progress: CycleProgress
    ) async {
        let (result, seconds) = await meter.timed {
            await scraper.run(watchedSinceUptimeMs: watchedSinceUptimeMs, staleAfterMs: staleAfterMs)
        }
        // A cancelled scrape says nothing about its target.
        guard !Task.isCancelled else { return }
        for line in result.news { logger.warning("\(release.name): \(line)") }
        meter.scraped(release: release.name, scraper: scraper, result: result, seconds: seconds)
        await watchdog.send(
            .scraped(
                ScrapeReport(
                    release: release.name, pool: scraper.pool, target: index, instance: scraper.target.instance,
                    outcome: result.outcome)))
        if case .success = result.outcome { progress.told(scraper.pool) }
    }

    /// After a gap longer than this the last values are too old to count from: as in Prometheus, which looks back 5
    /// minutes.
    private var staleAfterMs: Int64 { max(300_000, release.scrape.intervalMs * 5) }
}
