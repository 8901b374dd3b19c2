import Telemetry

/// One exposition, read whole, for what rules need, and by its layout.
struct ParserBench {
    static let columns = ["exposition", "bytes", "samples", "whole ns/sample", "filtered", "by layout", "all watched"]

    let exposition: SampleExposition

    func printRow() throws {
        let samples = try Exposition.sampleCount(in: exposition.bytes, format: exposition.format)
        // Small expositions are read many times: the clock's steps are coarse.
        let repeats = max(1, (32 << 20) / max(1, exposition.bytes.count))
        let whole = try Stopwatch.best {
            for _ in 0..<repeats { _ = try Exposition.sampleCount(in: exposition.bytes, format: exposition.format) }
        }
        let few = WatchList(
            requests: try SeriesSelector(parsing: "http_requests_total"),
            errors: try SeriesSelector(parsing: "http_requests_total{code=~\"5..\"}"),
            latency: try SeriesSelector(parsing: "http_request_duration_seconds"))
        let filtered = try seconds(few, .none, repeats)
        let byLayout = try seconds(few, .ownOnly, repeats)
        let watched = try exposition.latency.map {
            try seconds(WatchList(latency: .init(metric: $0)), .ownOnly, repeats)
        }
        func nanoseconds(_ seconds: Double) -> String { Table.number(seconds * 1e9 / Double(samples * repeats)) }
        print(
            Table.row([
                exposition.name, "\(exposition.bytes.count)", "\(samples)", nanoseconds(whole), nanoseconds(filtered),
                nanoseconds(byLayout), watched.map(nanoseconds) ?? "-",
            ]))
    }

    /// The first read is not measured: it creates the layout.
    private func seconds(_ watch: WatchList, _ layouts: LayoutOffer, _ repeats: Int) throws -> Double {
        var reader = try TargetReader(watch: watch, limits: ScrapeLimits())
        var scratch = ReadingScratch()
        var uptimeMs: Int64 = 0
        func read() throws {
            uptimeMs += 1_000
            _ = try reader.read(
                exposition.bytes, format: exposition.format, atUptimeMs: uptimeMs, countNewWithin: nil,
                scratch: &scratch,
                layouts: layouts)
        }
        try read()
        return try Stopwatch.best { for _ in 0..<repeats { try read() } }
    }
}
