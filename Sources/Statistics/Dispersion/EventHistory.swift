import Glibc

/// What is known of one kind of bad event from the baseline, before and during releases.
struct EventHistory: Sendable, Equatable, Codable {
    private static let halfLifeSeconds = 600.0

    private(set) var dispersion = Dispersion()
    private(set) var spread = InstanceSpread()
    /// Of the deployments before this one; nil for none, and in records of versions that did not have it.
    private(set) var past: SpreadPosterior?
    /// Decayed counts of the last minutes, for the first bets of a release.
    private(set) var recentBad = 0.0
    private(set) var recentRequests = 0.0

    mutating func take(_ counts: InstanceCounts, endSeconds: Double, coveredSeconds: Double) {
        spread.take(counts)
        dispersion.take(
            counts, endSeconds: endSeconds, coveredSeconds: coveredSeconds, history: spread.counts)
        let decay = pow(2, -coveredSeconds / EventHistory.halfLifeSeconds)
        recentBad *= decay
        recentRequests *= decay
        for slot in 0..<counts.slots {
            recentBad += counts.bad[slot]
            recentRequests += counts.requests[slot]
        }
    }

    /// With nothing but what deployments before have shown.
    init(past: SpreadPosterior? = nil) { self.past = past }

    /// What all deployments show of how much instances differ.
    ///
    /// - Parameter isLearned: this deployment was watched for long enough.
    /// - Returns: nil while there is none.
    func posterior(isLearned: Bool) -> SpreadPosterior? {
        guard isLearned else { return past }
        var posterior = past ?? SpreadPosterior()
        posterior.add(spread.counts, dispersion: dispersion.factor)
        return posterior.deployments > 0 ? posterior : nil
    }

    /// What is known when another deployment follows this one.
    func folded(isLearned: Bool) -> SpreadPosterior? {
        guard isLearned else { return past }
        var posterior = past ?? SpreadPosterior()
        posterior.fade()
        posterior.add(spread.counts, dispersion: dispersion.factor)
        return posterior.deployments > 0 ? posterior : nil
    }

    mutating func fade() { spread.fade() }

    /// Instances have new numbers.
    mutating func forgetInstances() {
        spread = InstanceSpread()
        dispersion.forgetOpenBlocks()
    }

    /// What is worth storing, see ``BaselineHistory/condensed``.
    func condensed(isWhole: Bool) -> EventHistory {
        var copy = self
        if !isWhole { copy.forgetInstances() }
        copy.dispersion.forgetOpenBlocks()
        return copy
    }
}
