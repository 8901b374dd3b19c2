import Model
import Support

/// A rollout at work: from its prepared place to the end of its baking.
///
///     prepared -> checking -> moving -> standing -> moving -> … -> standing at 100 % -> baking -> promoted
///
/// It takes what happens and collects what is to be done in a ``RolloutStep``. What its entries say is in ``rollout``; the
/// rest starts over with the process. Nothing in here takes the canary out: that is a rollback, which it may ask for.
struct RolloutProcess: Sendable, Equatable {
    /// What its journal entries say; changed by ``write(_:_:)`` and by the replay alone.
    private(set) var rollout: Rollout
    /// The share on its way into force.
    private(set) var move: StepMove?
    private var shareWatch = ShareWatch()
    private var haltWatch = HaltWatch()
    private var clockWatch = ClockWatch()
    private(set) var clock: StepClock
    private var gateKeeper = GateKeeper()
    /// Cycles in a row in which both pools answered: nothing goes up before two of them, and nothing begins before three.
    private var conclusiveCycles = 0
    /// After an undone step, and after a hand that took everything out.
    private var retryUptimeMs: Int64?
    private var undoneUptimeMs: [Int64] = []
    private var emptySinceUptimeMs: Int64?
    private var isCorrecting = false
    /// Targets of the baseline that answered when the rollout began, or that an operator accepted.
    private var baselineTargets: Int
    private(set) var gates: [GateResult] = []
    private(set) var waitsFor = ""
    /// The baking began to wait for the old version's last requests.
    private var emptyingSinceUptimeMs: Int64?

    init(_ rollout: Rollout, baselineTargets: Int, at now: Moment) {
        self.rollout = rollout
        self.baselineTargets = baselineTargets
        clock = StepClock(standingMs: rollout.standingMs, at: now)
    }

    var id: String { rollout.id }

    /// The canary's share is this rollout's business: the release is neither over nor withdrawn without it.
    var isLeading: Bool { rollout.hasBegun && !rollout.isOver }

    /// A step is in force, or on its way.
    var hasShare: Bool { rollout.step > 0 || rollout.wantedStep > 0 }

    /// The largest share whose gates were passed.
    var grantedBasisPoints: Int {
        max(rollout.basisPoints(ofStep: rollout.step), rollout.basisPoints(ofStep: rollout.wantedStep))
    }

    var wakeUptimeMs: Int64? { move?.wakeUptimeMs }

    /// A forward call is on its way; what takes the canary out waits for its end.
    var callExpiresUptimeMs: Int64? { move?.call?.expiresUptimeMs }

    /// Writes an entry of the rollout and applies it, so that the rollout in memory is what the journal says.
    @discardableResult
    mutating func write(_ event: RolloutEvent, _ step: inout RolloutStep) -> UInt64 {
        let entry = step.record(event, of: id, version: rollout.version)
        rollout.apply(entry)
        step.log(.info, "\(id): \(event.text)")
        return entry.sequence
    }

    /// The replay's way in.
    mutating func replay(_ entry: JournalEntry) { rollout.apply(entry) }

    // MARK: The beginning and the end

    mutating func begin(by: String, _ step: inout RolloutStep) {
        guard let settings = step.facts.rollout else { return }
        // A webhook's address may hold a secret; the configuration has it.
        let steps = settings.steps.map { one in
            var one = one
            if let url = one.webhook?.url { one.webhook?.url = Redaction.url(url) }
            return one
        }
        write(.begun(by: by, steps: steps, bake: settings.bake), &step)
        (conclusiveCycles, baselineTargets) = (0, step.facts.baseline.healthyTargets)
        clock.restart(at: step.now)
    }

    mutating func end(_ end: RolloutEnd, because reason: String, _ step: inout RolloutStep) {
        guard !rollout.isOver else { return }
        write(.ended(end, reason: reason), &step)
        gateKeeper.forget()
        (move, gates, waitsFor) = (nil, [], "")
        step.want(.endEvidence)
    }

    mutating func rollbackBegan(incident: String, because reason: String, _ step: inout RolloutStep) {
        guard isLeading else { return }
        write(.rollingBack(incident: incident, reason: reason), &step)
        gateKeeper.forget()
        gates = []
        waitsFor = "the rollback \(incident)"
        step.want(.endEvidence)
    }

