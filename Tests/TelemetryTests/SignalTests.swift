import Testing

@testable import Telemetry

/// One target with signals of its own, scrape body after body.
private struct Bodies {
    var reader: TargetReader
    var uptimeMs: Int64 = 0

    init(_ signals: [Signal]) throws {
        reader = try TargetReader(
            watch: WatchList(requests: SeriesSelector(metric: "requests_total"), signals: signals),
            limits: ScrapeLimits())
    }

    @discardableResult
    mutating func read(_ body: String) throws -> TargetReading {
        uptimeMs += 1_000
        return try reader.read(
            Array(body.utf8), format: .prometheusText, atUptimeMs: uptimeMs, countNewWithin: nil)
    }
}

extension Signal {
    fileprivate static func counter(_ name: String) -> Signal {
        Signal(kind: .counter, selector: SeriesSelector(metric: name))
    }

    fileprivate static func gauge(_ name: String) -> Signal {
        Signal(kind: .gauge, selector: SeriesSelector(metric: name))
    }
}

@Suite("Signals of a release's own")
struct SignalTests {
    @Test func aCounterReportsItsRise() throws {
        var bodies = try Bodies([.counter("retries_total")])
        let first = try bodies.read("requests_total 100\nretries_total{x=\"a\"} 5\nretries_total{x=\"b\"} 7\n")
        #expect(first.signals == [.absent])
        let second = try bodies.read("requests_total 110\nretries_total{x=\"a\"} 6\nretries_total{x=\"b\"} 10\n")
        #expect(second.signals == [.counter(4)])
        #expect(try bodies.read("requests_total 120\n").signals == [.absent])
    }

    @Test func aGaugeReportsWhatItIsNow() throws {
        var bodies = try Bodies([.gauge("queue")])
        let first = try bodies.read("requests_total 1\nqueue{q=\"a\"} 3\nqueue{q=\"b\"} 9\nqueue{q=\"c\"} NaN\n")
        #expect(first.signals == [.gauge(GaugeValues(series: 2, sum: 12, max: 9))])
        let second = try bodies.read("requests_total 2\nqueue{q=\"a\"} -4\n")
        #expect(second.signals == [.gauge(GaugeValues(series: 1, sum: -4, max: -4))])
        // A gauge that falls is no reset, and its fall withholds nothing.
        #expect(second.requests == 1 && second.resets == 0 && second.notes.isEmpty)
    }

    @Test func aHistogramReportsItsBucketsInSeconds() throws {
        var bodies = try Bodies([Signal(kind: .histogram, selector: SeriesSelector(metric: "h"), unit: .milliseconds)])
        func body(_ counts: (Int, Int, Int)) -> String {
            "requests_total 1\nh_bucket{le=\"5\"} \(counts.0)\nh_bucket{le=\"50\"} \(counts.1)\n"
                + "h_bucket{le=\"+Inf\"} \(counts.2)\nh_sum \(counts.2 * 10)\nh_count \(counts.2)\n"
        }
        try bodies.read(body((1, 2, 3)))
        let increments = HistogramIncrements(
            upperBounds: [0.005, 0.05, .infinity], cumulative: [1, 3, 6], sumSeconds: 0.06, count: 6)
        #expect(try bodies.read(body((2, 5, 9))).signals == [.histogram(increments)])
    }

    /// A counter of one's own that is really a gauge, or that a restart set back, says nothing about the requests.
    @Test func aFallOfASignalWithholdsNoRequests() throws {
        var bodies = try Bodies([.counter("swings")])
        try bodies.read("requests_total 100\nswings 5000\n")
        for step in 1...6 {
            let reading = try bodies.read("requests_total \(100 + 10 * step)\nswings \(step % 2 == 0 ? 5000 : 70)\n")
            #expect(reading.requests == 10 && !reading.isAmbiguous)
            // Neither the fall nor the way back is counted.
            #expect(reading.signals == [.counter(0)])
        }
    }

    /// A lifetime of counts never enters a window: of a series that appears late, as much is counted as the requests make
    /// plausible.
    @Test(arguments: [(3.0, 3.0), (900_000.0, 0.0)])
    func aLateSeriesIsCountedAsFarAsItIsPlausible(_ value: Double, _ counted: Double) throws {
        var bodies = try Bodies([.counter("retries_total")])
        for step in 0...4 { try bodies.read("requests_total \(step * 20)\nretries_total{x=\"a\"} 0\n") }
        let late = try bodies.read("requests_total 100\nretries_total{x=\"a\"} 0\nretries_total{x=\"b\"} \(value)\n")
        #expect(late.signals == [.counter(counted)] && late.requests == 20)
        #expect(late.notes == (counted == 0 ? [.lateSeriesNotCounted] : []))
        let next = try bodies.read(
            "requests_total 120\nretries_total{x=\"a\"} 1\nretries_total{x=\"b\"} \(value + 2)\n")
        #expect(next.signals == [.counter(3)])
    }

    @Test func aBodyOfGaugesAloneIsNoBase() throws {
        var bodies = try Bodies([.gauge("queue")])
        try bodies.read("queue 1\n")
        let second = try bodies.read("queue 1\nrequests_total 90000\n")
        #expect(second.requests == nil && second.signals == [.gauge(GaugeValues(series: 1, sum: 1, max: 1))])
    }

    @Test func oldRecordsOfAWatchListHaveNoSignals() throws {
        let old = WatchList(requests: SeriesSelector(metric: "r"))
        #expect(old.signals.isEmpty)
        #expect(old.narrowed(by: SeriesMatchers()) == old)
    }
}
