/// The plots of a run: how cost grows.
struct Plots {
    let results: Results

    /// File names and what is in them.
    var files: [(name: String, svg: String)] {
        [
            ("series-cpu.svg", series("CPU of scraping", "CPU ms per second") { $0.cpuSeconds / $0.seconds * 1_000 }),
            ("series-memory.svg", series("Memory", "RSS, MiB") { $0.residentMiB }),
            ("targets-cpu.svg", targets), ("rules-cpu.svg", rules), ("windows-cpu.svg", windows),
        ].filter { !$0.1.svg.isEmpty }.map { ($0.0, $0.1.svg) }
    }

    private func series(_ title: String, _ unit: String, _ cost: (ScrapeFigure) -> Double) -> LinePlot {
        // One shape for each number of series, or a line would go up and down at one place.
        let shapes = results.scrapes.filter {
            [[10, 100], [100, 100], [100, 1_000], [1_000, 1_000], [1_000, 10_000]]
                .contains([$0.shape.targets, $0.shape.samples])
        }
        return LinePlot(
            title: "\(title) as the series grow", xTitle: "series (each second; 10M: each 10 s)", yTitle: unit,
            lines: lines(shapes, x: { Double($0.shape.series) }, y: cost))
    }

    private var targets: LinePlot {
        LinePlot(
            title: "CPU as the targets grow, 100 samples each", xTitle: "targets", yTitle: "CPU ms per round",
            lines: lines(
                results.scrapes.filter { $0.shape.samples == 100 }, x: { Double($0.shape.targets) },
                y: { $0.cpuMsPerRound }))
    }

    private var rules: LinePlot {
        let kernel = LinePlot.Line(
            name: "our kernel alone", points: results.kernelRules.map { (Double($0.rules), $0.judgeUs / 1_000) })
        return LinePlot(
            title: "CPU as the rules grow, 10 targets", xTitle: "rules", yTitle: "CPU ms per round",
            lines: lines(results.rules, x: { Double($0.shape.rules ?? 0) }, y: { $0.cpuMsPerRound }) + [kernel])
    }

    private var windows: LinePlot {
        LinePlot(
            title: "A full window's length, 100 rules", xTitle: "window, seconds",
            yTitle: "CPU us per evaluation of all",
            lines: [
                LinePlot.Line(
                    name: "our kernel alone",
                    points: results.kernelWindows.map { (Double($0.windowSeconds), $0.judgeUs) })
            ])
    }

    private func lines(
        _ figures: [ScrapeFigure], x: (ScrapeFigure) -> Double, y: (ScrapeFigure) -> Double
    ) -> [LinePlot.Line] {
        ["rollguard", "prometheus", "vmagent"].compactMap { program in
            let points = figures.filter { $0.program == program }.map { (x: x($0), y: y($0)) }
            return points.isEmpty
                ? nil : LinePlot.Line(name: program, points: points.sorted { $0.x < $1.x })
        }
    }
}
