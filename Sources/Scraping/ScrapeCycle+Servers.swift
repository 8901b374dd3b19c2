import Model
import Ports

/// Pools whose samples a server has: one query per cycle in the place of scrapes, with the same reports.
extension ScrapeCycle {
    func ask(
        _ server: ServerReader, watchedSinceUptimeMs: Int64?, timeoutMs: Int64, _ progress: CycleProgress
    ) async {
        let began = clock.uptimeNs
        let reports = await server.read(watchedSinceUptimeMs: watchedSinceUptimeMs, timeoutMs: timeoutMs)
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
