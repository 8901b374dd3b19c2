import Statistics

/// One simulated release with latencies, judged by Rollguard and by its peers.
struct LatencyTrial {
    static let ours = ["Rollguard, latency", "Rollguard, whole release"]
    static var names: [String] { ours + LatencyMethod.peers.map(\.name) }

    /// Seconds to the first alarm per method; nil for none.
    let alarms: [Double?]

    init(cell: Cell, fault: Fault, chance: Chance, withPeers: Bool) {
        var stream = LatencyStream(cell: cell, fault: fault, chance: chance)
        let scopes: [RegressionSettings.Scope] = [.slow, .release]
        var evidence = ReleaseEvidence(
            rules: scopes.map {
                RegressionSettings(scope: $0, falseAlarm: ErrorTrial.falseAlarm, safeRatio: nil, tracksRatio: false)
            })
        for _ in 0..<Schedule.historyScrapes {
            stream.advanceHistory()
            evidence.take(
                WatchCycle(atSeconds: 0, coveredSeconds: Schedule.scrapeSeconds, baseline: stream.cycle.baseline))
        }
        evidence.begin()
        var record = LatencyRecord()
        var ours: [Double?] = [nil, nil]
        let bar = AnytimeP.barLogE(falseAlarm: ErrorTrial.falseAlarm)
        for scrape in 0..<Schedule.releaseScrapes where withPeers || ours.contains(nil) {
            stream.advance(scrape: scrape)
            if withPeers { record.append(stream.cycle) }
            guard ours.contains(nil) else { continue }
            evidence.take(stream.cycle)
            for rule in 0..<2 where ours[rule] == nil && evidence.monitors[rule].maxLogE >= bar {
                ours[rule] = seconds(scrape + 1)
            }
        }
        alarms = ours + (withPeers ? LatencyMethod.peers.map { $0.firstAlarm(record) } : [])
    }
}
