import Model
import Support

/// A rollback from its intent to its acknowledgement, and its correction when something puts the canary back.
///
///     intended -> durable -> applied -> observed -> proven by traffic -> confirmed -> acknowledged
///
/// It takes what happens (``durable(through:_:)``, ``applied(_:_:)``, ``observed(_:_:)``, ``tick(_:)``, ``cycleEnded(_:_:)``)
/// and collects what is to be done in a ``RollbackStep``. It never stops trying while the incident is open.
struct RollbackProcess: Sendable, Equatable {
    private(set) var state: RollbackState
    /// What its journal entries say; changed by ``write(_:_:)`` and by the replay alone.
    var incident: Incident
    /// The intent's entry was lost on its way to the disk.
    private var isIntentLost = false
    /// The steps that come before everything is taken out; nil when they are done or there are none.
    private(set) var drain: Drain?
    private var limits: RollbackLimits
    private var pause: RetryPause
    /// Calls of this process that changed something.
    private var attempts = 0
    /// Corrections of a drift by this process, those without an entry too.
    private var corrections = 0
    /// The begin of this episode was reported, so its end is.
    private var isReported = true
    private var answers = RouterAnswers()
    /// What the log has of refused calls, and of what the router showed.
    private var refusals = RepeatedReport()
    private var findings = RepeatedReport()
    private(set) var proof = Proof()
    /// Targets that served the canary and left it while this episode was open: whether they are silent cannot be seen any more.
    private(set) var unseenTargets: [String] = []
    var turn = CallTurn()

