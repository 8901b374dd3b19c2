import Logging
import Model
import Ports
import Synchronization
import SystemSupport

/// One release's endless row of cycles. An object, because each scrape's task holds it.
final class ScrapeCycle: Sendable {
    struct Target: Sendable {
        /// In its pool, in the plan's order.
        let index: Int
        let scraper: TargetScraper
    }

    /// One request of a cycle, and who reads the answer: a target, or one of each pool where a scrape body has both.
    struct Request: Sendable {
        let baseline: Target?
        let canary: Target?

        /// In the order in which they are reported.
        var readers: [Target] { [baseline, canary].compactMap { $0 } }
    }

    /// What one cycle does.
    struct Work: Sendable {
        let release: ReleasePlan
        /// In the order in which they are asked; those of a batch start together.
        let batches: [[Request]]
        /// From one batch to the next, microseconds.
        let pauseUs: Int64
        /// The same for cycles that follow each other sooner.
        let denseBatches: [[Request]]
        let densePauseUs: Int64
        /// Servers that have the samples of a pool, or of both.
        let servers: [ServerReader]
        /// What is done while a server gives no samples, where its targets are scraped then.
        let fallback: Fallback?

        /// A reference, because work has no other of its own kind.
        final class Fallback: Sendable {
            let work: Work
            /// The targets that are scraped in the place of the server's samples.
            let pools: Set<Pool>

            init(_ work: Work, pools: Set<Pool>) { (self.work, self.pools) = (work, pools) }
        }

        init(
            release: ReleasePlan, baseline: [Target], canary: [Target], servers: [ServerReader] = [],
            fallback: Fallback? = nil
        ) {
            self.release = release
            self.servers = servers
            self.fallback = fallback
            let (first, rest) = Work.requests(baseline, canary)
            let pace = ScrapePace(
                targets: first.count + rest.count, intervalMs: release.scrape.intervalMs,
                timeoutMs: release.scrape.timeoutMs)
            batches = pace.batches(first, rest)
            pauseUs = pace.pauseUs
            let dense = ScrapePace(
                targets: first.count + rest.count, intervalMs: max(1, release.scrape.intervalMs / 4), timeoutMs: 0)
            denseBatches = dense.batches(first, rest)
            densePauseUs = dense.pauseUs
        }

        /// One request per endpoint: the baseline's, with the canary's reader where the scrape body has both pools, and
        /// the canary's others.
        private static func requests(_ baseline: [Target], _ canary: [Target]) -> (first: [Request], rest: [Request]) {
            var shared = Dictionary(
                canary.map { ($0.scraper.target.identity, $0) }, uniquingKeysWith: { first, _ in first })
            let first = baseline.map { target in
                Request(baseline: target, canary: shared.removeValue(forKey: target.scraper.target.identity))
            }
            let rest = canary.filter { shared[$0.scraper.target.identity]?.index == $0.index }
            return (first, rest.map { Request(baseline: nil, canary: $0) })
        }
    }

    let name: String
    /// Whether a server is replaced by scrapes at present.
    let serverFallback = Mutex(ServerFallback())
    /// A server that hangs is asked by one task at a time.
    let isProbing = Mutex(false)
    /// Of the next cycle; a reload replaces it.
    private let work: Mutex<Work>
    let clock: any DaemonClock
    let logger: Logger
    let meter: any ScrapeMeter
    let sink: any ScrapeSink
    private let baselineLabels: ScrapeLabels
    private let canaryLabels: ScrapeLabels

    init(
        work: Work, clock: any DaemonClock, logger: Logger, meter: any ScrapeMeter, sink: any ScrapeSink
    ) {
        name = work.release.name
        self.work = Mutex(work)
        self.clock = clock
        self.logger = logger
        self.meter = meter
        self.sink = sink
        baselineLabels = ScrapeLabels(release: name, pool: .baseline)
        canaryLabels = ScrapeLabels(release: name, pool: .canary)
    }

    var currentWork: Work { work.withLock { $0 } }

    func labels(of pool: Pool) -> ScrapeLabels { pool == .baseline ? baselineLabels : canaryLabels }

    /// Takes over what the next cycle does; the running one ends as it began.
    ///
    /// - Returns: false when the times differ, so that the loop has to start over.
    func replace(_ next: Work) -> Bool {
        work.withLock { work in
            guard work.release.scrape == next.release.scrape else { return false }
            work = next
            return true
        }
    }

    func run() async {
        var startMs = clock.now.uptimeMs
        var isDense = false
        while !Task.isCancelled {
            let work = work.withLock { $0 }
            let intervalMs = work.release.scrape.intervalMs
            meter.cycleBegan(release: name, lateMs: clock.now.uptimeMs - startMs)
            await once(work, isDense: isDense, dueUptimeMs: startMs)
            let stepMs = max(1, min(intervalMs, await sink.nextCycleMs(release: name) ?? intervalMs))
            isDense = stepMs < intervalMs
            // A cycle that took too long skips the ones it missed instead of catching up in a burst.
            let now = clock.now.uptimeMs
            meter.cyclesSkipped(release: name, max(0, now - startMs) / intervalMs)
            startMs += (max(0, now - startMs) / stepMs + 1) * stepMs
            do { try await clock.sleep(ms: startMs - now) } catch { return }
        }
    }

    private func once(_ work: Work, isDense: Bool, dueUptimeMs: Int64) async {
        let began = clock.uptimeNs
        let progress = CycleProgress(lateAfterMs: work.release.scrape.lateAfterMs, clock: clock) {
            await self.judge(sinceNs: began)
        }
        await withTaskCancellationHandler {
            await askAll(work, isDense: isDense, sinceNs: began, dueUptimeMs: dueUptimeMs, progress)
        } onCancel: {
            progress.abandon()
        }
        guard !Task.isCancelled else { return }
        await progress.finish()
    }

