/// Simulation as proof: healthy releases that must not be rolled back more often than stated, and faulty ones with the time
/// until they are found, by Rollguard's own code and by models of its peers, from the same counts.
package enum Calibration {
    /// Runs everything. The same options give the same report, whatever `jobs` is.
    ///
    /// - Parameter progress: is called with the part that is being worked on, to show progress.
    package static func report(
        _ options: CalibrationOptions, progress: @Sendable (String) -> Void = { _ in }
    ) async -> CalibrationReport {
        var report = CalibrationReport(text: "", violations: [])
        if options.parts.contains(.errors) {
            var tables = ErrorTables(options: options)
            report.text += await tables.text(progress: progress)
            report.violations += tables.violations
            report.plots += tables.plots
        }
        if options.parts.contains(.latency) {
            var tables = LatencyTables(options: options)
            report.text += await (report.text.isEmpty ? "" : "\n") + tables.text(progress: progress)
            report.violations += tables.violations
        }
        if options.parts.contains(.percentile) {
            var tables = LatencyTables(options: options)
            report.text += await (report.text.isEmpty ? "" : "\n") + tables.percentileText(progress: progress)
            report.violations += tables.violations
        }
        if options.parts.contains(.gaps) {
            var tables = GapTables(options: options)
            report.text += await (report.text.isEmpty ? "" : "\n") + tables.text(progress: progress)
            report.violations += tables.violations
            report.plots += tables.plots
        }
        if options.parts.contains(.instances) {
            var tables = InstanceTables(options: options)
            report.text += await (report.text.isEmpty ? "" : "\n") + tables.text(progress: progress)
            report.violations += tables.violations
            report.plots += tables.plots
        }
        if options.parts.contains(.acceptance) {
            var tables = AcceptanceTables(options: options)
            report.text += await (report.text.isEmpty ? "" : "\n") + tables.text(progress: progress)
            report.violations += tables.violations
        }
        if options.parts.contains(.stepped) {
            var tables = SteppedTables(options: options)
            report.text += await (report.text.isEmpty ? "" : "\n") + tables.text(progress: progress)
            report.violations += tables.violations
        }
        return report
    }
}
