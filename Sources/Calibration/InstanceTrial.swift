import Statistics

/// One simulated release of an ``InstanceCell``.
struct InstanceTrial {
    /// Seconds to the alarm; nil for none.
    let alarm: Double?
    /// The dispersion factor when the release began.
    let dispersion: Double

    init(cell: InstanceCell, chance: Chance, tolerance: Double = 0.1) {
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
        let cycles = Int(InstanceCell.releaseSeconds / InstanceCell.cycleSeconds)
        for step in 1...cycles {
            let now = Double(step) * InstanceCell.cycleSeconds
            evidence.take(stream.cycle(atSeconds: now))
            guard evidence.monitors[0].verdict == .worse else { continue }
            alarm = now
            return
        }
        alarm = nil
    }
}
