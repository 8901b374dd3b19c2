import HTTPClient
import Model
import Ports
import Scraping
import Support
import SystemSupport

/// Asks the servers of a release once for the samples of its targets.
struct ServerCheckup {
    private static let timeoutMs: Int64 = 10_000

    let release: ReleasePlan
    let transport: any HTTPTransport

    func findings() async -> [CheckupFinding] {
        var findings: [CheckupFinding] = []
        for group in ServerReader.groups(of: release) {
            let subject = "\(release.name): \(Redaction.url(group.server.url))"
            do {
                let reader = try ServerReader(
                    group.server, release: release, pools: group.pools, place: (0, transport), clock: SystemClock())
                let reports = await reader.read(watchedSinceUptimeMs: nil, timeoutMs: Self.timeoutMs)
                findings += reports.flatMap(read) + reaction(reports, subject)
            } catch { findings.append(.error(subject, "\(error)")) }
        }
        return findings
    }

    private func read(_ report: ServerReader.Report) -> [CheckupFinding] {
        let subject = "\(release.name): \(report.pool.rawValue) \(report.instance)"
        switch report.outcome {
        case .failure(let reason): return [.error(subject, reason)]
        case .success(let reading, let warnings):
            let age = NumberText.wait(seconds: Double(report.origin?.ageMs ?? 0) / 1_000)
            let text =
                "newest sample \(age) old; \(TargetCheckup.matches(release.indicators(of: report.pool), reading))"
            return [.ok(subject, text)] + warnings.map { .warning(subject, $0) }
        }
    }

    /// The least time from a fault to a verdict: a scrape of the server, its storing, and a cycle of ours.
    private func reaction(_ reports: [ServerReader.Report], _ subject: String) -> [CheckupFinding] {
        guard let intervalMs = reports.compactMap({ $0.origin?.intervalMs }).max() else { return [] }
        let every = NumberText.wait(seconds: Double(intervalMs) / 1_000)
        let least = NumberText.wait(
            seconds: Double(2 * intervalMs + Self.storingMs + release.scrape.intervalMs) / 1_000)
        let text = "it scrapes every \(every), so a fault is seen after up to \(least)"
        let shortest = release.rules.map(\.windowMs).filter { $0 > 0 }.min()
        guard let shortest, shortest < 2 * intervalMs else { return [.ok(subject, text)] }
        let window = NumberText.wait(seconds: Double(shortest) / 1_000)
        return [
            .warning(
                subject, "\(text); a window of \(window) is shorter than two of its scrapes, and may have no value")
        ]
    }

    /// Samples can be read so long after a scrape.
    private static let storingMs: Int64 = 3_000
}