    /// Returns with the last answer.
    private func askAll(
        _ work: Work, isDense: Bool, sinceNs began: Int64, dueUptimeMs: Int64, _ progress: CycleProgress
    ) async {
        let watchedSinceMs = await sink.watchedSinceUptimeMs(release: name)
        let scrape = work.release.scrape
        let replaced = replacement(of: work)
        let (work, replacedPools) = (replaced?.work ?? work, replaced?.pools ?? [])
        await withDiscardingTaskGroup { group in
            for server in work.servers {
                group.addTask {
                    await self.ask(server, watchedSinceUptimeMs: watchedSinceMs, timeoutMs: scrape.timeoutMs, progress)
                }
            }
            let (batches, pauseUs) =
                isDense ? (work.denseBatches, work.densePauseUs) : (work.batches, work.pauseUs)
            for (number, batch) in batches.enumerated() {
                if number > 0 {
                    let dueNs = began + Int64(number) * pauseUs * 1_000
                    try? await clock.sleep(ns: dueNs - clock.uptimeNs)
                }
                guard !Task.isCancelled else { return }
                let timeoutMs = ScrapePace.timeoutMs(scrape, askedAfterMs: clock.now.uptimeMs - dueUptimeMs)
                let asking = Asking(
                    watchedSinceUptimeMs: watchedSinceMs, timeoutMs: timeoutMs, intervalMs: scrape.intervalMs,
                    replacedPools: replacedPools, progress: progress)
                group.addTask { await self.ask(batch, asking) }
            }
            progress.askedAll()
        }
    }

    /// A group of its own for each batch: a group searches all its tasks for one that has ended, and among ten
    /// thousand that takes longer than a scrape.
    private func ask(_ batch: [Request], _ asking: Asking) async {
        await withDiscardingTaskGroup { group in
            for request in batch { group.addTask { await self.scrape(request, asking) } }
        }
    }

    /// What the scrapes of a batch have in common.
    private struct Asking: Sendable {
        let watchedSinceUptimeMs: Int64?
        let timeoutMs: Int64
        let intervalMs: Int64
        /// Pools that are scraped in the place of samples of their server.
        let replacedPools: Set<Pool>
        let progress: CycleProgress
    }

    private func judge(sinceNs began: Int64) async {
        let ended = clock.uptimeNs
        await sink.cycleEnded(release: name)
        meter.decided(release: name, seconds: Double(clock.uptimeNs - ended) / 1e9)
        meter.cycleEnded(release: name, seconds: Double(clock.uptimeNs - began) / 1e9)
    }

    /// Both readings of a scrape body with both pools come from one answer, so they are of the same moment.
    private func scrape(_ request: Request, _ asking: Asking) async {
        guard let first = request.readers.first else { return }
        let (began, askedMs) = (clock.uptimeNs, clock.now.uptimeMs)
        let fetched = await first.scraper.fetch(timeoutMs: asking.timeoutMs)
        let staleAfterMs = max(ScrapeCycle.staleAfterMs, asking.intervalMs * 5)
        var results: [TargetScraper.Result] = []
        for reader in request.readers {
            results.append(
                await reader.scraper.read(
                    fetched, watchedSinceUptimeMs: asking.watchedSinceUptimeMs, staleAfterMs: staleAfterMs))
        }
        // Before the kernel is waited for: meanwhile another scrape body can use the memory.
        first.scraper.giveBack(fetched)
        // A scrape body with both pools is an exporter's, which does not count who scrapes it.
        if results.count == 1, results[0].isWorthATry, !Task.isCancelled {
            await first.scraper.tryOwnScrapes(timeoutMs: asking.timeoutMs - (clock.now.uptimeMs - askedMs))
        }
        let seconds = Double(clock.uptimeNs - began) / 1e9
        let sampled = askedMs...max(askedMs, clock.now.uptimeMs)
        for (reader, result) in zip(request.readers, results) {
            // A cancelled scrape says nothing about its target.
            guard !Task.isCancelled else { return }
            await report(result, of: reader, seconds: seconds, sampledUptimeMs: sampled, asking)
        }
    }

    private func report(
        _ result: TargetScraper.Result, of target: Target, seconds: Double, sampledUptimeMs: ClosedRange<Int64>,
        _ asking: Asking
    ) async {
        let scraper = target.scraper
        for line in result.news { logger.warning("\(name): \(line)") }
        meter.scraped(
            labels(of: scraper.pool), instance: scraper.target.instance,
            outcome: result.outcome, bodyBytes: result.bodyBytes, seconds: seconds)
        var report = ScrapeReport(
            release: name, pool: scraper.pool, target: target.index, instance: scraper.target.instance,
            outcome: result.outcome, isUnreachable: result.isUnreachable, ownRequests: result.ownRequests,
            sampledUptimeMs: sampledUptimeMs)
        report.version = result.version
        report.instances = result.instances
        if scraper.scrape.oldestSampleMs != nil { report.dateByItsSamples(at: clock.now) }
        if asking.replacedPools.contains(scraper.pool) { report.origin = SampleOrigin(ageMs: 0, isFallback: true) }
        await sink.scraped(report)
        if case .success = result.outcome { asking.progress.reported(scraper.pool) }
    }

    /// After a gap longer than this the last values are too old to count from: as in Prometheus, whose lookback is 5
    /// minutes.
    private static let staleAfterMs: Int64 = 300_000
}
