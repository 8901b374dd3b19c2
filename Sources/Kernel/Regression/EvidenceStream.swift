import Model
import Statistics

/// The evidence on one kind of counts: requests with their errors and latencies, or an indicator of the release's own.
///
/// Kinds are kept apart because each has instances, blocks and a history of its own: a counter that only some instances
/// have must not hold up what is said about requests.
struct EvidenceStream: Sendable, Equatable {
    /// Nil for requests, errors and latency.
    let own: OwnIndicator?
    private(set) var evidence: ReleaseEvidence
    /// The open block. A restart loses it, and with it a minute at the most: counters begin with a base again anyway.
    private var alignment = CycleAlignment()
    /// The canary has answered: from here on the pools are compared.
    private(set) var hasCanaryAnswered = false
    /// Of a ratio, over both pools since the release began.
    private var counted = 0.0
    private var among = 0.0

    init(own: OwnIndicator?, rules: [RegressionSettings]) {
        self.own = own
        evidence = ReleaseEvidence(rules: rules)
    }

    /// The release continues where the record ends.
    ///
    /// - Parameter missingSeconds: since the record.
    init(own: OwnIndicator?, restored: ReleaseEvidence, hasCanaryAnswered: Bool, missingSeconds: Double) {
        self.own = own
        evidence = restored
        evidence.interrupt(seconds: missingSeconds)
        self.hasCanaryAnswered = hasCanaryAnswered
    }

    /// A release begins: fresh evidence, a fresh budget.
    mutating func begin() {
        evidence.begin()
        forget()
    }

    /// The comparison begins again with other instances: fresh evidence, and what is left of the release's budget.
    mutating func restart() {
        evidence.restart()
        forget()
    }

    private mutating func forget() {
        alignment.cut()
        (hasCanaryAnswered, counted, among) = (false, 0, 0)
    }

    mutating func end() { evidence.end() }

    /// A step begins to be tested.
    ///
    /// - Parameter atSeconds: since the release began; what was counted before is left out.
    mutating func beginStep(_ question: StepQuestion, atSeconds: Double) {
        evidence.beginStep(question, atSeconds: atSeconds)
    }

    mutating func endStep() { evidence.endStep() }

    /// Takes over what was learned of the baseline's instances, and nothing else.
    ///
    /// - Parameters:
    ///   - isAnotherVersion: the baseline was another version then, so its instances have a history of their own.
    ///   - missingSeconds: since then.
    mutating func adoptHistory(of other: ReleaseEvidence, isAnotherVersion: Bool, missingSeconds: Double = 0) {
        evidence.adoptHistory(of: other, missingSeconds: missingSeconds)
        if isAnotherVersion { evidence.beginDeployment() }
    }

    mutating func adopt(rules: [RegressionSettings]) { evidence.adopt(rules: rules) }

    /// Takes in a cycle.
    ///
    /// - Parameter isShareSettled: false for a cycle in which the canary's share of the traffic changed, or may have.
    /// - Returns: the blocks that it completes, in which every instance reported the same stretch of time.
    mutating func take(_ cycle: WatchCycle, isShareSettled: Bool) -> [WatchCycle] {
        guard isShareSettled || !evidence.isRunning else {
            alignment.cut(after: cycle)
            evidence.takeShareChange(cycle)
            return []
        }
        let blocks = alignment.take(cycle)
        for block in blocks { take(block) }
        return blocks
    }

    private mutating func take(_ block: WatchCycle) {
        if !block.canary.isEmpty { hasCanaryAnswered = true }
        guard evidence.isRunning else { return evidence.take(block) }
        // How many instances there are settles the margin, so the comparison waits for the canary's first answer.
        guard hasCanaryAnswered else {
            var alone = block
            alone.canary = []
            return evidence.learn(alone)
        }
        guard block.baseline.contains(where: \.hasReport), block.canary.contains(where: \.hasReport) else {
            return evidence.takeOneSided(block)
        }
        count(block)
        evidence.take(block)
    }

    private mutating func count(_ block: WatchCycle) {
        guard own != nil else { return }
        for one in [block.baseline, block.canary].joined() {
            counted += one.errors ?? 0
            among += one.requests ?? 0
        }
    }

    /// Why the counts cannot be compared, and what to change; nil when they can.
    ///
    /// A block with more events than there were things to have them is left out whole by the detectors. Now and then that
    /// is two counters that were not read at one moment; always is a ratio of another kind.
    var obstacle: String? {
        guard let own, among >= 100, counted > among else { return nil }
        return "\(own.name) counts more than one event for each of its denominator, so it is no share; a rule with "
            + "'regression' compares shares, use one with 'when'"
    }
}
