import Kernel
import Model
import Ports
import Scraping
import Synchronization
import SystemSupport
import Telemetry

/// Measures the daemon itself: what it did, how long it took, what it sees.
final class KernelMeter: ScrapeMeter {
    private let registry = MetricsRegistry()
    /// Series that matched at the last scrape, per release, pool and instance.
    private let watched = Mutex<[WatchedKey: Int]>([:])
    private let version: String
    private let commit: String
    private let clock: any DaemonClock
    private let startedWallMs: Int64

    /// Of the configuration: whether the last try worked, and when the last one did that worked.
    private let lastReload: Mutex<(isSuccess: Bool, successWallMs: Int64)>

    /// Where the service of the configuration centre says how it is doing.
    private let board = Mutex<CentreBoard?>(nil)
    /// The same of the replicas.
    private let replicas = Mutex<ReplicaBoard?>(nil)

    private struct WatchedKey: Hashable {
        let release: String
        let pool: String
        let instance: String
    }

    init(version: String, commit: String = "", clock: any DaemonClock) {
        self.version = version
        self.commit = commit
        self.clock = clock
        startedWallMs = clock.wallMs
        // A daemon that runs has read its configuration.
        lastReload = Mutex((isSuccess: true, successWallMs: clock.wallMs))
        for result in ["success", "failure"] { registry.add(0, to: .reloads, [result]) }
        registry.add(0, to: .appendFailures)
    }

    /// Runs the body and measures it.
    func timed<Value, Failure: Error>(
        _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> (value: Value, seconds: Double) {
        let began = clock.uptimeNs
        let value = try await body()
        return (value, Double(clock.uptimeNs - began) / 1e9)
    }

    func appended(seconds: Double) { registry.observe(seconds, in: .appendSeconds) }

    func appendFailed() { registry.add(to: .appendFailures) }

    func routerCalled(release: String, call: String, outcome: String, seconds: Double) {
        registry.add(to: .routerCalls, [release, call, outcome])
        registry.observe(seconds, in: .routerSeconds, [release, call])
    }

    func scraped(
        _ labels: ScrapeLabels, instance: String, outcome: ScrapeReport.Outcome, bodyBytes: Int, seconds: Double
    ) {
        registry.observe(seconds, in: .scrapeSeconds, labels.pool)
        registry.add(Double(bodyBytes), to: .scrapeBytes, labels.pool)
        guard case .success(let reading, _) = outcome else { return registry.add(to: .scrapes, labels.failure) }
        registry.add(to: .scrapes, labels.success)
        let matches = reading.matches
        let key = WatchedKey(release: labels.pool[0], pool: labels.pool[1], instance: instance)
        watched.withLock { $0[key] = matches.requests + matches.errors + matches.latency }
    }

    func show(_ board: CentreBoard) { self.board.withLock { $0 = board } }

    func show(_ board: ReplicaBoard) { replicas.withLock { $0 = board } }

    /// After a reload: targets that are gone must not be counted any more.
    func forgetTargets() { watched.withLock { $0 = [:] } }

    func cycleEnded(release: String, seconds: Double) {
        registry.add(to: .cycles, [release])
        registry.observe(seconds, in: .cycleSeconds, [release])
    }

    /// That fell out because the one before took too long.
    func cyclesSkipped(release: String, _ count: Int64) {
        registry.add(Double(count), to: .cyclesSkipped, [release])
    }

    /// By its schedule; a daemon that has too much to do is late.
    func cycleBegan(release: String, lateMs: Int64) {
        registry.observe(Double(max(0, lateMs)) / 1_000, in: .cycleLag, [release])
    }

    func decided(release: String, seconds: Double) {
        registry.observe(seconds, in: .decisionSeconds, [release])
    }

    func reloaded(isSuccess: Bool) {
        registry.add(to: .reloads, [isSuccess ? "success" : "failure"])
        lastReload.withLock { last in
            last.isSuccess = isSuccess
            if isSuccess { last.successWallMs = clock.wallMs }
        }
    }

    /// The kernel's own facts.
    func take(_ measurement: Measurement) {
        switch measurement {
        case .rollbackPhase(let release, let phase, let sinceVerdictMs):
            registry.add(to: .rollbackSteps, [release, phase])
            let seconds = Double(sinceVerdictMs) / 1_000
            if phase == "acknowledged" {
                registry.observe(seconds, in: .rollbackSeconds, [release])
            } else {
                registry.observe(seconds, in: .rollbackStepSeconds, [release, phase])
            }
        case .rollback(let release, let outcome):
            // The acknowledgement is a phase already.
            if outcome != "acknowledged" { registry.add(to: .rollbackSteps, [release, outcome]) }
        case .planStep(let release, let kind, let seconds):
            registry.observe(seconds, in: .planStepSeconds, [release, kind])
        case .driftCorrection(let release): registry.add(to: .rollbackSteps, [release, "drift"])
        }
    }

    /// The exposition, text format 0.0.4.
    func exposition(snapshot: Snapshot, outbox: OutboxCounts?, discovery: [DiscoveryReport] = []) -> String {
        var samples = registry.samples(of: MetricFamily.all)
        samples.add(.buildInfo, [version, commit], 1)
        let last = lastReload.withLock { $0 }
        samples.add(.reloadSuccessful, [], last.isSuccess ? 1 : 0)
        samples.add(.reloadSuccessTime, [], Double(last.successWallMs) / 1_000)
        samples.add(.startTime, [], Double(startedWallMs) / 1_000)
        samples.add(.cpuSeconds, [], ProcessFigures.cpuSeconds)
        samples.add(.residentBytes, [], ProcessFigures.residentBytes)
        samples.add(snapshot, outbox: outbox)
        samples.add(discovery)
        if let centre = board.withLock({ $0?.report }) { samples.add(centre) }
        let now = clock.now.uptimeMs
        if let report = replicas.withLock({ $0?.report(nowUptimeMs: now) }) { samples.add(report) }
        if let fleet = replicas.withLock({ $0?.fleet }) { samples.add(fleet) }
        addWatched(to: &samples)
        return samples.text(MetricFamily.all)
    }

    private func addWatched(to samples: inout MetricSamples) {
        var sums: [[String]: Int] = [:]
        for (key, count) in watched.withLock({ $0 }) { sums[[key.release, key.pool], default: 0] += count }
        for (values, count) in sums.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            samples.add(.watchedSeries, values, Double(count))
        }
    }
}
