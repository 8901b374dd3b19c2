import DemoWorld

/// The traffic as the clients see it, between two reports.
struct TrafficWatcher {
    private let load: LoadGenerator
    private var last = LoadStatistics()
    private var lastSeen = ContinuousClock.now

    init(load: LoadGenerator) { self.load = load }

    /// `v1.4.2: 450/s, 0 % failed; v1.5.0: 50/s, 8 % failed`, since the last report.
    mutating func line() async -> String {
        let now = await load.statistics()
        let seconds = elapsedSeconds()
        defer { last = now }
        let versions = Set(now.answersByVersion.keys).union(last.answersByVersion.keys).filter { !$0.isEmpty }
        let parts = versions.sorted().map { version in
            let answers = (now.answersByVersion[version] ?? 0) - (last.answersByVersion[version] ?? 0)
            let failures = (now.failuresByVersion[version] ?? 0) - (last.failuresByVersion[version] ?? 0)
            let share = answers > 0 ? Double(failures) / Double(answers) * 100 : 0
            return "\(version): \(Int((Double(answers) / seconds).rounded())) requests/s, \(tenths(share)) % failed"
        }
        return "clients see  " + parts.joined(separator: "   ")
    }

    /// Answers of the canary since the last report.
    mutating func canaryRequestsSinceLast() async -> Int {
        let now = await load.statistics()
        _ = elapsedSeconds()
        defer { last = now }
        return (now.answersByVersion["v1.5.0"] ?? 0) - (last.answersByVersion["v1.5.0"] ?? 0)
    }

    private mutating func elapsedSeconds() -> Double {
        let now = ContinuousClock.now
        defer { lastSeen = now }
        let elapsed = (now - lastSeen).components
        return max(0.001, Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
    }

    private func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
