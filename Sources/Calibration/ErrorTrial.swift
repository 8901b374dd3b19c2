import Statistics

/// One simulated release, judged by Rollguard and by its peers from the same counts.
struct ErrorTrial {
    /// Rollguard's own rows, in this order, before the peers.
    static let ours = ["Rollguard, tolerance 10 %", "Rollguard, tolerance 0", "Rollguard, one baseline instance"]
    /// The rows that have to keep the promise: the rule with its default tolerance, and the test for one instance. A
    /// tolerance of 0 is shown beside them to mark the edge of the promise: under bursts it is no theorem.
    static let promised = [0, 2]
    static var names: [String] { ours + ErrorMethod.peers.map(\.name) }
    static let falseAlarm = 0.01

    /// Seconds to the first alarm per method; nil for none.
    let alarms: [Double?]

    init(cell: Cell, fault: Fault, chance: Chance, withPeers: Bool = true) {
        var stream = ErrorStream(cell: cell, fault: fault, chance: chance)
        var evidence = ReleaseEvidence(rules: [0.1, 0].map(ErrorTrial.rule))
        var share = ShareBetting(ShareBetting.Settings(ratio: 1.1))
        for _ in 0..<Schedule.historyScrapes {
            stream.advanceHistory()
            evidence.take(
                WatchCycle(atSeconds: 0, coveredSeconds: Schedule.scrapeSeconds, baseline: stream.cycle.baseline))
        }
        evidence.begin()
        var record = ErrorRecord()
        var ours: [Double?] = [nil, nil, nil]
        let bar = AnytimeP.barLogE(falseAlarm: ErrorTrial.falseAlarm)
        for scrape in 0..<Schedule.releaseScrapes {
            stream.advance(scrape: scrape)
            record.append(stream.cycle)
            let isOpen = ours[0] == nil || ours[1] == nil
            if isOpen { evidence.take(stream.cycle) }
            if ours[2] == nil {
                share.take(record.counts(from: scrape, to: scrape + 1), atSeconds: stream.cycle.atSeconds)
            }
            for rule in 0..<2 where ours[rule] == nil && evidence.monitors[rule].maxLogE >= bar {
                ours[rule] = seconds(scrape + 1)
            }
            if ours[2] == nil, share.maxLogE >= bar { ours[2] = seconds(scrape + 1) }
        }
        alarms = ours + (withPeers ? ErrorMethod.peers.map { $0.firstAlarm(record, cell) } : [])
    }

    private static func rule(_ tolerance: Double) -> RegressionSettings {
        RegressionSettings(
            scope: .errors, tolerance: tolerance, falseAlarm: falseAlarm, safeRatio: nil, tracksRatio: false)
    }
}
