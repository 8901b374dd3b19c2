import Model
import Support

/// A rollout at work: from its prepared place to the end of its baking.
///
///     prepared -> checking -> moving -> standing -> moving -> … -> standing at 100 % -> baking -> promoted
///
/// It takes what happens and collects what is to be done in a ``RolloutStep``. What its entries say is in ``rollout``; the
/// rest starts over with the process. Nothing in here takes the canary out: that is a rollback, which it may ask for.
struct RolloutProcess: Sendable, Equatable {
    var record: RolloutRecord
    var share = StepShare()
    private var haltWatch = HaltWatch()
    private var clockWatch = ClockWatch()
    var clock: StepClock
    private var gateKeeper = GateKeeper()
    private var forced = ForcedRoute()
    private var wayBackWatch = WayBackWatch()
    /// Cycles in a row in which both pools answered: nothing goes up before two of them, and nothing begins before three.
    private var conclusiveCycles = 0
    /// Targets of the baseline that answered when the rollout began, or that an operator accepted.
    private var baselineTargets: Int
    private(set) var gates: [GateResult] = []
    var waitsFor = ""
    /// What ties it to the other parts of a unit.
    var link = PartLink()
    /// All but the plan lets the canary have everything: the steps before that begin.
    var wantsLastShare = false
    /// The baking began to wait for the old version's last requests.
    private var emptyingSinceUptimeMs: Int64?

    init(_ rollout: Rollout, baselineTargets: Int, at now: Moment) {
        record = RolloutRecord(rollout)
        self.baselineTargets = baselineTargets
        clock = StepClock(standingMs: rollout.standingMs, countedMs: rollout.countedMs, at: now)
    }

    /// What its journal entries say.
    var rollout: Rollout { record.rollout }
    /// The share on its way into force.
    var move: StepMove? { share.move }
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
    var callExpiresUptimeMs: Int64? {
        [move?.call?.expiresUptimeMs, forced.call?.expiresUptimeMs].compactMap(\.self).max()
    }

    /// Both versions are judged by themselves only: the step in force is for test users.
    var isWithoutShare: Bool { isLeading && rollout.step > 0 && rollout.basisPoints(ofStep: rollout.step) == 0 }

    func awaitsReceipt(call number: Int) -> Bool { move?.call?.number == number || forced.call?.number == number }

    @discardableResult
    mutating func write(_ event: RolloutEvent, _ step: inout RolloutStep) -> UInt64 { record.write(event, &step) }

