import Testing

@testable import Telemetry

/// One target, scrape body after body.
private struct Bodies {
    var reader: TargetReader
    var uptimeMs: Int64 = 0

    init(limits: ScrapeLimits = ScrapeLimits(), latency: String? = nil) throws {
        reader = try TargetReader(
            watch: WatchList(
                requests: try SeriesSelector(parsing: "requests_total"),
                errors: try SeriesSelector(parsing: "requests_total{code=~\"5..\"}"),
                latency: try latency.map { text throws(SelectorError) in try SeriesSelector(parsing: text) }),
            limits: limits)
    }

    @discardableResult
    mutating func read(
        _ body: String, format: ExpositionFormat = .prometheusText, releaseBegan: Double? = nil
    ) throws -> TargetReading {
        uptimeMs += 1_000
        return try reader.read(
            Array(body.utf8), format: format, atUptimeMs: uptimeMs,
            countNewWithin: releaseBegan.map { $0...2_000_000_000 })
    }
}

@Suite("A target's scrape bodies")
struct TargetReaderTests {
    @Test func theFirstScrapeIsTheBaseAndTheSecondCounts() throws {
        var bodies = try Bodies()
        let first = try bodies.read("requests_total{code=\"200\"} 100\n")
        #expect(first.requests == nil && first.errors == nil && first.coveredSeconds == nil)
        #expect(first.matches == TargetReading.Matches(requests: 1))
        let second = try bodies.read("requests_total{code=\"200\"} 109\n")
        #expect(second.requests == 9 && second.errors == 0 && second.coveredSeconds == 1)
    }