    // MARK: A cycle

    /// At the end of a scrape cycle that breached nothing which takes the canary out.
    mutating func cycleEnded(_ deployment: DeploymentRecord, _ step: inout RolloutStep) {
        clockWatch.see(step.now)
        guard let settings = step.facts.rollout else { return }
        let isConclusive = step.facts.isBaselineThere && step.facts.canary.healthyTargets > 0
        conclusiveCycles = isConclusive ? min(1_000, conclusiveCycles + 1) : 0
        clock.advance(canaryRequests: step.facts.canary.cycleRequestCount, settings: rollout.plan, at: step.now)
        endPause(&step)
        judgeHalts(settings, &step)
        switch rollout.state {
        case .queued, .rollingBack, .ended: break
        case .prepared: expire(&step)
        case .checking: check(settings, deployment, &step)
        case .moving: continueMove(settings, &step)
        case .standing: stand(settings, deployment, &step)
        case .baking: bake(settings, deployment, &step)
        }
        recordClock(&step)
    }

    private mutating func expire(_ step: inout RolloutStep) {
        waitsFor = "the deployment of \(rollout.version.text) to \(rollout.preparation.place), then begin"
        guard step.now.wallMs >= rollout.preparation.expiresWallMs else { return }
        end(.expired, because: "nothing began within the time of the reservation", &step)
    }

    private mutating func check(_ settings: RolloutPlan, _ deployment: DeploymentRecord, _ step: inout RolloutStep) {
        var missing = StartConditions.missing(step.facts, settings: settings)
        if missing.isEmpty, conclusiveCycles < 3 { missing.append("\(conclusiveCycles) of 3 cycles in a row") }
        if let retry = retryUptimeMs, step.now.uptimeMs < retry { missing.append("the pause after an undone step") }
        missing += stops(deployment, settings, step)
        guard missing.isEmpty else {
            waitsFor = missing.joined(separator: "; ")
            let isPersons = rollout.pause != nil || rollout.halts.contains { !$0.reason.endsByItself }
            guard rollout.undoneWallMs.isEmpty, !isPersons, clock.standingMs >= settings.checkingMaxMs else { return }
            return end(.aborted, because: "the start conditions are not met: \(waitsFor)", &step)
        }
        guard !step.context.isDryRun else { return showInstead(&step) }
        intend(1, &step)
    }

    /// A dry run goes as far as the first step and says what it would do.
    private mutating func showInstead(_ step: inout RolloutStep) {
        waitsFor = "nothing: this is a dry run, and no share is changed"
        guard !rollout.isHalted(.hand) else { return }
        for one in rollout.steps {
            step.context.emit(
                .showPlannedCalls(release: step.name, split: Split(canaryBasisPoints: one.basisPoints)))
        }
        write(.halted(.hand, text: "a dry run changes no share"), &step)
    }

    /// Why nothing goes up now, whatever the gates say; empty when it may.
    private func stops(_ deployment: DeploymentRecord, _ settings: RolloutPlan, _ step: RolloutStep) -> [String] {
        var stops = rollout.halts.map { "halted (\($0.reason.rawValue)): \($0.text)" }
        if let pause = rollout.pause { stops.append("paused by \(pause.by): \(pause.reason)") }
        let doors = gates(settings, deployment, step).doors()
        stops += doors.filter { !$0.isOpen }.map { "\($0.gate): \($0.text)" }
        if step.facts.isRollbackWanted { stops.append("a rollback is wanted") }
        return stops
    }

    private func gates(
        _ settings: RolloutPlan, _ deployment: DeploymentRecord, _ step: RolloutStep
    ) -> StepGates {
        StepGates(
            facts: step.facts, rollout: rollout, settings: settings, deployment: deployment,
            standingMs: clock.standingMs, requests: clock.requests, now: step.now,
            isClockDoubtful: clockWatch.isDoubtful(at: step.now))
    }

    // MARK: Moving

