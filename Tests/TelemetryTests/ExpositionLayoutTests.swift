import Testing

@testable import Telemetry

@Suite("Layouts of scrape bodies")
struct ExpositionLayoutTests {
    private static let watch = WatchList(
        requests: SeriesSelector(metric: "requests_total"), latency: SeriesSelector(metric: "d"))

    private struct Target {
        var reader: TargetReader
        var scratch = ReadingScratch()
        var uptimeMs: Int64 = 0

        init(limits: ScrapeLimits = ScrapeLimits()) throws {
            reader = try TargetReader(watch: ExpositionLayoutTests.watch, limits: limits)
        }

        @discardableResult
        mutating func read(
            _ body: String, _ format: ExpositionFormat = .prometheusText, _ offer: LayoutOffer = .ownOnly
        ) throws -> TargetReading {
            uptimeMs += 1_000
            return try reader.read(
                Array(body.utf8), format: format, atUptimeMs: uptimeMs, countNewWithin: nil, scratch: &scratch,
                layouts: offer)
        }
    }

    private static func body(_ requests: Int, gauge: String = "1") -> String {
        "# HELP g A gauge.\ng \(gauge)\nrequests_total{code=\"200\"} \(requests)\n"
    }

    @Test func aBodyOfTheSameShapeKeepsTheLayout() throws {
        var target = try Target()
        try target.read(Self.body(5))
        let layout = try #require(target.reader.layout)
        for requests in [5, 123_456, 999_999_999_999] { try target.read(Self.body(requests, gauge: "-1.5e+09")) }
        #expect(target.reader.layout === layout)
        #expect(try target.read(Self.body(999_999_999_999 + 9)).requests == 9)
    }

    /// What moves beside the values makes it another scrape body; the counting continues as if nothing had been.
    @Test(arguments: [
        "# HELP g A gauge!\ng 1\nrequests_total{code=\"200\"} 15\n", "g 1\nrequests_total{code=\"200\"} 15\n",
        "# HELP g A gauge.\ng 1\nrequests_total{code=\"200\"} 15\nx 1\n",
        "# HELP g A gauge.\nrequests_total{code=\"200\"} 15\ng 1\n",
        "# HELP g A gauge.\ng 1\nrequests_total{code=\"200\"} 15 1700000000000\n",
        "# HELP g A gauge.\ng 1\nrequests_total{code=\"200\"} 15",
        "# HELP g A gauge.\ng  1\nrequests_total{code=\"200\"} 15\n",
    ])
    func anotherShapeIsReadTokenByToken(_ body: String) throws {
        var target = try Target()
        try target.read(Self.body(5))
        let layout = try #require(target.reader.layout)
        #expect(try target.read(body).requests == 10)
        #expect(target.reader.layout !== layout)
        #expect(try target.read(Self.body(17)).requests == 2)
    }

    /// A scrape body that breaks in its last line must not have counted its first ones.
    @Test(arguments: ["x", "1_0", "0x10", "1e999", "", "1.2.3", "+-1"])
    func aBodyThatBreaksLateLeavesNothingBehind(_ value: String) throws {
        var target = try Target()
        func body(_ requests: Int, _ last: String) -> String { "requests_total \(requests)\ng \(last)\n" }
        try target.read(body(5, "1"))
        #expect(throws: ExpositionError.self) { try target.read(body(500, value)) }
        #expect(try target.read(body(7, "1")).requests == 2)
    }

    @Test func bodiesWithTimestampsOrExemplarsHaveNone() throws {
        var text = try Target()
        try text.read("requests_total 5 1700000000000\n")
        #expect(text.reader.layout == nil)
        var open = try Target()
        try open.read("d_bucket{le=\"1.0\"} 5 # {trace_id=\"x\"} 0.5\n# EOF\n", .openMetrics)
        #expect(open.reader.layout == nil)
    }

    /// `requests_total-3` is a series and a value, `requests_total3` is a name without one.
    @Test func aBodyWithAValueRightBehindTheNameHasNone() throws {
        var target = try Target()
        try target.read("requests_total 5\ng-3\n")
        #expect(target.reader.layout == nil)
        #expect(throws: ExpositionError.self) { try target.read("requests_total 9\ng3\n") }
        #expect(try target.read("requests_total 6\ng-4\n").requests == 1)
        var braces = try Target()
        try braces.read("requests_total{a=\"b\"}5\n")
        #expect(braces.reader.layout != nil)
    }

    @Test func equalBodiesOfTwoTargetsShareOne() throws {
        var (first, second) = (try Target(), try Target())
        try first.read(Self.body(5))
        try second.read(Self.body(70, gauge: "NaN"))
        let layout = try #require(first.reader.layout)
        let other = try #require(second.reader.layout)
        #expect(other !== layout && other.isEqual(to: layout) && other.fingerprint == layout.fingerprint)
        second.reader.share(layout)
        #expect(second.reader.layout === layout)
        #expect(try second.read(Self.body(72)).requests == 2)
    }

