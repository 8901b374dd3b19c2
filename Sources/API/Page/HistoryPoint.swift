import Model

/// What a release measured at one moment, as the page plots it. Single precision is enough for a plot, and a quarter of an
/// hour of a release fits into some 30 kB.
struct HistoryPoint: Sendable, Equatable {
    var atWallMs: Int64
    /// The canary's observed share, 0...10000; nil when it was not read.
    var canaryBasisPoints: Float?
    var baseline: Side
    var canary: Side
    /// Natural logarithm of the evidence against the canary: the rule that is nearest to its bar; nil without a
    /// statistical rule.
    var logEvidence: Float?
    /// What that rule has to pass.
    var barLogEvidence: Float?

    /// One pool. Rates are over the shortest rule window.
    struct Side: Sendable, Equatable {
        var requestRatePerSecond: Float?
        /// 0...1.
        var errorRate: Float?
        /// The interval of the error rate over the whole release, where a statistical rule has one.
        var errorRateLow: Float?
        var errorRateHigh: Float?
        var latencyP99Seconds: Float?
    }

    init(_ release: ReleaseSnapshot, atWallMs: Int64) {
        self.atWallMs = atWallMs
        canaryBasisPoints = release.observedCanaryBasisPoints.map(Float.init)
        let evidence = release.rules.compactMap(\.evidence?.regression)
        let errors = evidence.lazy.compactMap { $0.comparisons.first { $0.name == "errors" } }.first
        baseline = Side(release.baseline, errors?.baseline)
        canary = Side(release.canary, errors?.canary)
        let nearest = evidence.max { $0.logEvidence - $0.barLogEvidence < $1.logEvidence - $1.barLogEvidence }
        logEvidence = nearest.map { Float($0.logEvidence) }
        barLogEvidence = nearest.map { Float($0.barLogEvidence) }
    }
}

extension HistoryPoint.Side {
    fileprivate init(_ pool: PoolSnapshot, _ side: RegressionRecord.Side?) {
        requestRatePerSecond = pool.requestRate.map(Float.init)
        errorRate = pool.errorRate.map(Float.init)
        latencyP99Seconds = pool.latencyP99.map(Float.init)
        guard let side, side.requests > 0 else { return }
        errorRateLow = Float(side.rateLow)
        errorRateHigh = Float(side.rateHigh)
    }
}
