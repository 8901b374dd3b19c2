import Calibration
import Foundation

/// `rollguard calibrate` without the daemon, so that its release build takes a minute: see docs/reference/calibration.md.
@main
struct RollguardCalibrate {
    static func main() async {
        guard let options = options(Array(CommandLine.arguments.dropFirst())) else {
            complain(
                "usage: rollguard-calibrate [--quick] [--only errors|latency|percentile|gaps|acceptance] [--seed N]"
                    + " [--jobs N]")
            exit(2)
        }
        let report = await Calibration.report(options) { complain($0) }
        print(report.text)
        for violation in report.violations { complain("over the stated probability: \(violation)") }
        exit(report.violations.isEmpty ? 0 : 1)
    }

    /// Nil for unknown arguments.
    private static func options(_ arguments: [String]) -> CalibrationOptions? {
        var options = arguments.contains("--quick") ? CalibrationOptions.quick : CalibrationOptions()
        var rest = arguments.filter { $0 != "--quick" }[...]
        while let argument = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            if argument == "--only" {
                guard let part = CalibrationOptions.Part(rawValue: value) else { return nil }
                options.parts = [part]
                continue
            }
            guard let number = Int(value), number > 0 else { return nil }
            switch argument {
            case "--seed": options.seed = UInt64(number)
            case "--jobs": options.jobs = number
            default: return nil
            }
        }
        return options
    }

    private static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
