import Model
import Statistics
import Telemetry

/// One pool of a watched release: its targets' health and its window.
struct PoolState: Sendable, Equatable {
    struct Target: Sendable, Equatable {
        let instance: String
        /// The same with the id of its process, where its source has one: the statistics keep instances apart by it.
        let key: String
        var isUp: Bool?
        /// Which version it last said that it runs; nil when it never did.
        var toldVersion: String?
        var error: String?
        var lastScrapeWallMs: Int64?
        var samples = 0
        var summary: SummaryValues?
        var warnings: [String] = []
        /// Requests and the seconds they cover, of the running cycle; nil when there is no base yet. Without the
        /// requests that the scrapes themselves made, where that is known.
        var cycleRequests: Double?
        var cycleSeconds: Double?
        /// The window's row into which the last scrape body was counted; nil when none was since the window began.
        var lastRow: Int?
        /// When the last scrape body came into this window, whether it counted or not; nil before the first.
        var lastBodyUptimeMs: Int64?
        /// The last scrape worked, and its counts are not known: they are withheld, or there is no base to count from.
        var isWithholding = false
        /// Its scrape bodies had a series of requests, and the last one has none.
        var hasLostRequests: Bool { isUp == true && hadRequests && !hasRequests }
        /// The last scrape body had the presence: where it has no series of requests, that is a report, or will be one soon.
        var isShown = false
        /// The last scrape body, and any before it, had a series of requests.
        var hasRequests = false
        var hadRequests = false
        /// A watched counter of its last scrape body was negative.
        var hasNegative = false
        /// Several processes answer at its address, so nothing that it counts is used.
        var isAmbiguous = false
        /// What the proof of a rollback needs to know of it.
        var silence = TargetSilence()
        /// From the request to the end of the last answer.
        var answerMs: Int64 = 0
        /// Seen in the running cycle.
        var isFresh = false
        /// Cycles in a row without an answer, counted while the answer may still come.
        var missedCycles = 0
        /// The cycle that just ended did not wait for its answer, which is still to come.
        var isAwaited = false
        /// Seen in the running cycle, and not with the answer to the one before.
        var isPunctual = false
        /// Added in the middle of a cycle, which did not ask it.
        var isNew = false
        /// It is new at an address that another process had: what the running cycle brings from there is the other's.
        var replacesAnother = false
        /// The first process of the release that was seen.
        var warmUp = WarmUp()
        /// Where its samples come from; nil for a scrape.
        var origin: SampleOrigin?
        /// What it has reported of late, as people are shown it.
        var tally = InstanceTally()
        /// What the running cycle brought, for the rules that compare cycles; empty when the target did not answer.
        var increments: [ComparedCounts] = []

        init(_ plan: TargetPlan) { (instance, key) = (plan.instance, plan.instanceKey) }
    }

    private(set) var version: String
    /// Samples of a server from before this time prove no silence: they were taken before the router showed 0 %.
    var silenceSinceUptimeMs: Int64?
    var targets: [Target]
    private(set) var window: PoolWindow
    /// A series of requests was in a scrape body of a cycle that has ended, so it is known what they are like.
    private(set) var knowsRequests = false
    /// Cycles in a row at whose end a target answered, and ones at whose end none did; one of them is 0.
    private(set) var presentCycles = 0
    private(set) var absentCycles = 0
    /// Cycles in a row at whose end targets had answered and none of them reported its requests: a first scrape body is
    /// only a base, and a body whose counts are not plausible yet withholds them.
    private(set) var unreportedCycles = 0
    /// A rule asks for proof, so what each instance brings is kept apart for a cycle.
    var isCompared: Bool
    /// Latency of a process that is younger is not compared; 0 for none.
    var warmUpMs: Int64

    init(plan: PoolPlan, window: PoolWindow, isCompared: Bool, warmUpMs: Int64 = 0) {
        version = plan.version
        targets = plan.targets.map { Target($0) }
        self.window = window
        self.isCompared = isCompared
        self.warmUpMs = warmUpMs
    }

    var slowestAnswerMs: Int64 { targets.reduce(0) { max($0, $1.answerMs) } }

    /// Targets whose scrape of the last complete cycle worked.
    var healthyTargets: Int { targets.count { $0.isUp == true } }

    /// Those of them whose counts are not known. What they had is neither zero nor "no data".
    var withholdingTargets: Int { targets.count { $0.isUp == true && $0.isWithholding } }

    /// All targets that answer have several processes behind their address, so that no verdict can rest on the pool.
    var isAmbiguous: Bool { healthyTargets > 0 && targets.allSatisfy { $0.isUp != true || $0.isAmbiguous } }

