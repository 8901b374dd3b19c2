import ReleaseKernel
import Telemetry

/// Memory of what is kept per watched series: the last values in a reader, the totals in a window.
struct WindowBench {
    func printRows() throws {
        let series = 100_000
        let page = WindowBench.page(series: series)
        let before = Stopwatch.residentBytes
        var reader = try TargetReader(
            watch: WatchList(requests: SeriesSelector(metric: "requests_total")), limits: ScrapeLimits())
        _ = try reader.read(page, format: .prometheusText, atUptimeMs: 0, countNewWithin: nil)
        let perSeries = Double(Stopwatch.residentBytes - before) / Double(series)
        let seconds = try Stopwatch.best {
            _ = try reader.read(page, format: .prometheusText, atUptimeMs: 5_000, countNewWithin: nil)
        }
        print("memory: \(series) watched series of one target: \(Table.number(perSeries)) bytes each")
        print("reading them again: \(Table.number(seconds * 1e9 / Double(series))) ns each")
    }

    static func page(series: Int) -> [UInt8] {
        var text = "# TYPE requests_total counter\n"
        for index in 0..<series { text += "requests_total{path=\"/item/\(index)\",code=\"200\"} \(index)\n" }
        return [UInt8](text.utf8)
    }
}
