import Model

/// One release as the kernel knows it. Its life is in `ReleaseState+Life.swift`, the rules in `+Cycle`, the rollback in
/// `+Rollback`, the restart in `+Replay`.
struct ReleaseState: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        case idle
        case watching
        case rollingBack
        /// Latched.
        case rolledBack
        case promoted
    }

    /// What the router last said, and when it is asked again.
    struct Watch: Sendable, Equatable {
        var observations: [RouterObservation] = []
        var call: Rollback.Call?
        var nextUptimeMs: Int64
    }

    var plan: ReleasePlan
    var phase = Phase.idle
    var sinceWallMs: Int64
    /// Since when this process watches the canary with its share; nil while nothing is watched. Processes that started
    /// after it count from zero.
    var watchedSinceUptimeMs: Int64?
    var baseline: PoolState
    var canary: PoolState
    var alerts: [AlertState]
    /// What was told when a firing alert fired, per rule; survives a restart.
    var firingRecords: [AlertRecord?]
    var evaluations: [RuleEvaluation?]
    /// Pending alerts as last written to the journal.
    var recordedPending: [PendingAlert] = []
    /// Since the process began, or the rules changed.
    var verdictCounts: [VerdictCounts]
    var measures: RuleMeasures
    var lastEvaluationWallMs: Int64?
    /// The incident that is open, or the one whose latch holds.
    var rollback: Rollback?
    /// Older incidents, oldest first, bounded.
    private(set) var past: [Incident] = []
    var watch: Watch
    var shareHistory = ShareHistory()
    /// When the first scrape of the running cycle, and of the cycle before, may have been answered; nil before the first.
    var firstSampleUptimeMs: Int64?
    var firstSampleBeforeUptimeMs: Int64?
    var routerHealth = RouterHealth()
    /// In the last cycle that counted requests the canary had more of them than `proof.below` allows.
    var isCanaryServing = false
    var regression: RegressionWatch
    /// Why a wanted rollback is not done; nil when none is wanted.
    var heldReason: String?
    /// After a hold nothing is moved until a whole window has passed without the baseline's trouble.
    var heldUntilUptimeMs: Int64?
    /// While the journal is replayed: the entries belong to other versions than the plan's.
    var isReplayingOthers = false
    /// One sentence for each entry that the replay had to skip, at most 10.
    var unreadableEntries: [String] = []
    var explanation = "waiting for the first look at the router"
    var cycles = 0
    var lastCycleUptimeMs: Int64?
    /// Requests of a canary that should have none.
    var stray = StrayTraffic()

    init(plan: ReleasePlan, at now: Moment) {
        self.plan = plan
        sinceWallMs = now.wallMs
        (baseline, canary) = ReleaseState.freshPools(plan, at: now)
        alerts = plan.rules.map { _ in AlertState() }
        firingRecords = plan.rules.map { _ in nil }
        evaluations = plan.rules.map { _ in nil }
        verdictCounts = plan.rules.map { _ in VerdictCounts() }
        measures = RuleMeasures(rules: plan.rules)
        watch = Watch(nextUptimeMs: now.uptimeMs)
        regression = RegressionWatch(plan: plan)
    }

    var name: String { plan.name }

    /// The window that stands for "now" where no rule asks for one.
    static let defaultWindowMs: Int64 = 60_000

    var shownWindowMs: Int64 { plan.rules.map(\.windowMs).min() ?? ReleaseState.defaultWindowMs }

    static func freshPools(_ plan: ReleasePlan, at now: Moment) -> (baseline: PoolState, canary: PoolState) {
        func pool(_ pool: PoolPlan) -> PoolState {
            PoolState(
                plan: pool, window: freshWindow(plan, targets: pool.targets.count, at: now),
                isCompared: plan.asksForProof)
        }
        return (pool(plan.baseline), pool(plan.canary))
    }

    static func freshWindow(_ plan: ReleasePlan, targets: Int, at now: Moment) -> PoolWindow {
        PoolWindow(
            windowsMs: windowsMs(of: plan), intervalMs: plan.scrape.intervalMs, beganAtMs: now.uptimeMs,
            targets: targets, signals: plan.indicators.signals)
    }

    /// Every window that the plan asks for.
    static func windowsMs(of plan: ReleasePlan) -> [Int64] {
        let ruleWindows = plan.rules.map(\.windowMs)
        return (ruleWindows.isEmpty ? [defaultWindowMs] : ruleWindows) + [plan.drainWindowMs].compactMap { $0 }
    }

    /// The canary's share, basis points, as the last poll showed it; nil while it is not known.
    var observedShare: Int? { ReleaseState.share(in: watch.observations) }

    /// The largest share of all instances, because one instance that sends traffic is enough. A share of 0 is known
    /// only when every instance was read: the share of an instance that cannot be read is unknown, not 0.
    ///
    /// - Returns: basis points, or nil when the share is not known.
    static func share(in observations: [RouterObservation]) -> Int? {
        let largest = observations.compactMap(\.canaryBasisPoints).max()
        let isEveryOneRead = observations.allSatisfy { $0.canaryBasisPoints != nil }
        return largest == 0 && !isEveryOneRead ? nil : largest
    }

    /// Every instance can be read and shows that the canary gets nothing.
    static func showsNothing(_ observations: [RouterObservation]) -> Bool {
        observations.showNothing
    }

    /// Every instance can be read and shows that the canary gets everything.
    static func showsEverything(_ observations: [RouterObservation]) -> Bool {
        !observations.isEmpty && observations.allSatisfy { $0.canaryBasisPoints == 10_000 }
    }

    /// A router without a read-back: only the traffic can tell.
    static func isUnreadable(_ observations: [RouterObservation]) -> Bool {
        observations.areUnreadable
    }

    var nextWakeUptimeMs: Int64? {
        if phase == .rollingBack {
            return [rollback?.nextWakeUptimeMs, fallbackDueUptimeMs].compactMap { $0 }.min()
        }
        return watch.call?.expiresUptimeMs ?? watch.nextUptimeMs
    }

    /// Makes room for another incident: the present one becomes history.
    mutating func retireRollback() {
        guard var old = rollback else { return }
        old.incident.retire()
        remember(old.incident)
        rollback = nil
    }

    /// Adds a closed incident to the bounded history.
    mutating func remember(_ closed: Incident) {
        if past.count >= 100 { past.removeFirst() }
        past.append(closed)
    }

    /// Writes an entry of the incident and applies it, so that the incident in memory is what the journal says.
    ///
    /// - Returns: the entry's sequence.
    @discardableResult
    mutating func write(_ event: JournalEvent, _ context: inout StepContext) -> UInt64 {
        let entry = context.record(event, release: name, incident: rollback?.id)
        rollback?.incident.apply(entry)
        return entry.sequence
    }

    /// Sentences for `status`.
    mutating func explain(_ text: String) { explanation = text }

    func notification(
        _ event: Notification.Event, sequence: UInt64, at now: Moment, summary: String, alert: AlertRecord? = nil,
        isDryRun: Bool
    ) -> Notification {
        // A rollback that was not begun belongs to no incident.
        let isWanted = event == .rollbackHeld && phase == .watching
        let isOfRouter = event == .routerUnusable || event == .routerRecovered
        let isRollback =
            rollback != nil && event != .alertFiring && event != .alertResolved && !isWanted && !isOfRouter
        let incident = isRollback ? rollback?.incident : nil
        return Notification(
            sequence: sequence, event: event, atWallMs: now.wallMs, release: name,
            baselineVersion: plan.baseline.version, canaryVersion: plan.canary.version, incident: incident?.id,
            summary: summary, alert: alert ?? incident?.alert,
            splitBefore: incident?.intent.splitBefore ?? observedShare.map { Split(canaryBasisPoints: $0) },
            splitAfter: incident?.intent.splitWanted, isDryRun: isDryRun, timeline: incident?.timeline ?? [])
    }
}
