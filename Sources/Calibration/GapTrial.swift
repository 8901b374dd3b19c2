import Statistics

/// One simulated release whose pools are scraped at different moments, judged as the daemon judges it, and beside it by a
/// detector to which every block counts.
struct GapTrial {
    static let names = ["Rollguard", "every block counts"]

    /// Seconds to the first alarm of each; nil for none.
    let alarms: [Double?]

    /// - Parameter withBare: run the detector to which every block counts, too.
    init(cell: GapCell, chance: Chance, withBare: Bool = true) {
        var stream = GapStream(cell: cell, chance: chance)
        var alignment = CycleAlignment()
        let falseAlarm = ErrorTrial.falseAlarm
        var evidence = ReleaseEvidence(
            rules: [RegressionSettings(scope: .errors, falseAlarm: falseAlarm, safeRatio: nil, tracksRatio: false)])
        for step in 1...Int(cell.historySeconds / cell.cycleSeconds) {
            let cycle = stream.cycle(atSeconds: Double(step) * cell.cycleSeconds - cell.historySeconds)
            for block in alignment.take(cycle) { evidence.learn(block) }
        }
        evidence.begin()
        alignment.cut()
        var bare = PairDetector(.worse(than: 1.1))
        var alarms: [Double?] = [nil, nil]
        let bar = AnytimeP.barLogE(falseAlarm: falseAlarm)
        for step in 1...Int(GapCell.releaseSeconds / cell.cycleSeconds) {
            let cycle = stream.cycle(atSeconds: Double(step) * cell.cycleSeconds)
            let dispersion = evidence.history.dispersion(of: .error)
            if withBare, alarms[1] == nil {
                bare.take(GapTrial.counts(cycle), atSeconds: cycle.atSeconds, dispersion: dispersion)
                if bare.maxLogE >= bar { alarms[1] = cycle.atSeconds }
            }
            for block in alignment.take(cycle) { evidence.take(block) }
            if alarms[0] == nil, evidence.monitors[0].maxLogE >= bar { alarms[0] = cycle.atSeconds }
            if alarms[0] != nil, !withBare || alarms[1] != nil { break }
        }
        self.alarms = alarms
    }

    private static func counts(_ cycle: WatchCycle) -> PairCounts {
        func sums(_ pool: [InstanceIncrements]) -> (requests: Double, bad: Double) {
            pool.reduce((0, 0)) { ($0.0 + ($1.requests ?? 0), $0.1 + ($1.errors ?? 0)) }
        }
        let (baseline, canary) = (sums(cycle.baseline), sums(cycle.canary))
        return PairCounts(
            baselineRequests: baseline.requests, baselineBad: baseline.bad, canaryRequests: canary.requests,
            canaryBad: canary.bad)
    }
}
