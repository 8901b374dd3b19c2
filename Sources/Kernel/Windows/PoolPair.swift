import Model
import Telemetry

/// The two pools of a release, read and windowed alike.
struct PoolPair: Sendable, Equatable {
    var baseline: PoolState
    var canary: PoolState

    init(_ plan: ReleasePlan, at now: Moment) {
        func pool(_ pool: PoolPlan) -> PoolState {
            PoolState(
                plan: pool, window: PoolPair.freshWindow(plan, targets: pool.targets.count, at: now),
                isCompared: plan.asksForProof, warmUpMs: plan.warmUpMs)
        }
        (baseline, canary) = (pool(plan.baseline), pool(plan.canary))
    }

    private static func freshWindow(_ plan: ReleasePlan, targets: Int, at now: Moment) -> PoolWindow {
        PoolWindow(
            windowsMs: plan.windowsMs, intervalMs: plan.scrape.intervalMs, shortestCycleMs: plan.shortestCycleMs,
            beganAtMs: now.uptimeMs, targets: targets, signals: plan.indicators.signals)
    }

    mutating func take(_ report: ScrapeReport, at now: Moment) {
        switch report.pool {
        case .baseline: baseline.take(report, at: now)
        case .canary: canary.take(report, at: now)
        }
    }

    // MARK: Cycles

    mutating func closeCycle(atMs now: Int64, allowsLate: Bool) {
        baseline.closeCycle(atMs: now, allowsLate: allowsLate)
        canary.closeCycle(atMs: now, allowsLate: allowsLate)
    }

    /// The baseline always has traffic.
    mutating func noteTraffic(mayReachCanary: Bool) {
        baseline.noteTraffic()
        if mayReachCanary { canary.noteTraffic() } else { canary.noteNoTraffic() }
    }

    mutating func openCycle() {
        baseline.openCycle()
        canary.openCycle()
    }

    mutating func startComparisonsOver() {
        baseline.startComparisonsOver()
        canary.startComparisonsOver()
    }

    /// When the counts of the running cycle began to come about, by the scrape body that reaches back furthest; nil without counts.
    var countsBeganUptimeMs: Int64? {
        [baseline.countsBeganUptimeMs, canary.countsBeganUptimeMs].compactMap { $0 }.min()
    }

    /// The same of scrape bodies that cover more than so many seconds: they bring what earlier ones withheld.
    private func heldCountsBeganUptimeMs(over seconds: Double) -> Int64? {
        [baseline.heldCountsBeganUptimeMs(over: seconds), canary.heldCountsBeganUptimeMs(over: seconds)]
            .compactMap { $0 }.min()
    }

    /// A scrape reports what earlier scrapes withheld, of a time before this release was watched: another version may
    /// have served then. That a cycle's own length reaches back is usual.
    ///
    /// - Parameter since: since when the release has been watched; nil while it is not.
    func reachBackBefore(watchedSinceUptimeMs since: Int64?, intervalMs: Int64) -> Bool {
        guard let since else { return false }
        let began = heldCountsBeganUptimeMs(over: Double(intervalMs) * 1.5 / 1_000)
        return began.map { $0 < since } ?? false
    }

    /// How long the slowest answer of the last complete cycle took, milliseconds.
    var slowestAnswerMs: Int64 { max(baseline.slowestAnswerMs, canary.slowestAnswerMs) }

    // MARK: Releases and plans

    /// A release begins: its windows have nothing of the time before.
    mutating func begin(_ plan: ReleasePlan, at now: Moment) {
        baseline.begin(PoolPair.freshWindow(plan, targets: baseline.targets.count, at: now))
        canary.begin(PoolPair.freshWindow(plan, targets: canary.targets.count, at: now))
        baseline.dropIncrements()
        canary.dropIncrements()
    }

    /// Nothing that was counted holds under the plan; the running cycle asked the targets of before.
    mutating func startOver(_ plan: ReleasePlan, at now: Moment) {
        self = PoolPair(plan, at: now)
        baseline.markNew()
        canary.markNew()
    }

    /// Targets and windows of another plan that counts the same; what the targets that stay have reported is kept.
    mutating func adopt(_ next: ReleasePlan, from old: ReleasePlan) {
        let shortestMs = next.shortestCycleMs
        baseline.adopt(next.baseline, from: old.baseline, windowsMs: next.windowsMs, shortestCycleMs: shortestMs)
        canary.adopt(next.canary, from: old.canary, windowsMs: next.windowsMs, shortestCycleMs: shortestMs)
        (baseline.isCompared, canary.isCompared) = (next.asksForProof, next.asksForProof)
        (baseline.warmUpMs, canary.warmUpMs) = (next.warmUpMs, next.warmUpMs)
    }

    /// The canary is another version, on targets of its own; what the baseline counts is kept.
    mutating func replaceCanary(_ next: ReleasePlan, from old: ReleasePlan, at now: Moment) {
        let fresh = PoolPair(next, at: now)
        baseline.adopt(
            next.baseline, from: old.baseline, windowsMs: next.windowsMs, shortestCycleMs: next.shortestCycleMs)
        (baseline.isCompared, baseline.warmUpMs) = (next.asksForProof, next.warmUpMs)
        canary = fresh.canary
        canary.markNew()
    }

    /// Targets of the canary that have served and that the next plan does not name.
    func servingTargets(of old: PoolPlan, missingIn next: PoolPlan) -> [String] {
        zip(old.targets, canary.targets).filter { target, state in
            state.silence.hasServed && !next.targets.contains { $0.instance == target.instance }
        }.map(\.1.instance)
    }
}

extension ReleasePlan {
    /// Of a release in steps. Without steps nothing is left out.
    fileprivate var warmUpMs: Int64 { rollout?.warmupMs ?? 0 }

    /// The window that is "now" where no rule asks for one.
    private static let defaultWindowMs: Int64 = 60_000

    /// Between the begins of two cycles at the least, see ``DenseScrapes``.
    fileprivate var shortestCycleMs: Int64 {
        asksForProof ? DenseScrapes.shortestCycleMs(intervalMs: scrape.intervalMs) : scrape.intervalMs
    }

    /// The window of what is shown.
    var shownWindowMs: Int64 { rules.map(\.windowMs).min() ?? ReleasePlan.defaultWindowMs }

    /// Every window that the plan asks for.
    fileprivate var windowsMs: [Int64] {
        let ruleWindows = rules.map(\.windowMs)
        return (ruleWindows.isEmpty ? [ReleasePlan.defaultWindowMs] : ruleWindows)
            + [drainWindowMs].compactMap { $0 }
    }

    /// Whether counts taken under one plan mean the same under the other. Targets and windows may differ.
    func countsTheSame(as other: ReleasePlan) -> Bool {
        countsTheBaselineTheSame(as: other) && canary.withoutTargets == other.canary.withoutTargets
    }

    /// The same of the baseline alone: the canary may be another version.
    func countsTheBaselineTheSame(as other: ReleasePlan) -> Bool {
        baseline.withoutTargets == other.baseline.withoutTargets && indicators == other.indicators
            && scrape.intervalMs == other.scrape.intervalMs
    }
}

extension PoolPlan {
    fileprivate var withoutTargets: PoolPlan {
        var pool = self
        (pool.targets, pool.select) = ([], SeriesMatchers())
        return pool
    }
}
