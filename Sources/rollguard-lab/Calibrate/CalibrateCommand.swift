import ArgumentParser
import Calibration
import Foundation

/// Simulation as proof.
struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Simulate releases and count false rollbacks and times to detection.",
        discussion: """
            Runs thousands of simulated releases through the same code that judges real
            ones, and through models of other tools, and prints the tables of
            docs/reference/calibration.md. The same seed gives the same tables. A full
            run takes some fifteen minutes of CPU time in a release build; --quick takes
            seconds and shows only the shape.

            Exit code 0 when no cell of the promised methods (the default tolerance,
            and one baseline instance) had more false rollbacks than stated plus two standard
            errors, 1 otherwise. Tolerance 0 is shown and not promised.
            """)

    @Flag(help: "A few releases in a few cells.")
    var quick = false

    @Option(help: "Only these tables: errors, latency, percentile, gaps, instances, acceptance or stepped.")
    var only: String?

    @Option(help: "A folder that gets the plots of the tables of errors, gaps and instances, as SVG.")
    var plots: String?

    @Option(help: "Another seed gives other releases.")
    var seed: UInt64 = 1

    @Option(help: "Releases that are simulated at once.")
    var jobs = 1

    func validate() throws {
        if let only, CalibrationOptions.Part(rawValue: only) == nil {
            throw ValidationError(
                "--only \(only): expected errors, latency, percentile, gaps, instances, acceptance or stepped")
        }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs \(jobs): expected 1 to 256") }
    }

    func run() async throws {
        var options = quick ? CalibrationOptions.quick : CalibrationOptions()
        if let part = only.flatMap(CalibrationOptions.Part.init) { options.parts = [part] }
        options.seed = seed
        options.jobs = jobs
        let report = await Calibration.report(options) { complain($0) }
        print(report.text)
        if let plots {
            try FileManager.default.createDirectory(atPath: plots, withIntermediateDirectories: true)
            for plot in report.plots {
                try plot.svg.write(toFile: "\(plots)/\(plot.file)", atomically: true, encoding: .utf8)
            }
        }
        for violation in report.violations { complain("over the stated probability: \(violation)") }
        if !report.violations.isEmpty { throw ExitCode(1) }
    }
    private func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
