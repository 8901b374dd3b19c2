import Model
import Statistics
import Telemetry

/// What a release's regression rules know: the statistics, the clock they run on, and when they were last written down.
struct RegressionWatch: Sendable, Equatable {
    /// A loss of the tail loses evidence for at most this long; written more often, it would only wear the disk.
    static let recordEveryMs: Int64 = 15_000
    /// While no release runs, what is learned of the baseline's instances is written so often.
    static let historyEveryMs: Int64 = 600_000

    /// Where the findings of a rule are.
    private struct Place: Sendable, Equatable {
        let stream: Int
        /// Index among the stream's monitors.
        let monitor: Int
    }

    /// Requests, errors and latency; then the release's own indicators in the order in which rules use them.
    var streams: [EvidenceStream]
    private(set) var selfChecks: [SelfChecked?]
    private let intervalMs: Int64
    let indicators: WatchList
    private var needsSteps: Bool
    private var isAA: Bool
    /// What the last A/A release measured, or this one measures.
    private(set) var pools: EvidenceRecord.PoolsMeasured?
    /// By rule; nil for a threshold.
    private var places: [Place?]
    /// Of the release, without the time in which the daemon was down.
    private(set) var elapsedMs: Int64 = 0
    private(set) var lastCycleUptimeMs: Int64?
    private var lastRecordUptimeMs: Int64?
    private(set) var hasChanged = false
    private var recordedRuns = 0

    init(plan: ReleasePlan) {
        let layout = Layout(plan)
        streams = zip(layout.own, layout.settings).map { EvidenceStream(own: $0, rules: $1) }
        places = layout.places
        selfChecks = plan.rules.map(RegressionWatch.selfCheck)
        intervalMs = plan.scrape.intervalMs
        indicators = plan.indicators(of: .canary)
        isAA = plan.isAA
        needsSteps = plan.needsStepEvidence
    }

    /// Which rules are judged by which stream.
    private struct Layout {
        /// By stream.
        var own: [OwnIndicator?] = [nil]
        var settings: [[RegressionSettings]] = [[]]
        /// By rule.
        var places: [Place?] = []

        init(_ release: ReleasePlan) {
            for rule in release.rules {
                guard let plan = rule.regression else {
                    places.append(nil)
                    continue
                }
                let stream = own.firstIndex(of: plan.scope.own) ?? own.count
                if stream == own.count {
                    own.append(plan.scope.own)
                    settings.append([])
                }
                places.append(Place(stream: stream, monitor: settings[stream].count))
                var test = RegressionSettings(plan)
                test.laterSteps = release.laterSteps > 0 ? release.laterSteps : nil
                // Lists of targets change while a release runs.
                test.mayRestart = release.discovery != nil ? true : nil
                settings[stream].append(test)
            }
        }
    }

    /// Another version is the baseline: nothing that was counted is of use, but for how much the instances of one version differ.
    init(plan: ReleasePlan, after other: RegressionWatch) {
        self.init(plan: plan)
        guard indicators == other.indicators else { return }
        pools = other.pools
        for index in streams.indices {
            guard let before = other.streams.first(where: { $0.own == streams[index].own }) else { continue }
            streams[index].adoptHistory(of: before.evidence, isAnotherVersion: true)
        }
    }

    private static func selfCheck(_ rule: RulePlan) -> SelfChecked? {
        guard let regression = rule.regression, regression.selfCheck else { return nil }
        let settings = RegressionSettings(regression)
        return SelfChecked(settings: settings, check: SelfCheck(settings))
    }

    var isNeeded: Bool { needsSteps || places.contains { $0 != nil } }
    var isRunning: Bool { streams[0].evidence.isRunning }
    /// The pools are being compared: how many instances they have has settled the margin.
    var isComparing: Bool { isNeeded && isRunning && streams[0].hasCanaryAnswered }

    /// A release begins: fresh evidence, a fresh budget.
    mutating func begin() {
        for index in streams.indices { streams[index].begin() }
        forgetTime()
    }

    /// The comparison begins again in the same release: fresh evidence, and what is left of the budget.
    mutating func restart() {
        for index in streams.indices { streams[index].restart() }
        forgetTime()
    }

