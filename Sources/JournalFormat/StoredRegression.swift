import Model

/// What a statistical rule's verdict was made from. Here the names in the JSON are those of the API.
struct StoredRegression: StoredRecord {
    let tolerance: Double
    let falseAlarm: Double
    let method: String
    let logEvidence: Double
    let maxLogEvidence: Double
    let barLogEvidence: Double
    let chanceOneIn: Double
    let isWorse: Bool
    let isSafe: Bool
    let safeRatio: Double
    let comparisons: [Comparison]
    let percentiles: [Percentile]
    let requestsNeeded: Double?
    let secondsNeeded: Double?
    let detectable: [Detectable]
    let sentence: String
    let selfCheck: SelfCheck?

    enum CodingKeys: String, CodingKey {
        case tolerance, method, comparisons, percentiles, detectable, sentence
        case falseAlarm = "false_alarm"
        case logEvidence = "log_evidence"
        case maxLogEvidence = "max_log_evidence"
        case barLogEvidence = "bar_log_evidence"
        case chanceOneIn = "chance_one_in"
        case isWorse = "worse"
        case isSafe = "safe"
        case safeRatio = "safe_ratio"
        case requestsNeeded = "requests_needed"
        case secondsNeeded = "seconds_needed"
        case selfCheck = "self_check"
    }

    init(_ record: RegressionRecord) {
        (tolerance, falseAlarm, method) = (record.tolerance, record.falseAlarm, record.method)
        (logEvidence, maxLogEvidence) = (record.logEvidence, record.maxLogEvidence)
        (barLogEvidence, chanceOneIn) = (record.barLogEvidence, record.chanceOneIn)
        (isWorse, isSafe, safeRatio) = (record.isWorse, record.isSafe, record.safeRatio)
        comparisons = record.comparisons.map(Comparison.init)
        percentiles = record.percentiles.map(Percentile.init)
        (requestsNeeded, secondsNeeded) = (record.requestsNeeded, record.secondsNeeded)
        detectable = record.detectable.map(Detectable.init)
        sentence = record.sentence
        selfCheck = record.selfCheck.map(SelfCheck.init)
    }

    func model() throws -> RegressionRecord {
        RegressionRecord(
            tolerance: tolerance, falseAlarm: falseAlarm, method: method, logEvidence: logEvidence,
            maxLogEvidence: maxLogEvidence, barLogEvidence: barLogEvidence, chanceOneIn: chanceOneIn,
            isWorse: isWorse, isSafe: isSafe, safeRatio: safeRatio,
            comparisons: try comparisons.map { try $0.model() }, percentiles: try percentiles.map { try $0.model() },
            requestsNeeded: requestsNeeded, secondsNeeded: secondsNeeded,
            detectable: try detectable.map { try $0.model() }, sentence: sentence, selfCheck: try selfCheck?.model())
    }
}

extension StoredRegression {
    /// One kind of bad request.
    struct Comparison: StoredRecord {
        let name: String
        let baseline: Side
        let canary: Side
        let ratio: Double?
        let ratioLow: Double?
        let ratioHigh: Double?
        let toleratedRatio: Double
        let logEvidence: Double
        let dispersion: Double

        enum CodingKeys: String, CodingKey {
            case name, baseline, canary, ratio, dispersion
            case ratioLow = "ratio_low"
            case ratioHigh = "ratio_high"
            case toleratedRatio = "tolerated_ratio"
            case logEvidence = "log_evidence"
        }

        init(_ comparison: RegressionRecord.Comparison) {
            name = comparison.name
            (baseline, canary) = (Side(comparison.baseline), Side(comparison.canary))
            (ratio, ratioLow, ratioHigh) = (comparison.ratio, comparison.ratioLow, comparison.ratioHigh)
            (toleratedRatio, logEvidence) = (comparison.toleratedRatio, comparison.logEvidence)
            dispersion = comparison.dispersion
        }

        func model() throws -> RegressionRecord.Comparison {
            RegressionRecord.Comparison(
                name: name, baseline: try baseline.model(), canary: try canary.model(), ratio: ratio,
                ratioLow: ratioLow, ratioHigh: ratioHigh, toleratedRatio: toleratedRatio, logEvidence: logEvidence,
                dispersion: dispersion)
        }
    }

    /// One pool in one comparison.
    struct Side: StoredRecord {
        let requests: Double
        let bad: Double
        let rate: Double?
        let rateLow: Double
        let rateHigh: Double

        enum CodingKeys: String, CodingKey {
            case requests, bad, rate
            case rateLow = "rate_low"
            case rateHigh = "rate_high"
        }

        init(_ side: RegressionRecord.Side) {
            (requests, bad, rate) = (side.requests, side.bad, side.rate)
            (rateLow, rateHigh) = (side.rateLow, side.rateHigh)
        }

        func model() throws -> RegressionRecord.Side {
            RegressionRecord.Side(requests: requests, bad: bad, rate: rate, rateLow: rateLow, rateHigh: rateHigh)
        }
    }

    /// Bucket bounds between which a percentile lies.
    struct Percentile: StoredRecord {
        let name: String
        let baselineLowSeconds: Double?
        let baselineHighSeconds: Double?
        let canaryLowSeconds: Double?
        let canaryHighSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case name
            case baselineLowSeconds = "baseline_low_seconds"
            case baselineHighSeconds = "baseline_high_seconds"
            case canaryLowSeconds = "canary_low_seconds"
            case canaryHighSeconds = "canary_high_seconds"
        }

        init(_ place: RegressionRecord.Percentile) {
            name = place.name
            (baselineLowSeconds, baselineHighSeconds) = (place.baselineLowSeconds, place.baselineHighSeconds)
            (canaryLowSeconds, canaryHighSeconds) = (place.canaryLowSeconds, place.canaryHighSeconds)
        }

        func model() throws -> RegressionRecord.Percentile {
            RegressionRecord.Percentile(
                name: name, baselineLowSeconds: baselineLowSeconds, baselineHighSeconds: baselineHighSeconds,
                canaryLowSeconds: canaryLowSeconds, canaryHighSeconds: canaryHighSeconds)
        }
    }

    /// The smallest ratio that can be shown in a time.
    struct Detectable: StoredRecord {
        let seconds: Double
        let ratio: Double?

        init(_ smallest: RegressionRecord.Detectable) { (seconds, ratio) = (smallest.seconds, smallest.ratio) }

        func model() throws -> RegressionRecord.Detectable {
            RegressionRecord.Detectable(seconds: seconds, ratio: ratio)
        }
    }

    /// The record of a rule's test against the baseline itself.
    struct SelfCheck: StoredRecord {
        let runs: Int
        let falseAlarms: Int

        enum CodingKeys: String, CodingKey {
            case runs
            case falseAlarms = "false_alarms"
        }

        init(_ check: RegressionRecord.SelfCheckRecord) { (runs, falseAlarms) = (check.runs, check.falseAlarms) }

        func model() throws -> RegressionRecord.SelfCheckRecord {
            RegressionRecord.SelfCheckRecord(runs: runs, falseAlarms: falseAlarms)
        }
    }
}