    @Test func aSeriesThatAppearsLaterBeganAtZero() throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\"} 100\n")
        let second = try bodies.read("requests_total{code=\"200\"} 100\nrequests_total{code=\"500\"} 3\n")
        #expect(second.requests == 3 && second.errors == 3 && second.matches.errors == 1)
    }

    /// With the second scrape body, because only its rate shows whether the first one is plausible.
    @Test(arguments: [(1_000.0, 53.0), (999.0, 13.0)])
    func aProcessYoungerThanTheReleaseCountsItsFirstScrape(_ started: Double, _ requests: Double) throws {
        var bodies = try Bodies()
        func body(_ value: Int) -> String {
            "process_start_time_seconds \(started)\nrequests_total{code=\"200\"} \(value)\n"
        }
        #expect(try bodies.read(body(40), releaseBegan: 1_000).requests == nil)
        let second = try bodies.read(body(53), releaseBegan: 1_000)
        #expect(second.requests == requests && second.notes.isEmpty)
    }

    /// The start time of an exporter says nothing about the counters of what it exports.
    @Test func aLifetimeInTheFirstScrapeOfAYoungExporterIsABase() throws {
        var bodies = try Bodies()
        func body(_ good: Int) -> String {
            "process_start_time_seconds 1999999999\nrequests_total{code=\"200\"} \(good)\n"
                + "requests_total{code=\"500\"} 90000\n"
        }
        #expect(try bodies.read(body(810_000), releaseBegan: 1_000).requests == nil)
        let second = try bodies.read(body(810_010), releaseBegan: 1_000)
        #expect(second.requests == 10 && second.errors == 0 && second.notes == [.firstScrapeNotCounted])
    }

    /// Else a short window would take a process's whole life for its own time.
    @Test func aFirstScrapeThatCountsCoversTheProcessesLife() throws {
        var bodies = try Bodies()
        func body(_ value: Int) -> [UInt8] {
            Array("process_start_time_seconds 1010\nrequests_total{code=\"200\"} \(value)\n".utf8)
        }
        let first = try bodies.reader.read(
            body(40), format: .prometheusText, atUptimeMs: 1_000, countNewWithin: 1_000...1_030)
        #expect(first.requests == nil && first.coveredSeconds == nil)
        let second = try bodies.reader.read(
            body(42), format: .prometheusText, atUptimeMs: 2_000, countNewWithin: 1_000...1_031)
        #expect(second.requests == 42 && second.coveredSeconds == 21)
    }

    @Test func openMetricsCreatedSaysSoToo() throws {
        var bodies = try Bodies()
        for value in [40, 80] {
            let body = "requests_total{code=\"200\"} \(value)\nrequests_created{code=\"200\"} 1001\n# EOF\n"
            let requests = try bodies.read(body, format: .openMetrics, releaseBegan: 1_000).requests
            #expect(requests == (value == 40 ? nil : 80))
        }
    }

    @Test func aFallIsAResetAndIsNeverNegative() throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\"} 100\n")
        let second = try bodies.read("requests_total{code=\"200\"} 10\n")
        // Without a start time it may be another process's scrape body, whose counts are old.
        #expect(second.requests == nil && second.resets == 1)
        let third = try bodies.read("requests_total{code=\"200\"} 19\n")
        #expect(third.requests == 9 && third.coveredSeconds == 1)
    }

    /// An exporter that rounds must not bring its whole life into one window.
    @Test(arguments: [99_999.0, 99_001])
    func aFallByLessThanAHundredthIsRounding(_ to: Double) throws {
        var bodies = try Bodies()
        func body(_ value: Double) -> String { "requests_total{code=\"200\"} \(value)\n" }
        try bodies.read(body(100_000))
        let fallen = try bodies.read(body(to))
        #expect(fallen.requests == 0 && fallen.resets == 0)
        // What swings counts nothing on its way back.
        #expect(try bodies.read(body(100_007)).requests == 7)
    }

    /// An aggregator that misses a worker: neither the fall nor the return are events.
    @Test(arguments: ["process_start_time_seconds 50\n", ""])
    func aFallThatNothingProvesCountsNothingNorDoesItsReturn(_ start: String) throws {
        var bodies = try Bodies()
        func body(_ good: Int, _ bad: Int) -> String {
            start + "requests_total{code=\"200\"} \(good)\nrequests_total{code=\"500\"} \(bad)\n"
        }
        try bodies.read(body(38_000, 2_000))
        try bodies.read(body(38_007, 2_000))
        let fallen = try bodies.read(body(28_500, 1_500))
        #expect(fallen.requests == nil && fallen.errors == nil && fallen.coveredSeconds == nil)
        #expect(fallen.notes == [.fellWithoutRestart] && !fallen.isAmbiguous && fallen.resets == 0)
        #expect(try bodies.read(body(28_507, 1_501)).errors == 1)
        let back = try bodies.read(body(38_030, 2_001))
        #expect(back.requests == nil && back.notes == [.cameBack])
        #expect(try bodies.read(body(38_038, 2_002)).requests == 9)
    }

    /// A clock that is set moves the start time, and is no restart.
    @Test func roundingWithALaterStartIsNoRestart() throws {
        var bodies = try Bodies()
        try bodies.read("process_start_time_seconds 50\nrequests_total{code=\"200\"} 100000\n")
        let second = try bodies.read("process_start_time_seconds 53\nrequests_total{code=\"200\"} 99999\n")
        #expect(second.requests == 0 && second.resets == 0)
    }

    /// After a restart one counter may already be above its old value: the start time and another counter's fall
    /// report.
    @Test func aLaterStartTimeWithAFallIsARestartOfAllSeries() throws {
        var bodies = try Bodies()
        try bodies.read(
            "process_start_time_seconds 50\nrequests_total{code=\"200\"} 10\nrequests_total{code=\"500\"} 5\n")
        let second = try bodies.read(
            "process_start_time_seconds 90\nrequests_total{code=\"200\"} 25\nrequests_total{code=\"500\"} 1\n")
        // The counter above its old value counts its rise alone: a reset is each series' own.
        #expect(second.requests == 16 && second.errors == 1 && second.resets == 1)
    }

    /// A host whose clock is set reports another start time for the same process.
    /// It may be another process as well, so the next scrape body has to confirm the rate.
    @Test(arguments: [50.0, 53, 47])
    func aStartTimeThatMovesAloneIsNoRestart(_ started: Double) throws {
        var bodies = try Bodies()
        try bodies.read("process_start_time_seconds 50\nrequests_total{code=\"200\"} 100000\n")
        var counted = 0.0
        for value in [100_010, 100_020] {
            let body = "process_start_time_seconds \(started)\nrequests_total{code=\"200\"} \(value)\n"
            counted += try bodies.read(body).requests ?? 0
        }
        #expect(counted == 20)
    }

    /// Such a start time proves nothing, and must not silence the target.
    @Test func aStartTimeThatMovesAtEachScrapeIsIgnored() throws {
        var bodies = try Bodies()
        var last: Double?
        for body in 0..<8 {
            let start = "process_start_time_seconds \(1_000 + 5 * body)\n"
            let text = start + "requests_total{code=\"200\"} \(90_000 + 10 * body)\n"
            last = try bodies.read(text).requests
        }
        #expect(last == 10)
    }

    @Test func anEmptyFirstBodyIsNoBase() throws {
        var bodies = try Bodies()
        try bodies.read("")
        #expect(try bodies.read("requests_total{code=\"200\"} 100000\n").requests == nil)
        #expect(try bodies.read("requests_total{code=\"200\"} 100010\n").requests == 10)
    }

    /// What was forgotten to save memory comes back as it was, not as new.
    @Test func aForgottenSeriesThatReturnsIsNoLifetime() throws {
        var bodies = try Bodies(limits: ScrapeLimits(watchedSeries: 2_000))
        let many = (0..<1_200).map { "requests_total{code=\"200\",id=\"\($0)\"} 100000\n" }.joined()
        let one = "requests_total{code=\"200\",id=\"x\"} 1\n"
        try bodies.read(many + one)
        for _ in 0..<40 { try bodies.read(one) }
        #expect(try bodies.read(many + one).requests == nil)
        let next = try bodies.read(many + "requests_total{code=\"200\",id=\"x\"} 4\n")
        #expect(next.requests == 3 && next.notes == [.lateSeriesNotCounted])
    }

    @Test func aSeriesThatIsMissingFromABodyKeepsItsLastValue() throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\"} 100\nrequests_total{code=\"500\"} 7\n")
        try bodies.read("requests_total{code=\"200\"} 110\n")
        let third = try bodies.read("requests_total{code=\"200\"} 110\nrequests_total{code=\"500\"} 9\n")
        #expect(third.errors == 2)
    }

    @Test func aBodyThatCannotBeReadChangesNothing() throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\"} 100\n")
        #expect(throws: ExpositionError.self) { try bodies.read("requests_total{code=\"200\"} 150\nrequests_total{\n") }
        #expect(try bodies.read("requests_total{code=\"200\"} 109\n").requests == 9)
    }

    @Test func valuesThatNoCounterHasAreLeftOut() throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\"} 100\n")
        // Which is not zero: the scrape body does not know its requests.
        #expect(try bodies.read("requests_total{code=\"200\"} NaN\n").requests == nil)
        #expect(try bodies.read("requests_total{code=\"200\"} 110\n").requests == 10)
        let negative = try bodies.read("requests_total{code=\"200\"} -5\n")
        #expect(negative.requests == nil && negative.notes == [.negativeCounter])
    }

    /// And the scrape bodies after it are read again.
    @Test func aBodyBeyondALimitIsAnErrorAndTheNextOneIsAFirst() throws {
        var bodies = try Bodies(limits: ScrapeLimits(watchedSeries: 1_500), latency: "d")
        func bounds(_ range: Range<Int>) -> String { range.map { "d_bucket{le=\"\($0)\"} 1\n" }.joined() }
        #expect(throws: ExpositionError.self) { try bodies.read(bounds(0..<1_200)) }
        #expect(try bodies.read(bounds(5_000..<5_900)).matches.latency == 900)
        let others = (0..<1_501).map { "requests_total{code=\"200\",id=\"\($0)\"} 1\n" }
        #expect(throws: ExpositionError.self) { try bodies.read(others.joined()) }
        #expect(try bodies.read("requests_total{code=\"200\"} 7\n").requests == nil)
        #expect(try bodies.read("requests_total{code=\"200\"} 9\n").requests == 2)
    }

    /// A number that no service reaches must not drown the ones that follow.
    @Test(arguments: ["1e300", "1.7976931348623157e308", "1e14"])
    func aNumberBeyondReasonIsNoIncrement(_ value: String) throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\"} 100\nrequests_total{code=\"201\"} 5\n")
        #expect(
            try bodies.read("requests_total{code=\"200\"} \(value)\nrequests_total{code=\"201\"} 7\n").requests == 2)
        #expect(
            try bodies.read("requests_total{code=\"200\"} \(value)\nrequests_total{code=\"201\"} 8\n").requests == 1)
    }

    @Test func theSameSeriesTwiceCountsOnceWhateverTheOrderOfItsLabels() throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\",a=\"b\"} 1\n")
        let second = try bodies.read(
            "requests_total{a=\"b\",code=\"200\"} 4\nrequests_total{code=\"200\",a=\"b\"} 400\n")
        #expect(second.requests == 3 && second.matches.requests == 1)
    }

    /// Exporters change the spelling of a bound with the format.
    /// Swift's strings would call them equal. Read token by token at first, by the layout later.
    @Test func labelsThatUnicodeCallsEquivalentAreTwoSeries() throws {
        var bodies = try Bodies()
        for (scrape, expected) in [nil, 9, 9, 9].enumerated() {
            let (composed, decomposed) = (100 + 5 * scrape, 10 + 4 * scrape)
            let reading = try bodies.read(
                "requests_total{v=\"caf\u{E9}\"} \(composed)\nrequests_total{v=\"cafe\u{301}\"} \(decomposed)\n")
            #expect(reading.requests == expected.map(Double.init) && reading.matches.requests == 2)
        }
        let body = Array("m{v=\"K\"} 3\nm{v=\"\u{212A}\"} 4\n".utf8)
        #expect(try Exposition.samples(in: body, format: .prometheusText).map(\.value) == [3, 4])
    }

    @Test func aBoundThatIsSpelledInAnotherWayIsTheSameSeries() throws {
        var bodies = try Bodies(latency: "d")
        func body(_ bound: String, _ count: Int) -> String {
            "d_bucket{le=\"\(bound)\"} \(count)\nd_bucket{le=\"+Inf\"} \(count)\nd_count \(count)\n"
        }
        try bodies.read(body("1", 70_000))
        let reading = try bodies.read(body("1.0", 70_009))
        let histogram = HistogramIncrements(
            upperBounds: [1, .infinity], cumulative: [9, 9], sumSeconds: 0, count: 9)
        #expect(reading.latency == .histogram(histogram))
    }

    /// For the message of a proof that does not come.
    @Test func whileFewRequestsComeTheSeriesThatMoveAreNamed() throws {
        var bodies = try Bodies()
        func body(_ health: Int) -> String {
            "requests_total{path=\"/shop\",code=\"200\"} 800\nrequests_total{path=\"/health\",code=\"200\"} \(health)\n"
        }
        for health in 1...3 { try bodies.read(body(health)) }
        #expect(try bodies.read(body(5)).movingSeries == ["requests_total{code=\"200\",path=\"/health\"}"])
        #expect(try bodies.read(body(5)).movingSeries == [])
        #expect(try bodies.read(body(90)).movingSeries == [])
    }

    /// A scrape body that an exporter repeats is no sign of silence.
    @Test func freshnessShowsWhenTheCountersMoved() throws {
        var bodies = try Bodies()
        func read(_ value: Int) throws -> BodyFreshness {
            try bodies.read("requests_total{code=\"200\"} \(value)\n").freshness
        }
        #expect(try read(100) == BodyFreshness(isKnownNew: true))
        #expect(try read(110) == BodyFreshness(isKnownNew: true, secondsSinceChange: 0, pauseSeconds: 1))
        #expect(try read(110) == BodyFreshness(isKnownNew: false, secondsSinceChange: 1))
        #expect(try read(110) == BodyFreshness(isKnownNew: false, secondsSinceChange: 2))
        #expect(try read(120) == BodyFreshness(isKnownNew: true, secondsSinceChange: 0, pauseSeconds: 3))
    }

    @Test func aLaterTimestampMakesABodyNew() throws {
        var bodies = try Bodies()
        func read(_ timestamp: Int) throws -> Bool {
            try bodies.read("requests_total{code=\"200\"} 100 \(timestamp)\n").freshness.isKnownNew
        }
        #expect(try read(1_000) == true)
        #expect(try read(1_000) == false)
        #expect(try read(2_000) == true)
    }

    @Test func forgettingMakesTheNextScrapeAFirstOne() throws {
        var bodies = try Bodies()
        try bodies.read("requests_total{code=\"200\"} 100\n")
        bodies.reader.forget()
        #expect(try bodies.read("requests_total{code=\"200\"} 500\n").requests == nil)
        #expect(try bodies.read("requests_total{code=\"200\"} 510\n").requests == 10)
    }

    @Test func aHistogramIsSummedOverItsSeries() throws {
        func body(_ low: Int, _ high: Int) -> String {
            ["/a", "/b"].map {
                """
                d_bucket{path="\($0)",le="0.1"} \(low)
                d_bucket{path="\($0)",le="+Inf"} \(high)
                d_sum{path="\($0)"} \(Double(high) / 2)
                d_count{path="\($0)"} \(high)

                """
            }.joined()
        }
        var bodies = try Bodies(latency: "d")
        #expect(try bodies.read(body(1, 2)).latency == .absent)
        let reading = try bodies.read(body(3, 6))
        #expect(
            reading.latency
                == .histogram(
                    HistogramIncrements(
                        upperBounds: [0.1, .infinity], cumulative: [4, 8], sumSeconds: 4, count: 8)))
        #expect(reading.matches.latency == 8)
    }

    @Test func aSummaryGivesItsWorstSeries() throws {
        var bodies = try Bodies(latency: "d")
        try bodies.read(
            "d{p=\"a\",quantile=\"0.99\"} 0.5\nd{p=\"b\",quantile=\"0.99\"} 0.7\nd_sum{p=\"a\"} 1\nd_count{p=\"a\"} 2\n"
        )
        let reading = try bodies.read(
            "d{p=\"a\",quantile=\"0.99\"} 0.6\nd{p=\"b\",quantile=\"0.99\"} NaN\nd_sum{p=\"a\"} 3\nd_count{p=\"a\"} 7\n"
        )
        #expect(
            reading.latency
                == .summary(SummaryValues(quantiles: [0.99], seconds: [0.6], sumSeconds: 2, count: 5)))
    }

    @Test(arguments: [
        (ScrapeLimits(samples: 1), "more than 1 samples"),
        (ScrapeLimits(labels: 1), "2 labels are more than the limit of 1"),
        (ScrapeLimits(labelNameBytes: 3), "a label's name is longer than 3 bytes"),
        (ScrapeLimits(labelValueBytes: 2), "a label's value is longer than 2 bytes"),
        (ScrapeLimits(watchedSeries: 1), "more than 1 series"),
    ])
    func limitsFailTheScrape(_ limits: ScrapeLimits, _ text: String) throws {
        var bodies = try Bodies(limits: limits)
        do {
            try bodies.read("requests_total{code=\"200\",p=\"x\"} 1\nrequests_total{code=\"201\",p=\"x\"} 1\n")
            Issue.record("nothing was thrown")
        } catch { #expect("\(error)".contains(text)) }
    }

    /// A label with an id in it makes new series for ever; memory must not follow.
    @Test func seriesThatComeAndGoAreForgotten() throws {
        var bodies = try Bodies(limits: ScrapeLimits(watchedSeries: 5_000))
        for round in 0..<100 {
            let lines = (0..<200).map { "requests_total{code=\"200\",id=\"\(round)-\($0)\"} 1\n" }
            let reading = try bodies.read(lines.joined())
            // None of them is seen twice, so nothing says that its count is not old. But every scrape has as many.
            #expect(round < 3 ? reading.requests == nil : reading.requests == 200)
        }
    }

    /// The increments of any cut of a life add up to the whole.
    @Test func incrementsAddUpOverRestarts() throws {
        var random = SystemRandomNumberGenerator.Seeded(3)
        for _ in 0..<200 {
            var bodies = try Bodies()
            var value = 0.0
            var (truth, start) = (0.0, 1_000)
            try bodies.read("process_start_time_seconds \(start)\nrequests_total{code=\"200\"} 0\n")
            var counted = 0.0
            for _ in 0..<30 {
                if random.next() % 7 == 0, value > 0 { (value, start) = (0, start + 10) } else { value += 1 }
                if value > 0 { truth += 1 }
                let body = "process_start_time_seconds \(start)\nrequests_total{code=\"200\"} \(value)\n"
                counted += try bodies.read(body).requests ?? 0
            }
            #expect(counted == truth)
        }
    }
}

