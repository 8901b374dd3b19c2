import Statistics

/// One release that is led from step to step: by Rollguard's gates and its rule, and by models of its peers, each from its own
/// stream with the same rates.
struct RolloutTrial {
    static let names = ["Rollguard, excess 50 %", "Flagger, success >= 99 %", "Argo, 1 min >= 99 %"]
    /// So long may it take.
    static let limitScrapes = 3 * 720

    /// Seconds until the canary has all of the traffic; nil where it never has.
    let completeSeconds: [Double?]
    /// Rollguard's rule called the canary worse.
    let isAccused: Bool

    /// - Parameters:
    ///   - times: the canary's error rate by the baseline's, from the step with the share `fromShare` on.
    init(cell: SteppedCell, times: Double, fromShare: Double = 0, chance: Chance) {
        func stream() -> SteppedStream { SteppedStream(cell: cell, chance: chance) }
        func timesAt(_ share: Double) -> Double { share >= fromShare ? times : 1 }
        let led = RolloutTrial.led(stream(), timesAt)
        isAccused = led.isAccused
        completeSeconds = [
            led.seconds, RolloutTrial.flagger(stream(), timesAt), RolloutTrial.argo(stream(), timesAt),
        ]
    }

    /// Each step: half a minute to settle, then the gate, and a minute at least. The rule judges all the time.
    private static func led(
        _ start: SteppedStream, _ times: (Double) -> Double
    ) -> (seconds: Double?, isAccused: Bool) {
        var stream = start
        var evidence = stream.evidence(rules: [HarmTrial.rule(0.1)])
        for (index, share) in SteppedCell.shares.enumerated() {
            let next = index + 1 < SteppedCell.shares.count ? SteppedCell.shares[index + 1] : 1
            var scrape = 0
            while true {
                scrape += 1
                stream.advance(share: share, times: times(share))
                if scrape == 1, index > 0 {
                    evidence.takeShareChange(stream.cycle)
                } else {
                    evidence.take(stream.cycle)
                }
                if evidence.monitors[0].verdict == .worse { return (nil, true) }
                if stream.seconds > seconds(limitScrapes) { return (nil, false) }
                if scrape == 6 {
                    let ratio = StepQuestion.ratio(excess: 0.5, nextShare: next)
                    evidence.beginStep(GateTrial.question(ratio), atSeconds: stream.seconds)
                }
                if scrape >= 12, evidence.step?.isSafe == true { break }
            }
        }
        return (stream.seconds, false)
    }

    /// A check of the last minute at the end of each; one that fails stops the advance for that minute, and the fifth ends it.
    private static func flagger(_ start: SteppedStream, _ times: (Double) -> Double) -> Double? {
        var stream = start
        var (failed, step) = (0, 0)
        while failed < 5 {
            let counts = minute(&stream, share: SteppedCell.shares[step], times)
            // No values are a failed check.
            if counts.canaryRate.map({ 1 - $0 >= 0.99 }) ?? false { step += 1 } else { failed += 1 }
            if step == SteppedCell.shares.count { return stream.seconds }
        }
        return nil
    }

    /// Pauses of five minutes, and a background analysis each minute that may fail three times.
    private static func argo(_ start: SteppedStream, _ times: (Double) -> Double) -> Double? {
        var stream = start
        var failed = 0
        for share in SteppedCell.shares {
            for _ in 0..<5 {
                let counts = minute(&stream, share: share, times)
                if counts.canaryRate.map({ 1 - $0 < 0.99 }) ?? true { failed += 1 }
                if failed > 3 { return nil }
            }
        }
        return stream.seconds
    }

    private static func minute(
        _ stream: inout SteppedStream, share: Double, _ times: (Double) -> Double
    ) -> PairCounts {
        var record = ErrorRecord()
        for _ in 0..<Schedule.scrapesPerMinute {
            stream.advance(share: share, times: times(share))
            record.append(stream.cycle)
        }
        return record.counts(from: 0, to: record.scrapes)
    }
}
