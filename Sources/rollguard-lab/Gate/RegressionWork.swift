import Statistics

/// A rule on the whole release (errors and every bound of the latency histogram) takes a hundred cycles of two instances.
final class RegressionSteps: Work {
    private let cycles = (1...300).map(RegressionSteps.cycle)
    private var history = BaselineHistory()
    private var monitor = RegressionMonitor(RegressionSettings(scope: .release))

    override init() {
        super.init()
        for cycle in cycles.prefix(200) { history.take(cycle.baseline, coveredSeconds: 5) }
        for cycle in cycles.prefix(200).suffix(10) { monitor.take(cycle, history: history) }
    }

    override var result: String {
        "\(monitor.evidence(requestsPerSecond: 100, history: history).parts.count) comparisons"
    }

    override func run() {
        for cycle in cycles.suffix(100) {
            monitor.take(cycle, history: history)
            history.take(cycle.baseline, coveredSeconds: 5)
        }
    }

    /// The same counts with a little movement, so that no branch is always the same.
    private static func cycle(_ number: Int) -> WatchCycle {
        let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, .infinity]
        func instance(_ name: String, _ shift: Double) -> InstanceIncrements {
            let count = 100 + shift
            let shares = [0.999, 0.99, 0.95, 0.8, 0.35, 0.03, 0.004, 0, 0, 0, 0, 0]
            return InstanceIncrements(
                instance: name, requests: count, errors: shift > 3 ? 1 : 0,
                latency: LatencyIncrements(
                    upperBounds: bounds, cumulative: shares.map { count - (count * $0).rounded(.down) }, count: count))
        }
        return WatchCycle(
            atSeconds: Double(number) * 5, coveredSeconds: 5,
            baseline: [instance("old0", Double(number * 7 % 5)), instance("old1", Double(number * 3 % 5))],
            canary: [instance("new0", Double(number * 11 % 5))])
    }
}