    /// Both entries are one batch: the step that is passed, and the next one that is wanted.
    private mutating func intend(_ next: Int, basisPoints: Int? = nil, _ step: inout RolloutStep) {
        let from = step.facts.observations.canaryShare ?? rollout.basisPoints(ofStep: rollout.step)
        let to = basisPoints ?? rollout.basisPoints(ofStep: next)
        let sequence = write(.stepIntended(step: next, fromBasisPoints: from, toBasisPoints: to), &step)
        move = StepMove(to: to, from: from, sequence: sequence)
        waitsFor = "step \(next) on every instance of the router"
        step.want(.endEvidence)
    }

    /// What is intended is on disk: now the router may be called. Upwards there is no other way.
    mutating func durable(through sequence: UInt64, _ step: inout RolloutStep) {
        guard let move, !move.isDurable, sequence >= move.sequence, rollout.state == .moving || isCorrecting else {
            return
        }
        self.move?.isDurable = true
        send(&step)
    }

    private mutating func send(_ step: inout RolloutStep) {
        guard !step.context.isDryRun else { return }
        self.move?.send(&step)
    }

    mutating func applied(call number: Int, receipts: [RouterReceipt], _ step: inout RolloutStep) {
        guard move?.answered(call: number) == true else { return }
        guard rollout.state != .rollingBack, !rollout.isOver else { return }
        if rollout.state == .moving {
            write(.stepApplied(step: rollout.wantedStep, receipts: receipts.text), &step)
            let isRejected = receipts.contains { $0.outcome == .rejected }
            if isRejected, move?.isUpwards == true { return undo(because: receipts.text, &step) }
        }
        step.want(.pollRouter)
    }

    private mutating func continueMove(_ settings: RolloutPlan, _ step: inout RolloutStep) {
        guard let move else { return resumeMove(&step) }
        self.move?.expire(at: step.now.uptimeMs)
        if move.isUpwards, move.isOverdue(deadlineMs: settings.stepDeadlineMs, at: step.now.uptimeMs) {
            let seen = step.facts.observations.text
            return undo(because: "not on every instance within \(settings.stepDeadlineMs / 1_000) s: \(seen)", &step)
        }
        if self.move?.isDue(at: step.now.uptimeMs) == true { send(&step) }
    }

    /// After a restart: the intent is in the journal, and what the router shows says how far it went.
    private mutating func resumeMove(_ step: inout RolloutStep) {
        guard conclusiveCycles >= 2 || rollout.wantedStep <= rollout.step else {
            waitsFor = "two cycles of both pools after the restart"
            return
        }
        let from = step.facts.observations.canaryShare ?? rollout.basisPoints(ofStep: rollout.wantedStep - 1)
        move = StepMove(
            to: rollout.basisPoints(ofStep: rollout.wantedStep), from: from, sequence: 0, isDurable: true)
        send(&step)
    }

    /// The share of the step before comes back on every instance. It only lowers, so it asks no gate.
    private mutating func undo(because reason: String, _ step: inout RolloutStep) {
        let undone = rollout.wantedStep
        let back = rollout.basisPoints(ofStep: undone - 1)
        let sequence = write(.stepUndone(step: undone, toBasisPoints: back, reason: reason), &step)
        undoneUptimeMs = undoneUptimeMs.filter { step.now.uptimeMs - $0 < 600_000 } + [step.now.uptimeMs]
        retryUptimeMs = step.now.uptimeMs + 60_000
        let from = max(step.facts.observations.canaryShare ?? 0, rollout.basisPoints(ofStep: undone))
        // A call that is still on its way must not be overtaken.
        move = StepMove(to: back, from: from, sequence: sequence, isDurable: true, after: move?.call)
        if move?.call == nil { send(&step) }
        guard undoneUptimeMs.count >= 3 else { return }
        write(.halted(.router, text: "the step was undone three times in ten minutes: \(reason)"), &step)
    }

    // MARK: What the router shows

    mutating func observed(_ observations: [RouterObservation], _ step: inout RolloutStep) {
        guard isLeading, let settings = step.facts.rollout else { return }
        switch rollout.state {
        case .moving: observedMoving(observations, settings, &step)
        case .checking: observedChecking(observations, &step)
        case .standing, .baking: observedStanding(observations, &step)
        case .queued, .prepared, .rollingBack, .ended: break
        }
    }

