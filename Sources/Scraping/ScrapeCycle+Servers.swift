import Model
import Ports
import Support

/// Pools whose samples a server has: one query per cycle in the place of scrapes, with the same reports.
extension ScrapeCycle {
    func ask(
        _ server: ServerReader, watchedSinceUptimeMs: Int64?, timeoutMs: Int64, _ progress: CycleProgress
    ) async {
        let began = clock.uptimeNs
        let reports = await server.read(watchedSinceUptimeMs: watchedSinceUptimeMs, timeoutMs: timeoutMs)
        let isUsable = reports.contains { if case .success = $0.outcome { true } else { false } }
        let seconds = Double(clock.uptimeNs - began) / 1e9
        for report in reports {
            // A cancelled query says nothing about the targets.
            guard !Task.isCancelled else { return }
            for line in report.news { logger.warning("\(name): \(line)") }
            meter.scraped(
                labels(of: report.pool), instance: report.instance, outcome: report.outcome, bodyBytes: 0,
                seconds: seconds)
            var scrape = ScrapeReport(
                release: name, pool: report.pool, target: report.index, instance: report.instance,
                outcome: report.outcome, sampledUptimeMs: report.sampledUptimeMs.map { $0...$0 })
            scrape.origin = report.origin
            await sink.scraped(scrape)
            if case .success = report.outcome { progress.reported(report.pool) }
        }
        if server.fallsBack { await note(server, isUsable: isUsable) }
    }

    // MARK: scrapes in the place of a server

    /// What is done instead of asking servers, while one of them gives no samples; nil where they are asked.
    func replacement(of work: Work) -> Work.Fallback? {
        guard let fallback = work.fallback, serverFallback.withLock({ $0.mode }) == .scrapes else { return nil }
        probe(work)
        return fallback
    }

    /// Asks whether the server gives samples again, beside the cycle: no verdict waits for it.
    private func probe(_ work: Work) {
        let isBusy = isProbing.withLock { isProbing in
            defer { isProbing = true }
            return isProbing
        }
        guard !isBusy else { return }
        _ = clock.start { [self] in
            for server in work.servers where server.fallsBack {
                let isUsable = await server.hasSamples(timeoutMs: work.release.scrape.timeoutMs)
                await note(server, isUsable: isUsable)
            }
            isProbing.withLock { $0 = false }
        }
    }

    private func note(_ server: ServerReader, isUsable: Bool) async {
        let (now, work) = (clock.now.uptimeMs, currentWork)
        let mode = serverFallback.withLock {
            $0.note(
                isUsable: isUsable, awayMs: server.awayMs, intervalMs: work.release.scrape.intervalMs, atUptimeMs: now)
        }
        let address = Redaction.url(server.identity.server.url)
        switch mode {
        case nil: return
        case .scrapes:
            logger.warning("\(name): the server \(address) gives no samples; its targets are scraped until it does")
            for target in work.fallback?.replacedTargets ?? [] { await target.scraper.startOver() }
        case .server:
            logger.warning("\(name): the server \(address) gives samples again, and is asked in place of scrapes")
            for server in work.servers where server.fallsBack { await server.startOver() }
        }
    }
}

extension ScrapeCycle.Work.Fallback {
    /// Each target that is scraped in the place of samples.
    var replacedTargets: [ScrapeCycle.Target] {
        work.batches.joined().flatMap(\.readers).filter { pools.contains($0.scraper.pool) }
    }
}

extension ScrapeReport {
    /// A body whose samples have times of their own is as old as the newest of them.
    mutating func dateByItsSamples(at now: Moment) {
        guard case .success(let reading, _) = outcome, let newestMs = reading.newestTimestampMs else { return }
        let ageMs = max(0, now.wallMs - newestMs)
        origin = SampleOrigin(ageMs: ageMs)
        sampledUptimeMs = (now.uptimeMs - ageMs)...(now.uptimeMs - ageMs)
    }
}
