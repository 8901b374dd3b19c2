import Model

/// Drives a rollback: writes the intent, calls the router, reads the split back, waits for the traffic to go, and never
/// stops trying while the incident is open.
extension ReleaseState {
    // MARK: The intent

    mutating func startRollback(
        _ trigger: IntentRecord.Trigger, because reason: String, _ context: inout StepContext
    ) {
        let intent = IntentRecord(
            trigger: trigger, fromVersion: plan.canary.version, toVersion: plan.baseline.version,
            splitBefore: observedShare.map { Split(canaryBasisPoints: $0) }, splitWanted: .allBaseline,
            isDryRun: context.isDryRun)
        let entry = context.record(.intended(intent), release: name, incident: "\(name)-\(context.nextSequence)")
        guard let incident = Incident(entry) else { return }
        retireRollback()
        rollback = Rollback(incident, plan: plan.rollback, at: context.now, step: .awaitingDurable)
        rollback?.wakeUptimeMs = context.now.uptimeMs + context.graceMs
        // A look that was sent before says nothing about what follows.
        watch.call = nil
        if context.isDryRun { return endDryRun(sequence: entry.sequence, reason: reason, &context) }
        enter(.rollingBack, &context, because: reason)
        tell(.rollbackIntended, sequence: entry.sequence, summary: "\(name): rolling back: \(reason)", &context)
        beginDrain(&context)
    }

    private mutating func endDryRun(sequence: UInt64, reason: String, _ context: inout StepContext) {
        rollback?.settle()
        explain("dry run: would have rolled back: \(reason)")
        for share in sharesInSteps { context.emit(.showPlannedCalls(release: name, split: share)) }
        context.emit(.measure(.rollback(release: name, outcome: "dry_run")))
        context.log(.warning, name, explanation)
        tell(.rollbackIntended, sequence: sequence, summary: "\(name): \(explanation)", &context)
    }

    func tell(
        _ event: Notification.Event, sequence: UInt64, summary: String, _ context: inout StepContext
    ) {
        context.notify(
            notification(event, sequence: sequence, at: context.now, summary: summary, isDryRun: context.isDryRun))
    }

    /// The intent is on disk: now the router may be called.
    mutating func becameDurable(through sequence: UInt64, _ context: inout StepContext) {
        guard let open = rollback, open.isOpen, open.step == .awaitingDurable, sequence >= open.incident.intentSequence,
            !open.isIntentLost
        else { return }
        measure("durable", &context)
        proceed(&context)
    }

    /// An intent that is not on the disk is not proven by what follows it: the rollback waits for `journal.grace`.
    mutating func lostEntries(from first: UInt64, through last: UInt64) {
        guard let open = rollback, (first...max(first, last)).contains(open.incident.intentSequence) else { return }
        rollback?.isIntentLost = true
    }

    // MARK: The router

    /// Sets the split on every instance. Repeating it is harmless.
    mutating func apply(_ context: inout StepContext) {
        guard !context.isDryRun else { return showInstead(&context) }
        startCall(step: .applying, &context)
        rollback?.attempts += 1
        guard let open = rollback, let call = open.call else { return }
        aim(&context)
        context.emit(
            .applySplit(
                release: name, call: call.number, split: open.splitNow, timeoutMs: plan.rollback.callTimeoutMs))
    }

    /// A dry run that found a rollback in the journal: it says what it would do, and does it not.
    mutating func showInstead(_ context: inout StepContext) {
        rollback?.step = .pausing
        rollback?.wakeUptimeMs = context.now.uptimeMs + 60_000
        explain("dry run: the router is not called, so the rollback of the journal does not go on")
        context.log(.warning, name, explanation)
        let next = rollback?.drain.map { Split(canaryBasisPoints: $0.record.shareBasisPoints) } ?? .allBaseline
        context.emit(.showPlannedCalls(release: name, split: next))
    }

    mutating func observe(_ context: inout StepContext) {
        startCall(step: .observing, &context)
        guard let call = rollback?.call else { return }
        aim(&context)
        context.emit(.observeSplit(release: name, call: call.number, timeoutMs: plan.rollback.callTimeoutMs))
    }

    private mutating func startCall(step: Rollback.Step, _ context: inout StepContext) {
        let call = Rollback.Call(number: context.newCall(), expiresUptimeMs: context.now.uptimeMs + callLimitMs)
        rollback?.step = step
        rollback?.wakeUptimeMs = nil
        rollback?.call = call
    }

    mutating func applied(call: Int, receipts: [RouterReceipt], _ context: inout StepContext) {
        guard let open = rollback, open.call?.number == call, open.step == .applying else { return }
        rollback?.call = nil
        if receipts != open.receipts, open.isEpisodeTold { write(.applied(receipts), &context) }
        rollback?.receipts = receipts
        if let reason = open.drain?.cutShortBecause { return cutShort(because: reason, &context) }
        if open.drain == nil, receipts.allSatisfy({ $0.outcome == .accepted }) { measure("applied", &context) }
        // A lost answer may hide a success, so it is looked at like one.
        if receipts.contains(where: { $0.outcome == .accepted || $0.outcome == .unknown }) {
            observe(&context)
        } else {
            context.log(.error, name, "the router did not take the rollback: \(receipts.text)")
            pauseThenRetry(&context)
        }
    }