    private var granularity: Int { 100 }

    private mutating func observedMoving(
        _ observations: [RouterObservation], _ settings: RolloutPlan, _ step: inout RolloutStep
    ) {
        let wanted = move?.basisPoints ?? rollout.basisPoints(ofStep: rollout.wantedStep)
        if observations.areInPlace(basisPoints: wanted, granularity: granularity(of: wanted)) {
            return arrive(wanted, observations, &step)
        }
        guard observations.areAbove(basisPoints: wanted), move?.call == nil, move?.isUpwards != false else { return }
        // An instance gives more than is wanted: the move itself sets it down.
        if move?.isDurable == true { send(&step) }
    }

    /// Routers round a share down, at most by their smallest step; of a small share at most by half of it.
    private func granularity(of basisPoints: Int) -> Int { min(granularity, basisPoints / 2) }

    private mutating func arrive(
        _ basisPoints: Int, _ observations: [RouterObservation], _ step: inout RolloutStep
    ) {
        move = nil
        let wanted = rollout.wantedStep
        let isLonger = wanted == rollout.step && wanted > 0
        write(.stepStanding(step: wanted, basisPoints: basisPoints, observed: observations.text), &step)
        if rollout.bake.holdbackBasisPoints > 0, basisPoints == 10_000 { return promote(&step) }
        if !isLonger || retryUptimeMs != nil { clock.restart(at: step.now) }
        shareWatch = ShareWatch()
        step.want(.startComparisonsOver)
    }

    private mutating func observedChecking(_ observations: [RouterObservation], _ step: inout RolloutStep) {
        if let move, observations.areInPlace(basisPoints: 0, granularity: 0) {
            self.move = move.call == nil ? nil : move
            return
        }
        guard move != nil || !rollout.undoneWallMs.isEmpty, observations.areAbove(basisPoints: 0) else { return }
        setBack(to: 0, observations, "set back to 0", &step)
    }

    private mutating func observedStanding(_ observations: [RouterObservation], _ step: inout RolloutStep) {
        let wanted = rollout.basisPoints(ofStep: rollout.step)
        guard step.facts.phase != .rollingBack else { return }
        noteEmpty(observations, &step)
        let finding = shareWatch.judge(
            observations, basisPoints: wanted, granularity: granularity(of: wanted),
            isBeingSetBack: isCorrecting && move != nil, at: step.now.uptimeMs)
        switch finding {
        case .nothing: break
        case .inPlace: if move?.call == nil { (move, isCorrecting) = (nil, false) }
        case .above(let isRepeated):
            setBack(to: wanted, observations, "set back", &step)
            if isRepeated, !rollout.isHalted(.hand) {
                write(.halted(.hand, text: "another client raised the share again and again"), &step)
            }
        case .lowered: lowered(from: wanted, observations, &step)
        case .zeroEverywhere: lowered(from: wanted, observations, &step)
        case .restarted: restore(to: wanted, observations, &step)
        case .restartedTooOften:
            guard !rollout.isHalted(.router) else { return }
            write(.halted(.router, text: "instances lose the share again and again: \(observations.text)"), &step)
        }
    }

    /// Another client took everything out and left it so: after ten minutes the rollout is over, without a verdict.
    private mutating func noteEmpty(_ observations: [RouterObservation], _ step: inout RolloutStep) {
        guard observations.showNothing, rollout.isHalted(.hand) else { return emptySinceUptimeMs = nil }
        let since = emptySinceUptimeMs ?? step.now.uptimeMs
        emptySinceUptimeMs = since
        guard step.now.uptimeMs - since >= 600_000 else { return }
        end(.withdrawn, because: "another client took the canary out", &step)
        step.want(.withdrawn)
    }

    private mutating func lowered(
        from wanted: Int, _ observations: [RouterObservation], _ step: inout RolloutStep
    ) {
        guard !rollout.isHalted(.hand) else { return }
        write(
            .shareMoved(
                fromBasisPoints: wanted, observed: observations.text, consequence: "it is left so until `resume`"),
            &step)
        write(.halted(.hand, text: "another client lowered the share: \(observations.text)"), &step)
        step.want(.endEvidence)
    }

