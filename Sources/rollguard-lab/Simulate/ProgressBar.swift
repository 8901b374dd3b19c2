import Foundation

/// How far a long campaign is, on a terminal's standard error, redrawn at most ten times a second.
struct ProgressBar {
    private let expected: Int?
    private let seconds: Int?
    private let isShown = isatty(STDERR_FILENO) == 1
    private var lastSeconds = 0.0
    private var isDrawn = false

    init(expected: Int?, seconds: Int?) {
        self.expected = expected
        self.seconds = seconds
    }

    mutating func show(runs: Int, elapsed: Double) {
        guard isShown, elapsed - lastSeconds >= 0.1, let done = fraction(runs: runs, elapsed: elapsed) else { return }
        lastSeconds = elapsed
        isDrawn = true
        let filled = Int(done * 40)
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 40 - filled)
        ProgressBar.write("\r[\(bar)] \(Int(done * 100)) %, \(runs) runs")
    }

    /// The terminal's line is free again.
    mutating func clear() {
        guard isDrawn else { return }
        isDrawn = false
        ProgressBar.write("\r\u{1B}[K")
    }

    private func fraction(runs: Int, elapsed: Double) -> Double? {
        if let expected, expected > 1 { return min(1, Double(runs) / Double(expected)) }
        return seconds.map { min(1, elapsed / Double($0)) }
    }

    private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
