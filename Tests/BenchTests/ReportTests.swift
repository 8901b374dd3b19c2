import Testing

@testable import rollguard_lab

@Suite("The bench's report")
struct ReportTests {
    @Test func onlyWhatLiesBetweenTheMarksIsReplaced() {
        let page = "before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n"
        let new = Report.replacing(page, with: "tables")
        #expect(new == "before\n<!-- bench: begin -->\n\ntables\n<!-- bench: end -->\nafter\n")
        #expect(Report.replacing("no marks", with: "tables") == nil)
    }

    @Test(arguments: [
        (0.04567, "0.046"), (0.5, "0.50"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1 235"), (-0.2, "-0.20"),
        (.infinity, "-"),
    ])
    func numbersAreShort(_ value: Double, _ text: String) {
        #expect(Figures.short(value) == text)
    }

    @Test func decadesHaveNames() {
        #expect(
            (-2...8).map(LinePlot.label) == [
                "0.01", "0.1", "1", "10", "100", "1 000", "10 000", "100 000", "1M", "10M", "100M",
            ])
    }

    /// Ten times as many lies one decade to the right, ten times as much one decade up.
    @Test func pointsLieOnALogarithmicGrid() {
        let line = LinePlot.Line(name: "a & b", points: [(x: 1, y: 1), (x: 10, y: 10), (x: 100, y: 100), (x: 0, y: 5)])
        let svg = LinePlot(title: "t", xTitle: "x", yTitle: "y", lines: [line]).svg
        #expect(svg.contains("d=\"M64.0 312.0L292.0 174.0L520.0 36.0\""))
        #expect(svg.contains("a &amp; b"))
        #expect(svg.contains("prefers-color-scheme: dark"))
        #expect(LinePlot(title: "t", xTitle: "x", yTitle: "y", lines: []).svg.isEmpty)
    }
}

@Suite("What fleets need")
struct ScaleTests {
    /// A daemon of 10 MB that takes 1 000 bytes per target and 10 per series, 100 us per scrape and 1 us per sample.
    private static func figure(_ targets: Int, _ samples: Int) -> ScrapeFigure {
        ScrapeFigure(
            program: "rollguard", shape: Shape(targets: targets, samples: samples, intervalMs: 1_000),
            cpuSeconds: 10 * Double(targets) * (1e-4 + Double(samples) * 1e-6), seconds: 10, scrapes: 10 * targets,
            late: 0, missed: 0, residentBytes: 10_000_000 + targets * 1_000 + targets * samples * 10, load: 0)
    }

    private static let figures = [figure(100, 100), figure(1_000, 100), figure(1_000, 1_000)]

    @Test func slopesAreFound() throws {
        let scale = try #require(Scale(ScaleTests.figures))
        #expect(abs(scale.baseBytes - 10_000_000) < 1)
        #expect(abs(scale.bytesPerTarget - 1_000) < 1e-6)
        #expect(abs(scale.bytesPerSeries - 10) < 1e-9)
        #expect(abs(scale.secondsPerScrape - 1e-4) < 1e-9)
        #expect(abs(scale.secondsPerSample - 1e-6) < 1e-12)
        #expect(Scale(Array(ScaleTests.figures.dropLast())) == nil)
    }

    /// 100 000 targets of 1 000 samples each 10 s: 10 000 scrapes/s of 1.1 ms are 11 cores, 22 halves.
    @Test func aFleetIsSplitByWhatRunsOutFirst() throws {
        let scale = try #require(Scale(ScaleTests.figures))
        let need = scale.need(targets: 100_000, samples: 1_000, intervalSeconds: 10)
        #expect(abs(need.cores - 11) < 1e-6)
        #expect(need.shards == 22 || need.shards == 23)
        #expect(scale.need(targets: 100_000, samples: 25, intervalSeconds: 3_600).shards == 7)
    }
}