    /// More than the gates allowed is taken back at once: raising is what gates are for.
    private mutating func setBack(
        to wanted: Int, _ observations: [RouterObservation], _ consequence: String, _ step: inout RolloutStep
    ) {
        guard move?.call == nil, move?.isWaiting(at: step.now.uptimeMs) != true else { return }
        // What is corrected once more right away is the same finding.
        let isSame = isCorrecting && move?.basisPoints == wanted
        let sequence =
            isSame
            ? 0
            : write(.shareMoved(fromBasisPoints: wanted, observed: observations.text, consequence: consequence), &step)
        move = StepMove(to: wanted, from: 10_000, sequence: sequence, isDurable: true)
        isCorrecting = true
        send(&step)
    }

    /// The step's own intent allows to set its share again.
    private mutating func restore(
        to wanted: Int, _ observations: [RouterObservation], _ step: inout RolloutStep
    ) {
        guard move?.call == nil, !rollout.isHalted(.hand) else { return }
        let sequence = write(
            .shareMoved(fromBasisPoints: wanted, observed: observations.text, consequence: "it is set again"), &step)
        move = StepMove(to: wanted, from: 0, sequence: sequence)
        isCorrecting = true
    }

    // MARK: Standing

    private mutating func stand(_ settings: RolloutPlan, _ deployment: DeploymentRecord, _ step: inout RolloutStep) {
        guard let plan = rollout.plan else { return }
        move?.expire(at: step.now.uptimeMs)
        if rollout.step == rollout.steps.count { return awaitBaking(&step) }
        beginEvidence(plan, &step)
        let judge = gates(settings, deployment, step)
        gates = judge.judged()
        carryOut(gateKeeper.actions(rollout, judge: judge, gates: gates, at: step.now), &step)
        if overdue(plan, &step) { return }
        let stops = stops(deployment, settings, step)
        let closed = gates.filter { !$0.isOpen }
        explainWait(closed, stops)
        let isReady = closed.isEmpty && stops.isEmpty && conclusiveCycles >= 2
        if let retry = retryUptimeMs, step.now.uptimeMs < retry { return }
        guard isReady else { return }
        retryUptimeMs = nil
        pass(skipped: [], by: nil, to: rollout.step + 1, &step)
    }

    /// What a step shows is counted from its settling on.
    private mutating func beginEvidence(_ plan: StepPlan, _ step: inout RolloutStep) {
        guard let demand = plan.evidence, !clock.hasBegunEvidence, clock.standingMs >= plan.settleMs,
            !rollout.isHalted(.hand)
        else { return }
        clock.hasBegunEvidence = true
        let next = rollout.basisPoints(ofStep: rollout.step + 1)
        step.want(
            .beginEvidence(
                ratio: demand.ratio(beforeBasisPoints: next),
                error: demand.error(attempt: rollout.preparation.attempt)))
    }

    mutating func pass(skipped: [String], by: String?, to next: Int, _ step: inout RolloutStep) {
        write(.stepPassed(step: rollout.step, gates: gates, skipped: skipped, by: by), &step)
        gateKeeper.forget()
        intend(next, &step)
    }

    private mutating func explainWait(_ closed: [GateResult], _ stops: [String]) {
        let all =
            closed.filter { $0.gate != "calendar" && $0.gate != "frozen" }.map { "\($0.gate) (\($0.text))" } + stops
        waitsFor = all.isEmpty ? "two cycles of both pools" : all.joined(separator: ", ")
    }

    /// - Returns: whether the step is over by its time.
    private mutating func overdue(_ plan: StepPlan, _ step: inout RolloutStep) -> Bool {
        let age = step.now.wallMs - rollout.openedWallMs
        if let settings = step.facts.rollout, age > settings.maxMs, !rollout.isHalted(.overdue) {
            write(.halted(.overdue, text: "the rollout is older than \(settings.maxMs / 86_400_000) days"), &step)
        }
        guard let maxMs = plan.maxMs, clock.countedMs >= maxMs else { return false }
        let text = "step \(rollout.step) lasts longer than \(NumberText.wait(seconds: Double(maxMs) / 1_000))"
        if plan.overdue == .rollback {
            step.want(.rollback(RolloutTrigger(.overdue, by: "rollguard", reason: "\(text); it waits for \(waitsFor)")))
            return true
        }
        if !rollout.isHalted(.overdue) { write(.halted(.overdue, text: text), &step) }
        return false
    }

