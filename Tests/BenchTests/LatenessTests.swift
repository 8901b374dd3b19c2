import Testing

@testable import rollguard_lab

@Suite("Late and missed scrapes")
struct LatenessTests {
    /// Milliseconds of the visits of one target in ten seconds, and what they are.
    struct Row: CustomTestStringConvertible {
        let testDescription: String
        let visits: [Int64]
        let late: Int
        let missed: Int
    }

    static let onTime = Array(stride(from: Int64(400), to: 10_000, by: 1_000))
    static let rows = [
        Row(testDescription: "on time", visits: onTime, late: 0, missed: 0),
        Row(
            testDescription: "a fifth is not late", visits: onTime.map { $0 == 5_400 ? 5_600 : $0 }, late: 0, missed: 0),
        Row(
            testDescription: "more is late, twice", visits: onTime.map { $0 == 5_400 ? 5_650 : $0 }, late: 2, missed: 0),
        Row(testDescription: "one left out", visits: onTime.filter { $0 != 5_400 }, late: 0, missed: 1),
        Row(
            testDescription: "three left out", visits: onTime.filter { !(4_000...7_000).contains($0) }, late: 0,
            missed: 3),
        Row(testDescription: "begins late", visits: onTime.filter { $0 > 3_000 }, late: 0, missed: 3),
        Row(testDescription: "ends early", visits: onTime.filter { $0 < 7_000 }, late: 0, missed: 3),
        Row(testDescription: "never came", visits: [], late: 0, missed: 10),
    ]

    @Test(arguments: rows)
    func gapsAreCounted(_ row: Row) {
        let visits = row.visits.map { Visit(target: 0, atNs: $0 * 1_000_000) }
        let found = Lateness(visits: visits, targets: 1, intervalNs: 1_000_000_000, fromNs: 0, toNs: 10_000_000_000)
        #expect(found.scrapes == row.visits.count)
        #expect(found.late == row.late)
        #expect(found.missed == row.missed)
    }

    @Test func targetsDoNotMix() {
        let visits = LatenessTests.onTime.flatMap { ms in
            [Visit(target: 0, atNs: ms * 1_000_000), Visit(target: 1, atNs: ms * 1_000_000 + 300)]
        }
        let found = Lateness(visits: visits, targets: 2, intervalNs: 1_000_000_000, fromNs: 0, toNs: 10_000_000_000)
        #expect(found.scrapes == 20)
        #expect(found.late == 0)
        #expect(found.missed == 0)
    }
}

@Suite("From a fault to the call")
struct FaultTimesTests {
    /// A scrape body each second; the canary fails half of its 100 requests per second from 10.5 s on, 1 % before.
    private static let visits = (0...20).map { second in
        let failing = max(0, Double(second) - 10.5)
        return Visit(
            target: 0, atNs: Int64(second) * 1_000_000_000, requests: 100 * Double(second),
            errors: Double(second) + 49 * failing)
    }

    /// At 11 s the window holds 24.5 + 10 errors in 1 000 requests.
    @Test func theFirstScrapeThatShowsEnoughDecides() {
        let found = DecidingScrape.find(in: FaultTimesTests.visits, faultNs: 10_500_000_000, limit: 0.02)
        #expect(found == 11_000_000_000)
    }

    /// At 12 s it is 8.35 %, at 13 s 13.25 %.
    @Test func aHigherLimitTakesMoreScrapes() {
        let found = DecidingScrape.find(in: FaultTimesTests.visits, faultNs: 10_500_000_000, limit: 0.1)
        #expect(found == 13_000_000_000)
    }

    @Test func healthyScrapesDecideNothing() {
        let healthy = FaultTimesTests.visits.filter { $0.atNs < 10_500_000_000 }
        #expect(DecidingScrape.find(in: healthy, faultNs: 5_000_000_000, limit: 0.02) == nil)
    }

    @Test func aPercentileIsAValueThatOccurred() throws {
        let spread = try #require(Spread((1...10).map(Double.init).shuffled()))
        #expect(spread.p50 == 5)
        #expect(spread.p90 == 9)
        #expect(spread.max == 10)
        #expect(Spread([]) == nil)
    }
}
