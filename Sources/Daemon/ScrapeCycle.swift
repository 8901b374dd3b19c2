import Logging
import ReleaseKernel

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
            await once(dueUptimeMs: startMs)
            // A cycle that took too long skips the ones it missed instead of catching up in a burst.
            let now = clock.now.uptimeMs
            let missed = max(0, now - startMs) / release.scrape.intervalMs
            meter.cyclesSkipped(release: release.name, missed)
            startMs += (missed + 1) * release.scrape.intervalMs
            do { try await Task.sleep(for: .milliseconds(max(0, startMs - now))) } catch { return }
        }
    }

    private func once(dueUptimeMs: Int64) async {
        let began = clock.uptimeNs
        let progress = CycleProgress(lateAfterMs: release.scrape.lateAfterMs) {
            await self.judge(sinceNs: began)
        }
        await withTaskCancellationHandler {
            await askAll(sinceNs: began, dueUptimeMs: dueUptimeMs, progress)
        } onCancel: {
            progress.abandon()
        }
        guard !Task.isCancelled else { return }
        await progress.finish()
    }

    /// Returns with the last answer.
    private func askAll(sinceNs began: Int64, dueUptimeMs: Int64, _ progress: CycleProgress) async {
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
                let timeoutMs = ScrapePace.timeoutMs(
                    release.scrape, askedAfterMs: clock.now.uptimeMs - dueUptimeMs)
                let asking = Asking(watchedSinceUptimeMs: watchedSinceMs, timeoutMs: timeoutMs, progress: progress)
                group.addTask { await self.ask(clump, asking) }
            }
            progress.askedAll()
        }
    }

    /// A group of its own for each clump: a group looks for a task that has ended among all that it has, and among ten
    /// thousand that takes longer than a scrape.
    private func ask(_ clump: ArraySlice<Target>, _ asking: Asking) async {
        await withDiscardingTaskGroup { group in
            for target in clump { group.addTask { await self.scrape(target, asking) } }
        }
    }

    /// What the scrapes of a clump have in common.
    private struct Asking: Sendable {
        let watchedSinceUptimeMs: Int64?
        let timeoutMs: Int64
        let progress: CycleProgress
    }

    private func judge(sinceNs began: Int64) async {
        let (_, seconds) = await meter.timed { await watchdog.send(.cycleEnded(release: release.name)) }
        meter.decided(release: release.name, seconds: seconds)
        meter.cycleEnded(release: release.name, seconds: Double(clock.uptimeNs - began) / 1e9)
    }

    private func scrape(_ target: Target, _ asking: Asking) async {
        let scraper = target.scraper
        let (result, seconds) = await meter.timed {
            await scraper.run(
                timeoutMs: asking.timeoutMs, watchedSinceUptimeMs: asking.watchedSinceUptimeMs,
                staleAfterMs: staleAfterMs)
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
        if case .success = result.outcome { asking.progress.told(scraper.pool) }
    }

    /// After a gap longer than this the last values are too old to count from: as in Prometheus, which looks back 5
    /// minutes.
    private var staleAfterMs: Int64 { max(300_000, release.scrape.intervalMs * 5) }
}