    private mutating func forgetTime() {
        (elapsedMs, lastRecordUptimeMs, hasChanged) = (0, nil, true)
        if isAA { pools = nil }
    }

    mutating func end() { for index in streams.indices { streams[index].end() } }

    /// Takes in a cycle, whose increments the pools hold.
    ///
    /// - Parameters:
    ///   - isWatching: a release is being judged; else the baseline is only learned from.
    ///   - basisPoints: the canary's share as the router shows it.
    ///   - isShareSettled: false for a cycle in which it changed, or may have.
    mutating func take(
        baseline: PoolState, canary: PoolState, basisPoints: Int?, isWatching: Bool, isShareSettled: Bool = true,
        at moment: Moment
    ) {
        guard isNeeded else { return }
        let now = moment.uptimeMs
        let coveredMs = max(1, now - (lastCycleUptimeMs ?? now - intervalMs))
        lastCycleUptimeMs = now
        if isWatching, !isRunning { begin() }
        if !isWatching, isRunning { end() }
        if isRunning { (elapsedMs, hasChanged) = (elapsedMs + coveredMs, true) }
        for index in streams.indices {
            let own = streams[index].own
            let cycle = WatchCycle(
                atSeconds: Double(elapsedMs) / 1_000, coveredSeconds: Double(coveredMs) / 1_000,
                baseline: baseline.increments(of: own), canary: canary.increments(of: own),
                canaryShare: basisPoints.map { Double($0) / 10_000 })
            let blocks = streams[index].take(cycle, isShareSettled: isShareSettled)
            for block in blocks { checkSelf(block, stream: index) }
            if isAA, isRunning, own == nil { for block in blocks { measure(block, at: moment) } }
        }
    }

    /// Both pools run the same version, so whatever they differ by is theirs.
    private mutating func measure(_ block: WatchCycle, at now: Moment) {
        guard block.baseline.contains(where: \.hasReport), block.canary.contains(where: \.hasReport) else { return }
        var measured = pools ?? .init(divergence: PoolDivergence(), untilWallMs: now.wallMs)
        let history = streams[0].evidence.history
        measured.divergence.take(block) { history.dispersion(of: $0) }
        measured.untilWallMs = now.wallMs
        pools = measured
    }

    private mutating func checkSelf(_ block: WatchCycle, stream: Int) {
        for index in selfChecks.indices where places[index]?.stream == stream {
            selfChecks[index]?.check.take(block.baseline, coveredSeconds: block.coveredSeconds)
        }
    }

    /// What a rule has found; nil for a threshold.
    func findings(rule index: Int) -> RegressionEvidence? {
        places[index].map { streams[$0.stream].evidence.evidence(rule: $0.monitor) }
    }

    /// A rough log evidence that some rule's canary is worse: whether to scrape more often.
    var suspicion: Double { streams.reduce(0) { max($0, $1.evidence.suspicion) } }

    /// Why a rule can never find anything with the present counts, and what to change.
    func obstacle(rule index: Int) -> String? { places[index].flatMap { streams[$0.stream].obstacle } }

    /// Other rules for the same pair of versions. A rule whose settings are unchanged keeps its evidence.
    mutating func adopt(_ plan: ReleasePlan) {
        (isAA, needsSteps) = (plan.isAA, plan.needsStepEvidence)
        let layout = Layout(plan)
        let before = streams
        streams = zip(layout.own, layout.settings).map { own, settings in
            guard var kept = before.first(where: { $0.own == own }) else {
                var new = EvidenceStream(own: own, rules: settings)
                if isRunning { new.begin() }
                return new
            }
            kept.adopt(rules: settings)
            return kept
        }
        places = layout.places
        let old = selfChecks.compactMap { $0 }
        selfChecks = plan.rules.map { rule in
            guard let fresh = RegressionWatch.selfCheck(rule) else { return nil }
            return old.first { $0.settings == fresh.settings } ?? fresh
        }
    }

    // MARK: Durability

    /// Whether it is time to write it down: now and then in a release, and when a self-check has come to an end.
    func isRecordDue(atUptimeMs now: Int64) -> Bool {
        guard isNeeded, isRunning else {
            return selfCheckRuns > recordedRuns || isNeeded && isHistoryDue(atUptimeMs: now)
        }
        guard hasChanged else { return false }
        return lastRecordUptimeMs.map { now - $0 >= RegressionWatch.recordEveryMs } ?? true
    }

