import Glibc

/// A fresh test for one step of a stepped release: is the canary shown to be at most ``StepQuestion/ratio`` times as bad, in
/// errors and at the latency boundaries that represent the baseline's p50, p90 and p99?
///
/// **The guarantee.** Only blocks that began after the step are counted. A canary that is more than the ratio as bad in one part
/// throughout the step is ever called safe with probability ``StepQuestion/errorBudget`` at most, however often it is evaluated.
/// All parts have to pass, so no correction is made for their number. A rollout that passes several such gates is wrong about the
/// last one no more often than that.
///
/// Evidence from before the step is not used on purpose: a canary that breaks under load would borrow from its own past.
public struct StepEvidence: Sendable, Equatable, Codable {
    public let question: StepQuestion
    /// Seconds since the release began.
    let beganAtSeconds: Double
    /// Chosen at the first block, before anything of it is used; nil until then.
    private var method: Comparison.Method?
    private var errors: SafeProof?
    private var latency: [SafeProof] = []
    /// What latency can be compared at; nil until both pools have shown a histogram and the baseline's shares are known.
    private var place: StepBoundaries?
    /// Both pools have shown histograms without a common boundary.
    private var hasNoCommonBoundary = false

    /// - Parameter beganAtSeconds: since the release began; earlier counts are left out.
    public init(_ question: StepQuestion, beganAtSeconds: Double) {
        self.question = question
        self.beganAtSeconds = beganAtSeconds
    }

    /// Takes in a block in which both pools reported.
    ///
    /// - Parameter history: of the baseline, as it was before this block.
    mutating func take(_ block: WatchCycle, history: BaselineHistory) {
        // Half a millisecond for sums of cycles that are no round numbers.
        guard block.atSeconds - block.coveredSeconds >= beganAtSeconds - 0.0005 else { return }
        begin(block, history)
        if block.hasOtherInstances { forgetShares() }
        let now = block.atSeconds - beganAtSeconds
        if let counts = PairCounts(baseline: block.baseline.errorSums, canary: block.canary.errorSums) {
            errors?.take(
                counts, atSeconds: now, coveredSeconds: block.coveredSeconds, dispersion: history.dispersion(of: .error)
            )
        }
        for index in latency.indices {
            let event = latency[index].event
            guard case .slowerThan(let bound) = event else { continue }
            guard let counts = block.slowCounts(bound, bound, hint: 0) else { continue }
            latency[index].take(
                counts, atSeconds: now, coveredSeconds: block.coveredSeconds, dispersion: history.dispersion(of: event))
        }
    }

    /// Leaves a stretch of time out; `block` is what the pools did in it, nil when that is not known.
    mutating func leaveOut(_ block: WatchCycle?, hasShareChanged: Bool) {
        errors?.leaveOut(block?.baseline.errorSums, hasShareChanged: hasShareChanged)
        for index in latency.indices {
            guard case .slowerThan(let bound) = latency[index].event else { continue }
            latency[index].leaveOut(
                block?.baseline.slowSums(bound: bound, hint: 0), hasShareChanged: hasShareChanged)
        }
    }

    private mutating func forgetShares() {
        errors?.forgetShare()
        for index in latency.indices { latency[index].forgetShare() }
    }

    // MARK: The beginning

    /// What is compared follows from the baseline's past, the layouts of the histograms and the number of instances.
    private mutating func begin(_ block: WatchCycle, _ history: BaselineHistory) {
        let instances = max(block.baseline.count(where: \.hasRequests), history.reportingInstances)
        let method = method ?? (instances >= 2 ? .pair : .share)
        self.method = method
        func proof(_ event: BadEvent, floor: Double) -> SafeProof {
            SafeProof(event, ratio: question.ratio, method: method, floor: floor, recent: history.recent(event))
        }
        if errors == nil, question.comparesErrors { errors = proof(.error, floor: question.floor) }
        guard question.comparesLatency, place == nil else { return }
        let candidates = commonBounds(block, history)
        guard let candidates else { return }
        hasNoCommonBoundary = candidates.isEmpty
        place = StepBoundaries(candidates, ratio: question.ratio, history: history)
        latency = (place?.chosen ?? []).map { proof(.slowerThan(seconds: $0.bound), floor: $0.floor) }
    }

    /// Nil until both pools have shown a histogram.
    private func commonBounds(_ block: WatchCycle, _ history: BaselineHistory) -> [Double]? {
        guard let canary = block.canary.lazy.compactMap(\.latency).first else { return nil }
        let baseline = block.baseline.lazy.compactMap(\.latency).first
        let known = history.boundsSeconds
        guard !known.isEmpty || baseline != nil else { return nil }
        let bounds = known.isEmpty ? BaselineHistory.thinned(baseline.map { Array($0.finiteBounds) } ?? []) : known
        return bounds.filter(canary.finiteBounds.contains)
    }

    // MARK: What it says

    private var parts: [SafeProof] { (errors.map { [$0] } ?? []) + latency }

    /// Every part is shown to be at most the ratio. Evidence of the present: it may be lost again.
    public var isSafe: Bool {
        let parts = parts
        return !parts.isEmpty && obstacle == nil && parts.allSatisfy { $0.logE >= question.barLogE }
    }

    private var obstacle: StepFinding.Obstacle? {
        if !question.comparesErrors, !question.comparesLatency { return .nothingToCompare }
        if hasNoCommonBoundary { return .noCommonBoundary }
        if question.comparesLatency, place == nil { return .latencyUnknown }
        return parts.isEmpty ? .nothingToCompare : nil
    }

    /// Everything there is to say now.
    ///
    /// - Parameter requestsPerSecond: of both pools, for times; nil when it is not known.
    public func finding(requestsPerSecond: Double?) -> StepFinding {
        let parts = parts.map { StepFinding.Part($0, barLogE: question.barLogE) }
        let slowest = parts.indices.max { parts[$0].missing < parts[$1].missing }
        let requests = slowest.map { parts[$0].missing.rounded(.up) }
        let isKnown = requests.map { $0 < .infinity } == true && obstacle == nil
        return StepFinding(
            isSafe: isSafe, question: question, parts: parts, slowest: slowest,
            missingRequests: isKnown ? requests : nil,
            missingSeconds: isKnown ? requests.flatMap { requests in requestsPerSecond.map { requests / $0 } } : nil,
            obstacle: obstacle)
    }
}
