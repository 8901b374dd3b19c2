import Model
import Statistics
import Support

/// What the evidence of the present step says, for the gate that waits for it.
struct StepEvidenceState: Sendable, Equatable {
    /// The canary is shown to be at most the ratio as bad, now: it may be lost again.
    var isSafe: Bool
    /// What is shown, or what is missing.
    var text: String
    /// Requests of both pools that are still missing, about; 0 when safe, nil when it is not known or the canary as it is will not
    /// pass.
    var missingRequests: Double?
    /// The same at today's rate of requests.
    var missingMs: Int64?
}

/// A step's own test over requests, errors and latencies: independent of the rules, which judge the release as a whole.
extension RegressionWatch {
    /// Begins a fresh test of the present step: "the canary is at most `ratio` times as bad". Counts from before are not used.
    ///
    /// Call it when the step's share is in force on every router and its settling time is over; the release's own evidence has
    /// begun then (else it begins now). A test that runs already is given up.
    ///
    /// - Parameters:
    ///   - ratio: above 1; see ``Statistics/StepQuestion/ratio(excess:nextShare:)``.
    ///   - errorBudget: probability of calling a canary safe that is worse, 0...1; see
    ///     ``Statistics/StepQuestion/errorBudget(_:attempt:)``.
    ///   - floor: canary error rates below it are good enough; 0 for none.
    mutating func beginStep(ratio: Double, errorBudget: Double, floor: Double = 0, atUptimeMs now: Int64) {
        if !isRunning { begin() }
        let sinceCycleMs = lastCycleUptimeMs.map { max(0, now - $0) } ?? 0
        let question = StepQuestion(
            ratio: ratio, errorBudget: errorBudget, floor: floor,
            comparesErrors: indicators.requests != nil && indicators.errors != nil,
            comparesLatency: indicators.latency != nil)
        streams[0].beginStep(question, atSeconds: Double(elapsedMs + sinceCycleMs) / 1_000)
        noteChange()
    }

    mutating func endStep() {
        streams[0].endStep()
        noteChange()
    }

    /// What the present step has shown so far; nil while no step is tested. It survives a restart together with the other
    /// evidence, and is lost where a reload changes what is counted: begin the step's test again then.
    var stepEvidence: StepEvidenceState? {
        streams[0].evidence.stepFinding.map(StepEvidenceState.init)
    }

    /// The canary's share of the requests as it was configured and as it is seen, where they differ beyond doubt with the present
    /// share: the pools do not get the same traffic, and no evidence of this step counts.
    var shareMismatch: (expected: Double, seen: Double)? {
        streams[0].evidence.sampleRatio.mismatch.map { ($0.told, $0.seen) }
    }
}

extension StepEvidenceState {
    init(_ found: StepFinding) {
        isSafe = found.isSafe
        text = StepText(found).sentence
        missingRequests = found.isSafe ? 0 : found.missingRequests
        missingMs =
            found.isSafe ? 0 : found.missingSeconds.map { Int64(min($0, 1e12) * 1_000) }
    }
}

/// A step's finding as text.
private struct StepText {
    let found: StepFinding

    init(_ found: StepFinding) { self.found = found }

    private var ratio: String { NumberText.plain(found.question.ratio) + "x" }

    /// `shown to be at most 3x as bad as the baseline: errors 1%, baseline 1%; slower than 250 ms …`
    var sentence: String {
        if let obstacle { return obstacle }
        let parts = found.parts.map(text).joined(separator: "; ")
        if found.isSafe { return "shown to be at most \(ratio) as bad as the baseline: \(parts)" }
        return "not shown yet to be at most \(ratio) as bad as the baseline, \(missing): \(parts)"
    }

    private var obstacle: String? {
        switch found.obstacle {
        case .nothingToCompare?: RegressionSummary.nothing
        case .latencyUnknown?:
            "the latency histograms of both pools are not known yet, or their processes still warm up"
        case .noCommonBoundary?: "latency needs a histogram whose bounds both pools have"
        case nil: nil
        }
    }

    /// `errors lack about 4 500 requests, 45 s at the present rate`
    private var missing: String {
        guard let slowest = found.slowest else { return RegressionSummary.nothing }
        let name = name(found.parts[slowest].event)
        guard let requests = found.missingRequests else { return "\(name): not at the present rates" }
        var text = "\(name): about \(NumberText.grouped(requests)) more requests"
        if let seconds = found.missingSeconds { text += ", \(NumberText.wait(seconds: seconds)) at the present rate" }
        return text
    }

    private func text(_ part: StepFinding.Part) -> String {
        func rate(_ rate: Double?) -> String { rate.map(NumberText.percent) ?? "no requests" }
        let ratio = part.ratio.map { " (\(NumberText.plain($0))x)" } ?? ""
        return "\(name(part.event)) \(rate(part.counts.canaryRate)), baseline \(rate(part.counts.baselineRate))" + ratio
    }

    private func name(_ event: BadEvent) -> String {
        switch event {
        case .error: "errors"
        case .slowerThan(let bound): "slower than \(NumberText.seconds(bound))"
        }
    }
}
