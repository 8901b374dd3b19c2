import Statistics

/// A way to decide on a release from its error counts: when it first raises the alarm, in seconds since the release began;
/// nil when never within the hour.
struct ErrorMethod: Sendable {
    let name: String
    let firstAlarm: @Sendable (ErrorRecord, Cell) -> Double?

    /// Peers as their documentation and source describe them (docs/reference/calibration.md); models, not the products.
    static let peers: [ErrorMethod] = [
        ErrorMethod(name: "Flagger, success >= 99 %") { record, _ in Flagger().firstAlarm(record, success: 0.99) },
        ErrorMethod(name: "Flagger, threshold 1 - 2 p0") { record, cell in
            Flagger().firstAlarm(record, success: 1 - 2 * cell.baseRate)
        },
        ErrorMethod(name: "Argo docs, irate every 5 min") { record, _ in
            ArgoRollouts(intervalScrapes: 60, windowScrapes: 1, success: 0.95).firstAlarm(record)
        },
        ErrorMethod(name: "Argo, 1 min >= 99 %") { record, _ in
            ArgoRollouts(intervalScrapes: 12, windowScrapes: 12, success: 0.99).firstAlarm(record)
        },
        ErrorMethod(name: "Kayenta, every 10 min") { record, _ in Kayenta().firstAlarm(record) },
        ErrorMethod(name: "PromQL > 2x over 5 m") { record, _ in
            RatioRule(ratio: 2, forScrapes: 0).firstAlarm(record)
        },
        ErrorMethod(name: "PromQL > 2x, for 5m") { record, _ in
            RatioRule(ratio: 2, forScrapes: 60).firstAlarm(record)
        },
        ErrorMethod(name: "PromQL > 1.5x, for 5m") { record, _ in
            RatioRule(ratio: 1.5, forScrapes: 60).firstAlarm(record)
        },
        ErrorMethod(name: "z-test 1 %, cumulative") { record, _ in RepeatedZ(windowScrapes: nil).firstAlarm(record) },
        ErrorMethod(name: "z-test 1 %, 5 min") { record, _ in RepeatedZ(windowScrapes: 60).firstAlarm(record) },
    ]
}

func seconds(_ scrape: Int) -> Double { Double(scrape) * Schedule.scrapeSeconds }
