import Statistics

/// One step with one share: when its evidence gate opens.
struct GateTrial {
    /// Seconds from the step's first counted cycle; nil when not within the limit.
    let openSeconds: Double?

    /// - Parameters:
    ///   - ratio: what has to be proved.
    ///   - times: the canary's error rate by the baseline's.
    init(
        cell: SteppedCell, share: Double, ratio: Double, error: Double = 0.05, times: Double, limitSeconds: Double,
        chance: Chance
    ) {
        var stream = SteppedStream(cell: cell, chance: chance)
        var evidence = stream.evidence(rules: [])
        evidence.beginStep(GateTrial.question(ratio, error), atSeconds: 0)
        openSeconds = GateTrial.open(
            &evidence, &stream, share: share, times: times, scrapes: Int(limitSeconds / Schedule.scrapeSeconds))
    }

    static func question(_ ratio: Double, _ error: Double = 0.05) -> StepQuestion {
        StepQuestion(ratio: ratio, errorBudget: error, comparesLatency: false)
    }

    /// Seconds until the present step is shown to be safe.
    static func open(
        _ evidence: inout ReleaseEvidence, _ stream: inout SteppedStream, share: Double, times: Double, scrapes: Int
    ) -> Double? {
        for scrape in 1...scrapes {
            stream.advance(share: share, times: times)
            evidence.take(stream.cycle)
            if evidence.step?.isSafe == true { return seconds(scrape) }
        }
        return nil
    }
}

/// A canary that is good for half an hour at 10 % and bad as soon as it gets half of the traffic.
struct BreakTrial {
    static let names = ["the step's own proof, ever", "the whole release's proof, after 1 min", "after 2 min"]

    /// Per name, seconds at which the canary was called safe; nil for not.
    let safeSeconds: [Double?]

    init(cell: SteppedCell, times: Double, chance: Chance) {
        var stream = SteppedStream(cell: cell, chance: chance)
        var whole = RegressionSettings(scope: .errors, falseAlarm: ErrorTrial.falseAlarm, tracksRatio: false)
        whole.laterSteps = SteppedCell.shares.count - 1
        var evidence = stream.evidence(rules: [whole])
        for _ in 0..<360 {
            stream.advance(share: 0.1, times: 1)
            evidence.take(stream.cycle)
        }
        stream.advance(share: 0.5, times: times)
        evidence.takeShareChange(stream.cycle)
        evidence.beginStep(GateTrial.question(1.5), atSeconds: stream.seconds)
        var safe: [Double?] = [nil, nil, nil]
        for scrape in 1...360 {
            stream.advance(share: 0.5, times: times)
            evidence.take(stream.cycle)
            if safe[0] == nil, evidence.step?.isSafe == true { safe[0] = seconds(scrape) }
            // The proof that today's verdict rests on, whatever the evidence of harm is.
            if scrape == 12 || scrape == 24, GateTrial.isWholeProved(evidence) { safe[scrape / 12] = seconds(scrape) }
        }
        safeSeconds = safe
    }
}

extension GateTrial {
    fileprivate static func isWholeProved(_ evidence: ReleaseEvidence) -> Bool {
        let found = evidence.evidence(rule: 0)
        return found.safeLogE ?? -.infinity >= found.safeBarLogE ?? .infinity
    }
}
