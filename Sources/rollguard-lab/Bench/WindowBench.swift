import Telemetry

/// Memory of what is kept per watched series: by name, and by a layout that many targets share.
struct WindowBench {
    private static let targets = 400
    private static let series = 1_000

    func printRows() throws {
        let exposition = WindowBench.exposition(series: WindowBench.series)
        // What making the layout leaves behind in the heap is used before new memory, so the figure is a little low.
        let maker = try readers(1, of: exposition, LayoutOffer())
        let known = LayoutOffer(known: maker.compactMap(\.layout), mayMakeOne: false)
        print("memory: \(WindowBench.targets) targets with \(WindowBench.series) watched series each")
        try row("by a shared layout:", exposition, known)
        try row("by name:           ", exposition, .none)
    }

    private func row(_ name: String, _ exposition: [UInt8], _ offer: LayoutOffer) throws {
        let before = Stopwatch.residentBytes
        var kept = try readers(WindowBench.targets, of: exposition, offer)
        let bytes = Double(Stopwatch.residentBytes - before)
        var scratch = ReadingScratch()
        var uptimeMs: Int64 = 0
        let seconds = try Stopwatch.best {
            uptimeMs += 5_000
            for index in kept.indices {
                _ = try kept[index].read(
                    exposition, format: .prometheusText, atUptimeMs: uptimeMs, countNewWithin: nil, scratch: &scratch,
                    layouts: offer)
            }
        }
        let count = Double(WindowBench.targets * WindowBench.series)
        print(
            "  \(name) \(Table.number(bytes / count)) bytes per series; "
                + "reading them again \(Table.number(seconds * 1e9 / count)) ns each")
    }

    private func readers(_ count: Int, of exposition: [UInt8], _ offer: LayoutOffer) throws -> [TargetReader] {
        let watch = WatchList(requests: SeriesSelector(metric: "requests_total"))
        var scratch = ReadingScratch()
        return try (0..<count).map { _ in
            var reader = try TargetReader(watch: watch, limits: ScrapeLimits())
            _ = try reader.read(
                exposition, format: .prometheusText, atUptimeMs: 0, countNewWithin: nil, scratch: &scratch,
                layouts: offer)
            return reader
        }
    }

    static func exposition(series: Int) -> [UInt8] {
        var text = "# TYPE requests_total counter\n"
        for index in 0..<series { text += "requests_total{path=\"/item/\(index)\",code=\"200\"} \(index)\n" }
        return [UInt8](text.utf8)
    }
}