    /// Takes in one target's scrape. A report for a target that is not there (any more) is dropped.
    mutating func take(_ report: ScrapeReport, at now: Moment) {
        guard let index = place(of: report), !targets[index].replacesAnother else { return }
        targets[index].lastScrapeWallMs = now.wallMs
        targets[index].isFresh = true
        if let version = report.version { targets[index].toldVersion = version }
        targets[index].origin = report.origin
        targets[index].missedCycles = 0
        let isLate = targets[index].isAwaited
        targets[index].isAwaited = false
        if !isLate { targets[index].isPunctual = true }
        switch report.outcome {
        case .failure(let reason):
            targets[index].isUp = false
            targets[index].error = reason
            targets[index].summary = nil
            targets[index].cycleRequests = nil
            (targets[index].isWithholding, targets[index].isAmbiguous) = (false, false)
            window.noteWithheld(false, target: index)
            targets[index].silence.fail(isUnreachable: report.isUnreachable)
        case .success(let reading, let warnings):
            // A reading is a large value: it is copied only where it has to be corrected.
            if let corrected = reading.withoutDoubtfulZero {
                take(corrected, warnings: warnings, of: report, target: index, isLate: isLate, at: now)
            } else {
                take(reading, warnings: warnings, of: report, target: index, isLate: isLate, at: now)
            }
        }
    }

    /// Takes in the scrape body of one target that answered.
    private mutating func take(
        _ reading: TargetReading, warnings: [String], of report: ScrapeReport, target index: Int, isLate: Bool,
        at now: Moment
    ) {
        targets[index].answerMs = report.sampledUptimeMs.map { $0.upperBound - $0.lowerBound } ?? 0
        note(
            reading, warnings: warnings, target: index, ownRequests: report.ownRequests,
            isBeforeSilence: isBeforeSilence(reading, report))
        // Of several processes behind one address the present values say nothing.
        if !reading.isAmbiguous { window.addGauges(reading, target: index) }
        count(reading, target: index, atMs: now.uptimeMs, sinceMs: report.countsSinceUptimeMs(reading))
        guard isCompared else { return }
        let sampledUptimeMs = report.sampledUptimeMs ?? now.uptimeMs...now.uptimeMs
        targets[index].warmUp.note(startSeconds: reading.processStartSeconds, durationMs: warmUpMs, at: now)
        let parts =
            report.instances.isEmpty
            ? [InstanceReading(name: targets[index].instance, reading: reading)] : report.instances
        for part in parts {
            targets[index].add(part.reading, of: part.name, isLate: isLate, sampledUptimeMs: sampledUptimeMs)
        }
    }

    /// The targets' order may have changed by a reload since the target was asked.
    private func place(of report: ScrapeReport) -> Int? {
        if targets.indices.contains(report.target), targets[report.target].instance == report.instance {
            return report.target
        }
        return targets.firstIndex { $0.instance == report.instance }
    }

    /// The server's samples reach back to before the router showed 0 %, so that they say nothing about the time since.
    private func isBeforeSilence(_ reading: TargetReading, _ report: ScrapeReport) -> Bool {
        guard let since = silenceSinceUptimeMs, let began = report.countsSinceUptimeMs(reading) else { return false }
        return began < since
    }

    /// Adds to the window what was counted since the target's scrape body before.
    ///
    /// - Parameter sinceMs: when the counts of a server's samples began; nil for a scrape.
    private mutating func count(_ reading: TargetReading, target: Int, atMs uptimeMs: Int64, sinceMs: Int64?) {
        // A scrape body that reports nothing, but is not the first one, leaves what it withholds to a later body.
        let isBase = reading.coveredSeconds == nil && !reading.isAmbiguous
        defer { targets[target].lastBodyUptimeMs = uptimeMs }
        guard isBase || reading.hasCounts else { return }
        var row = firstRow(of: reading, target: target, atMs: uptimeMs)
        // Windows that compare the pools take no counts from before they started over, however late these come.
        if let sinceMs { row = min(row, window.comparisonRow(sinceMs: sinceMs)) }
        window.add(reading, target: target, from: min(row, window.openRow))
        targets[target].lastRow = window.openRow
    }

    /// The row in whose time the counted time began: after the one with the target's scrape body before; or earlier,
    /// where the body brings what earlier ones withheld, or where this body or the one before was rendered long before its
    /// cycle ended, because the process was stopped in the middle of it.
    private func firstRow(of reading: TargetReading, target: Int, atMs uptimeMs: Int64) -> Int {
        let seconds =
            max(reading.coveredSeconds ?? 0, repeatedSeconds(before: reading, target))
            + window.longAnswerSeconds(targets[target].answerMs)
        let byTime = window.row(coveringSeconds: seconds, atMs: uptimeMs)
        guard let last = targets[target].lastRow else { return byTime }
        let coveredMs = Int64(min(seconds, 1e9) * 1_000)
        let sinceScrapeMs = targets[target].lastBodyUptimeMs.map { uptimeMs - $0 }
        let bringsWithheld = sinceScrapeMs.map { window.isMoreThanACycle(coveredMs, beside: $0) } ?? false
        return bringsWithheld || window.isLongBeforeTheOpenRow(uptimeMs - coveredMs)
            ? min(last + 1, byTime) : last + 1
    }