@Suite("Quantiles of histograms")
struct HistogramQuantileTests {
    struct Row: Sendable {
        let quantile: Double
        let bounds: [Double]
        let counts: [Double]
        let value: Double
    }

    static let rows: [Row] = [
        Row(quantile: 0.5, bounds: [0.1, 0.2, .infinity], counts: [10, 20, 20], value: 0.1),
        Row(quantile: 0.75, bounds: [0.1, 0.2, .infinity], counts: [10, 20, 20], value: 0.15),
        Row(quantile: 0.99, bounds: [0.1, .infinity], counts: [0, 10], value: 0.1),
        Row(quantile: 0.25, bounds: [0.1, .infinity], counts: [10, 10], value: 0.025),
        Row(quantile: 0.5, bounds: [-1, .infinity], counts: [10, 10], value: -1),
        Row(quantile: 1.5, bounds: [0.1, .infinity], counts: [10, 10], value: .infinity),
        Row(quantile: -0.5, bounds: [0.1, .infinity], counts: [10, 10], value: -.infinity),
        // The count that falls is raised: half of 10 is then in the first bucket.
        Row(quantile: 0.5, bounds: [0.1, 0.2, .infinity], counts: [10, 5, 10], value: 0.05),
    ]

    @Test(arguments: rows)
    func asPrometheusInterpolates(_ row: Row) {
        let found = HistogramQuantile.value(row.quantile, upperBounds: row.bounds, cumulative: row.counts)
        #expect(found == row.value || abs(found - row.value) < 1e-12)
    }

    static let poor: [[Double]] = [[0.1, 0.2], [.infinity], []]

    @Test(arguments: poor)
    func withoutEnoughBucketsThereIsNone(_ bounds: [Double]) {
        #expect(HistogramQuantile.value(0.5, upperBounds: bounds, cumulative: bounds.map { _ in 3 }).isNaN)
    }

    @Test func withoutObservationsThereIsNone() {
        #expect(HistogramQuantile.value(0.5, upperBounds: [0.1, .infinity], cumulative: [0, 0]).isNaN)
    }
}
