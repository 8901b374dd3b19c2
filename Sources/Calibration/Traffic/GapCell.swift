/// A service whose pools are not scraped at the same moments, while outages of both pools come and go.
struct GapCell: Sendable, Equatable {
    var requestsPerSecond: Double
    /// The canary's share of the requests, 0..<1; of ten instances it has the same share.
    var canaryShare = 0.1
    var cycleSeconds = 5.0
    /// The canary is scraped so long after the baseline; negative for before.
    var gapSeconds = 0.0
    /// Each instance renews its scrape body so often, at moments of its own; 0 for at each scrape.
    var renewalSeconds = 0.0
    /// Outages of both pools in the hour, how long they last, and the error rate in them.
    var outages = 5
    var outageSeconds = 20.0...90.0
    var outageRate = 0.5
    /// The mean size of clusters of errors (geometric, within a scrape); 1 for independent ones.
    var clusterMean = 1.0
    /// Standard deviation of the logarithm of the instances' rates.
    var sigma = 0.0
    /// By default less than it takes to know how much instances differ: such cells are about the tests without a margin for that.
    var historySeconds = 1_500.0
    /// How many times the healthy error rate the canary has, outside of outages and in them.
    var canaryMultiplier = 1.0

    /// The healthy error rate.
    static let baseRate = 0.01
    static let releaseSeconds = 3_600.0
    static let instances = 10

    var canaryInstances: Int { max(1, Int((canaryShare * Double(GapCell.instances)).rounded())) }
    var baselineInstances: Int { GapCell.instances - canaryInstances }

    static let healthy: [GapCell] = {
        var cells: [GapCell] = []
        for gap in [0, 0.05, 0.2, 0.5, 1, -0.5] { cells.append(GapCell(requestsPerSecond: 1_000, gapSeconds: gap)) }
        for gap in [0.2, 0.5, 1] { cells.append(GapCell(requestsPerSecond: 5_000, gapSeconds: gap)) }
        cells.append(GapCell(requestsPerSecond: 1_000, canaryShare: 0.5, gapSeconds: 0.5))
        for gap in [0.2, 0.5, 1] {
            cells.append(GapCell(requestsPerSecond: 1_000, cycleSeconds: 1, gapSeconds: gap))
        }
        cells.append(GapCell(requestsPerSecond: 1_000, gapSeconds: 1, outages: 60, outageSeconds: 0.5...3))
        for rate in [100.0, 1_000] {
            for renewal in [1.0, 5, 15] { cells.append(GapCell(requestsPerSecond: rate, renewalSeconds: renewal)) }
        }
        return cells
    }()

    /// What the rule costs where nothing is wrong with the scrapes.
    static let faulty: [GapCell] = [100.0, 1_000].flatMap { rate in
        [1.5, 2.0, 5].map { GapCell(requestsPerSecond: rate, gapSeconds: 0.05, outages: 0, canaryMultiplier: $0) }
    }
}
