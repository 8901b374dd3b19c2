package import Model
package import Ports
import Support
import SystemSupport
import Telemetry

/// Reads the samples of a release's targets from one server, all of them with one query per cycle.
package actor ServerReader {
    /// What a cycle says of one target.
    package struct Report: Sendable {
        package let pool: Pool
        package let index: Int
        package let instance: String
        package let outcome: ScrapeReport.Outcome
        /// The time of its newest sample; nil without one.
        package let sampledUptimeMs: Int64?
        package let origin: SampleOrigin?
        /// Lines for the log.
        package let news: [String]
    }

    /// While it is unchanged by a reload, the reader is kept.
    struct Identity: Equatable {
        let server: SampleServerPlan
        let baseline: PoolPlan?
        let canary: PoolPlan?
        let indicators: WatchList
        let scrape: ScrapePlan
    }

    nonisolated let identity: Identity
    nonisolated let lane: Int
    private let transport: any HTTPTransport
    private let clock: any DaemonClock
    private let query: ServerQuery
    private let server: SampleServerPlan
    private let scrape: ScrapePlan
    private var targets: [ServerTarget]
    private var lastGoodUptimeMs: Int64?

    /// - Parameter pools: those that are read from the server.
    package init(
        _ server: SampleServerPlan, release: ReleasePlan, pools: [Pool],
        place: (lane: Int, transport: any HTTPTransport),
        clock: any DaemonClock
    ) throws {
        identity = Self.identity(server, release: release, pools: pools)
        (lane, transport) = place
        self.clock = clock
        self.server = server
        scrape = release.scrape
        let targets = try pools.flatMap { pool in
            try release.pool(pool).targets.enumerated().map {
                try ServerTarget(pool: pool, index: $0.offset, target: $0.element, release: release)
            }
        }
        self.targets = targets
        query = ServerQuery(
            server, watches: pools.map { release.indicators(of: $0) }, instances: targets.map(\.instance))
    }

    static func identity(_ server: SampleServerPlan, release: ReleasePlan, pools: [Pool]) -> Identity {
        Identity(
            server: server, baseline: pools.contains(.baseline) ? release.baseline : nil,
            canary: pools.contains(.canary) ? release.canary : nil, indicators: release.indicators,
            scrape: release.scrape)
    }

    /// The pools of a release that each server is asked for.
    package static func groups(of release: ReleasePlan) -> [(server: SampleServerPlan, pools: [Pool])] {
        let (old, new) = (release.baseline.server, release.canary.server)
        if let old, old == new { return [(old, [.baseline, .canary])] }
        return [(old, Pool.baseline), (new, .canary)].compactMap { server, pool in server.map { ($0, [pool]) } }
    }

    // MARK: a cycle

    /// Asks the server once. Never throws: what went wrong is in the reports, of which there is one per target.
    package func read(watchedSinceUptimeMs: Int64?, timeoutMs: Int64) async -> [Report] {
        do throws(ServerFailure) {
            let askedUptimeMs = clock.now.uptimeMs
            let series = try await samples(timeoutMs: timeoutMs)
            let leftMs = max(Self.leastTimeoutMs, timeoutMs - (clock.now.uptimeMs - askedUptimeMs))
            let moments = try await moments(watchedSinceUptimeMs, timeoutMs: leftMs)
            lastGoodUptimeMs = moments.uptimeMs
            return distribute(series, moments)
        } catch {
            let address = Redaction.url(server.url)
            return targets.indices.map { place in
                report(targets[place].fail("the server \(address): \(error.reason)"), targets[place])
            }
        }
    }

    /// Whether any target has samples that say something about now. What they count is not reported.
    func hasSamples(timeoutMs: Int64) async -> Bool {
        await read(watchedSinceUptimeMs: nil, timeoutMs: timeoutMs).contains {
            if case .success = $0.outcome { true } else { false }
        }
    }

    /// What was counted elsewhere meanwhile is not counted again: the next sample of each target is a base.
    func startOver() {
        let now = clock.now.uptimeMs
        for place in targets.indices { targets[place].startOver(atUptimeMs: now) }
    }

    /// For how long the server may give no samples before its targets are scraped.
    nonisolated var awayMs: Int64 { identity.server.maxAgeMs ?? SampleServerPlan.leastMaxAgeMs }

    nonisolated var fallsBack: Bool { identity.server.fallsBackToScrapes }

    /// For the second question, whatever the first one has left.
    private static let leastTimeoutMs: Int64 = 50

    private struct ServerFailure: Error {
        let reason: String
    }

    private func samples(timeoutMs: Int64) async throws(ServerFailure) -> [ServerSeries] {
        let response = try await answer(to: query.expression(rangeMs: rangeMs), timeoutMs: timeoutMs)
        do throws(ServerAnswerError) {
            let series = try ServerAnswer.series(response)
            let count = series.reduce(0) { $0 + $1.samples.count }
            guard scrape.limits.samples <= 0 || count <= scrape.limits.samples else {
                throw ServerAnswerError(description: "has more than \(scrape.limits.samples) samples, the limit")
            }
            return series
        } catch { throw ServerFailure(reason: "its answer \(error)") }
    }

    /// The server's own clock decides how old a sample is: this machine's may be wrong.
    private func moments(
        _ watchedSinceUptimeMs: Int64?, timeoutMs: Int64
    ) async throws(ServerFailure) -> ServerTarget.Moments {
        let response = try await answer(to: "time()", timeoutMs: timeoutMs)
        do throws(ServerAnswerError) {
            return ServerTarget.Moments(
                serverMs: try ServerAnswer.timeMs(response), uptimeMs: clock.now.uptimeMs,
                watchedSinceUptimeMs: watchedSinceUptimeMs)
        } catch { throw ServerFailure(reason: "its answer \(error)") }
    }

    private func answer(to expression: String, timeoutMs: Int64) async throws(ServerFailure) -> HTTPResponse {
        let request = query.request(expression, timeoutMs: timeoutMs, bodyLimitBytes: scrape.bodyLimitBytes)
        do throws(TransportError) { return try await transport.send(request) } catch {
            throw ServerFailure(reason: "\(error)")
        }
    }

    /// Long enough for the scrapes since the last good answer, and for those that are needed to learn the interval.
    private var rangeMs: Int64 {
        let intervalMs = targets.compactMap(\.intervalMs).max()
        guard let intervalMs, let last = lastGoodUptimeMs else { return Self.firstRangeMs }
        let sinceMs = clock.now.uptimeMs - last
        return min(Self.longestRangeMs, max(3 * intervalMs, sinceMs + 2 * intervalMs, maxAgeMs(intervalMs)))
    }

    private static let firstRangeMs: Int64 = 300_000
    private static let longestRangeMs: Int64 = 600_000

    private func maxAgeMs(_ intervalMs: Int64?) -> Int64 {
        server.maxAgeMs ?? max(SampleServerPlan.leastMaxAgeMs, 3 * (intervalMs ?? scrape.intervalMs))
    }

    private func distribute(_ series: [ServerSeries], _ moments: ServerTarget.Moments) -> [Report] {
        var byInstance: [String: [ServerSeries]] = [:]
        for one in series { byInstance[one[server.instanceLabel] ?? "", default: []].append(one) }
        let untilMs = commonMs(byInstance, moments)
        return targets.indices.map { place in
            let own = byInstance[targets[place].instance] ?? []
            let result = targets[place].read(
                own, maxAgeMs: maxAgeMs(targets[place].intervalMs), untilMs: untilMs,
                at: moments)
            return report(result, targets[place])
        }
    }

    /// Up to which time both pools have samples: what one of them has beyond that waits, or a pool whose samples come late would be
    /// compared with what the other did after them. The server scrapes its targets at different moments of an interval, so one
    /// interval more is no lateness.
    private func commonMs(_ byInstance: [String: [ServerSeries]], _ moments: ServerTarget.Moments) -> Int64 {
        guard let intervalMs = targets.compactMap(\.intervalMs).max() else { return .max }
        var newest: [Pool: Int64] = [:]
        for target in targets {
            guard let timeMs = byInstance[target.instance]?.lazy.compactMap(\.samples.last?.timeMs).max(),
                moments.serverMs - timeMs <= maxAgeMs(target.intervalMs)
            else { continue }
            newest[target.pool] = max(newest[target.pool] ?? .min, timeMs)
        }
        // A pool without any sample of now holds nothing up: it is not seen at all.
        guard newest.count == 2, let common = newest.values.min() else { return .max }
        return common + intervalMs
    }

    private func report(_ result: ServerTarget.Result, _ target: ServerTarget) -> Report {
        Report(
            pool: target.pool, index: target.index, instance: target.instance, outcome: result.outcome,
            sampledUptimeMs: result.sampledUptimeMs, origin: result.origin, news: result.news)
    }
}
