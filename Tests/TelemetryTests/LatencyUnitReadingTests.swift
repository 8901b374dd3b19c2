import Testing

@testable import Telemetry

/// Whatever the scrape body's unit, a reading is in seconds.
@Suite("Units of latencies")
struct LatencyUnitReadingTests {
    private static func read(_ bodies: [String], _ unit: LatencyUnit?) throws -> TargetReading {
        let watch = WatchList(latency: SeriesSelector(metric: "d"), latencyUnit: unit)
        var reader = try TargetReader(watch: watch, limits: ScrapeLimits())
        var last = TargetReading()
        for (index, body) in bodies.enumerated() {
            last = try reader.read(
                Array(body.utf8), format: .prometheusText, atUptimeMs: Int64(index) * 1_000, countNewWithin: nil)
        }
        return last
    }

    private static func histogram(_ count: Int, factor: Double) -> String {
        let bounds = [0.0025, 0.01, 0.25].map { FloatFormat.plain($0 * factor) } + ["+Inf"]
        let buckets = bounds.map { "d_bucket{le=\"\($0)\"} \(count)\n" }.joined()
        return buckets + "d_sum \(Double(count) * 0.125 * factor)\nd_count \(count)\n"
    }

    /// By name at first, by the layout from the second scrape body on.
    @Test(arguments: LatencyUnit.allCases, [2, 4]) func ofHistograms(_ unit: LatencyUnit, _ bodies: Int) throws {
        let text = (1...bodies).map { Self.histogram($0 * 8, factor: unit.perSecond) }
        guard case .histogram(let increments) = try Self.read(text, unit).latency else {
            Issue.record("no histogram")
            return
        }
        #expect(increments.upperBounds == [0.0025, 0.01, 0.25, .infinity])
        #expect(increments.sumSeconds == 1 && increments.count == 8)
    }

    @Test(arguments: LatencyUnit.allCases) func ofSummaries(_ unit: LatencyUnit) throws {
        let bodies = [0, 8].map { count in
            "d{quantile=\"0.99\"} \(0.5 * unit.perSecond)\nd_sum \(0.25 * Double(count) * unit.perSecond)\nd_count \(count)\n"
        }
        let expected = SummaryValues(quantiles: [0.99], seconds: [0.5], sumSeconds: 2, count: 8)
        #expect(try Self.read(bodies, unit).latency == .summary(expected))
    }

    @Test(arguments: [
        ("latencyMs", LatencyUnit.milliseconds), ("request_duration_millisec", .milliseconds),
        ("http.server.requestDurationMillis", .milliseconds), ("LatencyMS", .milliseconds),
        ("rpc_durationMicros_bucket", .microseconds), ("time_nanosec", .nanoseconds),
        ("request_duration_seconds", .seconds), ("requestSeconds", .seconds),
    ])
    func aNameMaySayTheUnit(_ name: String, _ unit: LatencyUnit) { #expect(LatencyUnit(nameOf: name) == unit) }

    @Test(arguments: ["request_latency", "programs", "dms", "users", "US_latency"])
    func mostNamesSayNoUnit(_ name: String) { #expect(LatencyUnit(nameOf: name) == nil) }

    /// A record that was written before units were known has none.
    @Test func anOldWatchListIsInSeconds() throws {
        #expect(WatchList(latency: SeriesSelector(metric: "d")).latencyPerSecond == 1)
    }
}
