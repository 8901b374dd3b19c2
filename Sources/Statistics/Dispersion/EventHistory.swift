import Glibc

/// What is known of one kind of bad event from the baseline, before and during releases.
struct EventHistory: Sendable, Equatable, Codable {
    private static let halfLifeSeconds = 600.0

    private(set) var dispersion = Dispersion()
    private(set) var spread = InstanceSpread()
    /// Decayed counts of the last minutes, for the first bets of a release.
    private(set) var recentBad = 0.0
    private(set) var recentRequests = 0.0

    mutating func take(_ counts: InstanceCounts, endSeconds: Double, coveredSeconds: Double) {
        dispersion.take(counts, endSeconds: endSeconds, coveredSeconds: coveredSeconds)
        spread.take(counts)
        let decay = pow(2, -coveredSeconds / EventHistory.halfLifeSeconds)
        recentBad *= decay
        recentRequests *= decay
        for slot in 0..<counts.slots {
            recentBad += counts.bad[slot]
            recentRequests += counts.requests[slot]
        }
    }

    mutating func fade() { spread.fade() }

    /// Instances have new numbers.
    mutating func forgetInstances() { spread = InstanceSpread() }

    /// Without what is kept per instance.
    var condensed: EventHistory {
        var copy = self
        copy.forgetInstances()
        copy.dispersion.forgetOpenBlocks()
        return copy
    }
}
