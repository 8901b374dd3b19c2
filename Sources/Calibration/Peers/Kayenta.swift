/// Kayenta's judge (NetflixACAJudge, MannWhitneyClassifier): a Mann-Whitney interval at 98 % on one point per minute, judged
/// every ten minutes on all data so far. A metric is High when the interval's lower end is above a quarter of the estimated
/// shift and the canary's mean is at least the baseline's. Repeated judgements are not corrected for.
struct Kayenta {
    var judgeMinutes = 10
    var tolerance = 0.25

    func firstAlarm(_ record: ErrorRecord) -> Double? {
        firstAlarm(scrapes: record.scrapes) { start, end in
            let counts = record.counts(from: start, to: end)
            return (counts.baselineRate, counts.canaryRate)
        }
    }

    /// - Parameter point: the metric in both pools over a minute's scrapes; nil without data.
    func firstAlarm(scrapes: Int, point: (Int, Int) -> (Double?, Double?)) -> Double? {
        var baseline: [Double] = []
        var canary: [Double] = []
        let minutes = scrapes / Schedule.scrapesPerMinute
        for minute in 0..<minutes {
            let start = minute * Schedule.scrapesPerMinute
            let (one, other) = point(start, start + Schedule.scrapesPerMinute)
            if let one { baseline.append(one) }
            if let other { canary.append(other) }
            if (minute + 1) % judgeMinutes == 0, isHigh(baseline, canary) { return Double(minute + 1) * 60 }
        }
        return nil
    }

    private func isHigh(_ baseline: [Double], _ canary: [Double]) -> Bool {
        guard !baseline.isEmpty, !canary.isEmpty else { return false }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        guard mean(canary) >= mean(baseline) else { return false }
        let shift = MannWhitney(canary, baseline)
        return shift.lower > tolerance * abs(shift.estimate)
    }
}

/// The shift between two samples as R's `wilcox.test` gives it: the Hodges-Lehmann estimate, and the lower end of the
/// normal interval with continuity and tie correction.
struct MannWhitney {
    /// qnorm(0.99): two-sided 98 %.
    private static let point = 2.3263478740408408
    let estimate: Double
    let lower: Double

    init(_ x: [Double], _ y: [Double]) {
        var differences: [Double] = []
        differences.reserveCapacity(x.count * y.count)
        for one in x { for other in y { differences.append(one - other) } }
        differences.sort()
        let pairs = differences.count
        estimate = (differences[(pairs - 1) / 2] + differences[pairs / 2]) / 2
        let (m, n) = (Double(x.count), Double(y.count))
        let all = m + n
        let ties = MannWhitney.ties(x) + MannWhitney.ties(y)
        let variance = m * n / 12 * (all + 1 - ties / (all * (all - 1)))
        // The shift at which so many pairs are still above it.
        let above = m * n / 2 + 0.5 + MannWhitney.point * max(0, variance).squareRoot()
        let index = Int((Double(pairs) - above).rounded(.down))
        lower = index >= 0 ? differences[min(index, pairs - 1)] : -.infinity
    }

    /// The sum of t^3 - t over groups of equal values.
    private static func ties(_ values: [Double]) -> Double {
        let rising = values.sorted()
        var sum = 0.0
        var start = 0
        for index in 1...rising.count where index == rising.count || rising[index] != rising[start] {
            let size = Double(index - start)
            sum += size * size * size - size
            start = index
        }
        return sum
    }
}
