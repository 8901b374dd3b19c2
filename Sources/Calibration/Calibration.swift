/// Simulation as proof: healthy releases that must not be rolled back more often than stated, and faulty ones with the time
/// until they are found, by Rollguard's own code and by models of its peers, from the same counts.
public enum Calibration {
    /// Runs everything. The same options give the same report, whatever `jobs` is.
    ///
    /// - Parameter progress: told what is being worked on, for people who wait.
    public static func report(
        _ options: CalibrationOptions, progress: @Sendable (String) -> Void = { _ in }
    ) async -> CalibrationReport {
        var errors = ErrorTables(options: options)
        var latency = LatencyTables(options: options)
        var text = await errors.text(progress: progress)
        text += await "\n" + latency.text(progress: progress)
        return CalibrationReport(text: text, violations: errors.violations + latency.violations)
    }
}
