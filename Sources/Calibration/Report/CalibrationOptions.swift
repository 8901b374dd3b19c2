/// How much is simulated.
package struct CalibrationOptions: Sendable, Equatable {
    /// Which tables are made.
    package enum Part: String, Sendable, Equatable, CaseIterable {
        case errors, latency, percentile, gaps, instances, acceptance, stepped
    }

    package var parts: [Part]
    /// Releases per cell of the error grid: healthy ones, and ones with each fault.
    package var healthyReleases: Int
    package var faultyReleases: Int
    /// The same for the latency grid.
    package var healthyLatencyReleases: Int
    package var faultyLatencyReleases: Int
    /// Healthy releases per cell whose pools are scraped at different moments; a third of it with each fault.
    package var gapReleases: Int
    /// Healthy releases per cell of the acceptance table's instances and hypotheses; faulty ones are ``gapReleases``.
    package var instanceReleases: Int
    /// Releases per row of the tables of releases in steps; a fifth of it where each takes long.
    package var steppedReleases: Int
    /// Every n-th cell of the grids; 1 for all.
    package var everyCell: Int
    package var seed: UInt64
    /// Releases that are simulated at once.
    package var jobs: Int

    package init(
        healthyReleases: Int = 2_000, faultyReleases: Int = 100, healthyLatencyReleases: Int = 200,
        faultyLatencyReleases: Int = 50, gapReleases: Int = 300, instanceReleases: Int = 2_000,
        steppedReleases: Int = 1_500,
        everyCell: Int = 1,
        seed: UInt64 = 1, jobs: Int = 1,
        parts: [Part] = Part.allCases
    ) {
        self.parts = parts
        self.healthyReleases = healthyReleases
        self.faultyReleases = faultyReleases
        self.healthyLatencyReleases = healthyLatencyReleases
        self.faultyLatencyReleases = faultyLatencyReleases
        self.gapReleases = gapReleases
        self.instanceReleases = instanceReleases
        self.steppedReleases = steppedReleases
        self.everyCell = everyCell
        self.seed = seed
        self.jobs = jobs
    }

    /// A preview that takes seconds: few releases, every ninth cell.
    package static let quick = CalibrationOptions(
        healthyReleases: 60, faultyReleases: 10, healthyLatencyReleases: 6, faultyLatencyReleases: 2,
        gapReleases: 6, instanceReleases: 12, steppedReleases: 10, everyCell: 9)

    func some<Place>(of cells: [Place]) -> [Place] { stride(from: 0, to: cells.count, by: everyCell).map { cells[$0] } }
}

/// What came out.
package struct CalibrationReport: Sendable {
    /// Markdown.
    package var text: String
    /// Cells in which Rollguard rolled healthy releases back more often than stated plus two standard errors.
    package var violations: [String]
    package var plots: [CalibrationPlot] = []
}

/// A picture for the documentation.
package struct CalibrationPlot: Sendable {
    /// A file's name.
    package let file: String
    package let svg: String
}
