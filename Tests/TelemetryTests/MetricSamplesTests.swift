import Testing

@testable import Telemetry

@Suite("Expositions that the project writes")
struct MetricSamplesTests {
    private static let requests = MetricFamily("requests_total", .counter, ["code", "path"], "Requests.")
    private static let load = MetricFamily("load", .gauge, [], "Load.")
    private static let durations = MetricFamily("d_seconds", .histogram([0.0025, 1, 5]), ["pool"], "Durations.")

    @Test func aFamilyHasItsHelpItsTypeAndItsSamplesInTheOrderOfTheTable() {
        var samples = MetricSamples()
        samples.add(Self.load, [], 0.5)
        samples.add(Self.requests, ["500", "/b"], 3)
        samples.add(Self.requests, ["200", "/a"], 12)
        #expect(
            samples.text([Self.requests, Self.durations, Self.load]) == """
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{code="500",path="/b"} 3
                requests_total{code="200",path="/a"} 12
                # HELP load Load.
                # TYPE load gauge
                load 0.5

                """)
    }

    @Test func aHistogramIsCumulativeAndABoundBelongsToItsBucket() {
        var counts = HistogramCounts(bounds: Self.durations.bounds)
        for value in [0.0025, 0.5, 1, 4, 9] { counts.observe(value) }
        var samples = MetricSamples()
        samples.add(Self.durations, ["canary"], counts)
        #expect(
            samples.lines(of: Self.durations) == [
                #"d_seconds_bucket{pool="canary",le="0.0025"} 1"#, #"d_seconds_bucket{pool="canary",le="1"} 3"#,
                #"d_seconds_bucket{pool="canary",le="5"} 4"#, #"d_seconds_bucket{pool="canary",le="+Inf"} 5"#,
                #"d_seconds_sum{pool="canary"} 14.5025"#, #"d_seconds_count{pool="canary"} 5"#,
            ])
    }

    @Test func noValueIsNoSampleAndAFamilyWithoutSamplesIsOmitted() {
        var samples = MetricSamples()
        samples.add(Self.load, [], nil)
        #expect(samples.text([Self.load]).isEmpty)
    }

    @Test(arguments: [
        0, -1, 2, 0.1, 1e15, 123_456_789_012_345, 1.5e300, -2.5e-7, .infinity, -.infinity, .nan,
    ])
    func ourReaderReadsTheSameNumber(_ value: Double) throws {
        var samples = MetricSamples()
        samples.add(Self.load, [], value)
        let read = try Exposition.samples(in: Array(samples.text([Self.load]).utf8), format: .prometheusText)
        let number = try #require(read.first?.value)
        #expect(number == value || (number.isNaN && value.isNaN))
    }

    @Test(arguments: [
        "", "plain", #"back\slash"#, "a \"quote\"", "line\nfeed", #"\n is not a line feed"#, "ü, \u{1F680}",
    ])
    func ourReaderReadsTheSameLabelValue(_ text: String) throws {
        var samples = MetricSamples()
        samples.add(Self.requests, [text, "/"], 1)
        let body = samples.text([MetricFamily("requests_total", .counter, ["code", "path"], text)])
        let read = try Exposition.samples(in: Array(body.utf8), format: .prometheusText)
        #expect(read.count == 1)
        #expect(read.first?.labels.first { $0.name == "code" }?.value ?? "" == text)
    }
}
