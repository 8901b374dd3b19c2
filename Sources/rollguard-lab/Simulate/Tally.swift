import Foundation
import Simulation
import Synchronization

/// Counts a campaign's runs, and reports the progress.
final class Tally: Sendable {
    private struct State {
        var runs = 0
        var virtualSeconds = 0.0
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        var failures: [SimulationReport] = []
        var bar: ProgressBar
    }

    private let state: Mutex<State>
    private let isQuiet: Bool
    private let keepsGoing: Bool
    private let began = ContinuousClock.now
    private let cpuBegan = Tally.cpuSeconds()

    init(isQuiet: Bool, keepsGoing: Bool, expected: Int?, seconds: Int?) {
        self.isQuiet = isQuiet
        self.keepsGoing = keepsGoing
        state = Mutex(State(bar: ProgressBar(expected: expected, seconds: seconds)))
    }

    /// - Returns: whether the campaign continues.
    @Sendable func take(_ report: SimulationReport) -> Bool {
        state.withLock { state in
            state.runs += 1
            state.virtualSeconds += report.virtualSeconds
            state.digest = (state.digest ^ report.digest) &* 0x0000_0100_0000_01b3
            if report.failure != nil { state.failures.append(report) }
            state.bar.clear()
            if !isQuiet || report.failure != nil { print(report.summary) }
            state.bar.show(runs: state.runs, elapsed: elapsedSeconds)
            return report.failure == nil || keepsGoing
        }
    }

    /// Reports the whole, and gives the failed runs in the order of their seeds.
    func finish() -> [SimulationReport] {
        state.withLock { state in
            state.bar.clear()
            let days = state.virtualSeconds / 86_400
            let cpuMinutes = max(0.001, Tally.cpuSeconds() - cpuBegan) / 60
            let figures = [
                "\(state.runs) \(state.runs == 1 ? "run" : "runs")", Tally.fixed(days, 2) + " virtual days",
                Tally.fixed(elapsedSeconds, 1) + " s",
                Tally.fixed(days / cpuMinutes, 2) + " virtual days per CPU minute",
                "digest " + String(state.digest, radix: 16),
                state.failures.isEmpty ? "every check holds" : "\(state.failures.count) FAILED",
            ]
            print(figures.joined(separator: ", "))
            return state.failures
        }
    }

    private var elapsedSeconds: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// Of the whole process, user and system.
    private static func cpuSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

    private static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