    mutating func observed(call: Int, observations: [RouterObservation], _ context: inout StepContext) {
        guard let open = rollback, open.call?.number == call, open.step == .observing else { return }
        rollback?.call = nil
        if observations != open.observations, open.isEpisodeTold { write(.observed(observations), &context) }
        rollback?.observations = observations
        watch.observations = observations
        shareHistory.take(observations, atUptimeMs: context.now.uptimeMs)
        notePoll(observations, &context)
        if open.drain != nil { return sawStep(observations, &context) }
        if ReleaseState.showsNothing(observations) || ReleaseState.isUnreadable(observations) {
            showsZero(&context)
        } else {
            rollback?.forgetProof()
            let refused = open.receipts.filter { $0.outcome != .accepted }
            let why = refused.isEmpty ? "" : "; the last call: \(refused.text)"
            context.log(.error, name, "the rollback does not hold yet: \(observations.text)\(why)")
            pauseThenRetry(&context)
        }
    }

    private mutating func showsZero(_ context: inout StepContext) {
        guard rollback?.isProven == false else { return acknowledge(&context) }
        if rollback?.observedZeroSinceUptimeMs == nil {
            rollback?.observedZeroSinceUptimeMs = context.now.uptimeMs
            measure("observed", &context)
        }
        rollback?.pause.reset()
        let nextLookMs = context.now.uptimeMs + plan.rollback.observeEveryMs
        rollback?.step = .proving
        rollback?.wakeUptimeMs = nextLookMs
    }

    mutating func pauseThenRetry(_ context: inout StepContext) {
        guard var open = rollback else { return }
        open.step = .pausing
        open.wakeUptimeMs = context.now.uptimeMs + open.pause.next(seed: jitterSeed(context))
        rollback = open
    }

    /// FNV-1a of the name: retries of one release do not depend on those of another.
    private func jitterSeed(_ context: StepContext) -> UInt64 {
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        return context.seed ^ hash &+ UInt64(rollback?.corrections ?? 0) << 32
    }

    // MARK: The end

    private mutating func acknowledge(_ context: inout StepContext) {
        guard let open = rollback else { return }
        rollback?.settle()
        watch.call = nil
        watch.nextUptimeMs = context.now.uptimeMs + plan.rollback.observeEveryMs
        measure("acknowledged", &context)
        context.emit(.measure(.rollback(release: name, outcome: "acknowledged")))
        // In a fight that goes on for days, what nobody was told of is not written down either.
        guard open.isEpisodeTold else {
            return enter(.rolledBack, &context, because: "rolled back to \(plan.baseline.version)")
        }
        let sequence = write(.acknowledged, &context)
        tell(
            .rollbackAcknowledged, sequence: sequence,
            summary: "\(name): \(outcome)", &context)
        end(.rolledBack, &context)
    }

    private var outcome: String {
        guard let reason = rollback?.unproven else {
            return "\(plan.canary.version) is out; \(plan.baseline.version) has all the traffic"
        }
        return "\(plan.canary.version) is out according to the router, which the scrapes could not prove: \(reason)"
    }

    // MARK: Time

    /// What is due by time alone.
    mutating func rollbackTick(_ context: inout StepContext) {
        guard let open = rollback, open.isOpen else { return }
        let now = context.now.uptimeMs
        // A dry run leaves the rollback of the journal alone: it neither gives it up nor hands it over.
        if context.isDryRun {
            rollback?.hasLimits = false
        } else {
            if !open.isOverdue, !open.isBeingConfirmed, now >= open.deadlineUptimeMs { abandon(&context) }
            if takeOverWhenDue(&context) { return }
        }
        if let call = open.call, now >= call.expiresUptimeMs {
            rollback?.call = nil
            return pauseThenRetry(&context)
        }
        guard let wake = open.wakeUptimeMs, now >= wake else { return }
        switch open.step {
        case .awaitingDurable: actBeforeDurable(&context)
        case .pausing: retryStep(&context)
        case .draining: lookAtStep(&context)
        case .proving: observe(&context)
        case .applying, .observing, .settled: break
        }
    }

    /// Fail towards the baseline: an unwritable journal must not keep a bad canary in.
    private mutating func actBeforeDurable(_ context: inout StepContext) {
        let reason = "the journal was not durable within \(context.graceMs) ms"
        write(.actedBeforeDurable(reason: reason), &context)
        context.log(.error, name, "\(reason); rolling back all the same")
        proceed(&context)
    }

    private mutating func abandon(_ context: inout StepContext) {
        guard let open = rollback else { return }
        let reason = ReleaseState.reasonForDelay(open)
        let sequence = write(.abandoned(reason: reason), &context)
        rollback?.isOverdue = true
        rollback?.isEpisodeTold = true
        context.emit(.measure(.rollback(release: name, outcome: "abandoned")))
        context.log(.error, name, "the rollback is not acknowledged after its deadline: \(reason)")
        explain("the rollback is not acknowledged: \(reason); trying on")
        tell(
            .rollbackAbandoned, sequence: sequence,
            summary:
                "\(name): the rollback is not acknowledged within \(plan.rollback.deadlineMs / 1_000) s: \(reason)."
                + " A person is needed; the tries go on.", &context)
    }

    private static func reasonForDelay(_ open: Rollback) -> String {
        if open.observedZeroSinceUptimeMs != nil {
            return "the router shows 0 %, but \(open.proof.obstacle ?? "no scrape cycle has ended since")"
        }
        if let drain = open.drain { return drain.record.text }
        if !open.observations.isEmpty { return "the router shows \(open.observations.text)" }
        if !open.receipts.isEmpty { return "the router answers \(open.receipts.text)" }
        if open.attempts > 0 { return "the router does not answer" }
        let isWaiting = open.step == .awaitingDurable
        return isWaiting ? "the journal is not durable" : "the daemon was restarted before the router was called"
    }

    // MARK: Words

    func measure(_ phase: String, _ context: inout StepContext) {
        let since = context.now.uptimeMs - (rollback?.episodeUptimeMs ?? context.now.uptimeMs)
        context.emit(.measure(.rollbackPhase(release: name, phase: phase, sinceVerdictMs: since)))
    }
}