    // MARK: Baking

    /// All the traffic is where it should be when the old version counts no more of it.
    private mutating func awaitBaking(_ step: inout RolloutStep) {
        let rate = step.facts.baseline.cycleRequestRate ?? 0
        waitsFor = "the old version's last requests (\(NumberText.plain(rate))/s)"
        guard rollout.halts.isEmpty, rollout.pause == nil else { return }
        if rollout.bake.holdbackBasisPoints > 0 || rate <= step.plan.proof.belowPerSecond {
            write(.baking, &step)
            clock.restart(at: step.now)
            return
        }
        let since = emptyingSinceUptimeMs ?? step.now.uptimeMs
        emptyingSinceUptimeMs = since
        guard step.now.uptimeMs - since >= 60_000, !rollout.isHalted(.router) else { return }
        write(
            .halted(
                .router,
                text: "the old version still serves \(NumberText.plain(rate)) requests/s at 100 %: cookies, or clients"
                    + " that pass by the router"), &step)
    }

    private mutating func bake(_ settings: RolloutPlan, _ deployment: DeploymentRecord, _ step: inout RolloutStep) {
        let left = rollout.bake.forMs - clock.standingMs
        waitsFor = "the end of baking, in \(NumberText.wait(seconds: Double(max(0, left)) / 1_000))"
        let stops = stops(deployment, settings, step)
        if !stops.isEmpty { waitsFor += "; " + stops.joined(separator: ", ") }
        guard left <= 0, stops.isEmpty, conclusiveCycles >= 1 else { return }
        endBake(&step)
    }

    mutating func endBake(_ step: inout RolloutStep) {
        if rollout.bake.holdbackBasisPoints > 0 {
            intend(rollout.step, basisPoints: 10_000, &step)
        } else {
            promote(&step)
        }
    }

    private mutating func promote(_ step: inout RolloutStep) {
        end(.promoted, because: "", &step)
        step.want(.promoted)
    }

    // MARK: Halts, pauses, gates that are asked

    private mutating func judgeHalts(_ settings: RolloutPlan, _ step: inout RolloutStep) {
        guard isLeading, rollout.state != .rollingBack else { return }
        let present = HaltReasons.present(
            step.facts, settings: settings, rollout: rollout, gates: gates, baselineTargets: baselineTargets,
            quietMs: clock.quietMs,
            isClockDoubtful: clockWatch.isDoubtful(at: step.now), isJournalFailing: step.context.isJournalFailing)
        for change in haltWatch.changes(present, of: rollout) {
            switch change {
            case .halt(let reason, let text):
                if reason == .mismatch { write(.versionMismatch(text: text), &step) }
                write(.halted(reason, text: text), &step)
            case .unhalt(let reason): write(.unhalted(reason, by: nil), &step)
            }
        }
        if rollout.step == 0 { baselineTargets = max(baselineTargets, step.facts.baseline.healthyTargets) }
    }

    private mutating func endPause(_ step: inout RolloutStep) {
        guard let pause = rollout.pause, let until = pause.untilWallMs, step.now.wallMs >= until,
            !clockWatch.isDoubtful(at: step.now)
        else { return }
        write(.resumed(by: "rollguard", reason: "the time of the pause is over"), &step)
    }

    private mutating func carryOut(_ actions: [GateKeeper.Action], _ step: inout RolloutStep) {
        for action in actions {
            switch action {
            case .ask(let gate, let forMs): ask(gate, forMs: forMs, &step)
            case .lapse(let open, let then): lapse(open, then: then, &step)
            case .call(let question): step.context.emit(.askGate(question))
            }
        }
    }

    private mutating func ask(_ gate: String, forMs: Int64, _ step: inout RolloutStep) {
        let id = "\(self.id)-\(rollout.step)-\(gate)-\(rollout.gateRounds + 1)"
        write(.gateAsked(step: rollout.step, gate: gate, id: id, untilWallMs: step.now.wallMs + forMs), &step)
    }

