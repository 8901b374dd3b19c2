import Testing

@testable import Telemetry

/// A scrape body is reported as a whole or not at all: a rate whose errors are proven and whose requests are not is a
/// rate of nothing.
@Suite("Scrapes as a whole")
struct WholeScrapeTests {
    /// Reads a scrape body twice per second and adds up what is reported.
    private struct Scraper {
        var reader: TargetReader
        var uptimeMs: Int64 = 0
        var (requests, errors, seconds) = (0.0, 0.0, 0.0)
        /// The largest error rate that a single scrape body reported.
        var worst = 0.0
        /// Zero requests were reported, which is a silence.
        var silentScrapes = 0
        var last = TargetReading()

        init(errors: String = "r_total{code=\"500\"}") throws {
            reader = try TargetReader(
                watch: WatchList(
                    requests: try SeriesSelector(parsing: "r_total"), errors: try SeriesSelector(parsing: errors)),
                limits: ScrapeLimits())
        }

        mutating func read(_ text: String, format: ExpositionFormat = .prometheusText) throws {
            uptimeMs += 500
            let body = format == .openMetrics ? text + "# EOF\n" : text
            last = try reader.read(Array(body.utf8), format: format, atUptimeMs: uptimeMs, countNewWithin: nil)
            requests += last.requests ?? 0
            errors += last.errors ?? 0
            seconds += last.coveredSeconds ?? 0
            if let told = last.requests, told > 0 { worst = max(worst, (last.errors ?? 0) / told) }
            if last.requests == 0 { silentScrapes += 1 }
        }
    }

    private static func body(_ good: Int, _ bad: Int?, start: String = "") -> String {
        start + "r_total{code=\"200\"} \(good)\n" + (bad.map { "r_total{code=\"500\"} \($0)\n" } ?? "")
    }

    /// A collector drops all series of a target for some seconds, or only those of its good requests, and brings them back.
    @Test(arguments: [2, 6, 12], [true, false])
    func seriesThatReturnCountOverTheirAbsence(_ bodies: Int, _ losesAll: Bool) throws {
        var scraper = try Scraper()
        for step in 0..<120 {
            let (good, bad) = (5_000 + 48 * step, 200 + 2 * step)
            let isAway = step > 10 && step % 20 < bodies
            try scraper.read(
                !isAway ? Self.body(good, bad) : losesAll ? "up 1\n" : "r_total{code=\"500\"} \(bad)\n")
        }
        #expect(scraper.worst < 0.05 && scraper.silentScrapes == 0)
        #expect(abs(scraper.requests / scraper.seconds - 100) < 5, "\(scraper.requests) in \(scraper.seconds) s")
        #expect(scraper.seconds > 45)
    }

    /// The errors are there in the first body, then missing, and back: whether they moved is not known before, so they are not
    /// waited for. Their return brings the errors of some scrapes, which are not those of the last one.
    @Test(arguments: [1, 2, 3, 5, 8, 20])
    func errorsThatReturnAfterTheFirstBodyAreNotThoseOfOneScrape(_ bodies: Int) throws {
        var scraper = try Scraper()
        for step in 0..<60 {
            let isAway = (1...bodies).contains(step)
            let start = "process_start_time_seconds 100\n"
            try scraper.read(Self.body(5_000 + 12 * step, isAway ? nil : 200 + 8 * step, start: start))
            let shown = (scraper.last.requests ?? 0) / (scraper.last.coveredSeconds ?? 1)
            #expect(shown <= 40 * 1.5, "step \(step): \(shown)/s")
        }
        #expect(scraper.last.requests == 20 && scraper.last.errors == 8 && scraper.silentScrapes == 0)
    }

    /// A series that stays away is not waited for for ever.
    @Test func aSeriesThatIsGoneDoesNotMuteATarget() throws {
        var scraper = try Scraper()
        for step in 0..<100 { try scraper.read(Self.body(5_000 + 50 * step, step < 20 ? 10 + step : nil)) }
        #expect(scraper.last.requests == 50 && scraper.requests > 0.9 * 50 * 99)
    }