    @Test func aLayoutOfOtherWishesIsNotTaken() throws {
        var maker = try Target()
        try maker.read(Self.body(5))
        let offer = LayoutOffer(known: [try #require(maker.reader.layout)], mayMakeOne: false)
        var same = try Target()
        try same.read(Self.body(6), .prometheusText, offer)
        #expect(same.reader.layout === offer.known.first)
        var stricter = try Target(limits: ScrapeLimits(labels: 0, watchedSeries: 1))
        try stricter.read(Self.body(6), .prometheusText, offer)
        #expect(stricter.reader.layout == nil)
        // A reader that knows series keeps to its own.
        try stricter.read(Self.body(7), .prometheusText, offer)
        #expect(stricter.reader.layout == nil)
    }

    /// A target whose scrape body is never the same twice must not pay for a layout each time.
    @Test func layoutsThatDoNotLastAreMadeEverMoreRarely() throws {
        var target = try Target()
        var made = 0
        for round in 0..<400 {
            try target.read("requests_total{id=\"\(round)\"} 1\n")
            if target.reader.layout != nil { made += 1 }
        }
        #expect((3...16).contains(made))
        // And a scrape body that has come to rest is soon read by its layout again.
        for _ in 0..<130 { try target.read(Self.body(5)) }
        #expect(target.reader.layout != nil)
    }

    @Test func aSeriesThatIsAwayForSomeScrapesKeepsItsLastValue() throws {
        var target = try Target()
        let error = "requests_total{code=\"500\"} "
        try target.read(Self.body(5) + error + "7\n")
        for _ in 0..<20 { try target.read(Self.body(5)) }
        #expect(try target.read(Self.body(5) + error + "9\n").requests == 2)
    }

    /// Of a series that is away, too: what its process counted before is gone.
    @Test func aRestartThatALayoutSeesCountsAbsentSeriesFromZero() throws {
        var target = try Target()
        func body(_ start: Int, _ requests: Int, _ more: String = "") -> String {
            "process_start_time_seconds \(start)\nrequests_total \(requests)\n" + more
        }
        try target.read(body(50, 10, "requests_total{code=\"500\"} 5\n"))
        for requests in 11..<20 { try target.read(body(50, requests)) }
        let layout = try #require(target.reader.layout)
        #expect(try target.read(body(90, 3)).resets == 1)
        #expect(target.reader.layout === layout)
        #expect(try target.read(body(90, 3, "requests_total{code=\"500\"} 9\n")).requests == 9)
    }

    /// The bound on what is remembered of absent series holds while a layout reads the scrape bodies.
    @Test func absentSeriesBeyondTheLimitAreForgotten() throws {
        var target = try Target(limits: ScrapeLimits(watchedSeries: 4))
        func body(_ counts: [Int]) -> String {
            counts.enumerated().map { "requests_total{id=\"\($0.offset)\"} \($0.element)\n" }.joined()
        }
        try target.read(body([5, 100, 100]))
        for count in 6..<20 { try target.read(body([count])) }
        #expect(target.reader.layout != nil)
        // Known, they would have counted 20; taken for new, 120.
        #expect(try target.read(body([19, 120, 100])).requests == nil)
    }

    /// In steady state a scrape body costs no allocation: the counts of a reading that is gone become the next one's.
    @Test func theMemoryOfAReadingIsUsedAgain() throws {
        var target = try Target()
        func counts(_ seen: Int) throws -> (numbers: [Double], address: UInt) {
            let body = "d_bucket{le=\"1\"} \(seen)\nd_bucket{le=\"+Inf\"} \(seen * 2)\n"
            guard case .histogram(let histogram) = try target.read(body).latency else { return ([], 0) }
            let address = histogram.cumulative.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
            return (histogram.cumulative.map { $0 }, address)
        }
        _ = try counts(5)
        _ = try counts(6)
        let first = try counts(8)
        let second = try counts(9)
        #expect(first.numbers == [2, 4] && second.numbers == [1, 2] && first.address == second.address)
    }

    /// And one that is still held is not written to.
    @Test func aReadingThatIsKeptStaysAsItIs() throws {
        var target = try Target()
        func body(_ seen: Int) -> String { "d_bucket{le=\"1\"} \(seen)\nd_bucket{le=\"+Inf\"} \(seen * 2)\n" }
        try target.read(body(5))
        let kept = try target.read(body(7))
        let same = kept
        _ = try target.read(body(50))
        let expected = HistogramIncrements(upperBounds: [1, .infinity], cumulative: [2, 4], sumSeconds: 0, count: 4)
        #expect(same.latency == .histogram(expected))
    }

    @Test(arguments: [
        "0", "7", "123456789012345", "1234567890123456", "12345678901234567", "123456789012345678901234567890", "1.5",
        "0.1", "123.456", "9007199254740993", "0.30000000000000004", "1234567.8901234567", "179769313486231570000.25",
        "4503599627370497.5", "2.2250738585072014", "1.7e+09", "1.2345678901234567e+06", "99999999999999999.5",
    ])
    func numbersAreThoseOfTheLibrary(_ text: String) throws {
        let body = Array("\(text)\n".utf8)
        var place = 0
        let value = LayoutNumber.read(body.span, &place, isText: true, isWatched: true)
        #expect(value == Double(text) && place == text.utf8.count)
        #expect(FloatText.parse(body.span, 0..<text.utf8.count) == Double(text))
    }
}
