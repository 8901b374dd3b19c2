import Testing

@testable import Telemetry

/// A series that the `match` of both pools takes would be compared with itself.
struct SharedSeriesTests {
    private static let body = Array(
        """
        # TYPE h counter
        h{server="old1",code="200"} 9000
        h{server="new1",code="200"} 500
        h{server="new1",code="500"} 5
        d_bucket{server="both",le="+Inf"} 7
        process_start_time_seconds 5

        """.utf8)

    @Test(
        arguments: [
            ("{server=~\"o.*\"}", "{server=~\"n.*\"}", nil),
            ("{server=~\"o.*|new1\"}", "{server=~\"n.*\"}", "h{code=\"200\",server=\"new1\"}"),
            ("{server=~\"old.|b.*\"}", "{server=~\"n.*|both\"}", "d_bucket{le=\"+Inf\",server=\"both\"}"),
            ("{server=~\"[a-z]*\"}", "{server=~\"x.*\"}", nil),
        ] as [(String, String, String?)])
    func theFirstSeriesThatBothTakeIsNamed(_ one: String, _ other: String, _ series: String?) throws {
        let watch = WatchList(
            requests: SeriesSelector(metric: "h"), errors: try SeriesSelector(parsing: "h{code=~\"5..\"}"),
            latency: SeriesSelector(metric: "d"))
        let lists = try [one, other].map { text throws(SelectorError) in
            watch.narrowed(by: try SeriesMatchers(parsing: text))
        }
        #expect(SharedSeries.first(of: lists[0], and: lists[1], in: Self.body, format: .prometheusText) == series)
    }
}
