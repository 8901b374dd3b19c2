import Telemetry

/// One page, read whole and read for what rules need.
struct ParserBench {
    let page: Page

    func printRow() throws {
        let samples = try Exposition.sampleCount(in: page.bytes, format: page.format)
        // Small pages are read many times: the clock's steps are coarse.
        let repeats = max(1, (32 << 20) / max(1, page.bytes.count))
        let whole = try Stopwatch.best {
            for _ in 0..<repeats { _ = try Exposition.sampleCount(in: page.bytes, format: page.format) }
        }
        let watch = WatchList(
            requests: try SeriesSelector(parsing: "http_requests_total"),
            errors: try SeriesSelector(parsing: "http_requests_total{code=~\"5..\"}"),
            latency: try SeriesSelector(parsing: "http_request_duration_seconds"))
        var reader = try TargetReader(watch: watch, limits: ScrapeLimits())
        let filtered = try Stopwatch.best {
            for round in 0..<repeats {
                _ = try reader.read(
                    page.bytes, format: page.format, atUptimeMs: Int64(round) * 1_000, countNewWithin: nil)
            }
        }
        func megabytes(_ seconds: Double) -> String {
            Table.number(Double(page.bytes.count * repeats) / seconds / 1e6, decimals: 0)
        }
        func nanoseconds(_ seconds: Double) -> String { Table.number(seconds * 1e9 / Double(samples * repeats)) }
        print(
            Table.row([
                page.name, "\(page.bytes.count)", "\(samples)", megabytes(whole), nanoseconds(whole),
                megabytes(filtered), nanoseconds(filtered),
            ]))
    }
}