    /// Whether enough was learned of the baseline's instances since it was written down.
    private func isHistoryDue(atUptimeMs now: Int64) -> Bool {
        guard streams.contains(where: { $0.evidence.history.learnedSeconds > 0 }), let lastCycleUptimeMs else {
            return false
        }
        guard let last = lastRecordUptimeMs else {
            let learnedMs = streams.map { Int64($0.evidence.history.learnedSeconds * 1_000) }.max() ?? 0
            return lastCycleUptimeMs == now && learnedMs >= RegressionWatch.historyEveryMs
        }
        return now - last >= RegressionWatch.historyEveryMs
    }

    /// Something has to be written down with the next record.
    mutating func noteChange() { hasChanged = true }

    private var selfCheckRuns: Int { selfChecks.reduce(0) { $0 + ($1?.check.checks ?? 0) } }

    mutating func record(atUptimeMs now: Int64) -> EvidenceRecord {
        (lastRecordUptimeMs, hasChanged, recordedRuns) = (now, false, selfCheckRuns)
        var record = EvidenceRecord(
            evidence: streams[0].evidence.condensed, selfChecks: selfChecks.map { $0?.condensed },
            elapsedMs: elapsedMs, hasCanaryAnswered: streams[0].hasCanaryAnswered, indicators: indicators)
        let own = streams.compactMap { stream in
            stream.own.map {
                EvidenceRecord.Own(
                    indicator: $0, evidence: stream.evidence.condensed, hasCanaryAnswered: stream.hasCanaryAnswered)
            }
        }
        if !own.isEmpty { record.own = own }
        record.pools = pools
        return record
    }

    /// Continues where the record ends. What happened since then is lost, never counted twice: the counters' first
    /// values after a restart are only a base. What was found with other indicators is not taken over, as in a reload.
    ///
    /// - Parameters:
    ///   - isWatching: the release that it belongs to is not over; else only the self-checks' record and what was learned of
    ///     the baseline's instances are of use.
    ///   - missingMs: since the record.
    mutating func restore(_ record: EvidenceRecord, plan: ReleasePlan, isWatching: Bool, missingMs: Int64 = 0) {
        if let counted = record.indicators, counted != plan.indicators(of: .canary) { return }
        selfChecks = record.selfChecks
        pools = record.pools
        if isWatching {
            let missingSeconds = Double(max(0, missingMs)) / 1_000
            func stream(_ own: OwnIndicator?, _ evidence: ReleaseEvidence, _ hasAnswered: Bool) -> EvidenceStream {
                EvidenceStream(
                    own: own, restored: evidence, hasCanaryAnswered: hasAnswered, missingSeconds: missingSeconds)
            }
            streams =
                [stream(nil, record.evidence, record.hasCanaryAnswered)]
                + (record.own ?? []).map { stream($0.indicator, $0.evidence, $0.hasCanaryAnswered) }
            elapsedMs = record.elapsedMs
        } else {
            restoreHistory(record, plan: plan, isAnotherVersion: false, missingMs: missingMs)
        }
        // The rules may have changed while the daemon was down.
        adopt(plan)
        recordedRuns = selfCheckRuns
    }

    /// Takes over what a record knows of the baseline's instances.
    ///
    /// - Parameters:
    ///   - isAnotherVersion: the record is of another baseline version.
    ///   - missingMs: since the record.
    mutating func restoreHistory(
        _ record: EvidenceRecord, plan: ReleasePlan, isAnotherVersion: Bool, missingMs: Int64
    ) {
        if let counted = record.indicators, counted != plan.indicators(of: .canary) { return }
        pools = record.pools
        for index in streams.indices {
            let own = streams[index].own
            let known = own == nil ? record.evidence : record.own?.first { $0.indicator == own }?.evidence
            guard let known else { continue }
            streams[index].adoptHistory(
                of: known, isAnotherVersion: isAnotherVersion, missingSeconds: Double(max(0, missingMs)) / 1_000)
        }
    }
}
