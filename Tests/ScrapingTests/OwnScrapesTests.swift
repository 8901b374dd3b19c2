import Testing

@testable import Scraping

@Suite("Scrapes that a target counts as requests")
struct OwnScrapesTests {
    /// One scrape body, and the second one where it is asked for.
    private func scrape(_ own: inout OwnScrapes, requests: Double, second: Double) -> Double {
        own.attempt()
        let attempts = own.scrapesSinceRead
        let found = own.read(requests: requests)
        if own.isWorthATry(requests: requests, attempts: attempts) {
            own.attempt()
            own.tried(requests: second)
        }
        return found
    }

    @Test func areAllowedForWhenEachSecondScrapeShowsThem() {
        var own = OwnScrapes()
        for _ in 0..<3 { #expect(scrape(&own, requests: 1, second: 1) == 0) }
        #expect(own.isCounted == true)
        #expect(scrape(&own, requests: 1, second: 1) == 1)
        // Probes beside them are not the scrapes'.
        #expect(scrape(&own, requests: 3, second: 1) == 1)
        // A scrape that failed may have been counted too.
        own.attempt()
        #expect(scrape(&own, requests: 2, second: 1) == 2)
    }

    /// One user per second, and a scrape per second: every scrape reports one request.
    @Test func areNotAUserWhoComesAsOften() {
        var own = OwnScrapes()
        for _ in 0..<20 { #expect(scrape(&own, requests: 1, second: 0) == 0) }
        #expect(own.isCounted == false)
    }

    @Test func areNotSearchedForUnderTraffic() {
        var own = OwnScrapes()
        for _ in 0..<20 { #expect(scrape(&own, requests: 100, second: 1) == 0) }
        #expect(own.isCounted == nil)
    }

    /// What was learned is taken back when a scrape body shows no request at all.
    @Test func areNotCountedWhereABodyHasNone() {
        var own = OwnScrapes()
        for _ in 0..<3 { _ = scrape(&own, requests: 1, second: 1) }
        #expect(scrape(&own, requests: 0, second: 0) == 0)
        #expect(own.isCounted == false)
    }
}
