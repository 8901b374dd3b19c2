import Model

/// The present step as a replica sees it that does not lead: it watches the same targets, so when it leads next it continues
/// with what it has counted itself.
///
/// It never claims more than the leader did: what the leader has handed over is an upper limit of the step's time and requests,
/// and the step's evidence is this replica's own, begun after that of the leader.
struct StepWitness: Sendable, Equatable {
    /// A step at one of its tries.
    private struct Key: Sendable, Equatable {
        let rollout: String
        let step: Int
        let state: Rollout.State
        /// How often a share of the rollout has come into force: the clock of a step that comes back starts over.
        let arrivals: Int

        /// Nil where no clock of a step runs.
        init?(_ rollout: Rollout) {
            guard rollout.state == .standing || rollout.state == .baking, !rollout.isHalted(.hand) else { return nil }
            (self.rollout, step, state) = (rollout.id, rollout.step, rollout.state)
            arrivals = rollout.history.count { $0.event == "step_standing" }
        }
    }

    /// A clock that the leader shows so far behind this one was restarted there.
    private static let restartedMs: Int64 = 10_000

    private var key: Key?
    private var clock: StepClock?
    /// Of the newest document.
    private var handed: HandedStep?

    init() {}

    /// What the leader itself has seen of the step, when it ceases to lead.
    init(_ process: RolloutProcess) {
        key = Key(process.rollout)
        clock = key == nil ? nil : process.clock
    }

    /// Instances were exchanged, so the evidence begins again.
    mutating func comparisonRestarted() { clock?.restartEvidence() }

    /// What the leader says of the step is as much as it may be here.
    ///
    /// - Returns: whether what was compared so far belongs to an earlier step, or to an earlier try of it.
    mutating func take(_ step: HandedStep?, of rollout: Rollout?) -> Bool {
        handed = step.flatMap { $0.rollout == rollout?.id && $0.step == rollout?.step ? $0 : nil }
        guard let rollout, let key, let clock, key == Key(rollout) else { return forget() }
        guard let handed else { return false }
        guard handed.standingMs + StepWitness.restartedMs >= clock.standingMs else { return forget() }
        self.clock?.limit(standingMs: handed.standingMs, countedMs: handed.countedMs, requests: handed.requests)
        return false
    }

    /// - Returns: whether there was anything to forget.
    mutating func forget() -> Bool {
        defer { (key, clock) = (nil, nil) }
        return key != nil
    }

    /// At the end of a cycle of this replica.
    ///
    /// - Returns: the evidence that has to begin now; nil for none.
    mutating func cycleEnded(
        _ rollout: Rollout, canaryRequests: Double, at now: Moment
    ) -> RolloutStep.Command? {
        if key == nil || key != Key(rollout) { begin(rollout, at: now) }
        guard var clock else { return nil }
        clock.advance(canaryRequests: canaryRequests, settings: rollout.plan, isExcused: false, at: now)
        let due = clock.evidenceDue(rollout)
        if due != nil { clock.hasBegunEvidence = true }
        self.clock = clock
        return due
    }

    private mutating func begin(_ rollout: Rollout, at now: Moment) {
        key = Key(rollout)
        guard key != nil else { return clock = nil }
        clock = StepClock(
            standingMs: handed?.standingMs ?? rollout.standingMs, countedMs: handed?.countedMs ?? rollout.countedMs,
            at: now)
    }

    /// The clock with which this replica continues the rollout as its leader; nil where it has not watched the step.
    func clock(of rollout: Rollout) -> StepClock? { key != nil && key == Key(rollout) ? clock : nil }
}

extension StepClock {
    /// The question of the step's evidence, when it is due and has not begun.
    func evidenceDue(_ rollout: Rollout) -> RolloutStep.Command? {
        guard let plan = rollout.plan, let demand = plan.evidence, !hasBegunEvidence, standingMs >= plan.settleMs,
            rollout.state == .standing, rollout.step < rollout.steps.count, !rollout.isHalted(.hand)
        else { return nil }
        let next = rollout.basisPoints(ofStep: rollout.step + 1)
        return .beginEvidence(
            ratio: demand.ratio(beforeBasisPoints: next),
            error: demand.error(attempt: rollout.preparation.attempt + evidenceRestarts), floor: demand.floor ?? 0)
    }

    /// What is compared begins again, with less of the error that is left.
    mutating func restartEvidence() {
        if hasBegunEvidence { evidenceRestarts += 1 }
        hasBegunEvidence = false
    }
}

extension Release {
    /// At the end of a cycle: a replica that does not lead counts for the step in force too.
    mutating func witnessStep(_ context: inout StepContext) {
        guard context.rights != nil, !context.mayLead(name), plan.rollout != nil else { return }
        guard let rollout = rollouts.running?.rollout, phase != .rollingBack else { return forgetWitness() }
        let requests = pools.canary.cycleRequestCount
        let due = stepWitness.cycleEnded(rollout, canaryRequests: requests, at: context.now)
        if let due { carryOut(due, &context) }
    }

    /// The leader's document is in.
    mutating func limitWitness(_ step: HandedStep?) {
        if stepWitness.take(step, of: rollouts.running?.rollout) { rules.regression.endStep() }
    }

    private mutating func forgetWitness() { if stepWitness.forget() { rules.regression.endStep() } }

    /// How far the present step is, for the others; nil where none is in force.
    var handedStep: HandedStep? {
        guard let process = rollouts.running, process.rollout.state == .standing || process.rollout.state == .baking
        else { return nil }
        return HandedStep(
            rollout: process.id, step: process.rollout.step, standingMs: process.clock.standingMs,
            countedMs: process.clock.countedMs, requests: process.clock.requests)
    }
}
