import Testing

@testable import Telemetry

/// Scrape bodies that show their target, and none of its series of requests.
@Suite("Presence without requests")
struct PresenceTests {
    private struct Scraper {
        var reader: TargetReader
        private var uptimeMs: Int64 = 0

        init() throws {
            var watch = WatchList(requests: try SeriesSelector(parsing: "r_total"))
            watch.presence = try SeriesSelector(parsing: "server_up{pool=\"new\"}")
            reader = try TargetReader(watch: watch, limits: ScrapeLimits())
        }

        /// A scrape 5 s after the one before.
        mutating func read(_ text: String) throws -> TargetReading {
            uptimeMs += 5_000
            return try reader.read(
                Array(text.utf8), format: .prometheusText, atUptimeMs: uptimeMs, countNewWithin: nil)
        }
    }

    private static let shown = "server_up{pool=\"new\"} 0\n"

    /// The time between the last series and the first body without one is not known.
    @Test func theTimeBetweenTwoBodiesWithoutRequestsCounts() throws {
        var scraper = try Scraper()
        _ = try scraper.read(Self.shown + "r_total 9\n")
        #expect(try scraper.read(Self.shown + "r_total 9\n").absentSeconds == nil)
        let first = try scraper.read(Self.shown)
        #expect(first.absentSeconds == nil && first.requests == nil && first.matches.presence == 1)
        for _ in 0..<20 { #expect(try scraper.read(Self.shown).absentSeconds == 5) }
        #expect(try scraper.read(Self.shown + "r_total 9\n").absentSeconds == nil)
        #expect(try scraper.read(Self.shown).absentSeconds == nil)
    }

    /// A collector that lacks some series for a moment has them again with the next scrape.
    @Test func seriesThatHadJustMovedAreWaitedFor() throws {
        var scraper = try Scraper()
        for count in 1...4 { _ = try scraper.read(Self.shown + "r_total \(count)\n") }
        let absences = try (0..<8).map { _ in try scraper.read(Self.shown).absentSeconds }
        let first = try #require(absences.firstIndex { $0 != nil })
        // 15 s, and the body that is the first of the time that is known.
        #expect((3...4).contains(first) && absences[first...].allSatisfy { $0 == 5 }, "\(absences)")
    }

    @Test func withoutThePresenceNothingIsKnown() throws {
        var scraper = try Scraper()
        for _ in 0..<3 { _ = try scraper.read(Self.shown) }
        for body in ["up 1\n", "server_up{pool=\"old\"} 1\n"] {
            for _ in 0..<3 { #expect(try scraper.read(body).absentSeconds == nil) }
        }
    }

    /// A process that has restarted may have served and forgotten it.
    @Test func aRestartIsATimeThatIsNotKnown() throws {
        var scraper = try Scraper()
        func body(_ start: Int) -> String { Self.shown + "process_start_time_seconds \(start)\n" }
        _ = try scraper.read(body(1_700_000_000))
        #expect(try scraper.read(body(1_700_000_000)).absentSeconds == 5)
        #expect(try scraper.read(body(1_700_000_100)).absentSeconds == nil)
        #expect(try scraper.read(body(1_700_000_100)).absentSeconds == 5)
        scraper.reader.forget()
        #expect(try scraper.read(body(1_700_000_100)).absentSeconds == nil)
    }

    /// Two scrapes of a server in one answer: what came before the series disappeared may be more than was seen.
    @Test func countsBeforeADisappearanceAreNoSilence() {
        let counted = TargetReading(requests: 0, matches: .init(requests: 1), coveredSeconds: 5)
        let gone = TargetReading(matches: .init(presence: 1), coveredSeconds: 5)
        #expect(counted.followed(by: gone).resets == 1 && counted.followed(by: counted).resets == 0)
    }

    @Test func aLayoutSaysTheSame() throws {
        var watch = WatchList(requests: try SeriesSelector(parsing: "r_total"))
        watch.presence = try SeriesSelector(parsing: "process_start_time_seconds")
        var pair = try ReaderPair(watch)
        for step in 0..<40 {
            let requests = step % 10 < 4 ? "r_total \(step)\n" : ""
            let body = "process_start_time_seconds 1700000000\nother \(step)\n" + requests
            #expect(pair.read(Array(body.utf8)) == nil)
        }
        #expect(pair.byLayout > 0)
    }
}
