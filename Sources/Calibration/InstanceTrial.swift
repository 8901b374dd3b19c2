import Statistics

/// One simulated release of an ``InstanceCell``.
struct InstanceTrial {
    static var names: [String] { ["Rollguard"] + ErrorMethod.peers.map(\.name) }

    /// Seconds to the alarm; nil for none.
    let alarm: Double?
    /// Seconds to each peer's first alarm; empty without the peers.
    let peerAlarms: [Double?]
    /// The dispersion factor when the release began.
    let dispersion: Double

    init(cell: InstanceCell, chance: Chance, tolerance: Double = 0.1, withPeers: Bool = false) {
        var stream = InstanceStream(cell: cell, chance: chance)
        let falseAlarm = ErrorTrial.falseAlarm
        var evidence = ReleaseEvidence(rules: [
            RegressionSettings(
                scope: .errors, tolerance: tolerance, falseAlarm: falseAlarm, safeRatio: nil, tracksRatio: false)
        ])
        for number in 0..<cell.deploymentsBefore {
            for cycle in stream.deploymentBefore(number) { evidence.learn(cycle) }
            evidence.beginDeployment()
        }
        for step in stride(from: InstanceCell.cycleSeconds, through: cell.historySeconds, by: InstanceCell.cycleSeconds)
        {
            evidence.learn(stream.cycle(atSeconds: step))
        }
        dispersion = evidence.history.dispersion(of: .error)
        stream.begin()
        evidence.begin()
        var found: Double?
        var peers = PeerRecord(cycleSeconds: InstanceCell.cycleSeconds)
        for step in 1...Int(InstanceCell.releaseSeconds / InstanceCell.cycleSeconds) {
            let now = Double(step) * InstanceCell.cycleSeconds
            let cycle = stream.cycle(atSeconds: now)
            if withPeers { peers.take(cycle) }
            guard found == nil else { continue }
            evidence.take(cycle)
            guard evidence.monitors[0].verdict == .worse else { continue }
            found = now
            if !withPeers { break }
        }
        alarm = found
        peerAlarms =
            withPeers
            ? peers.firstAlarms(
                requestsPerSecond: cell.requestsPerSecond,
                canaryShare: Double(cell.canaryInstances) / Double(cell.instances), baseRate: cell.baseRate) : []
    }
}
