import Logging
import ReleaseKernel

/// Runs every release's scrape cycles.
///
/// Both pools are scraped in the same cycle, so that they are compared over the same time; the targets are spread over
/// a part of the interval, so that their pages do not all arrive at once. They start in clumps: waking up costs more
/// than reading a page, so some pages per wake-up cost half of what they would cost one by one. The cycle ends with its
/// last scrape.
actor ScrapeService {
    private let clock: SystemClock
    private let logger: Logger
    private let meter: KernelMeter
    private let watchdog: Watchdog
    private var lanes: ScrapeLanes
    private let shelf = LayoutShelf()
    private let scratches = ScratchPool()
    private var scrapers: [TargetScraper.Identity: TargetScraper] = [:]
    private var loops: [Task<Void, Never>] = []

    init(lanes: ScrapeLanes, clock: SystemClock, logger: Logger, meter: KernelMeter, watchdog: Watchdog) {
        self.lanes = lanes
        self.clock = clock
        self.logger = logger
        self.meter = meter
        self.watchdog = watchdog
    }

    /// Starts the plan's cycles; those of an earlier plan end. Scrapers whose target and settings are unchanged are kept,
    /// with the last values they know.
    ///
    /// - Throws: a selector's error, or what keeps a new lane from being made; then the old cycles go on.
    func follow(_ plan: Plan) throws {
        var next: [TargetScraper.Identity: TargetScraper] = [:]
        var fresh: [(identity: TargetScraper.Identity, target: TargetPlan, release: ReleasePlan)] = []
        for (identity, target, release) in Self.targets(of: plan) {
            if let kept = kept(identity, target: target, release: release) {
                next[identity] = kept
            } else {
                fresh.append((identity, target, release))
            }
        }
        var lanes = lanes
        lanes.recount(next.values.lazy.map(\.lane))
        for (identity, target, release) in fresh {
            next[identity] = try TargetScraper(
                pool: identity.pool, target: target, release: release, place: try lanes.place(), clock: clock,
                shelf: shelf, scratches: scratches)
        }
        stop()
        for retired in lanes.retireEmpty() { Task { await retired.shutdown() } }
        self.lanes = lanes
        scrapers = next
        loops = plan.releases.map { release in
            let cycle = ScrapeCycle(
                release: release,
                targets: ScrapePace.mixed(ordered(.baseline, of: release), ordered(.canary, of: release)),
                clock: clock, logger: logger, meter: meter, watchdog: watchdog)
            return Task { await cycle.run() }
        }
    }

    func stop() {
        for loop in loops { loop.cancel() }
        loops = []
    }

    /// Stops for good, and aborts what is under way.
    func shutdown() async {
        stop()
        await lanes.shutdown()
    }

    /// In the order in which they are asked, so that targets that are asked together are mostly on one lane.
    private static func targets(
        of plan: Plan
    ) -> [(identity: TargetScraper.Identity, target: TargetPlan, release: ReleasePlan)] {
        plan.releases.flatMap { release in
            func named(_ pool: Pool) -> [(Pool, TargetPlan)] { release.pool(pool).targets.map { (pool, $0) } }
            return ScrapePace.mixed(named(.baseline), named(.canary)).map { pool, target in
                let identity = TargetScraper.Identity(release: release.name, pool: pool, instance: target.instance)
                return (identity, target, release)
            }
        }
    }

    private func kept(
        _ identity: TargetScraper.Identity, target: TargetPlan, release: ReleasePlan
    ) -> TargetScraper? {
        guard let old = scrapers[identity], old.target == target, old.scrape == release.scrape,
            old.watch == release.indicators
        else { return nil }
        return old
    }

    private func ordered(_ pool: Pool, of release: ReleasePlan) -> [ScrapeCycle.Target] {
        release.pool(pool).targets.enumerated().compactMap { index, target in
            let identity = TargetScraper.Identity(release: release.name, pool: pool, instance: target.instance)
            return scrapers[identity].map { ScrapeCycle.Target(index: index, scraper: $0) }
        }
    }
}

