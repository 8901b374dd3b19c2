import Glibc
import Statistics

/// A service whose canary gets its traffic in steps.
struct SteppedCell: Sendable, Equatable {
    var requestsPerSecond: Double
    /// The healthy error rate at the release's beginning.
    var baseRate = 0.01
    /// By how much everybody's rate has grown at ``climbSeconds``, evenly on a logarithmic scale; 1 for a rate that stays.
    var climb = 1.0
    var climbSeconds = 1_500.0
    var baselineInstances = 4
    var canaryInstances = 2
    /// The mean size of clusters of errors (geometric, within a scrape); 1 for independent ones.
    var clusterMean = 1.0

    /// The usual steps, as shares of the traffic.
    static let shares = [0.01, 0.05, 0.1, 0.25, 0.5]
    /// Twenty-five minutes of the baseline are known when the release begins.
    static let historyScrapes = 300

    func rate(atSeconds seconds: Double) -> Double {
        baseRate * pow(climb, min(max(seconds, 0) / climbSeconds, 1))
    }
}

/// Makes the scrape cycles of a ``SteppedCell``. Requests arrive as a Poisson stream and fail by themselves,
/// or in clusters.
struct SteppedStream {
    let cell: SteppedCell
    private var chance: Chance
    /// The end of the last cycle, seconds since the release began.
    private(set) var seconds = 0.0
    /// Allocated once and refilled for each scrape.
    private(set) var cycle: WatchCycle

    init(cell: SteppedCell, chance: Chance) {
        (self.cell, self.chance) = (cell, chance)
        cycle = WatchCycle(
            atSeconds: 0, coveredSeconds: Schedule.scrapeSeconds,
            baseline: (0..<cell.baselineInstances).map { InstanceIncrements(instance: "old\($0)") },
            canary: (0..<cell.canaryInstances).map { InstanceIncrements(instance: "new\($0)") })
    }

    /// Evidence that has seen the baseline before the release, which begins now.
    mutating func evidence(rules: [RegressionSettings]) -> ReleaseEvidence {
        var evidence = ReleaseEvidence(rules: rules)
        for _ in 0..<SteppedCell.historyScrapes {
            fill(\.baseline, share: 1, rate: cell.baseRate)
            evidence.learn(cycle)
        }
        evidence.begin()
        return evidence
    }

    /// The next cycle.
    ///
    /// - Parameters:
    ///   - share: the canary's part of the requests.
    ///   - times: the canary's error rate by the baseline's.
    mutating func advance(share: Double, times: Double) {
        seconds += Schedule.scrapeSeconds
        (cycle.atSeconds, cycle.canaryShare) = (seconds, share)
        let rate = cell.rate(atSeconds: seconds)
        fill(\.baseline, share: 1 - share, rate: rate)
        fill(\.canary, share: share, rate: min(1, times * rate))
    }

    private mutating func fill(
        _ pool: WritableKeyPath<WatchCycle, [InstanceIncrements]>, share: Double, rate: Double
    ) {
        let count = cycle[keyPath: pool].count
        let mean = cell.requestsPerSecond * share * Schedule.scrapeSeconds / Double(max(1, count))
        for index in 0..<count {
            // Thinning: the failed and the others of a Poisson stream are independent Poisson streams.
            let errors = chance.clustered(mean * rate, mean: cell.clusterMean)
            cycle[keyPath: pool][index].errors = errors
            cycle[keyPath: pool][index].requests = errors + chance.poisson(mean * (1 - rate))
        }
    }
}
