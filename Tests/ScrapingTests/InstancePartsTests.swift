import Model
import Telemetry
import Testing

@testable import Scraping

@Suite("Instances in the exposition of a proxy")
struct InstancePartsTests {
    private static func body(_ servers: [(String, Int, Int)]) -> [UInt8] {
        var lines = "process_start_time_seconds 5\n"
        for (server, ok, failed) in servers {
            lines += "responses_total{server=\"\(server)\",code=\"2xx\"} \(ok)\n"
            lines += "responses_total{server=\"\(server)\",code=\"5xx\"} \(failed)\n"
        }
        return Array(lines.utf8)
    }

    private static func list() throws -> WatchList {
        WatchList(
            requests: try SeriesSelector(parsing: "responses_total{server=~\"new.*\"}"),
            errors: try SeriesSelector(parsing: "responses_total{server=~\"new.*\",code=\"5xx\"}"))
    }

    /// The parts are the whole: each request is one instance's.
    @Test func eachInstanceHasItsOwnCounts() throws {
        var whole = try TargetReader(watch: try Self.list(), limits: ScrapeLimits())
        var parts = InstanceParts(label: "server", watch: try Self.list(), limits: ScrapeLimits())
        var last: [InstanceReading] = []
        var sum: (requests: Double?, errors: Double?) = (nil, nil)
        for cycle in 0..<4 {
            let body = Self.body([
                ("old1", 100 * cycle, 0), ("new1", 10 * cycle, cycle), ("new2", 20 * cycle, 0),
            ])
            let reading = try whole.read(
                body, format: .prometheusText, atUptimeMs: Int64(cycle) * 5_000, countNewWithin: nil)
            last = parts.read(
                body, format: .prometheusText, atUptimeMs: Int64(cycle) * 5_000, countNewWithin: nil,
                matches: reading.matches)
            sum = (reading.requests, reading.errors)
        }
        #expect(last.map(\.name) == ["new1", "new2"])
        #expect(last.map(\.reading.requests) == [11, 20] && last.map(\.reading.errors) == [1, 0])
        #expect(sum.requests == 31 && sum.errors == 1)
    }

    @Test func anInstanceThatAppearsLaterIsFound() throws {
        var parts = InstanceParts(label: "server", watch: try Self.list(), limits: ScrapeLimits())
        func read(_ servers: [(String, Int, Int)], _ matches: Int, atMs: Int64) -> [String] {
            parts.read(
                Self.body(servers), format: .prometheusText, atUptimeMs: atMs, countNewWithin: nil,
                matches: .init(requests: matches)
            ).map(\.name)
        }
        #expect(read([("new1", 1, 0)], 2, atMs: 0) == ["new1"])
        #expect(read([("new1", 2, 0), ("new2", 1, 0)], 4, atMs: 5_000) == ["new1", "new2"])
        // One that is missing keeps its last values.
        #expect(read([("new1", 3, 0)], 2, atMs: 10_000) == ["new1", "new2"])
    }
}
