import Testing

@testable import Telemetry

/// What an indicator can never see is said, with what to change.
@Suite("Diagnosis of expositions")
struct IndicatorDiagnosisTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var requests = "r_total"
        var errors: String?
        var latency: String?
        var unit: LatencyUnit?
        let body: String
        /// Parts of the findings, in order.
        let expected: [String]

        var testDescription: String { name }
    }

    private static let counters = """
        # TYPE r_total counter
        r_total{code="200",method="GET"} 5
        r_total{code="500",method="GET"} 1

        """
    private static let micrometer = "d_seconds_count 5\nd_seconds_sum 1\n# TYPE d_seconds_max gauge\nd_seconds_max 1\n"

    private static func buckets(_ name: String, _ bounds: String...) -> String {
        (bounds + ["+Inf"]).map { "\(name)_bucket{le=\"\($0)\"} 1\n" }.joined()
    }

    static let cases = [
        Case(name: "all is well", errors: "r_total{code=~\"5..\"}", body: counters, expected: []),
        Case(name: "no error yet", errors: "r_total{code=\"503\"}", body: counters, expected: []),
        Case(
            name: "a label that no series has", errors: "r_total{status=~\"5..\"}", body: counters,
            expected: ["no series of r_total has the label 'status', so the errors selector"]),
        Case(
            name: "the labels that there are", errors: "r_total{status=~\"5..\"}", body: counters,
            expected: ["its labels are code (200, 500), method (GET)"]),
        Case(
            name: "a negative matcher on such a label", errors: "r_total{status!=\"200\"}", body: counters,
            expected: ["so status!=\"200\" holds for all of them"]),
        Case(name: "absence that is meant", requests: "r_total{status=\"\"}", body: counters, expected: []),
        Case(
            name: "a value that no series has", requests: "r_total{method=\"PUT\"}", body: counters,
            expected: [
                "no series of r_total matches the requests selector r_total{method=\"PUT\"}; its labels are code"
            ]),
        Case(
            name: "another name", requests: "r_totals", body: counters,
            expected: [
                "the scrape body has no r_totals, which the requests indicator asks for; the nearest names are r_total"
            ]
        ),
        Case(
            name: "a declaration without series", requests: "shop_total",
            body: "# HELP shop_total Requests.\n# TYPE shop_total counter\nother 1\n",
            expected: [
                "the scrape body declares shop_total, which the requests indicator asks for, and has no series of it yet"
            ]
        ),
        Case(
            name: "a gauge", requests: "r", body: "# TYPE r gauge\nr 5\n",
            expected: ["r is declared as a gauge, but the requests indicator needs a counter"]),
        Case(name: "a histogram's count", requests: "r_count", body: "# TYPE r histogram\nr_count 5\n", expected: []),
        Case(
            name: "buckets as requests", requests: "d_bucket", body: buckets("d", "0.1"),
            expected: ["use d_count for the requests indicator"]),
        Case(
            name: "one bucket as errors", errors: "d_bucket{le=\"0.1\"}", body: counters + buckets("d", "0.1"),
            expected: []),
        Case(
            name: "a bucket's name", latency: "d_bucket", body: counters + "d_bucket{le=\"+Inf\"} 1\nd_count 1\n",
            expected: ["write d, not d_bucket"]),
        Case(
            name: "Micrometer's default", latency: "d_seconds", body: counters + micrometer,
            expected: ["d_seconds has neither buckets nor quantiles, only d_seconds_sum and d_seconds_count"]),
        Case(
            name: "what to switch on", latency: "d_seconds", body: counters + micrometer,
            expected: ["management.metrics.distribution.percentiles-histogram"]),
        Case(
            name: "an average", latency: "avg_seconds", body: counters + "# TYPE avg_seconds gauge\navg_seconds 0.9\n",
            expected: ["avg_seconds is declared as a gauge and has neither buckets nor quantiles"]),
        Case(
            name: "no last bucket", latency: "d", body: counters + "d_bucket{le=\"1\"} 1\nd_count 1\n",
            expected: ["no bucket le=\"+Inf\""]),
        Case(
            name: "bounds that are no seconds", latency: "d",
            body: counters + "d_bucket{le=\"5\"} 1\nd_bucket{le=\"10000\"} 1\nd_bucket{le=\"+Inf\"} 1\n",
            expected: ["the largest bucket of d is 10000, which can hardly be seconds"]),
        Case(
            name: "bounds that are rather milliseconds", latency: "d", body: counters + buckets("d", "0.5", "250"),
            expected: ["the buckets of d go from 0.5 to 250, which can hardly be seconds"]),
        Case(
            name: "the same bounds of a metric named in seconds", latency: "d_seconds",
            body: counters + buckets("d_seconds", "0.5", "250"), expected: []),
        Case(
            name: "bounds of a slow service", latency: "d", body: counters + buckets("d", "0.1", "300"), expected: []),
        Case(
            name: "bounds that are called seconds", latency: "d", unit: .seconds,
            body: counters + buckets("d", "0.5", "250"), expected: []),
        Case(
            name: "a summary with a mean of many seconds", latency: "d",
            body: counters + "d{quantile=\"0.99\"} 23\nd_sum 90\nd_count 10\n",
            expected: ["the mean of d is 9, which can hardly be seconds"]),
        Case(
            name: "a gauge above, which is not this metric's type",
            body: "# TYPE up gauge\nup 1\nr_total{code=\"200\"} 5\n", expected: []),
        Case(
            name: "a gauge whose name continues", requests: "r_total_all",
            body: "# TYPE r_total gauge\nr_total 1\nr_total_all 5\n", expected: []),
        Case(
            name: "bounds in a unit that is said", latency: "d", unit: .milliseconds,
            body: counters + "d_bucket{le=\"10000\"} 1\nd_bucket{le=\"+Inf\"} 1\n", expected: []),
        Case(
            name: "a summary", latency: "d", body: counters + "d{quantile=\"0.99\"} 1\nd_count 1\n", expected: []),
        Case(
            name: "a latency's label", latency: "d{pod=\"x\"}", body: counters + "d_bucket{le=\"+Inf\",app=\"y\"} 1\n",
            expected: ["no series of d has the label 'pod'"]),
        Case(
            name: "a latency's name", latency: "d_second", body: counters + "d_seconds_bucket{le=\"+Inf\"} 1\n",
            expected: [
                "the scrape body has no d_second, which the latency indicator asks for; the nearest names are d_seconds"
            ]),
    ]

    @Test(arguments: cases) func saysWhatCannotBeSeen(_ example: Case) throws {
        let watch = WatchList(
            requests: try SeriesSelector(parsing: example.requests),
            errors: try example.errors.map { text throws(SelectorError) in try SeriesSelector(parsing: text) },
            latency: try example.latency.map { text throws(SelectorError) in try SeriesSelector(parsing: text) },
            latencyUnit: example.unit)
        let body = Array(example.body.utf8)
        var reader = try TargetReader(watch: watch, limits: ScrapeLimits())
        let reading = try reader.read(body, format: .prometheusText, atUptimeMs: 0, countNewWithin: nil)
        func findings(percentiles: Bool) -> [String] {
            IndicatorDiagnosis.findings(
                watch, matches: reading.matches, body: body, format: .prometheusText, needsPercentiles: percentiles)
        }
        let found = findings(percentiles: true)
        #expect(found.count == example.expected.count, "\(found)")
        for (text, part) in zip(found, example.expected) { #expect(text.contains(part), "\(text)") }
        // A rule that uses the mean alone gets no note about buckets.
        #expect(!findings(percentiles: false).contains { $0.contains("percentile") })
    }

    @Test func foreignTextIsFitToBeShown() throws {
        let watch = WatchList(requests: try SeriesSelector(parsing: "r{a=\"b\"}"))
        let body = Array("r{c=\"x\\ny\u{1B}[31m\"} 1\n".utf8)
        let found = IndicatorDiagnosis.findings(
            watch, matches: .init(), body: body, format: .prometheusText, needsPercentiles: false)
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
    }
}