    /// Errors of a lifetime that appear while the target has its usual traffic are a base, whichever metric counts them.
    @Test(arguments: ["r_total{code=\"500\"}", "e_total"], [20, 45, 4_000])
    func errorsOfALifetimeAreABase(_ errors: String, _ lifetime: Int) throws {
        var scraper = try Scraper(errors: errors)
        for step in 0..<60 {
            let late = step >= 12 ? "\(errors) \(lifetime + step / 20)\n" : ""
            try scraper.read("r_total{code=\"200\"} \(50_000 + 50 * step)\n" + late)
        }
        let isPlausible = errors.hasPrefix("r_total") && lifetime <= 20
        #expect(scraper.errors <= Double(isPlausible ? lifetime + 3 : 3))
        #expect(scraper.requests >= 50 * 56 && scraper.silentScrapes == 0)
    }

    /// A real outbreak in a new series counts from its first scrape body on.
    @Test func anOutbreakCountsAtOnce() throws {
        var scraper = try Scraper()
        for step in 0..<20 {
            let bad = max(0, step - 12) * 45
            try scraper.read(Self.body(50_000 + 50 * step - bad, bad > 0 ? bad : nil))
            if step == 13 { #expect(scraper.last.errors == 45) }
        }
        #expect(scraper.errors == 7 * 45)
    }

    /// Exporters render a scrape body now and then. What they repeat is neither zero nor forgotten.
    @Test(arguments: [2, 6, 10])
    func aRepeatedBodyIsNoSilence(_ bodies: Int) throws {
        var scraper = try Scraper()
        for step in 0..<120 {
            let rendered = step / bodies * bodies
            try scraper.read(Self.body(9_000 + 50 * rendered, 90 + rendered))
        }
        #expect(scraper.silentScrapes == 0)
        #expect(abs(scraper.requests / scraper.seconds - 102) < 8)
        // A pause that is longer than any before is one of the traffic.
        let rendered = 119 / bodies * bodies
        for _ in 0..<3 * bodies { try scraper.read(Self.body(9_000 + 50 * rendered, 90 + rendered)) }
        #expect(scraper.silentScrapes > 0)
    }

    @Test func timestampsThatDoNotAdvanceAreNoSilence() throws {
        var scraper = try Scraper()
        for step in 0..<60 {
            let shown = min(step, 20)
            try scraper.read("r_total{code=\"200\"} \(9_000 + 50 * shown) \(1_700_000_000_000 + 500 * shown)\n")
        }
        #expect(scraper.silentScrapes == 0 && scraper.last.requests == nil)
    }

    @Test(arguments: ["NaN", "-1"])
    func aBodyThatDoesNotKnowItsRequestsIsNoSilence(_ value: String) throws {
        var scraper = try Scraper()
        for step in 0..<60 {
            try scraper.read("r_total{code=\"200\"} \(step < 20 ? "\(9_000 + 50 * step)" : value)\n")
        }
        #expect(scraper.silentScrapes == 0 && scraper.last.requests == nil)
    }

    /// A restart brings many good requests and few bad ones: no scrape body reports the bad ones alone.
    @Test(arguments: [true, false])
    func aRestartIsReportedAsAWhole(_ showsStart: Bool) throws {
        var scraper = try Scraper()
        for step in 0..<80 {
            let start = showsStart ? "process_start_time_seconds \(step < 12 ? 1_000 : 2_000)\n" : ""
            let (good, bad) = step < 12 ? (5_000 + 2 * step, 200) : (96 * (step - 10), 4 * (step - 10))
            try scraper.read(Self.body(good, bad, start: start))
        }
        #expect(scraper.worst < 0.06, "\(scraper.worst)")
        #expect(scraper.last.requests == 100)
    }

    /// The scrape body's start time is a side-car's; the application restarts beside it, and says so with `_created`.
    @Test func anApplicationThatRestartsBesideASideCarIsCounted() throws {
        var scraper = try Scraper()
        for step in 0..<80 {
            let (life, began) = (step % 8, step / 8)
            try scraper.read(
                "process_start_time_seconds 1000\nr_total{code=\"200\"} \(35 * life + 35)\n"
                    + "r_created{code=\"200\"} \(5_000 + 40 * began)\nr_total{code=\"500\"} \(15 * life + 15)\n",
                format: .openMetrics)
        }
        #expect(!scraper.last.isAmbiguous && scraper.errors > 0.8 * 15 * 79 && scraper.errors <= 15 * 80)
    }

    /// A start time that is computed from an uptime in steps goes back and forth, and the counters just keep rising.
    @Test func aStartTimeThatIsComputedIsNoSecondProcess() throws {
        var scraper = try Scraper()
        for step in 0..<120 {
            let start = Double(step) / 2 + 1_000 - Double(step / 10 * 5)
            try scraper.read(Self.body(9_000 + 50 * step, nil, start: "process_start_time_seconds \(start)\n"))
            // Until the start time has moved three times without any restart, another process may be behind it.
            #expect(step < 45 || !scraper.last.isAmbiguous)
        }
        #expect(scraper.requests >= 50 * 90)
    }

    /// The scrape body after a gap in the scrapes comes from an aggregator that misses a worker: its counts rose all
    /// the same, over the gap. The worker's return is no traffic.
    @Test(arguments: [6, 12, 40], [2, 5])
    func aWorkerThatReturnsAfterAGapIsNoTraffic(_ gapScrapes: Int, _ pagesAfter: Int) throws {
        var scraper = try Scraper()
        for step in 0..<60 where step < 10 || step >= 10 + gapScrapes {
            scraper.uptimeMs = Int64(500 * step)
            let isMissing = step == 10 + gapScrapes
            let good = 100 * step + 40
            try scraper.read(Self.body(isMissing ? good * 3 / 4 : good, 0))
            if let told = scraper.last.requests, let seconds = scraper.last.coveredSeconds {
                #expect(told / seconds < 500, "step \(step): \(told) requests in \(seconds) s")
            }
            if step > 12 + gapScrapes + pagesAfter { #expect(scraper.last.requests == 100) }
        }
    }

    /// Traffic that really is three times as much after a gap is reported with the scrape body after it.
    @Test func trafficThatRisesAfterAGapIsReported() throws {
        var scraper = try Scraper()
        for step in 0..<40 where step < 10 || step >= 20 {
            scraper.uptimeMs = Int64(500 * step)
            try scraper.read(Self.body(100 * step + 200 * max(0, step - 20), 0))
        }
        #expect(scraper.requests == 100 * 39 + 200 * 19)
    }

    /// A series with a lifetime of errors appears together with the target's first traffic, after a long silence.
    @Test func aLifetimeOfErrorsBesideTheFirstTrafficIsABase() throws {
        var scraper = try Scraper()
        for step in 0..<80 {
            let traffic = max(0, step - 50) * 230
            let bad = traffic > 0 ? 700 + traffic / 2 : nil
            try scraper.read(Self.body(41_000 + traffic / 2, bad, start: "process_start_time_seconds 1000\n"))
        }
        #expect(scraper.errors <= Double(30 * 115))
        #expect(scraper.worst < 0.6)
    }

    /// Most of a target's requests are errors, their series is missing for longer than it is waited for, and the good ones are
    /// reported without it. Its return brings the errors of all that time, which would be those of one scrape body.
    @Test(arguments: [40, 90])
    func errorsOfAnAbsenceAreNotThoseOfItsLastScrape(_ bodies: Int) throws {
        var scraper = try Scraper()
        for step in 0..<200 {
            let isAway = step >= 20 && step < 20 + bodies
            try scraper.read(Self.body(5_000 + 20 * step, isAway ? nil : 2_000 + 80 * step))
            if let told = scraper.last.requests, let seconds = scraper.last.coveredSeconds, step > 4 {
                #expect(told <= 201 * seconds, "step \(step): \(told) in \(seconds) s")
            }
        }
        #expect(scraper.last.requests == 100 && scraper.last.errors == 80)
    }

    /// What was held back before the scrapes failed for a minute is not reported as if it were of now.
    @Test func countsBeforeAGapAreNotReportedAlone() throws {
        var scraper = try Scraper()
        for step in 0..<160 where step < 2 || step >= 120 {
            scraper.uptimeMs = Int64(500 * step)
            // Much traffic before the gap, little after it, and a series with a lifetime of errors on its first scrape
            // body.
            let good = step < 2 ? 5_000 + 150 * step : 6_000 + 20 * step
            try scraper.read(Self.body(good, step < 120 ? nil : 1_900 + step))
            if let told = scraper.last.requests, let seconds = scraper.last.coveredSeconds {
                #expect(told <= 60 * seconds, "step \(step): \(told) in \(seconds) s")
            }
        }
    }
}
