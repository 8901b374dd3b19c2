import Statistics

/// One simulated release with latencies, judged by Rollguard and by its peers.
struct LatencyTrial {
    static let ours = ["Rollguard, whole release"]
    static var names: [String] { ours + LatencyMethod.peers.map(\.name) }

    /// Seconds to the first alarm per method; nil for none.
    let alarms: [Double?]

    /// Errors and all boundaries, with the client libraries' default boundaries, and the peers.
    init(cell: Cell, fault: Fault, chance: Chance) {
        let stream = LatencyStream(cell: cell, fault: fault, chance: chance)
        var record = LatencyRecord()
        let ours = LatencyTrial.alarms(of: [.release], in: stream) { record.append($0) }
        alarms = ours + LatencyMethod.peers.map { $0.firstAlarm(record) }
    }

    /// A rule on the p99 alone, with two boundaries more beside it.
    init(percentileOf cell: Cell, fault: Fault, chance: Chance) {
        let stream = LatencyStream(
            cell: cell, fault: fault, chance: chance, boundsSeconds: LatencyModel.finerBoundsSeconds)
        alarms = LatencyTrial.alarms(of: [.latency(quantile: 0.99)], in: stream) { _ in }
    }

    /// When rules of these scopes first raise the alarm.
    private static func alarms(
        of scopes: [RegressionSettings.Scope], in stream: LatencyStream, record: (WatchCycle) -> Void
    ) -> [Double?] {
        var stream = stream
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
        var alarms = [Double?](repeating: nil, count: scopes.count)
        let bar = AnytimeP.barLogE(falseAlarm: ErrorTrial.falseAlarm)
        for scrape in 0..<Schedule.releaseScrapes {
            stream.advance(scrape: scrape)
            record(stream.cycle)
            guard alarms.contains(nil) else { continue }
            evidence.take(stream.cycle)
            for rule in alarms.indices where alarms[rule] == nil && evidence.monitors[rule].maxLogE >= bar {
                alarms[rule] = seconds(scrape + 1)
            }
        }
        return alarms
    }
}
