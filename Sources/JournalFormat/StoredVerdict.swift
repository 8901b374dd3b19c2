import Model

/// Everything that a rule's verdict was made from.
struct StoredVerdict: StoredRecord {
    let indicator: String
    let windowMs: Int64
    let condition: String
    let verdict: Outcome
    let baseline: Side
    let canary: Side
    let notes: [String]
    let regression: StoredRegression?
    let measure: String?

    init(_ evidence: Evidence) {
        indicator = evidence.indicator
        windowMs = evidence.windowMs
        condition = evidence.condition
        verdict = Outcome(evidence.verdict)
        baseline = Side(evidence.baseline)
        canary = Side(evidence.canary)
        notes = evidence.notes
        regression = evidence.regression.map(StoredRegression.init)
        measure = evidence.measure?.rawValue
    }

    func model() throws -> Evidence {
        var evidence = Evidence(
            indicator: indicator, windowMs: windowMs, condition: condition, verdict: try verdict.model(),
            baseline: try baseline.model(), canary: try canary.model(), notes: notes)
        evidence.regression = try regression?.model()
        evidence.measure = try measure.map { try storedCase($0) }
        return evidence
    }

    /// `{"breached":{}}`, `{"inconclusive":{"reason":"…"}}`.
    struct Outcome: StoredRecord {
        struct Nothing: Codable {}
        struct Reason: Codable { let reason: String }

        let healthy: Nothing?
        let breached: Nothing?
        let inconclusive: Reason?

        init(_ verdict: Verdict) {
            switch verdict {
            case .healthy: (healthy, breached, inconclusive) = (Nothing(), nil, nil)
            case .breached: (healthy, breached, inconclusive) = (nil, Nothing(), nil)
            case .inconclusive(let reason): (healthy, breached, inconclusive) = (nil, nil, Reason(reason: reason))
            }
        }

        func model() throws -> Verdict {
            if let inconclusive { return .inconclusive(reason: inconclusive.reason) }
            if breached != nil { return .breached }
            guard healthy != nil else { throw UnknownStoredValue("a verdict that is none of the three") }
            return .healthy
        }
    }

    /// One version's numbers in the window.
    struct Side: StoredRecord {
        let version: String
        let value: Double?
        let requests: Double
        let errors: Double
        let healthyTargets: Int
        let targets: Int

        init(_ side: Evidence.Side) {
            (version, value, requests, errors) = (side.version, side.value, side.requests, side.errors)
            (healthyTargets, targets) = (side.healthyTargets, side.targets)
        }

        func model() throws -> Evidence.Side {
            Evidence.Side(
                version: version, value: value, requests: requests, errors: errors, healthyTargets: healthyTargets,
                targets: targets)
        }
    }
}
