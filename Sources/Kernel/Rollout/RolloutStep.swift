import Model

/// What a rollout has to know of its release, as it is in this step of the kernel.
struct RolloutFacts: Sendable {
    /// With the present roles and versions.
    let plan: ReleasePlan
    let baseline: PoolState
    let canary: PoolState
    /// What the router last showed.
    let observations: [RouterObservation]
    let phase: ReleasePhase
    /// Why a rollback is wanted and not done; nil when none is wanted.
    let heldReason: String?
    /// A rule with the action `rollback` fires, whether or not something holds it back.
    let isRollbackWanted: Bool
    /// What each rule said in the last cycle, in the order of the plan; nil before its first evaluation.
    let verdicts: [Verdict?]
    let rules: [RulePlan]
    /// What the present step has shown by its own counts; nil while no step asks for it.
    let evidence: StepEvidenceState?
    /// The split that the router's requests show is off the one that it reports; nil while they agree.
    let shareProblem: String?
    /// Cycles of this process.
    let cycles: Int
    /// Whether the canary fits the schema; nil without a gate.
    var schemaOfCanary: SchemaAnswer?
    /// What the plan of the rollout says.
    var road = RoadFacts()
    /// The other replicas have everything of the release; true for one daemon alone.
    var isHandedOver = true

    var rollout: RolloutPlan? { plan.rollout }

    /// As far as the last scrapes and the last poll of the router report.
    var isBaselineThere: Bool { baseline.healthyTargets > 0 && !observations.sayBaselineIsAway }

    func verdict(ofRule name: String) -> Verdict? {
        rules.firstIndex { $0.name == name }.flatMap { verdicts.indices.contains($0) ? verdicts[$0] : nil }
    }

    func window(ofRule name: String) -> Int64? { rules.first { $0.name == name }?.windowMs }
}

/// One step of the kernel in which a rollout works: what it sees, and what it wants done.
struct RolloutStep {
    /// What the release has to do after the rollout's own part of the step.
    enum Command: Equatable {
        case explain(String)
        /// Take the canary out.
        case rollback(RolloutTrigger)
        /// The places have other versions, or other roles.
        case adopt(DeploymentRecord)
        /// The canary has everything, for good: the release is over. Comes before `adopt`.
        case promoted
        /// The canary was taken out by another client.
        case withdrawn
        /// What the release was latched or promoted with is history.
        case freshStart
        /// Evidence that begins now, for a gate that has to exclude this ratio with this error.
        /// - floor: canary error rates below it are good enough.
        case beginEvidence(ratio: Double, error: Double, floor: Double)
        case endEvidence
        /// A new share is in force: what both pools counted before it is not compared with what they count under it.
        case startComparisonsOver
        /// A step for test users is in force: the canary is watched although it has no share.
        case watchWithoutShare
        case pollRouter
    }

    let facts: RolloutFacts
    var context: StepContext
    private(set) var commands: [Command] = []

    init(facts: RolloutFacts, context: StepContext) {
        self.facts = facts
        self.context = context
    }

    var plan: ReleasePlan { facts.plan }
    var name: String { facts.plan.name }
    var now: Moment { context.now }

    /// Of a part of a unit, when it is called: 0 first.
    var rank: Int { plan.part?.rank ?? 0 }

    mutating func want(_ command: Command) { commands.append(command) }

    mutating func log(_ level: LogLine.Level, _ text: String) { context.log(level, name, text) }

    /// A call of its own number, which ends by itself: forward calls are one try without repetition.
    mutating func apply(basisPoints: Int) -> RouterCall {
        let timeoutMs = context.timeoutWithinLease(plan.rollback.callTimeoutMs, of: name)
        let call = RouterCall(number: context.newCall(), expiresUptimeMs: now.uptimeMs + timeoutMs + 500)
        context.emit(
            .applySplit(
                release: name, call: call.number, split: Split(canaryBasisPoints: basisPoints), timeoutMs: timeoutMs,
                via: .primary))
        return call
    }

    /// What orders call the release: the name of its unit, where it is a part of one.
    var orderName: String { plan.orderName }

    /// Opens or closes the route for test users; one try, answered like a change of the share.
    mutating func force(isOpen: Bool) -> RouterCall {
        let timeoutMs = plan.rollback.callTimeoutMs
        let call = RouterCall(number: context.newCall(), expiresUptimeMs: now.uptimeMs + timeoutMs + 500)
        context.emit(.forceRoute(release: name, call: call.number, isOpen: isOpen, timeoutMs: timeoutMs))
        return call
    }

    /// Writes an event of a rollout, with its notification; what all parts of a unit do together is reported once.
    ///
    /// - Parameter ordinal: which event of its kind it is in the rollout's history.
    mutating func record(
        _ event: RolloutEvent, of id: String, version: VersionIdentity, ordinal: Int = 1
    ) -> JournalEntry {
        let entry = context.record(.rollout(id: id, event), release: name, incident: id)
        guard let announcement = event.announcement else { return entry }
        var notification = Notification(
            sequence: entry.sequence, event: announcement, atWallMs: now.wallMs, release: orderName,
            baselineVersion: plan.baseline.version, canaryVersion: version.version,
            summary: "\(event.isOfUnit ? orderName : name): \(event.text)", isDryRun: context.isDryRun)
        notification.rollout = id
        notification.splitBefore = facts.observations.canaryShare.map { Split(canaryBasisPoints: $0) }
        if plan.part == nil || !context.hasNotified(of: notification) {
            context.notify(notification, ordinal: ordinal)
        }
        return entry
    }
}