    /// The replay's way in.
    mutating func replay(_ entry: JournalEntry) { record.replay(entry) }

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
        forced.close(rollout, &step)
        gateKeeper.forget()
        share = StepShare()
        (gates, waitsFor) = ([], "")
        step.want(.endEvidence)
    }

    mutating func rollbackBegan(incident: String, because reason: String, _ step: inout RolloutStep) {
        guard isLeading else { return }
        share.standDown()
        write(.rollingBack(incident: incident, reason: reason), &step)
        forced.close(rollout, &step)
        gateKeeper.forget()
        gates = []
        waitsFor = "the rollback \(incident)"
        step.want(.endEvidence)
    }

    // MARK: A cycle

    /// At the end of a scrape cycle that breached nothing which takes the canary out.
    mutating func cycleEnded(_ deployment: DeploymentRecord, _ step: inout RolloutStep) {
        clockWatch.see(step.now)
        link.forgetWish()
        guard let settings = step.facts.rollout else { return }
        let isConclusive = step.facts.isBaselineThere && step.facts.canary.healthyTargets > 0
        conclusiveCycles = isConclusive ? min(1_000, conclusiveCycles + 1) : 0
        let isExcused = isExcused(settings, deployment, step)
        clock.advance(
            canaryRequests: step.facts.canary.cycleRequestCount, settings: rollout.plan,
            isExcused: isExcused || link.isUnitExcused, at: step.now)
        share.expireCall(at: step.now)
        endPause(&step)
        judgeHalts(settings, &step)
        forced.follow(rollout, &step)
        watchWayBack(&step)
        remind(&step)
        switch rollout.state {
        case .queued, .ended: break
        case .rollingBack: share.standDown()
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
        if share.isResting(at: step.now) { missing.append("the pause after an undone step") }
        missing += stops(deployment, settings, step)
        if let wait = step.facts.road.beforeFirstShare { missing.append(wait) }
        guard missing.isEmpty else {
            waitsFor = missing.joined(separator: "; ")
            let isPersons = rollout.pause != nil || rollout.halts.contains { !$0.reason.endsByItself }
            guard rollout.undoneWallMs.isEmpty, !isPersons, step.facts.road.beforeFirstShare == nil,
                clock.standingMs >= settings.checkingMaxMs
            else { return }
            return end(.aborted, because: "the start conditions are not met: \(waitsFor)", &step)
        }
        guard !step.context.isDryRun else { return showInstead(&step) }
        propose(.firstStep, &step)
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
    func stops(_ deployment: DeploymentRecord, _ settings: RolloutPlan, _ step: RolloutStep) -> [String] {
        var stops = rollout.halts.map { "halted (\($0.reason.rawValue)): \($0.text)" }
        if let pause = rollout.pause { stops.append("paused by \(pause.by): \(pause.reason)") }
        let doors = gates(settings, deployment, step).doors()
        stops += doors.filter { !$0.isOpen }.map { "\($0.gate): \($0.text)" }
        if step.facts.isRollbackWanted { stops.append("a rollback is wanted") }
        return stops
    }

    func gates(
        _ settings: RolloutPlan, _ deployment: DeploymentRecord, _ step: RolloutStep
    ) -> StepGates {
        StepGates(
            facts: step.facts, rollout: rollout, settings: settings, deployment: deployment,
            standingMs: clock.standingMs, requests: clock.requests,
            areOthersReady: step.plan.part == nil || link.areOthersReady, now: step.now,
            isClockDoubtful: clockWatch.isDoubtful(at: step.now), forced: forced.gate(rollout))
    }

    // MARK: Moving

    /// Both entries are one batch: the step that is passed, and the next one that is wanted.
    mutating func intend(_ next: Int, basisPoints: Int? = nil, _ step: inout RolloutStep) {
        wantsLastShare = false
        share.intend(next, basisPoints: basisPoints, &record, &step)
        waitsFor = "step \(next) on every instance of the router"
    }

    mutating func durable(through sequence: UInt64, _ step: inout RolloutStep) {
        share.durable(through: sequence, rollout, &step)
    }

    mutating func applied(call number: Int, receipts: [RouterReceipt], _ step: inout RolloutStep) {
        if forced.answered(call: number, receipts, &step) { return }
        share.applied(call: number, receipts: receipts, &record, &step)
    }

    private mutating func continueMove(_ settings: RolloutPlan, _ step: inout RolloutStep) {
        if share.move != nil || share.link.arrival != nil {
            return share.advance(deadlineMs: settings.stepDeadlineMs, &record, &step)
        }
        guard conclusiveCycles >= 2 || rollout.wantedStep <= rollout.step else {
            waitsFor = "two cycles of both pools after the restart"
            return
        }
        // A leader that lost the lead before its step was with the others may be the leader again.
        guard step.facts.isHandedOver || rollout.wantedStep <= rollout.step else {
            waitsFor = "the other replicas to have the step"
            return
        }
        share.takeUp(rollout, &step)
    }

    mutating func observed(_ observations: [RouterObservation], _ step: inout RolloutStep) {
        guard isLeading, step.facts.rollout != nil else { return }
        forced.observed(observations)
        if let finding = share.observed(observations, &record, &step) { take(finding, &step) }
    }

    mutating func take(_ finding: StepShare.Finding, _ step: inout RolloutStep) {
        switch finding {
        case .arrived(let basisPoints, let startsOver): arrived(basisPoints, startsOver: startsOver, &step)
        case .withdrawn:
            end(.withdrawn, because: "another client took the canary out", &step)
            step.want(.withdrawn)
        }
    }

    private mutating func arrived(_ basisPoints: Int, startsOver: Bool, _ step: inout RolloutStep) {
        if rollout.bake.holdbackBasisPoints > 0, basisPoints == 10_000 { return promote(&step) }
        if startsOver { clock.restart(at: step.now) }
        forced.follow(rollout, &step)
        step.want(isWithoutShare ? .watchWithoutShare : .startComparisonsOver)
    }

    // MARK: Standing

    private mutating func stand(_ settings: RolloutPlan, _ deployment: DeploymentRecord, _ step: inout RolloutStep) {
        guard let plan = rollout.plan else { return }
        if rollout.step == rollout.steps.count { return awaitBaking(&step) }
        beginEvidence(&step)
        let judge = gates(settings, deployment, step)
        gates = judge.judged()
        gateKeeper.work(judge, gates, &record, &step)
        if overdue(plan, &step) { return }
        let stops = stops(deployment, settings, step)
        let closed = gates.filter { !$0.isOpen }
        explainWait(closed, stops)
        let isReady = closed.isEmpty && stops.isEmpty && conclusiveCycles >= 2
        guard isReady, !share.isResting(at: step.now) else { return }
        if rollout.step + 1 == rollout.steps.count, let wait = step.facts.road.beforeLastShare {
            (wantsLastShare, waitsFor) = (true, wait)
            return
        }
        propose(.nextStep, &step)
    }

    /// What a step shows is counted from its settling on.
    private mutating func beginEvidence(_ step: inout RolloutStep) {
        guard let question = clock.evidenceDue(rollout) else { return }
        clock.hasBegunEvidence = true
        step.want(question)
    }

    /// The pools have other instances, so what was compared is no evidence about them.
    mutating func comparisonRestarted() { clock.restartEvidence() }

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
            return propose(.baking, &step)
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
        propose(.endOfBaking, &step)
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

    /// While it bakes the old version is the way back; before that its absence is a halt.
    private mutating func watchWayBack(_ step: inout RolloutStep) {
        guard rollout.state == .baking, !rollout.hasLostWayBack else { return }
        let change = wayBackWatch.see(step.facts.baseline, isKnownLost: false, at: step.now)
        guard change == .lost else { return }
        let version = VersionIdentity(step.plan.baseline.version)
        write(.wayBackLost(version: version, reason: "no target of it has answered for a minute"), &step)
    }

    private mutating func remind(_ step: inout RolloutStep) {
        guard !step.context.isJournalFailing, !clockWatch.isDoubtful(at: step.now), rollout.state != .rollingBack,
            !link.isRemindedByOther,
            let text = OperatorReminder.due(rollout, others: link.otherHalts, atWallMs: step.now.wallMs)
        else { return }
        write(.reminded(text: text), &step)
    }

    private mutating func endPause(_ step: inout RolloutStep) {
        guard let pause = rollout.pause, let until = pause.untilWallMs, step.now.wallMs >= until,
            !clockWatch.isDoubtful(at: step.now)
        else { return }
        write(.resumed(by: "rollguard", reason: "the time of the pause is over"), &step)
    }

    /// What came of asking a webhook gate.
    mutating func tried(_ id: String, _ result: GateTry, _ step: inout RolloutStep) {
        gateKeeper.tried(id, result, &record, &step)
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
        gateKeeper.take(reply, for: open, &record, &step)
    }

    // MARK: Orders

    mutating func resume(by: String, reason: String, acceptsBaseline: Bool, _ step: inout RolloutStep) {
        write(.resumed(by: by, reason: reason), &step)
        if acceptsBaseline { baselineTargets = step.facts.baseline.healthyTargets }
        let hadHand = rollout.isHalted(.hand)
        for halt in rollout.halts where !halt.reason.endsByItself || (acceptsBaseline && halt.reason == .baselineAway) {
            write(.unhalted(halt.reason, by: by), &step)
            if halt.reason == .overdue { clock.restartLimit() }
        }
        gateKeeper.askAgain(&record, &step)
        share.forgetTroubles()
        guard hadHand, let next = StepShare.stepAbove(step.facts.observations, rollout) else { return }
        clock.restart(at: step.now)
        // The parts of a unit stay at one step, whose gates were passed.
        guard step.plan.part == nil else {
            return share.restore(
                to: rollout.basisPoints(ofStep: rollout.step), step.facts.observations, &record, &step)
        }
        // Another client lowered the share: the rollout continues from there, with fresh evidence.
        intend(next, &step)
    }

    private mutating func recordClock(_ step: inout RolloutStep) {
        guard rollout.state == .standing || rollout.state == .baking, !step.context.isJournalFailing,
            clock.isRecordDue(at: step.now)
        else { return }
        let countedMs = clock.countedMs == clock.standingMs ? nil : clock.countedMs
        write(.standing(step: rollout.step, forMs: clock.standingMs, countedMs: countedMs), &step)
    }
}
