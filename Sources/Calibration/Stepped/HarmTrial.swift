import Statistics

/// One healthy release whose share is raised every five minutes, while everybody's error rate moves: who accuses it?
struct HarmTrial {
    static let stepScrapes = 60
    static let names = [
        "Rollguard, tolerance 10 %", "Rollguard, tolerance 0", "> 1.5x over the release's sums",
        "PromQL > 1.5x, for 5m",
        "Flagger, success >= 99 %", "Flagger, threshold 1 - 2 p0", "Argo, 1 min >= 99 %",
    ]

    /// Seconds to the first alarm of each; nil for none.
    let alarms: [Double?]

    /// - Parameter times: the canary's error rate by the baseline's.
    init(cell: SteppedCell, chance: Chance, times: Double = 1) {
        var stream = SteppedStream(cell: cell, chance: chance)
        var evidence = stream.evidence(rules: [0.1, 0].map(HarmTrial.rule))
        var record = ErrorRecord()
        let bar = AnytimeP.barLogE(falseAlarm: ErrorTrial.falseAlarm)
        var ours: [Double?] = [nil, nil]
        var lastShare: Double?
        for share in SteppedCell.shares {
            for _ in 0..<HarmTrial.stepScrapes {
                stream.advance(share: share, times: times)
                record.append(stream.cycle)
                if let lastShare, lastShare != share {
                    evidence.takeShareChange(stream.cycle)
                } else {
                    evidence.take(stream.cycle)
                }
                lastShare = share
                for rule in 0..<2 where ours[rule] == nil && evidence.monitors[rule].maxLogE >= bar {
                    ours[rule] = stream.seconds
                }
            }
        }
        alarms = ours + HarmTrial.peers(record, cell)
    }

    private static func peers(_ record: ErrorRecord, _ cell: SteppedCell) -> [Double?] {
        [
            sums(record, ratio: 1.5), RatioRule(ratio: 1.5, forScrapes: 60).firstAlarm(record),
            Flagger().firstAlarm(record, success: 0.99), Flagger().firstAlarm(record, success: 1 - 2 * cell.baseRate),
            ArgoRollouts(intervalScrapes: 12, windowScrapes: 12, success: 0.99).firstAlarm(record),
        ]
    }

    /// The ratio of the rates over everything so far, evaluated each minute from the first one with ten bad requests on.
    private static func sums(_ record: ErrorRecord, ratio: Double) -> Double? {
        for end in stride(from: Schedule.scrapesPerMinute, through: record.scrapes, by: Schedule.scrapesPerMinute) {
            let counts = record.counts(from: 0, to: end)
            if counts.canaryBad >= 10, counts.ratio ?? 0 > ratio { return seconds(end) }
        }
        return nil
    }

    static func rule(_ tolerance: Double) -> RegressionSettings {
        var rule = RegressionSettings(
            scope: .errors, tolerance: tolerance, falseAlarm: ErrorTrial.falseAlarm, safeRatio: nil, tracksRatio: false)
        rule.laterSteps = SteppedCell.shares.count - 1
        return rule
    }
}
