import Model

/// The share of a rollout on the routers: on its way to the next step, back from a step that could not be taken, and what
/// other clients do to the share in force. It only lowers by itself; what raises is a step's intent, written before.
struct StepShare: Sendable, Equatable {
    /// What a poll of the router means for the rollout.
    enum Finding: Equatable {
        /// Every instance shows the wanted share. The step is another one, or was undone: its clock starts over.
        case arrived(basisPoints: Int, startsOver: Bool)
        /// Another client took everything out, and no operator resumed: the rollout is over, without a verdict.
        case withdrawn
    }

    private static let memoryMs: Int64 = 600_000
    private static let retryPauseMs: Int64 = 60_000

    /// The share on its way into force.
    private(set) var move: StepMove?
    private var watch = ShareWatch()
    /// The move sets back what another client changed; it is no step.
    private var isCorrecting = false
    /// After an undone step: the next try comes no sooner.
    private var retryUptimeMs: Int64?
    private var undoneUptimeMs: [Int64] = []
    /// Since when another client's 0 is in force everywhere.
    private var emptySinceUptimeMs: Int64?
    /// Of a part of a unit.
    var link = ShareLink()

    /// The pause after an undone step is not over.
    func isResting(at now: Moment) -> Bool { retryUptimeMs.map { now.uptimeMs < $0 } ?? false }

    mutating func endRest() { retryUptimeMs = nil }

    /// An operator has ended the halts: what was counted before is forgotten.
    mutating func forgetTroubles() {
        undoneUptimeMs = []
        watch = ShareWatch()
    }

    // MARK: To a step

    /// - Parameter basisPoints: nil for the step's own share.
    mutating func intend(
        _ next: Int, basisPoints: Int? = nil, _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        let rollout = record.rollout
        let from = step.facts.observations.canaryShare ?? rollout.basisPoints(ofStep: rollout.step)
        let to = basisPoints ?? rollout.basisPoints(ofStep: next)
        let sequence = record.write(.stepIntended(step: next, fromBasisPoints: from, toBasisPoints: to), &step)
        move = StepMove(to: to, from: from, sequence: sequence)
        link = ShareLink(rank: step.rank)
        step.want(.endEvidence)
    }

    /// What is intended is on disk: now the router may be called. Upwards there is no other way.
    mutating func durable(through sequence: UInt64, _ rollout: Rollout, _ step: inout RolloutStep) {
        guard let move, !move.isDurable, sequence >= move.sequence, rollout.state == .moving || isCorrecting else {
            return
        }
        self.move?.isDurable = true
        self.move?.begin(at: step.now.uptimeMs)
        send(&step)
    }

    private mutating func send(_ step: inout RolloutStep) {
        guard !step.context.isDryRun, !link.isHeldBack else { return }
        self.move?.send(&step)
    }

    /// Parts that are called before this one are in place.
    mutating func goAhead(_ step: inout RolloutStep) {
        link.isHeldBack = false
        if move?.isDue(at: step.now.uptimeMs) == true { send(&step) }
    }

    mutating func applied(
        call number: Int, receipts: [RouterReceipt], _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        guard move?.answered(call: number) == true else { return }
        let rollout = record.rollout
        guard rollout.state != .rollingBack, !rollout.isOver else { return standDown() }
        if rollout.state == .moving {
            record.write(.stepApplied(step: rollout.wantedStep, receipts: receipts.text), &step)
            let isRejected = receipts.contains { $0.outcome == .rejected }
            if isRejected, move?.isUpwards == true { return giveUp(because: receipts.text, &record, &step) }
        }
        step.want(.pollRouter)
    }

    /// A rollback is intended: a call that was not made never is, even when its entry becomes durable later. One that is on
    /// its way is waited for.
    mutating func standDown() { if move?.call == nil { (move, isCorrecting) = (nil, false) } }

    /// At the end of a cycle, while the share is on its way.
    mutating func advance(deadlineMs: Int64, _ record: inout RolloutRecord, _ step: inout RolloutStep) {
        guard let move else { return }
        if move.isUpwards, move.isOverdue(deadlineMs: deadlineMs, at: step.now.uptimeMs) {
            let seen = step.facts.observations.text
            return giveUp(because: "not on every instance within \(deadlineMs / 1_000) s: \(seen)", &record, &step)
        }
        if link.arrival == nil, self.move?.isDue(at: step.now.uptimeMs) == true { send(&step) }
    }

