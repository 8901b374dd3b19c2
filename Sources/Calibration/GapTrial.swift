import Statistics

/// One simulated release whose pools are scraped at different moments, judged as the daemon judges it, and beside it by a
/// detector to which every block counts.
struct GapTrial {
    static let ours = ["Rollguard", "every block counts"]
    static var names: [String] { ours + ErrorMethod.peers.map(\.name) }

    /// Seconds to the first alarm of each; nil for none. Of the two of ``ours`` alone without the peers.
    let alarms: [Double?]

    /// - Parameters:
    ///   - withBare: run the detector to which every block counts, too.
    ///   - withPeers: run the peers' models, too.
    init(cell: GapCell, chance: Chance, withBare: Bool = true, withPeers: Bool = false) {
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
        var peers = PeerRecord(cycleSeconds: cell.cycleSeconds)
        let bar = AnytimeP.barLogE(falseAlarm: falseAlarm)
        for step in 1...Int(GapCell.releaseSeconds / cell.cycleSeconds) {
            let cycle = stream.cycle(atSeconds: Double(step) * cell.cycleSeconds)
            if withPeers { peers.take(cycle) }
            let dispersion = evidence.history.dispersion(of: .error)
            if withBare, alarms[1] == nil {
                bare.take(GapTrial.counts(cycle), atSeconds: cycle.atSeconds, dispersion: dispersion)
                if bare.maxLogE >= bar { alarms[1] = cycle.atSeconds }
            }
            for block in alignment.take(cycle) { evidence.take(block) }
            if alarms[0] == nil, evidence.monitors[0].maxLogE >= bar { alarms[0] = cycle.atSeconds }
            if !withPeers, alarms[0] != nil, !withBare || alarms[1] != nil { break }
        }
        let others =
            withPeers
            ? peers.firstAlarms(
                requestsPerSecond: cell.requestsPerSecond, canaryShare: cell.canaryShare, baseRate: GapCell.baseRate)
            : []
        self.alarms = alarms + others
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