    /// For so long the scrape body before was repeated by an exporter that is known to render its body only now and
    /// then. What this body counts happened in that time too. A pause of any other target is one of its traffic.
    private func repeatedSeconds(before reading: TargetReading, _ target: Int) -> Double {
        guard let pause = reading.freshness.pauseSeconds, pause > 0 else { return 0 }
        return min(pause, targets[target].silence.longestRepeatSeconds)
    }

    /// Rules that compare the pools leave out everything until now: the canary's share of the traffic is another.
    mutating func startComparisonsOver() { window.startComparisonsOver() }

    /// Starts to count again.
    mutating func begin(_ fresh: PoolWindow) {
        let before = window
        window = fresh
        window.keepLastRates(of: before)
        for index in targets.indices {
            targets[index].lastRow = nil
            targets[index].lastBodyUptimeMs = nil
            targets[index].silence = TargetSilence()
            targets[index].warmUp = WarmUp()
        }
    }

    private mutating func note(
        _ reading: TargetReading, warnings: [String], target: Int, ownRequests: Double, isBeforeSilence: Bool
    ) {
        targets[target].isUp = true
        targets[target].error = nil
        targets[target].samples = reading.samples
        if !reading.isAmbiguous { targets[target].tally.take(reading) }
        targets[target].warnings = warnings
        targets[target].isAmbiguous = reading.isAmbiguous
        targets[target].hasNegative = reading.notes.contains(.negativeCounter)
        targets[target].hasRequests = reading.matches.requests > 0
        targets[target].isShown = reading.matches.presence > 0
        if reading.matches.requests > 0 { targets[target].hadRequests = true }
        targets[target].isWithholding = window.isWithheld(reading)
        window.noteWithheld(targets[target].isWithholding, target: target)
        if let requests = reading.requests, let seconds = reading.coveredSeconds, !isBeforeSilence {
            // A late answer and the present one may come in the same cycle.
            let before = targets[target].cycleRequests.map { ($0, targets[target].cycleSeconds ?? 0) } ?? (0, 0)
            targets[target].cycleRequests = before.0 + max(0, requests - ownRequests)
            targets[target].cycleSeconds = before.1 + seconds
        }
        if !isBeforeSilence {
            targets[target].silence.take(reading, ownRequests: ownRequests, countsAbsence: knowsRequests)
        }
        if case .summary(let summary) = reading.latency { targets[target].summary = summary }
    }

    /// Ends a cycle. A target that did not report in it is down: the deadline passed.
    ///
    /// - Parameter allowsLate: the cycle did not wait for all; one whose answer may still come is as it was, but
    ///   reports nothing.
    mutating func closeCycle(atMs now: Int64, allowsLate: Bool = false) {
        for index in targets.indices {
            targets[index].isAwaited = allowsLate && !targets[index].isPunctual && targets[index].missedCycles == 0
        }
        for index in targets.indices where !targets[index].isFresh {
            targets[index].missedCycles += 1
            if targets[index].isAwaited || targets[index].isNew { continue }
            targets[index].silence.fail(isUnreachable: false)
            targets[index].isUp = false
            targets[index].error = "no answer before the cycle's deadline"
            targets[index].summary = nil
        }
        window.closeRow(atMs: now)
        if targets.contains(where: \.hadRequests) { knowsRequests = true }
        (presentCycles, absentCycles) = healthyTargets > 0 ? (presentCycles + 1, 0) : (0, absentCycles + 1)
        let hasReported = targets.contains { $0.cycleRequests != nil }
        unreportedCycles = healthyTargets > 0 && !hasReported ? unreportedCycles + 1 : 0
    }

    /// Its requests are about to be reported: what is known of it now says nothing. Bounded, because targets whose
    /// scrape bodies prove nothing may stay so.
    var isAboutToReport: Bool { (1...PoolState.longestWithholdingCycles).contains(unreportedCycles) }

    /// A base, a jump, and its two confirmations.
    private static let longestWithholdingCycles = 4

    /// Makes ready for the next cycle's reports.
    mutating func openCycle() {
        for index in targets.indices {
            (targets[index].isFresh, targets[index].isPunctual, targets[index].isNew) = (false, false, false)
            targets[index].replacesAnother = false
            (targets[index].cycleRequests, targets[index].cycleSeconds) = (nil, nil)
        }
        dropIncrements()
    }

