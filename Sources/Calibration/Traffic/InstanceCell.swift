/// A service whose instances differ from each other by nature, and a canary of few of them.
struct InstanceCell: Sendable, Equatable {
    /// How the bad events come.
    enum Pattern: Sendable, Equatable {
        case independent
        /// Geometric clusters of this mean, within a scrape.
        case clusters(mean: Double)
        /// Each instance's rate wanders: a stationary AR(1) process of its logarithm.
        case wandering(deviation: Double, halfLifeSeconds: Double)
        /// The same of each pool as a whole, as of pools in zones of their own. Nothing is promised for these.
        case wanderingPools(deviation: Double, halfLifeSeconds: Double)

        var name: String {
            switch self {
            case .independent: "independent"
            case .clusters(let mean): "clusters of \(Int(mean))"
            case .wandering(let deviation, let halfLife): "wandering \(deviation), \(Int(halfLife / 60)) min"
            case .wanderingPools(let deviation, let halfLife):
                "pools that wander \(deviation), \(Int(halfLife / 60)) min"
            }
        }
    }

    var requestsPerSecond: Double
    var baselineInstances = 10
    var canaryInstances = 2
    /// Standard deviation of the logarithm of the instances' rates.
    var sigma = 0.3
    var baseRate = 0.01
    /// How many times as bad the new version is.
    var canaryMultiplier = 1.0
    var pattern = Pattern.independent
    /// Deployments of other instances before this one, an hour each.
    var deploymentsBefore = 0
    /// The canary's instances served the baseline's version before the release.
    var hasOwnPast = false
    /// Standard deviation of how the canary's log rate changed since then.
    var drift = 0.05
    var historySeconds = 3_600.0

    static let cycleSeconds = 5.0
    static let releaseSeconds = 3_600.0

    var instances: Int { baselineInstances + canaryInstances }

    /// The cells that are shown beside the peers: few instances that differ, instances and pools that wander, clusters.
    static let besidePeers: [InstanceCell] = {
        var cells: [InstanceCell] = []
        for (baseline, canary) in [(3, 1), (10, 2)] {
            for sigma in [0.3, 0.5, 0.7] {
                cells.append(
                    InstanceCell(
                        requestsPerSecond: 100, baselineInstances: baseline, canaryInstances: canary, sigma: sigma))
            }
        }
        for (rate, pattern) in [
            (1_000.0, Pattern.wandering(deviation: 0.3, halfLifeSeconds: 600)), (100, .clusters(mean: 5)),
            (1_000, .wanderingPools(deviation: 0.3, halfLifeSeconds: 600)),
        ] {
            cells.append(
                InstanceCell(
                    requestsPerSecond: rate, baselineInstances: 9, canaryInstances: 1, sigma: 0, pattern: pattern))
        }
        return cells
    }()

    /// Nothing can be promised for pools that wander apart: no baseline shows that.
    var isPromised: Bool {
        if case .wanderingPools = pattern { false } else { true }
    }
}
