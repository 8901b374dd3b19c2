import Testing

@testable import Scraping

/// A server that gives no samples for a while, and targets that are scraped meanwhile.
@Suite("Scrapes in the place of a server")
struct ServerFallbackTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        /// Seconds, and whether the server gave samples.
        let cycles: [(second: Int64, isUsable: Bool)]
        let mode: ServerFallback.Mode

        var testDescription: String { what }
    }

    private static func cycles(_ seconds: ClosedRange<Int64>, _ isUsable: Bool) -> [(Int64, Bool)] {
        seconds.map { ($0, isUsable) }
    }

    static let rows: [Row] = [
        Row(what: "a server that answers is asked", cycles: cycles(0...100, true), mode: .server),
        Row(what: "a short silence changes nothing", cycles: cycles(0...29, false), mode: .server),
        Row(what: "a long one does", cycles: cycles(0...30, false), mode: .scrapes),
        Row(
            what: "an answer begins the silence again",
            cycles: cycles(0...29, false) + [(30, true)] + cycles(31...59, false), mode: .server),
        Row(what: "a process that was stopped saw no silence", cycles: [(0, false), (3_600, false)], mode: .server),
        Row(
            what: "a server that is back for a moment is not taken",
            cycles: cycles(0...30, false) + cycles(31...89, true), mode: .scrapes),
        Row(
            what: "one that is back for a minute is", cycles: cycles(0...30, false) + cycles(31...91, true),
            mode: .server),
        Row(
            what: "one that comes and goes is not",
            cycles: cycles(0...30, false) + cycles(31...80, true) + [(81, false)] + cycles(82...130, true),
            mode: .scrapes),
    ]

    @Test(arguments: rows)
    func theModeFollowsWhatTheCyclesSay(_ row: Row) {
        var fallback = ServerFallback()
        for cycle in row.cycles {
            _ = fallback.note(
                isUsable: cycle.isUsable, awayMs: 30_000, intervalMs: 1_000, atUptimeMs: cycle.second * 1_000)
        }
        #expect(fallback.mode == row.mode)
    }
}