    /// Call in each cycle, whatever the rollout does: a call whose answer is lost must not be waited for for ever.
    mutating func expireCall(at now: Moment) { move?.expire(at: now.uptimeMs) }

    /// After a restart: the intent is in the journal, and what the router shows says how far it went.
    mutating func takeUp(_ rollout: Rollout, _ step: inout RolloutStep) {
        let from = step.facts.observations.canaryShare ?? rollout.basisPoints(ofStep: rollout.wantedStep - 1)
        move = StepMove(
            to: rollout.basisPoints(ofStep: rollout.wantedStep), from: from, sequence: 0, isDurable: true)
        move?.begin(at: step.now.uptimeMs)
        link = ShareLink(rank: move?.isUpwards == true ? step.rank : 0)
        send(&step)
    }

    private mutating func giveUp(because reason: String, _ record: inout RolloutRecord, _ step: inout RolloutStep) {
        undo(because: step.plan.part.map { "\($0.name): \(reason)" } ?? reason, &record, &step)
    }

    /// The share of the step before comes back on every instance. It only lowers, so it asks no gate.
    mutating func undo(because reason: String, _ record: inout RolloutRecord, _ step: inout RolloutStep) {
        let rollout = record.rollout
        let wasCalled = move?.wasCalled ?? true
        let undone = rollout.wantedStep
        let back = rollout.basisPoints(ofStep: undone - 1)
        let sequence = record.write(.stepUndone(step: undone, toBasisPoints: back, reason: reason), &step)
        undoneUptimeMs =
            undoneUptimeMs.filter { step.now.uptimeMs - $0 < StepShare.memoryMs } + [step.now.uptimeMs]
        retryUptimeMs = step.now.uptimeMs + StepShare.retryPauseMs
        let from = max(step.facts.observations.canaryShare ?? 0, rollout.basisPoints(ofStep: undone))
        // A call that is still on its way must not be overtaken.
        move = StepMove(to: back, from: from, sequence: sequence, isDurable: true, after: move?.call)
        link = ShareLink()
        link.undone = .init(step: undone, reason: reason)
        // A router that was not called yet is only read.
        if move?.call == nil { wasCalled ? send(&step) : step.want(.pollRouter) }
        guard undoneUptimeMs.count >= 3 else { return }
        record.write(.halted(.router, text: "the step was undone three times in ten minutes: \(reason)"), &step)
    }

    // MARK: What the router shows

    mutating func observed(
        _ observations: [RouterObservation], _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) -> Finding? {
        switch record.rollout.state {
        case .moving: return observedMoving(observations, &record, &step)
        case .checking: observedChecking(observations, &record, &step)
        case .standing, .baking: return observedStanding(observations, &record, &step)
        case .queued, .prepared, .rollingBack, .ended: break
        }
        return nil
    }

    private mutating func observedMoving(
        _ observations: [RouterObservation], _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) -> Finding? {
        let wanted = move?.basisPoints ?? record.rollout.basisPoints(ofStep: record.rollout.wantedStep)
        if observations.areInPlace(basisPoints: wanted, granularity: StepShare.granularity(of: wanted)) {
            link.arrival = .init(basisPoints: wanted, observed: observations)
            return step.plan.part == nil ? stand(&record, &step) : nil
        }
        link.arrival = nil
        guard observations.areAbove(basisPoints: wanted), move?.call == nil, move?.isUpwards != false else {
            return nil
        }
        // An instance gives more than is wanted: the move itself sets it down.
        if move?.isDurable == true { send(&step) }
        return nil
    }

    /// Routers round a share down, at most by their smallest step; of a small share at most by half of it.
    private static func granularity(of basisPoints: Int) -> Int { min(100, basisPoints / 2) }

    /// The share that was observed is in force, in all parts of a unit.
    mutating func stand(_ record: inout RolloutRecord, _ step: inout RolloutStep) -> Finding? {
        guard let arrival = link.arrival else { return nil }
        (move, link) = (nil, ShareLink())
        watch = ShareWatch()
        let (wanted, before) = (record.rollout.wantedStep, record.rollout.step)
        record.write(
            .stepStanding(step: wanted, basisPoints: arrival.basisPoints, observed: arrival.observed.text), &step)
        let isSameStep = wanted == before && wanted > 0
        return .arrived(basisPoints: arrival.basisPoints, startsOver: !isSameStep || retryUptimeMs != nil)
    }

