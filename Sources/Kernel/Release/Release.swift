import Model

/// One release as the kernel knows it: what its pools count, what its rules say, what its router shows, and the rollback that
/// is open or latched.
///
/// It joins its parts: ``RuleEngine`` judges, ``RouterPoll`` keeps what the router shows, ``RollbackProcess`` takes the canary
/// out, ``DriftGuard`` keeps it out. The parts know nothing of each other.
struct Release: Sendable, Equatable {
    /// As it is configured.
    var configured: ReleasePlan
    /// The same with the versions and the roles that its places have at present.
    var plan: ReleasePlan
    var phase = ReleasePhase.idle
    var sinceWallMs: Int64
    /// Since when this process watches the canary with its share; nil while nothing is watched. Processes that started
    /// after it count from zero.
    var watchedSinceUptimeMs: Int64?
    /// What the sources of targets list; nil before their first answer, and for a release that lists its targets itself.
    var lists: TargetLists?
    /// The canary has targets that the sources may not list any more, until a rollback is closed.
    var isCanaryKept = false
    var targetHealth = TargetHealth()
    /// The targets that the statistical comparison began with.
    var comparedTargets: ComparedTargets
    var pools: PoolPair
    var rules: RuleEngine
    var poll: RouterPoll
    /// The incident that is open, or the one whose latch holds.
    var rollback: RollbackProcess?
    /// The plan of that incident, until it has ended.
    var procedure: ProcedureProcess?
    /// The plan of the newest way forward; kept when it has ended, because a rollback undoes it.
    var forward: ForwardProcedure?
    /// The same at work, until it has ended.
    var forwardProcess: ProcedureProcess?
    /// A call of it that was under way when it began to be undone, and whose answer has not come.
    var openForwardCalls: [Int] = []
    /// The process before may have had such a call.
    var isForwardCallLost = false
    var stepWatch = StepWatch()
    /// The companions of that incident, until nothing of them is open.
    var group: GroupProcess?
    /// It is kept for the rollback of another member of its group.
    var promise: GroupPromise?
    var driftGuard = DriftGuard()
    var schema = SchemaWatch()
    var denseScrapes: DenseScrapes
    var history = IncidentHistory()
    var rollouts: RolloutLead
    /// Of a release with `share_from: centre`.
    var centreShare = CentreShare()
    /// Of the newest rollback that the leader of several replicas knew, see `ReplicaIncident`; 0 for one daemon alone.
    var leaderOrdinal: UInt64 = 0
    /// The highest ordinal among the rollbacks that other replicas have announced: a new one gets a higher one, so that all
    /// replicas give it the same name.
    var announcedOrdinal: UInt64 = 0
    /// The other replicas had everything of it when its last cycle ended; true for one daemon alone.
    var isHandedOver = true
    /// An operator has ordered a rollback while one was open already: the last such order to the open one.
    var orderedAgain: IntentRecord.Trigger?
    /// A reload has named it again, and no leader has said anything of it since. It is older here than elsewhere, perhaps.
    var isBack = false
    /// One of several replicas has it by a reload, and has done nothing with it since: what another one has handed over is
    /// newer, also where this one leads.
    var hasJustCome = false
    /// The present step of the leader's rollout, as this replica sees it.
    var stepWitness = StepWitness()
    /// How the firings of its rules are counted among replicas.
    var alertEpochs = AlertEpochs()
    /// Why a wanted rollback is not done; nil when none is wanted.
    var heldReason: String?
    /// After a hold nothing is moved until a whole window has passed without the baseline's trouble.
    var heldUntilUptimeMs: Int64?
    /// One sentence for `status`.
    var explanation = "waiting for the first poll of the router"
    var cycles = 0
    var times = CycleTimes()
    /// In the last cycle that counted requests the canary had more of them than `proof.below` allows.
    var isCanaryServing = false
    /// One sentence for each entry that the replay had to skip, at most 10.
    var unreadableEntries: [String] = []

    /// - Parameter deployment: as the journal has it; nil for what is configured.
    init(plan configured: ReleasePlan, deployment: DeploymentRecord? = nil, at now: Moment) {
        self.configured = configured
        rollouts = RolloutLead(deployment: deployment ?? configured.configuredDeployment)
        let plan = configured.assigned(rollouts.deployment)
        self.plan = plan
        sinceWallMs = now.wallMs
        pools = PoolPair(plan, at: now)
        comparedTargets = ComparedTargets(plan)
        rules = RuleEngine(plan: plan)
        poll = RouterPoll(nextUptimeMs: now.uptimeMs)
        denseScrapes = DenseScrapes(intervalMs: plan.scrape.intervalMs)
    }

    var name: String { plan.name }

    /// What a rollback has to know.
    var facts: ReleaseFacts {
        ReleaseFacts(
            plan: plan, baseline: pools.baseline, canary: pools.canary, observations: poll.observations,
            lastCycleUptimeMs: times.lastEndUptimeMs)
    }

    var nextWakeUptimeMs: Int64? {
        let wake = phase == .rollingBack ? rollback?.wakeUptimeMs(plan: plan) : poll.wakeUptimeMs
        return [
            wake, procedure?.wakeUptimeMs, forwardProcess?.wakeUptimeMs, group?.wakeUptimeMs, centreShare.wakeUptimeMs,
        ].compactMap { $0 }.min()
    }

    var incidents: [Incident] { history.incidents + (rollback.map { [$0.incident] } ?? []) }

    mutating func explain(_ text: String) { explanation = text }

    var notices: ReleaseNotices { ReleaseNotices(plan: plan, share: poll.share) }

    mutating func report(_ outcomes: [RuleOutcome], _ context: inout StepContext) {
        if !outcomes.isEmpty { notices.report(counted(outcomes, context), &context) }
    }

    /// Makes room for another incident: the present one becomes history.
    ///
    /// - Parameter keepsPlan: see ``endPlanOfThePast(_:)``.
    mutating func retireRollback(keepsPlan: Bool = false) {
        guard var old = rollback?.incident else { return }
        old.retire(keepingPlan: keepsPlan)
        history.remember(old)
        (rollback, procedure, orderedAgain) = (nil, nil, nil)
    }
}
