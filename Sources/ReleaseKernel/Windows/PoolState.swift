import Statistics
import Telemetry

/// One pool of a watched release: its targets' health and its window.
struct PoolState: Sendable, Equatable {
    struct Target: Sendable, Equatable {
        let instance: String
        var isUp: Bool?
        var error: String?
        var lastScrapeWallMs: Int64?
        var samples = 0
        var summary: SummaryValues?
        var warnings: [String] = []
        /// Requests and the seconds they cover, of the running cycle; nil when there is no base yet.
        var cycleRequests: Double?
        var cycleSeconds: Double?
        /// The window's row into which the last page was counted; nil when none was since the window began.
        var lastRow: Int?
        /// Seen in the running cycle.
        var isFresh = false
        /// Cycles in a row without an answer, counted while the answer may still come.
        var missedCycles = 0
        /// The cycle that just ended did not wait for its answer, which is still to come.
        var isAwaited = false
        /// Seen in the running cycle, and not with the answer to the one before.
        var isPunctual = false
        /// What the running cycle brought, for the rules that compare cycles; empty when the target did not answer.
        var increments: [InstanceIncrements] = []
    }

    let version: String
    var targets: [Target]
    private(set) var window: PoolWindow
    /// Cycles in a row at whose end a target answered, and ones at whose end none did; one of them is 0.
    private(set) var presentCycles = 0
    private(set) var absentCycles = 0
    /// A rule asks for proof, so what each instance brings is kept apart for a cycle.
    var isCompared: Bool

    init(plan: PoolPlan, window: PoolWindow, isCompared: Bool) {
        version = plan.version
        targets = plan.targets.map { Target(instance: $0.instance) }
        self.window = window
        self.isCompared = isCompared
    }

    /// Targets whose scrape of the last complete cycle worked.
    var healthyTargets: Int { targets.count { $0.isUp == true } }

    /// Takes in one target's scrape. A report for a target that is not there (any more) is dropped.
    mutating func take(_ report: ScrapeReport, at now: Moment) {
        let (wallMs, uptimeMs) = (now.wallMs, now.uptimeMs)
        guard targets.indices.contains(report.target), targets[report.target].instance == report.instance else {
            return
        }
        targets[report.target].lastScrapeWallMs = wallMs
        targets[report.target].isFresh = true
        targets[report.target].missedCycles = 0
        let isLate = targets[report.target].isAwaited
        targets[report.target].isAwaited = false
        if !isLate { targets[report.target].isPunctual = true }
        switch report.outcome {
        case .failure(let reason):
            targets[report.target].isUp = false
            targets[report.target].error = reason
            targets[report.target].summary = nil
            targets[report.target].cycleRequests = nil
        case .success(let reading, let warnings):
            note(reading, warnings: warnings, target: report.target)
            count(reading, target: report.target, atMs: uptimeMs)
            if isCompared { targets[report.target].add(reading, isLate: isLate) }
        }
    }

    /// Adds to the window what was counted since the target's page before.
    private mutating func count(_ reading: TargetReading, target: Int, atMs uptimeMs: Int64) {
        let row =
            targets[target].lastRow.map { $0 + 1 }
            ?? window.row(coveringSeconds: reading.coveredSeconds ?? 0, atMs: uptimeMs)
        window.add(reading, from: min(row, window.openRow))
        targets[target].lastRow = window.openRow
    }

    /// Starts counting anew.
    mutating func begin(_ fresh: PoolWindow) {
        window = fresh
        for index in targets.indices { targets[index].lastRow = nil }
    }

    private mutating func note(_ reading: TargetReading, warnings: [String], target: Int) {
        targets[target].isUp = true
        targets[target].error = nil
        targets[target].samples = reading.samples
        targets[target].warnings = warnings
        targets[target].cycleRequests = reading.requests
        targets[target].cycleSeconds = reading.coveredSeconds
        if case .summary(let summary) = reading.latency { targets[target].summary = summary }
    }

    /// Ends a cycle. A target that did not report in it is down: the deadline passed.
    ///
    /// - Parameter allowsLate: the cycle did not wait for all; one whose answer may still come is as it was, but tells nothing.
    mutating func closeCycle(atMs now: Int64, allowsLate: Bool = false) {
        for index in targets.indices {
            targets[index].isAwaited = allowsLate && !targets[index].isPunctual && targets[index].missedCycles == 0
        }
        for index in targets.indices where !targets[index].isFresh {
            targets[index].missedCycles += 1
            targets[index].cycleRequests = nil
            if targets[index].isAwaited { continue }
            targets[index].isUp = false
            targets[index].error = "no answer before the cycle's deadline"
            targets[index].summary = nil
        }
        window.closeRow(atMs: now)
        (presentCycles, absentCycles) = healthyTargets > 0 ? (presentCycles + 1, 0) : (0, absentCycles + 1)
    }

    /// Makes ready for the next cycle's reports.
    mutating func openCycle() {
        for index in targets.indices { (targets[index].isFresh, targets[index].isPunctual) = (false, false) }
        dropIncrements()
    }

    /// Some have answered before and not in the cycle that just ended: what they do now nobody knows yet.
    var hasLate: Bool { targets.contains { $0.isUp == true && !$0.isFresh } }

    /// Some have answered without telling their requests: a first page is only a base.
    var hasUntold: Bool { targets.contains { $0.isUp == true && $0.cycleRequests == nil } }

    /// Targets that answered in this cycle.
    var increments: [InstanceIncrements] { targets.flatMap(\.increments) }

    mutating func dropIncrements() {
        for index in targets.indices { targets[index].increments = [] }
    }

    /// The pool's requests per second in the cycle that just ended, over the targets that could tell; nil when none
    /// could.
    var cycleRequestRate: Double? {
        var rate = 0.0
        var told = false
        for target in targets {
            guard let requests = target.cycleRequests, let seconds = target.cycleSeconds, seconds > 0 else { continue }
            rate += requests / seconds
            told = true
        }
        return told ? rate : nil
    }

    /// The worst instance's value of a summary's quantile: quantiles cannot be added up.
    func worstSummary(_ quantile: Double) -> Double? {
        var worst: Double?
        for target in targets where target.isUp == true {
            guard let summary = target.summary else { continue }
            guard let index = summary.quantiles.firstIndex(where: { abs($0 - quantile) < 1e-9 }) else { continue }
            worst = max(worst ?? summary.seconds[index], summary.seconds[index])
        }
        return worst
    }

    var hasSummaries: Bool { targets.contains { $0.summary != nil } }
}
