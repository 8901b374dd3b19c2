import Model

/// One release as the kernel knows it: what its pools count, what its rules say, what its router shows, and the rollback that
/// is open or latched.
///
/// It joins its parts: ``RuleEngine`` judges, ``RouterPoll`` keeps what the router shows, ``RollbackProcess`` takes the canary
/// out, ``DriftGuard`` keeps it out. The parts know nothing of each other.
struct Release: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        case idle
        case watching
        case rollingBack
        /// Latched.
        case rolledBack
        case promoted

        var text: String {
            switch self {
            case .idle: "idle"
            case .watching: "watching"
            case .rollingBack: "rolling back"
            case .rolledBack: "rolled back"
            case .promoted: "promoted"
            }
        }
    }

    var plan: ReleasePlan
    var phase = Phase.idle
    var sinceWallMs: Int64
    /// Since when this process watches the canary with its share; nil while nothing is watched. Processes that started
    /// after it count from zero.
    var watchedSinceUptimeMs: Int64?
    var pools: PoolPair
    var rules: RuleEngine
    var poll: RouterPoll
    /// The incident that is open, or the one whose latch holds.
    var rollback: RollbackProcess?
    var driftGuard = DriftGuard()
    var denseScrapes: DenseScrapes
    var history = IncidentHistory()
    /// Why a wanted rollback is not done; nil when none is wanted.
    var heldReason: String?
    /// After a hold nothing is moved until a whole window has passed without the baseline's trouble.
    var heldUntilUptimeMs: Int64?
    /// One sentence for `status`.
    var explanation = "waiting for the first poll of the router"
    var cycles = 0
    var lastCycleUptimeMs: Int64?
    /// When the first scrape of the running cycle, and of the cycle before, may have been answered; nil before the first.
    var firstSampleUptimeMs: Int64?
    var firstSampleBeforeUptimeMs: Int64?
    /// In the last cycle that counted requests the canary had more of them than `proof.below` allows.
    var isCanaryServing = false
    /// One sentence for each entry that the replay had to skip, at most 10.
    var unreadableEntries: [String] = []

    init(plan: ReleasePlan, at now: Moment) {
        self.plan = plan
        sinceWallMs = now.wallMs
        pools = PoolPair(plan, at: now)
        rules = RuleEngine(plan: plan)
        poll = RouterPoll(nextUptimeMs: now.uptimeMs)
        denseScrapes = DenseScrapes(intervalMs: plan.scrape.intervalMs)
    }

    var name: String { plan.name }

    /// What a rollback has to know.
    var facts: ReleaseFacts {
        ReleaseFacts(
            plan: plan, baseline: pools.baseline, canary: pools.canary, observations: poll.observations,
            lastCycleUptimeMs: lastCycleUptimeMs)
    }

    var nextWakeUptimeMs: Int64? {
        phase == .rollingBack ? rollback?.wakeUptimeMs(plan: plan) : poll.wakeUptimeMs
    }

    var incidents: [Incident] { history.incidents + (rollback.map { [$0.incident] } ?? []) }

    // MARK: What it says

    mutating func explain(_ text: String) { explanation = text }

    func notification(
        _ event: Notification.Event, sequence: UInt64, at now: Moment, summary: String, alert: AlertRecord? = nil,
        isDryRun: Bool
    ) -> Notification {
        // A rollback that was not begun belongs to no incident.
        let isWanted = event == .rollbackHeld && phase == .watching
        let isOfRouter = event == .routerUnusable || event == .routerRecovered
        let isOfAlert = event == .alertFiring || event == .alertResolved
        let incident = isOfAlert || isWanted || isOfRouter ? nil : rollback?.incident
        return Notification(
            event, of: incident, plan: plan, share: poll.share, sequence: sequence, summary: summary, alert: alert,
            at: now, isDryRun: isDryRun)
    }
}

/// Incidents that are over, oldest first, bounded.
struct IncidentHistory: Sendable, Equatable {
    private(set) var incidents: [Incident] = []

    mutating func remember(_ closed: Incident) {
        if incidents.count >= 100 { incidents.removeFirst() }
        incidents.append(closed)
    }
}