    private mutating func lapse(_ open: Rollout.OpenGate, then: GateFailure?, _ step: inout RolloutStep) {
        write(.gateLapsed(step: open.step, gate: open.gate, id: open.id), &step)
        gateKeeper.forget()
        let text = "\(open.gate) was not answered in time"
        switch then {
        case nil: ask(open.gate, forMs: open.roundMs, &step)
        case .proceed: break
        case .hold: write(.halted(.gate, text: text), &step)
        case .rollback: step.want(.rollback(RolloutTrigger(.gate, by: open.gate, reason: text)))
        }
    }

    /// What came of asking a webhook gate.
    mutating func tried(_ id: String, _ result: GateTry, _ step: inout RolloutStep) {
        guard let open = rollout.gates.first(where: { $0.id == id }), rollout.state == .standing,
            let plan = rollout.plan?.webhook, plan.name == open.gate
        else { return }
        if let problem = gateKeeper.take(result, plan: plan, at: step.now.uptimeMs) {
            step.log(.warning, "\(id): no answer: \(problem)")
        }
        if case .answered(let reply) = result { take(reply, for: open, &step) }
    }

    /// A reload changed or removed rules that gates of this rollout name.
    mutating func rulesChanged(_ names: [String], _ step: inout RolloutStep) {
        let named = Set(rollout.steps.flatMap(\.rules))
        let changed = names.filter { named.contains($0) }
        guard isLeading, !changed.isEmpty, !rollout.isHalted(.rulesChanged) else { return }
        write(
            .halted(.rulesChanged, text: "rules of its gates were changed: \(changed.joined(separator: ", "))"), &step)
    }

    /// A gate's answer, by whoever was asked.
    mutating func take(_ reply: GateReply, for open: Rollout.OpenGate, _ step: inout RolloutStep) {
        write(.gateAnswered(step: open.step, gate: open.gate, id: open.id, reply), &step)
        switch reply.answer {
        case .proceed, .later: break
        case .hold: write(.halted(.gate, text: "\(open.gate) says hold, by \(reply.by): \(reply.reason)"), &step)
        case .rollback:
            step.want(.rollback(RolloutTrigger(.gate, by: reply.by, reason: "\(open.gate): \(reply.reason)")))
        }
    }

    // MARK: Orders

    mutating func resume(by: String, reason: String, acceptsBaseline: Bool, _ step: inout RolloutStep) {
        write(.resumed(by: by, reason: reason), &step)
        if acceptsBaseline { baselineTargets = step.facts.baseline.healthyTargets }
        let hadHand = rollout.isHalted(.hand)
        for halt in rollout.halts where !halt.reason.endsByItself || (acceptsBaseline && halt.reason == .baselineAway) {
            write(.unhalted(halt.reason, by: by), &step)
        }
        // A gate that lapsed or said no is asked once more, in a round of its own.
        for gate in rollout.gates where gate.hasLapsed || gate.replies.contains(where: { $0.answer == .hold }) {
            ask(gate.gate, forMs: gate.roundMs, &step)
            gateKeeper.forget()
        }
        undoneUptimeMs = []
        shareWatch = ShareWatch()
        if hadHand { adoptShare(&step) }
    }

    /// Another client lowered the share: the rollout continues from there, with fresh evidence.
    private mutating func adoptShare(_ step: inout RolloutStep) {
        guard rollout.state == .standing, let share = step.facts.observations.canaryShare else { return }
        let wanted = rollout.basisPoints(ofStep: rollout.step)
        guard share < wanted - granularity(of: wanted) else { return }
        let below = rollout.steps.lastIndex { $0.basisPoints <= share }.map { $0 + 1 } ?? 0
        clock.restart(at: step.now)
        intend(max(1, below + 1), &step)
    }

    private mutating func recordClock(_ step: inout RolloutStep) {
        guard rollout.state == .standing || rollout.state == .baking, !step.context.isJournalFailing,
            clock.isRecordDue(at: step.now)
        else { return }
        write(.standing(step: rollout.step, forMs: clock.standingMs), &step)
    }
}
