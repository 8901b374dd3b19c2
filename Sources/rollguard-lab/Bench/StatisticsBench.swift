import Statistics

/// What the evidence costs per scrape cycle: a release with errors and eleven latency boundaries, twenty instances.
struct StatisticsBench {
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, .infinity]
    private static let cycles = 2_000

    func printRows() {
        let whole = cost(.release)
        let errors = cost(.errors)
        print("evidence, 18 baseline and 2 canary instances, CPU time per scrape cycle")
        print("  pair detector alone:         \(Table.number(detector() * 1e6, decimals: 2)) us")
        print("  a rule on error_rate:        \(Table.number(errors.rule * 1e6)) us")
        print(
            "  a rule on the whole release: \(Table.number(whole.rule * 1e6)) us, 12 comparisons, "
                + "\(Table.number(whole.rule * 1e6 / 12, decimals: 2)) us each")
        let margin = cost(.release, learnedCycles: 400)
        print("  the same beside a margin:    \(Table.number(margin.rule * 1e6)) us, five null hypotheses each")
        print("  learning the dispersion:     \(Table.number(whole.history * 1e6)) us")
        print("  the texts for operators:        \(Table.number(whole.evidence * 1e6)) us, when they are asked for")
    }

    private func detector() -> Double {
        let counts = PairCounts(baselineRequests: 450, baselineBad: 5, canaryRequests: 50, canaryBad: 1)
        let seconds = Stopwatch.best {
            var detector = PairDetector(.worse(than: 1.1))
            for cycle in 1...StatisticsBench.cycles { detector.take(counts, atSeconds: Double(cycle) * 5) }
        }
        return seconds / Double(StatisticsBench.cycles)
    }

    /// - Parameter learnedCycles: with half an hour of them there is a margin for instances.
    private func cost(
        _ scope: RegressionSettings.Scope, learnedCycles: Int = 100
    ) -> (rule: Double, history: Double, evidence: Double) {
        let cycles = (1...StatisticsBench.cycles).map(StatisticsBench.cycle)
        var history = BaselineHistory()
        for cycle in cycles.prefix(learnedCycles) { history.take(cycle.baseline, coveredSeconds: 5) }
        let learned = Stopwatch.best {
            var other = history
            for cycle in cycles { other.take(cycle.baseline, coveredSeconds: 5) }
        }
        var judged = RegressionMonitor(RegressionSettings(scope: scope))
        let rule = Stopwatch.best {
            var monitor = RegressionMonitor(RegressionSettings(scope: scope))
            for cycle in cycles { monitor.take(cycle, history: history) }
            judged = monitor
        }
        let texts = Stopwatch.best {
            for _ in 0..<100 { _ = judged.evidence(requestsPerSecond: 100, history: history) }
        }
        let count = Double(StatisticsBench.cycles)
        return (rule / count, learned / count, texts / 100)
    }

    /// The same counts with a little movement, so that no branch is always the same.
    private static func cycle(_ number: Int) -> WatchCycle {
        func pool(_ name: String, _ instances: Int) -> [InstanceIncrements] {
            (0..<instances).map { index in
                let shift = Double((number * 7 + index * 3) % 5)
                let count = 100 + shift
                let shares = [0.999, 0.99, 0.95, 0.8, 0.35, 0.03, 0.004, 0, 0, 0, 0, 0]
                return InstanceIncrements(
                    instance: "\(name)\(index)", requests: count, errors: shift > 3 ? 1 : 0,
                    latency: LatencyIncrements(
                        upperBounds: bounds, cumulative: shares.map { count - (count * $0).rounded(.down) },
                        count: count))
            }
        }
        return WatchCycle(
            atSeconds: Double(number) * 5, coveredSeconds: 5, baseline: pool("old", 18), canary: pool("new", 2))
    }
}