    private mutating func observedChecking(
        _ observations: [RouterObservation], _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        if let move, observations.areInPlace(basisPoints: 0, granularity: 0) {
            self.move = move.call == nil ? nil : move
            return
        }
        let mayBeOurs = move != nil || !record.rollout.undoneWallMs.isEmpty
        guard mayBeOurs, observations.areAbove(basisPoints: 0) else { return }
        setBack(to: 0, observations, "set back to 0", &record, &step)
    }

    private mutating func observedStanding(
        _ observations: [RouterObservation], _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) -> Finding? {
        guard step.facts.phase != .rollingBack else { return nil }
        let wanted = record.rollout.basisPoints(ofStep: record.rollout.step)
        if isLeftEmpty(observations, record.rollout, at: step.now) { return .withdrawn }
        let finding = watch.judge(
            observations, basisPoints: wanted, granularity: StepShare.granularity(of: wanted),
            isBeingSetBack: isCorrecting && move != nil, at: step.now.uptimeMs)
        switch finding {
        case .nothing: break
        case .inPlace: if move?.call == nil { (move, isCorrecting) = (nil, false) }
        case .above(let isRepeated):
            setBack(to: wanted, observations, "set back", &record, &step)
            if isRepeated { halt(.hand, "another client raised the share again and again", &record, &step) }
        case .lowered, .zeroEverywhere: lowered(from: wanted, observations, &record, &step)
        case .restarted: restore(to: wanted, observations, &record, &step)
        case .restartedTooOften:
            halt(.router, "instances lose the share again and again: \(observations.text)", &record, &step)
        }
        return nil
    }

    private func halt(
        _ reason: HaltReason, _ text: String, _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        if !record.rollout.isHalted(reason) { record.write(.halted(reason, text: text), &step) }
    }

    // MARK: Other clients

    /// Another client took everything out and left it so for ten minutes.
    private mutating func isLeftEmpty(
        _ observations: [RouterObservation], _ rollout: Rollout, at now: Moment
    ) -> Bool {
        guard observations.showNothing, rollout.isHalted(.hand) else {
            emptySinceUptimeMs = nil
            return false
        }
        let since = emptySinceUptimeMs ?? now.uptimeMs
        emptySinceUptimeMs = since
        return now.uptimeMs - since >= StepShare.memoryMs
    }

    private func lowered(
        from wanted: Int, _ observations: [RouterObservation], _ record: inout RolloutRecord,
        _ step: inout RolloutStep
    ) {
        guard !record.rollout.isHalted(.hand) else { return }
        record.write(
            .shareMoved(
                fromBasisPoints: wanted, observed: observations.text, consequence: "it is left so until `resume`"),
            &step)
        halt(.hand, "another client lowered the share: \(observations.text)", &record, &step)
        step.want(.endEvidence)
    }

    /// More than the gates allowed is taken back at once: raising is what gates are for.
    private mutating func setBack(
        to wanted: Int, _ observations: [RouterObservation], _ consequence: String, _ record: inout RolloutRecord,
        _ step: inout RolloutStep
    ) {
        guard move?.call == nil, move?.isWaiting(at: step.now.uptimeMs) != true else { return }
        // What is corrected once more right away is the same finding.
        let isSame = isCorrecting && move?.basisPoints == wanted
        let sequence =
            isSame
            ? 0
            : record.write(
                .shareMoved(fromBasisPoints: wanted, observed: observations.text, consequence: consequence), &step)
        move = StepMove(to: wanted, from: 10_000, sequence: sequence, isDurable: true)
        isCorrecting = true
        send(&step)
    }

    /// The step's own intent allows to set its share again.
    mutating func restore(
        to wanted: Int, _ observations: [RouterObservation], _ record: inout RolloutRecord,
        _ step: inout RolloutStep
    ) {
        guard move?.call == nil, !record.rollout.isHalted(.hand) else { return }
        let sequence = record.write(
            .shareMoved(fromBasisPoints: wanted, observed: observations.text, consequence: "it is set again"), &step)
        move = StepMove(to: wanted, from: 0, sequence: sequence)
        isCorrecting = true
    }

    /// Another client lowered the share, and an operator lets it be: the first step above it. Nil where it was not lowered.
    static func stepAbove(_ observations: [RouterObservation], _ rollout: Rollout) -> Int? {
        guard rollout.state == .standing, let share = observations.canaryShare else { return nil }
        let wanted = rollout.basisPoints(ofStep: rollout.step)
        guard share < wanted - granularity(of: wanted) else { return nil }
        let below = rollout.steps.lastIndex { $0.basisPoints <= share }.map { $0 + 1 } ?? 0
        return max(1, below + 1)
    }
}
