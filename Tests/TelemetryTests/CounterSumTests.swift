import Foundation
import Testing

@testable import Telemetry

/// Requests and errors that are sums of several counters, series that are excluded, and outcomes that are unknown.
struct CounterSumTests {
    private static func list(
        requests: [String], errors: [String] = [], latency: String? = nil, exclude: String? = nil
    ) throws -> WatchList {
        var list = WatchList(latency: try latency.map { try SeriesSelector(parsing: $0) })
        list.requestCounters = try requests.map { try SeriesSelector(parsing: $0) }
        list.errorCounters = try errors.map { try SeriesSelector(parsing: $0) }
        if let exclude { list.excluded = try SeriesMatchers(parsing: exclude) }
        return list
    }

    private static func readings(_ list: WatchList, _ bodies: String...) throws -> [TargetReading] {
        var reader = try TargetReader(watch: list, limits: ScrapeLimits())
        return try bodies.enumerated().map { index, body in
            try reader.read(
                Array(body.utf8), format: .prometheusText, atUptimeMs: Int64(index) * 5_000, countNewWithin: nil)
        }
    }

    private static func body(_ ok: Int, _ failed: Int, _ apart: Int) -> String {
        """
        process_start_time_seconds 5
        responses_total{code="2xx"} \(ok)
        responses_total{code="5xx"} \(failed)
        failed_connections_total \(apart)

        """
    }

    @Test func severalCountersAreAddedUp() throws {
        let list = try Self.list(
            requests: ["responses_total", "failed_connections_total"],
            errors: ["responses_total{code=\"5xx\"}", "failed_connections_total"])
        let reading = try Self.readings(list, Self.body(10, 1, 2), Self.body(17, 3, 5), Self.body(20, 3, 5))
        #expect(reading[1].requests == 12 && reading[1].errors == 5)
        #expect(reading[2].requests == 3 && reading[2].errors == 0)
        #expect(reading[1].matches.requests == 3 && reading[1].matches.errors == 2)
    }

    /// One series is one request, however many of the selectors take it.
    @Test func aSeriesThatTwoSelectorsTakeIsCountedOnce() throws {
        let list = try Self.list(requests: ["responses_total", "responses_total{code=~\".xx\"}"])
        let reading = try Self.readings(list, Self.body(10, 1, 0), Self.body(14, 1, 0))
        #expect(reading[1].requests == 4)
    }

    @Test func aCounterThatIsNotThereYetHasCountedNothing() throws {
        let list = try Self.list(
            requests: ["responses_total", "exceptions_total"],
            errors: ["responses_total{code=\"5xx\"}", "exceptions_total"])
        let reading = try Self.readings(list, Self.body(10, 1, 0), Self.body(14, 2, 0))
        #expect(reading[1].requests == 5 && reading[1].errors == 1)
    }

    @Test func excludedSeriesAreNeitherRequestsNorErrorsNorLatency() throws {
        func body(_ user: Int, _ probe: Int) -> String {
            """
            process_start_time_seconds 5
            r_total{path="/buy",code="200"} \(user)
            r_total{path="/healthz",code="500"} \(probe)
            s_bucket{path="/buy",le="+Inf"} \(user)
            s_bucket{path="/healthz",le="+Inf"} \(probe)
            s_count{path="/buy"} \(user)
            s_count{path="/healthz"} \(probe)

            """
        }
        let list = try Self.list(
            requests: ["r_total"], errors: ["r_total{code=~\"5..\"}"], latency: "s",
            exclude: "{path=~\"/healthz|/metrics\"}")
        for watch in [list, list.narrowed(by: try SeriesMatchers(parsing: "{path!=\"\"}"))] {
            let reading = try Self.readings(watch, body(10, 50), body(16, 90), body(18, 130))
            #expect(reading[1].requests == 6 && reading[1].errors == 0)
            #expect(reading[2].requests == 2 && reading[2].errors == 0)
            guard case .histogram(let latency) = reading[1].latency else { return #expect(Bool(false)) }
            #expect(latency.count == 6)
        }
    }

    /// A label that the version renamed would make each of its errors a success.
    @Test(arguments: [
        ("r_total{code=\"200\"}", "r_total{code=~\"5..\"}", 0.0 as Double?),
        ("r_total{status=\"500\"}", "r_total{code=~\"5..\"}", nil),
        ("r_total", "r_total{code=~\"5..\"}", nil),
        // A matcher that an absent label satisfies needs no label.
        ("r_total{status=\"500\"}", "r_total{code!=\"200\"}", 4),
        // Errors of a metric of their own have no series before the first.
        ("r_total{status=\"500\"}", "e_total", 0),
    ])
    func requestsWithoutTheLabelsOfErrorsHaveAnUnknownNumberOfErrors(
        _ series: String, _ errors: String, _ counted: Double?
    ) throws {
        let list = try Self.list(requests: ["r_total"], errors: [errors])
        let start = "process_start_time_seconds 5\n"
        // Two bodies by name, the others by the layout.
        let reading = try Self.readings(
            list, start + "\(series) 1\n", start + "\(series) 5\n", start + "\(series) 9\n", start + "\(series) 13\n")
        for one in reading.dropFirst() {
            #expect(one.requests == 4)
            #expect(one.errors == counted)
        }
    }

    @Test func oneSeriesWithTheLabelsIsEnough() throws {
        let list = try Self.list(requests: ["r_total"], errors: ["r_total{code=~\"5..\"}"])
        let bodies = [1, 5].map { "process_start_time_seconds 5\nr_total \($0)\nr_total{code=\"200\"} \($0)\n" }
        let reading = try Self.readings(list, bodies[0], bodies[1])
        #expect(reading[1].requests == 8 && reading[1].errors == 0)
    }

    /// Journals hold watch lists: one without sums is written as it was before there were any, and every one reads back.
    @Test func aStoredListKeepsItsForm() throws {
        let plain = try Self.list(requests: ["r_total"], errors: ["r_total{code=\"5xx\"}"])
        let text = String(decoding: try JSONEncoder().encode(plain), as: UTF8.self)
        #expect(!text.contains("further") && !text.contains("excluded") && text.contains("signals"), "\(text)")
        let sums = try Self.list(
            requests: ["a_total", "b_total"], errors: ["a_total{code=\"5\"}", "b_total"], exclude: "{path=\"/metrics\"}"
        )
        for list in [plain, sums] {
            #expect(try JSONDecoder().decode(WatchList.self, from: JSONEncoder().encode(list)) == list)
        }
    }
}