    init(_ incident: Incident, plan: RollbackPlan, at now: Moment, state: RollbackState) {
        self.incident = incident
        self.state = state
        limits = RollbackLimits(deadlineMs: plan.deadlineMs, at: now)
        pause = RetryPause(minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
    }

    var id: String { incident.id }

    /// The router is being worked on. A drift that is corrected without an entry does not open the incident again.
    var isOpen: Bool { state != .settled }

    /// Its deadline has passed, and people were notified.
    var isOverdue: Bool { limits.isOverdue }

    /// Where its calls go; after it, too, those of the regular polls.
    var destination: CallDestination { incident.isOnFallback ? .fallback : .primary }

    /// The proof is complete and the router is being polled for the last time. No limit cuts this short: it ends with the
    /// answer, or when the call expires.
    private var isBeingConfirmed: Bool { proof.isComplete && state.call != nil }

    /// People are notified of the verdict, and the steps begin where the plan asks for them. The router waits for the intent.
    mutating func begin(sequence: UInt64, because reason: String, _ step: inout RollbackStep) {
        report(.rollbackIntended, sequence: sequence, "rolling back: \(reason)", &step)
        guard let before = incident.intent.splitBefore, let plan = step.plan.drain else { return }
        if let reason = step.facts.reasonForEverything {
            write(.draining(DrainRecord(sharesBasisPoints: [], remark: reason)), &step)
            return step.log(.warning, "everything at once: \(reason)", incident: id)
        }
        drain = Drain(
            steps: plan.stepsBasisPoints, shareBefore: before.canaryBasisPoints, facts: step.facts,
            atUptimeMs: step.now.uptimeMs)
        if drain != nil { writeStep(&step) }
    }

    /// What another process of the daemon began continues where its entries end.
    mutating func resume(plan: ReleasePlan, at now: Moment) {
        proof.unproven = incident.unproven
        guard incident.isOpen else { return }
        state = .pausing(untilUptimeMs: now.uptimeMs)
        attempts = incident.attempts
        answers = RouterAnswers(incident)
        drain = incident.step.map { Drain(restoring: $0, atUptimeMs: now.uptimeMs) }
        if incident.step?.isHeld == true { drain?.reportedWallMs = incident.stepWallMs }
        limits = RollbackLimits(
            continuing: incident, plan: plan, callLimitMs: plan.rollback.callLimitMs, at: now)
    }

    /// Starts over for a drift: same incident, new deadline, nothing proven.
    ///
    /// - Parameter isReported: people hear of this episode.
    mutating func reopen(isReported: Bool, plan: RollbackPlan, at now: Moment) {
        corrections += 1
        (drain, self.isReported) = (nil, isReported)
        limits = RollbackLimits(deadlineMs: plan.deadlineMs, at: now)
        pause = RetryPause(minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
        (unseenTargets, proof, answers) = ([], Proof(), RouterAnswers())
    }

    /// Nothing is left to be done.
    mutating func settle() { state = .settled }

    /// An operator allows the version to be tried again.
    mutating func rearm(by: String, reason: String, _ step: inout RollbackStep) {
        let sequence = write(.rearmed(by: by, reason: reason), &step)
        settle()
        report(.rearmed, sequence: sequence, "rearmed by \(by): \(reason)", &step)
    }

    mutating func noteUnseen(targets: [String]) { unseenTargets += targets }

    /// The canary has its share, or traffic, again: the incident that was reopened says so, and the router is called.
    ///
    /// - Parameter error: for the log, where the release itself has not logged it.
    mutating func correct(
        _ event: JournalEvent, _ text: String, error: String? = nil, _ step: inout RollbackStep
    ) {
        if isReported {
            let sequence = write(event, &step)
            report(.rollbackDrifted, sequence: sequence, text, &step)
        }
        if let error { step.log(.error, error, incident: id) }
        apply(&step)
    }

    /// The canary was put back and is left with what it has, because the baseline could not serve it.
    mutating func reportHold(of what: String, because reason: String, _ step: inout RollbackStep) {
        let sequence = write(.driftHeld(reason: reason), &step)
        reportHold(
            "\(what). It is taken out when the baseline is there; ask for the rollback to do it now.",
            sequence: sequence, &step)
    }

    private func reportHold(_ text: String, sequence: UInt64, _ step: inout RollbackStep) {
        step.context.emit(.measure(.rollback(release: step.name, outcome: "held")))
        report(.rollbackHeld, sequence: sequence, text, &step)
    }

    /// Writes an entry of the incident and applies it, so that the incident in memory is what the journal says.
    ///
    /// - Returns: the entry's sequence.
    @discardableResult
    mutating func write(_ event: JournalEvent, _ step: inout RollbackStep) -> UInt64 {
        let entry = step.context.record(event, release: step.name, incident: id)
        incident.apply(entry)
        return entry.sequence
    }

    func report(_ event: Notification.Event, sequence: UInt64, _ text: String, _ step: inout RollbackStep) {
        step.notify(event, sequence: sequence, incident: incident, summary: "\(step.name): \(text)")
    }

    private func measure(_ phase: String, _ step: inout RollbackStep) {
        step.measure(phase, sinceUptimeMs: limits.episodeUptimeMs)
    }

    /// The intent is on disk: now the router may be called.
    mutating func durable(through sequence: UInt64, _ step: inout RollbackStep) {
        guard case .awaitingDurable = state, sequence >= incident.intentSequence, !isIntentLost else { return }
        measure("durable", &step)
        proceed(&step)
    }

    /// An intent that is not on the disk is not proven by what follows it: the rollback waits for `journal.grace`.
    mutating func lost(from first: UInt64, through last: UInt64) {
        if (first...max(first, last)).contains(incident.intentSequence) { isIntentLost = true }
    }

    /// Fail towards the baseline: an unwritable journal must not keep a bad canary in.
    private mutating func actBeforeDurable(_ step: inout RollbackStep) {
        let reason = "the journal was not durable within \(step.context.graceMs) ms"
        write(.actedBeforeDurable(reason: reason), &step)
        step.log(.error, "\(reason); rolling back all the same", incident: id)
        proceed(&step)
    }

    // MARK: Calls to the router

    /// What comes next for the router: everything is set at once, a step is polled first. Its time begins now.
    private mutating func proceed(_ step: inout RollbackStep) {
        drain?.begunUptimeMs = step.now.uptimeMs
        if drain == nil { apply(&step) } else { observe(&step) }
    }

    /// Sets the split on every instance. Repeating it is harmless.
    mutating func apply(_ step: inout RollbackStep) {
        guard !step.context.isDryRun else { return showInstead(&step) }
        if let until = turn.waitsUntilUptimeMs(at: step.now.uptimeMs) { return state = .pausing(untilUptimeMs: until) }
        let call = step.newCall()
        state = .applying(call)
        attempts += 1
        step.context.emit(
            .applySplit(
                release: step.name, call: call.number, split: drain?.askedSplit ?? .allBaseline,
                timeoutMs: step.plan.rollback.callTimeoutMs, via: destination))
    }

    /// The call that was on its way has been answered.
    mutating func unblock(_ step: inout RollbackStep) {
        if turn.unblock(), case .pausing = state { proceed(&step) }
    }

    /// For this incident, in this process or in one before it.
    var isRouterCalled: Bool { attempts > 0 || showsNothing }

    /// The router shows that the canary is out.
    var showsNothing: Bool { proof.zeroSinceUptimeMs != nil || state == .settled }

    /// Parts of the unit with a higher rank are called first, unless they do not answer.
    mutating func takeTurn(ranksBefore: Int, areOut: Bool, _ step: inout RollbackStep) {
        keepTurn(ranksBefore: ranksBefore, at: step.now)
        if areOut, turn.goAhead(), case .pausing = state { proceed(&step) }
    }

    /// A router that was called already is called again at once.
    mutating func keepTurn(ranksBefore: Int, at now: Moment) {
        if attempts == 0 { turn.keep(ranksBefore: ranksBefore, at: now.uptimeMs) }
    }

    private mutating func observe(_ step: inout RollbackStep) {
        let call = step.newCall()
        state = .observing(call)
        step.context.emit(
            .observeSplit(
                release: step.name, call: call.number, timeoutMs: step.plan.rollback.callTimeoutMs, via: destination))
    }

    /// A dry run that found a rollback in the journal: it says what it would do, and does it not.
    private mutating func showInstead(_ step: inout RollbackStep) {
        state = .pausing(untilUptimeMs: step.now.uptimeMs + 60_000)
        let next = drain.map { Split(canaryBasisPoints: $0.record.shareBasisPoints) }
        step.showInstead(next ?? .allBaseline, incident: id)
    }

    mutating func applied(call number: Int, receipts: [RouterReceipt], _ step: inout RollbackStep) {
        guard case .applying(let call) = state, call.number == number else { return }
        if answers.take(receipts), isReported { write(.applied(receipts), &step) }
        if let reason = drain?.cutShortBecause { return takeEverything(because: reason, &step) }
        if drain == nil, receipts.allSatisfy({ $0.outcome == .accepted }) { measure("applied", &step) }
        // A lost answer may hide a success, so the router is polled as after one.
        if receipts.contains(where: { $0.outcome == .accepted || $0.outcome == .unknown }) { return observe(&step) }
        let text = "the router did not take the rollback: \(receipts.text)"
        if refusals.isDue(text, at: step.now.uptimeMs) { step.log(.error, text, incident: id) }
        pauseThenRetry(&step)
    }

    /// Writes down what the router showed; ``observed(_:_:)`` acts on it.
    mutating func note(_ observations: [RouterObservation], _ step: inout RollbackStep) {
        if answers.take(observations), isReported { write(.observed(observations), &step) }
    }

    mutating func observed(_ observations: [RouterObservation], _ step: inout RollbackStep) {
        if let move = drain?.observed(observations, step.facts, at: step.now) { return take(move, &step) }
        if observations.showNothing || observations.areUnreadable { return showsZero(&step) }
        proof = Proof()
        let text = "the rollback does not hold yet: \(observations.text)\(answers.refusals)"
        if findings.isDue(text, at: step.now.uptimeMs) { step.log(.error, text, incident: id) }
        pauseThenRetry(&step)
    }

    private mutating func showsZero(_ step: inout RollbackStep) {
        guard !proof.isComplete else { return acknowledge(&step) }
        if proof.zeroSinceUptimeMs == nil {
            proof.zeroSinceUptimeMs = step.now.uptimeMs
            measure("observed", &step)
        }
        pause.reset()
        state = .verifying(pollUptimeMs: step.now.uptimeMs + step.plan.rollback.observeEveryMs)
    }

    private mutating func pauseThenRetry(_ step: inout RollbackStep) {
        let pauseMs = pause.next(seed: step.jitterSeed(corrections: corrections))
        state = .pausing(untilUptimeMs: step.now.uptimeMs + pauseMs)
    }

    // MARK: Time

    /// The earliest moment at which there is something to do by time alone; nil when nothing is.
    func wakeUptimeMs(plan: ReleasePlan) -> Int64? {
        let limit = isBeingConfirmed ? nil : limits.reportUptimeMs
        guard let wake = state.wakeUptimeMs else { return nil }
        return [wake, limit, fallbackDueUptimeMs(plan: plan)].compactMap { $0 }.min()
    }

    /// What is due by time alone.
    mutating func tick(_ step: inout RollbackStep) {
        guard isOpen else { return }
        let now = step.now.uptimeMs
        let before = state
        // A dry run leaves the rollback of the journal alone: it neither gives it up nor hands it over.
        if step.context.isDryRun {
            limits.areSuspended = true
        } else {
            if let limit = limits.reportUptimeMs, !isBeingConfirmed, now >= limit { abandon(&step) }
            if takeOverWhenDue(&step) { return }
        }
        switch before {
        case .applying(let call), .observing(let call):
            if now >= call.expiresUptimeMs { pauseThenRetry(&step) }
        case .awaitingDurable(let time): if now >= time { actBeforeDurable(&step) }
        case .pausing(let time): if now >= time { retry(&step) }
        case .draining(let time): if now >= time { pollStep(&step) }
        case .verifying(let time): if now >= time { observe(&step) }
        case .settled: break
        }
    }

    private mutating func abandon(_ step: inout RollbackStep) {
        let reason = DelayReason(state: state, proof: proof, drain: drain, answers: answers, attempts: attempts).text
        let sequence = write(.abandoned(reason: reason), &step)
        (limits.isOverdue, isReported) = (true, true)
        step.context.emit(.measure(.rollback(release: step.name, outcome: "abandoned")))
        step.log(.error, "the rollback is not acknowledged after its deadline: \(reason)", incident: id)
        step.explain("the rollback is not acknowledged: \(reason); trying on")
        let seconds = step.plan.rollback.deadlineMs / 1_000
        report(
            .rollbackAbandoned, sequence: sequence,
            "the rollback is not acknowledged within \(seconds) s: \(reason). An operator is needed; the attempts continue.",
            &step)
    }

    private mutating func retry(_ step: inout RollbackStep) {
        guard let plan = step.plan.drain, let drain else { return proceed(&step) }
        guard !step.context.isDryRun else { return showInstead(&step) }
        var open = drain
        let move = open.retry(plan, at: step.now)
        self.drain = open
        take(move, &step)
    }

    /// The next poll at a step that is in place.
    private mutating func pollStep(_ step: inout RollbackStep) {
        guard let plan = step.plan.drain, let drain else { return proceed(&step) }
        guard !step.context.isDryRun else { return showInstead(&step) }
        take(drain.polled(plan, step.facts, at: step.now), &step)
    }

    // MARK: Scrape cycles

    /// A scrape cycle has ended: may the next step come, has the canary's traffic gone?
    mutating func cycleEnded(_ canary: inout PoolState, _ step: inout RollbackStep) {
        guard isOpen else { return }
        weighDrain(&step)
        weighTraffic(&canary, &step)
    }

    private mutating func weighDrain(_ step: inout RollbackStep) {
        if case .awaitingDurable = state { return }
        guard !step.context.isDryRun, var open = drain else { return }
        let moves = open.cycleEnded(step.facts, at: step.now)
        drain = open
        for move in moves { take(move, &step) }
    }

    private mutating func weighTraffic(_ canary: inout PoolState, _ step: inout RollbackStep) {
        let finding = proof.weigh(
            &canary, step.facts, showsNothing: answers.observations.showNothing, unseen: unseenTargets, at: step.now)
        switch finding {
        case .nothing: break
        case .obstructed(let obstacle): explain(obstacle: obstacle, &step)
        case .busy(let obstacle, let asksAgain):
            explain(obstacle: obstacle, &step)
            if asksAgain, case .verifying = state { apply(&step) }
        case .proven(let rate):
            if isReported { write(.provenByTraffic(canaryRate: rate), &step) }
            measure("proven", &step)
            confirm(&step)
        case .unproven(let reason, let obstacle):
            if let obstacle { explain(obstacle: obstacle, &step) }
            if isReported { write(.unproven(reason: reason), &step) }
            confirm(&step)
        }
    }

    private func explain(obstacle: String, _ step: inout RollbackStep) {
        step.explain("the router shows 0 %, but \(obstacle)")
    }

    /// One last poll: the acknowledgement must not rest on a read-back that has grown old.
    private mutating func confirm(_ step: inout RollbackStep) {
        if state.call == nil { observe(&step) }
    }

    private mutating func acknowledge(_ step: inout RollbackStep) {
        settle()
        measure("acknowledged", &step)
        step.context.emit(.measure(.rollback(release: step.name, outcome: "acknowledged")))
        // In a fight that continues for days, what was not reported is not written down either.
        if isReported {
            let sequence = write(.acknowledged, &step)
            report(.rollbackAcknowledged, sequence: sequence, proof.outcome(step.plan), &step)
        }
        step.acknowledged(isReported: isReported)
    }

    /// Traffic was found after the end; whether the canary serves is weighed again.
    mutating func proveAfterwards(_ canary: inout PoolState, _ step: inout RollbackStep) {
        let rate = proof.proveAfterwards(&canary, step.plan, unseen: unseenTargets, at: step.now)
        guard let rate else { return }
        write(.provenByTraffic(canaryRate: rate), &step)
        step.log(.info, "the rollback is proven now: the canary can be scraped and serves nothing", incident: id)
    }

    // MARK: Steps

    private mutating func take(_ move: Drain.Move, _ step: inout RollbackStep) {
        switch move {
        case .nothing: break
        case .observe: observe(&step)
        case .wait: waitInStep(&step)
        case .settleIn:
            pause.reset()
            waitInStep(&step)
        case .lower: apply(&step)
        case .correct:
            step.context.emit(.measure(.driftCorrection(release: step.name)))
            apply(&step)
        case .stopCorrecting(let reason):
            step.context.emit(.measure(.driftCorrection(release: step.name)))
            takeEverything(because: reason, &step)
        case .retry: pauseThenRetry(&step)
        case .takeEverything(let reason): hurry(because: reason, &step)
        case .next: nextStep(&step)
        case .hold(let trouble): hold(because: trouble, &step)
        }
    }

    private mutating func waitInStep(_ step: inout RollbackStep) {
        state = .draining(pollUptimeMs: step.now.uptimeMs + step.plan.rollback.observeEveryMs)
    }

    private mutating func nextStep(_ step: inout RollbackStep) {
        drain?.next()
        // What was said of the step before says nothing of this one.
        answers = RouterAnswers()
        pause.reset()
        writeStep(&step)
        if drain?.record.isLastStep == true { endSteps(&step) }
        proceed(&step)
    }

    /// Takes the rest out now. Waits for the answer of a call that sets a step (the router must not carry it out after the
    /// next), and for the intent.
    ///
    /// - Returns: false when there are no steps to cut short.
    @discardableResult
    mutating func hurry(because reason: String, _ step: inout RollbackStep) -> Bool {
        guard drain != nil else { return false }
        switch state {
        case .applying, .awaitingDurable: drain?.cutShortBecause = reason
        case .observing, .draining, .pausing, .verifying, .settled: takeEverything(because: reason, &step)
        }
        return true
    }

    private mutating func takeEverything(because reason: String, _ step: inout RollbackStep) {
        drain?.skipToLast(because: reason)
        answers = RouterAnswers()
        writeStep(&step)
        endSteps(&step)
        apply(&step)
    }

    private mutating func endSteps(_ step: inout RollbackStep) {
        drain = nil
        limits.takeEverything(deadlineMs: step.plan.rollback.deadlineMs, at: step.now)
        pause.reset()
    }

    private mutating func hold(because trouble: String, _ step: inout RollbackStep) {
        drain?.hold(because: trouble, at: step.now)
        let sequence = writeStep(&step)
        reportHold(
            "\(drain?.record.text ?? ""). It continues when the baseline is well; ask for the rollback once more to take the"
                + " rest out now.", sequence: sequence, &step)
    }

    @discardableResult
    private mutating func writeStep(_ step: inout RollbackStep) -> UInt64 {
        guard let drain else { return 0 }
        let sequence = write(.draining(drain.record), &step)
        let text = "draining: \(drain.record.text)"
        step.explain(text)
        step.log(.warning, text, incident: id)
        return sequence
    }

    // MARK: The fallback

    /// When the rollback goes over to the second router; nil where it will not.
    private func fallbackDueUptimeMs(plan: ReleasePlan) -> Int64? {
        guard isOpen, !incident.isOnFallback else { return nil }
        // The intent comes first, whichever router it is.
        if case .awaitingDurable = state { return nil }
        guard drain == nil, !isBeingConfirmed else { return nil }
        return limits.fallbackUptimeMs(plan, proof)
    }

    /// From then on changes go to both routers, because the first may come back, and polls go to the second alone, because a
    /// first router that is lost, or that shows what it does not do, must not keep the rollback from being acknowledged. The
    /// canary's traffic has to stop all the same. It stays so until the release starts over.
    ///
    /// - Returns: true when it took over just now.
    private mutating func takeOverWhenDue(_ step: inout RollbackStep) -> Bool {
        guard let due = fallbackDueUptimeMs(plan: step.plan), step.now.uptimeMs >= due else { return false }
        let kind = step.plan.fallback?.router.kind ?? ""
        let reason = "not acknowledged on \(step.plan.router.kind) in time; \(kind) takes over"
        // What the first router answered says nothing of the second.
        (proof, answers) = (Proof(), RouterAnswers())
        let sequence = write(.fallback(reason: reason), &step)
        report(.rollbackFallback, sequence: sequence, reason, &step)
        step.log(.error, reason, incident: id)
        step.explain(reason)
        measure("fallback", &step)
        apply(&step)
        return true
    }
}
