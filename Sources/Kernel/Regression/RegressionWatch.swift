import Model
import Statistics
import Telemetry

/// What a release's regression rules know: the statistics, the clock they run on, and when they were last written down.
struct RegressionWatch: Sendable, Equatable {
    /// A loss of the tail loses evidence for at most this long; written more often, it would only wear the disk.
    static let recordEveryMs: Int64 = 15_000

    private(set) var evidence: ReleaseEvidence
    private(set) var selfChecks: [SelfChecked?]
    private let intervalMs: Int64
    private let indicators: WatchList
    /// Index of the monitor, by rule; nil for a threshold.
    private var places: [Int?]
    /// Of the release, without the time in which the daemon was down.
    private var elapsedMs: Int64 = 0
    private var lastCycleUptimeMs: Int64?
    /// The open block. A restart loses it, and with it a minute at the most: counters begin with a base again anyway.
    private var alignment = CycleAlignment()
    private var lastRecordUptimeMs: Int64?
    /// The canary has answered: from here on the pools are compared.
    private var hasCanaryAnswered = false
    private(set) var hasChanged = false
    private var recordedRuns = 0

    init(plan: ReleasePlan) {
        let rules = plan.rules.map { $0.regression.map(RegressionSettings.init) }
        evidence = ReleaseEvidence(rules: rules.compactMap { $0 })
        selfChecks = plan.rules.map(RegressionWatch.selfCheck)
        intervalMs = plan.scrape.intervalMs
        indicators = plan.indicators(of: .canary)
        places = RegressionWatch.places(rules)
    }

    private static func places(_ rules: [RegressionSettings?]) -> [Int?] {
        var next = 0
        return rules.map { rule in
            guard rule != nil else { return nil }
            defer { next += 1 }
            return next
        }
    }

    private static func selfCheck(_ rule: RulePlan) -> SelfChecked? {
        guard let regression = rule.regression, regression.selfCheck else { return nil }
        let settings = RegressionSettings(regression)
        return SelfChecked(settings: settings, check: SelfCheck(settings))
    }

    var isNeeded: Bool { places.contains { $0 != nil } }
    private var isRunning: Bool { evidence.isRunning }

    /// A release begins: fresh evidence, a fresh budget.
    mutating func begin() {
        evidence.begin()
        alignment.cut()
        (elapsedMs, hasCanaryAnswered, lastRecordUptimeMs, hasChanged) = (0, false, nil, true)
    }

    mutating func end() { evidence.end() }

    /// Takes in a cycle, whose increments the pools hold.
    ///
    /// - Parameters:
    ///   - isWatching: a release is being judged; else the baseline is only learned from.
    ///   - basisPoints: the canary's share as the router shows it.
    ///   - isShareSettled: false for a cycle in which it changed, or may have.
    mutating func take(
        baseline: PoolState, canary: PoolState, basisPoints: Int?, isWatching: Bool, isShareSettled: Bool = true,
        atUptimeMs now: Int64
    ) {
        guard isNeeded else { return }
        let coveredMs = max(1, now - (lastCycleUptimeMs ?? now - intervalMs))
        lastCycleUptimeMs = now
        if isWatching, !isRunning { begin() }
        if !isWatching, isRunning { end() }
        if isRunning { elapsedMs += coveredMs }
        let cycle = WatchCycle(
            atSeconds: Double(elapsedMs) / 1_000, coveredSeconds: Double(coveredMs) / 1_000,
            baseline: baseline.increments, canary: canary.increments,
            canaryShare: basisPoints.map { Double($0) / 10_000 })
        if isRunning { hasChanged = true }
        guard isShareSettled || !isRunning else {
            alignment.cut(after: cycle)
            return evidence.takeShareChange(cycle)
        }
        for block in alignment.take(cycle) { take(block) }
    }

    /// Takes in a block that all instances have reported.
    private mutating func take(_ block: WatchCycle) {
        for index in selfChecks.indices {
            selfChecks[index]?.check.take(block.baseline, coveredSeconds: block.coveredSeconds)
        }
        if !block.canary.isEmpty { hasCanaryAnswered = true }
        guard isRunning else { return evidence.take(block) }
        // How many instances there are settles the margin, so the comparison waits for the canary's first answer.
        guard hasCanaryAnswered else {
            var alone = block
            alone.canary = []
            return evidence.learn(alone)
        }
        guard block.baseline.contains(where: \.hasReport), block.canary.contains(where: \.hasReport) else {
            return evidence.takeOneSided(block)
        }
        evidence.take(block)
    }

    /// What a rule has found; nil for a threshold.
    func findings(rule index: Int) -> RegressionEvidence? {
        places[index].map { evidence.evidence(rule: $0) }
    }

    /// Other rules for the same pair of versions. A rule whose settings are unchanged keeps its evidence.
    mutating func adopt(_ plan: ReleasePlan) {
        let rules = plan.rules.map { $0.regression.map(RegressionSettings.init) }
        evidence.adopt(rules: rules.compactMap { $0 })
        places = RegressionWatch.places(rules)
        let old = selfChecks.compactMap { $0 }
        selfChecks = plan.rules.map { rule in
            guard let fresh = RegressionWatch.selfCheck(rule) else { return nil }
            return old.first { $0.settings == fresh.settings } ?? fresh
        }
    }

    // MARK: Durability

    /// Whether it is time to write it down: now and then in a release, and when a self-check has come to an end.
    func isRecordDue(atUptimeMs now: Int64) -> Bool {
        guard isNeeded, isRunning else { return selfCheckRuns > recordedRuns }
        guard hasChanged else { return false }
        return lastRecordUptimeMs.map { now - $0 >= RegressionWatch.recordEveryMs } ?? true
    }

    private var selfCheckRuns: Int { selfChecks.reduce(0) { $0 + ($1?.check.checks ?? 0) } }

    mutating func record(atUptimeMs now: Int64) -> EvidenceRecord {
        (lastRecordUptimeMs, hasChanged, recordedRuns) = (now, false, selfCheckRuns)
        return EvidenceRecord(
            evidence: evidence.condensed, selfChecks: selfChecks.map { $0?.condensed }, elapsedMs: elapsedMs,
            hasCanaryAnswered: hasCanaryAnswered, indicators: indicators)
    }

    /// Continues where the record ends. What happened since then is lost, never counted twice: the counters' first
    /// values after a restart are only a base. What was found with other indicators is not taken over, as in a reload.
    ///
    /// - Parameter isWatching: the release that it belongs to is not over; else only the self-checks' record is of use.
    mutating func restore(_ record: EvidenceRecord, plan: ReleasePlan, isWatching: Bool) {
        if let counted = record.indicators, counted != plan.indicators(of: .canary) { return }
        selfChecks = record.selfChecks
        if isWatching {
            evidence = record.evidence
            evidence.interrupt()
            (elapsedMs, hasCanaryAnswered) = (record.elapsedMs, record.hasCanaryAnswered)
        }
        // The rules may have changed while the daemon was down.
        adopt(plan)
        recordedRuns = selfCheckRuns
    }
}