    /// When the counts of the running cycle began to come about, by the scrape body that reaches back furthest; nil
    /// without counts.
    var countsBeganUptimeMs: Int64? {
        targets.compactMap { target in
            guard let seconds = target.cycleSeconds, let bodyUptimeMs = target.lastBodyUptimeMs else { return nil }
            return bodyUptimeMs - Int64(min(seconds, 1e9) * 1_000)
        }.min()
    }

    /// The same of scrape bodies that cover more than that: they report what earlier bodies withheld.
    func heldCountsBeganUptimeMs(over seconds: Double) -> Int64? {
        targets.filter { $0.cycleSeconds ?? 0 > seconds }.compactMap { target in
            target.lastBodyUptimeMs.map { $0 - Int64(min(target.cycleSeconds ?? 0, 1e9) * 1_000) }
        }.min()
    }

    /// What the targets that answered in this cycle counted: requests, errors and latencies, or what an indicator of the
    /// release's own is made from.
    func increments(of own: OwnIndicator?) -> [InstanceIncrements] {
        targets.flatMap { target in
            target.increments.map { one in own.map { one.counts(of: $0) } ?? one.requests }
        }
    }

    mutating func dropIncrements() {
        for index in targets.indices { targets[index].increments = [] }
    }

    /// The pool's requests per second in the cycle that just ended, over the targets whose counts are known; nil when
    /// none are. A lower bound while ``withholdingTargets`` is above 0.
    var cycleRequestRate: Double? {
        var rate = 0.0
        var hasRate = false
        for target in targets {
            guard let requests = target.cycleRequests, let seconds = target.cycleSeconds, seconds > 0 else { continue }
            rate += requests / seconds
            hasRate = true
        }
        return hasRate ? rate : nil
    }

    /// The worst instance's value of a summary's quantile, because quantiles cannot be added up. A negative latency is
    /// no value.
    func worstSummary(_ quantile: Double) -> Double? {
        var worst: Double?
        for target in targets where target.isUp == true {
            guard let summary = target.summary else { continue }
            guard let index = summary.quantiles.firstIndex(where: { abs($0 - quantile) < 1e-9 }) else { continue }
            guard summary.seconds[index] >= 0 else { continue }
            worst = max(worst ?? summary.seconds[index], summary.seconds[index])
        }
        return worst
    }

    var hasSummaries: Bool { targets.contains { $0.summary != nil } }

    /// The quantiles that the targets' summaries have values for, rising; nil while no target has a summary.
    var summaryQuantiles: [Double]? {
        let summaries = targets.compactMap(\.summary)
        guard !summaries.isEmpty else { return nil }
        return summaries.flatMap(\.quantiles).sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}

// MARK: - Another configuration

extension PoolState {
    /// The running cycle does not ask the targets.
    mutating func markNew() { for index in targets.indices { targets[index].isNew = true } }

    /// Takes over other targets and windows. What the targets that stay have reported is kept.
    mutating func adopt(_ next: PoolPlan, from old: PoolPlan, windowsMs: [Int64], shortestCycleMs: Int64? = nil) {
        version = next.version
        let known = Dictionary(
            old.targets.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(old.targets.map(\.instance))
        let places = next.targets.map { known[$0] }
        targets = zip(next.targets, places).map { target, place in
            if let place { return targets[place] }
            var new = Target(target)
            (new.isNew, new.replacesAnother) = (true, names.contains(target.instance))
            return new
        }
        window.adopt(windowsMs: windowsMs, shortestCycleMs: shortestCycleMs, places: places)
    }
}

extension TargetReading {
    /// A negative counter adds nothing to the counts, so a scrape body with one and without any request reports nothing
    /// of its requests: they are unknown, not 0. Nil where nothing is doubtful.
    fileprivate var withoutDoubtfulZero: TargetReading? {
        guard requests == 0, notes.contains(.negativeCounter) else { return nil }
        var reading = self
        (reading.requests, reading.errors) = (nil, nil)
        return reading
    }
}

extension ScrapeReport {
    /// When the counts of a server's samples began; nil for a scrape, and for a reading without counts.
    fileprivate func countsSinceUptimeMs(_ reading: TargetReading) -> Int64? {
        guard let origin, !origin.isFallback, let sampled = sampledUptimeMs,
            let seconds = reading.requests == nil
                ? reading.absentSeconds ?? reading.coveredSeconds : reading.coveredSeconds
        else { return nil }
        return sampled.lowerBound - Int64(min(seconds, 1e9) * 1_000)
    }
}
