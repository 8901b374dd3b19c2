import Model
import Ports
import Synchronization

@testable import Scraping

/// A clock on which every wait is over at once.
final class PassingClock: DaemonClock {
    private let uptimeMs = Mutex<Int64>(1_000_000)

    var now: Moment { uptimeMs.withLock { Moment(uptimeMs: $0, wallMs: $0 + 1_700_000_000_000) } }
    var uptimeNs: Int64 { now.uptimeMs * 1_000_000 }
    var taskExecutor: (any TaskExecutor)? { nil }

    func sleep(ns: Int64) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        uptimeMs.withLock { $0 += max(0, ns / 1_000_000) }
    }
}

/// Answers with a counter that rises with the time.
struct CountingTransport: OwnedTransport {
    let clock: PassingClock
    let perSecond: Double

    var isRunning: Bool { true }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let count = Double(clock.now.uptimeMs) / 1_000 * perSecond
        let body = "# TYPE r_total counter\nr_total \(Int(count))\n# TYPE e_total counter\ne_total 0\n"
        return HTTPResponse(
            status: 200, headers: [TextPair("Content-Type", "text/plain; version=0.0.4")], body: Array(body.utf8))
    }

    func shutdown() async {}
}

/// Counts what is reported, and does something at the end of each cycle.
final class ScriptedCycles: ScrapeSink {
    private struct Key: Hashable {
        let pool: Pool
        let instance: String
    }

    private let counts = Mutex<[Key: Double]>([:])
    private let last = Mutex<ScrapeReport?>(nil)
    private let cycles = Mutex(0)
    private let work: @Sendable (Int) async -> Void

    init(_ work: @escaping @Sendable (Int) async -> Void) { self.work = work }

    func requests(of instance: String, in pool: Pool) -> Double {
        counts.withLock { $0[Key(pool: pool, instance: instance)] ?? 0 }
    }

    /// The newest report of the canary.
    var newest: ScrapeReport? { last.withLock { $0 } }

    func watchedSinceUptimeMs(release: String) async -> Int64? { nil }

    func scraped(_ report: ScrapeReport) async {
        if report.pool == .canary { last.withLock { $0 = report } }
        guard case .success(let reading, _) = report.outcome else { return }
        let key = Key(pool: report.pool, instance: report.instance)
        counts.withLock { $0[key, default: 0] += (reading.requests ?? 0) }
    }

    func cycleEnded(release: String) async {
        let number = cycles.withLock { count in
            count += 1
            return count
        }
        await work(number)
    }

    func nextCycleMs(release: String) async -> Int64? { nil }
}

struct NoMeter: ScrapeMeter {
    func cycleBegan(release: String, lateMs: Int64) {}
    func cyclesSkipped(release: String, _ count: Int64) {}
    func scraped(
        _ labels: ScrapeLabels, instance: String, outcome: ScrapeReport.Outcome, bodyBytes: Int, seconds: Double
    ) {}
    func decided(release: String, seconds: Double) {}
    func cycleEnded(release: String, seconds: Double) {}
}