/// One release's endless row of cycles. An object, because each scrape's task holds it.
final class ScrapeCycle: Sendable {
    struct Target: Sendable {
        /// In its pool, in the plan's order.
        let index: Int
        let scraper: TargetScraper
    }

    let release: ReleasePlan
    /// In the order in which they are asked.
    let targets: [Target]
    let clock: SystemClock
    let logger: Logger
    let meter: KernelMeter
    let watchdog: Watchdog
    private let baselineLabels: KernelMeter.PoolLabels
    private let canaryLabels: KernelMeter.PoolLabels

    init(
        release: ReleasePlan, targets: [Target], clock: SystemClock, logger: Logger, meter: KernelMeter,
        watchdog: Watchdog
    ) {
        self.release = release
        self.targets = targets
        self.clock = clock
        self.logger = logger
        self.meter = meter
        self.watchdog = watchdog
        baselineLabels = KernelMeter.PoolLabels(release: release.name, pool: .baseline)
        canaryLabels = KernelMeter.PoolLabels(release: release.name, pool: .canary)
    }

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
        let progress = CycleProgress(lateAfterMs: release.scrape.lateAfterMs) {
            await self.judge(sinceNs: began)
        }
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
        let pace = ScrapePace(
            targets: targets.count, intervalMs: release.scrape.intervalMs, timeoutMs: release.scrape.timeoutMs)
        await withDiscardingTaskGroup { group in
            for (number, first) in stride(from: 0, to: targets.count, by: pace.clump).enumerated() {
                if number > 0 {
                    let dueNs = began + Int64(number) * pace.pauseUs * 1_000
                    try? await Task.sleep(for: .nanoseconds(max(0, dueNs - clock.uptimeNs)))
                }
                guard !Task.isCancelled else { return }
                let clump = targets[first..<min(first + pace.clump, targets.count)]
                group.addTask { await self.ask(clump, watchedSinceUptimeMs: watchedSinceMs, progress) }
            }
            progress.askedAll()
        }
    }

    /// A group of its own for each clump: a group looks for a task that has ended among all that it has, and among ten
    /// thousand that takes longer than a scrape.
    private func ask(
        _ clump: ArraySlice<Target>, watchedSinceUptimeMs: Int64?, _ progress: CycleProgress
    ) async {
        await withDiscardingTaskGroup { group in
            for target in clump {
                group.addTask { await self.scrape(target, watchedSinceUptimeMs: watchedSinceUptimeMs, progress) }
            }
        }
    }

    private func judge(sinceNs began: Int64) async {
        let (_, seconds) = await meter.timed { await watchdog.send(.cycleEnded(release: release.name)) }
        meter.decided(release: release.name, seconds: seconds)
        meter.cycleEnded(release: release.name, seconds: Double(clock.uptimeNs - began) / 1e9)
    }

    private func scrape(_ target: Target, watchedSinceUptimeMs: Int64?, _ progress: CycleProgress) async {
        let scraper = target.scraper
        let (result, seconds) = await meter.timed {
            await scraper.run(watchedSinceUptimeMs: watchedSinceUptimeMs, staleAfterMs: staleAfterMs)
        }
        // A cancelled scrape says nothing about its target.
        guard !Task.isCancelled else { return }
        for line in result.news { logger.warning("\(release.name): \(line)") }
        meter.scraped(
            scraper.pool == .baseline ? baselineLabels : canaryLabels, instance: scraper.target.instance,
            result: result, seconds: seconds)
        await watchdog.send(
            .scraped(
                ScrapeReport(
                    release: release.name, pool: scraper.pool, target: target.index, instance: scraper.target.instance,
                    outcome: result.outcome)))
        if case .success = result.outcome { progress.told(scraper.pool) }
    }

    /// After a gap longer than this the last values are too old to count from: as in Prometheus, which looks back 5
    /// minutes.
    private var staleAfterMs: Int64 { max(300_000, release.scrape.intervalMs * 5) }
}
