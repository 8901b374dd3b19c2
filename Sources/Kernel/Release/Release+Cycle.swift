import Model

/// The end of a scrape cycle: rules are judged as soon as the evidence is in.
extension Release {
    mutating func endCycle(_ context: inout StepContext) {
        cycles += 1
        closePools(at: context.now)
        gatherEvidence(at: context.now)
        pools.baseline.noteTraffic()
        if let rate = pools.canary.cycleRequestRate { isCanaryServing = rate > plan.proof.belowPerSecond }
        if mayHaveTraffic { pools.canary.noteTraffic() } else { pools.canary.noteNoTraffic() }
        switch phase {
        case .idle: beginByTraffic(&context)
        case .watching: judge(&context)
        case .rollingBack: drive(&context) { $0.cycleEnded(&$1, &$2) }
        case .rolledBack: watchForStrays(&context)
        case .promoted: break
        }
        if phase != .watching, phase != .rollingBack {
            report(rules.keepFiring(intervalMs: plan.scrape.intervalMs, at: context.now), &context)
        }
        recordRules(&context)
        setPace(at: context.now)
        lastCycleUptimeMs = context.now.uptimeMs
        (firstSampleBeforeUptimeMs, firstSampleUptimeMs) = (firstSampleUptimeMs ?? firstSampleBeforeUptimeMs, nil)
        pools.openCycle()
    }

    /// How soon the next cycle begins.
    private mutating func setPace(at now: Moment) {
        if denseScrapes.intervalMs != plan.scrape.intervalMs {
            denseScrapes = DenseScrapes(intervalMs: plan.scrape.intervalMs)
        }
        denseScrapes.take(
            suspicion: phase == .watching ? rules.regression.suspicion : 0, slowestAnswerMs: pools.slowestAnswerMs,
            atUptimeMs: now.uptimeMs)
    }

    private mutating func closePools(at now: Moment) {
        pools.closeCycle(atMs: now.uptimeMs, allowsLate: plan.scrape.lateAfterMs != nil)
        if !isShareSettled { pools.startComparisonsOver() }
    }

    /// What this cycle counted was counted with one share: since the first scrape of the cycle before, from which its counts
    /// begin, or since the counts of a scrape began that reports what earlier scrapes withheld.
    private var isShareSettled: Bool {
        let began = min(pools.countsBeganUptimeMs ?? .max, firstSampleBeforeUptimeMs ?? .min)
        return poll.shares.isSettled(sinceUptimeMs: began)
    }

    /// The canary has its share, as far as the router reports; of a router that can never be read it is assumed.
    private var mayHaveTraffic: Bool {
        phase == .watching && (poll.share.map { $0 > 0 } ?? poll.observations.areUnreadable)
    }

    private mutating func gatherEvidence(at now: Moment) {
        rules.regression.take(
            baseline: pools.baseline, canary: pools.canary, basisPoints: poll.share, isWatching: phase == .watching,
            isShareSettled: isShareSettled && !reachesBackBeforeTheWatch, at: now)
    }

    /// A scrape reports what earlier scrapes withheld, of a time before this release was watched: another version may
    /// have served then. That a cycle's own length reaches back is usual.
    private var reachesBackBeforeTheWatch: Bool {
        guard let since = watchedSinceUptimeMs else { return false }
        let seconds = Double(plan.scrape.intervalMs) * 1.5 / 1_000
        let began = pools.heldCountsBeganUptimeMs(over: seconds)
        return began.map { $0 < since } ?? false
    }

    private mutating func judge(_ context: inout StepContext) {
        let outcomes = rules.judge(
            baseline: pools.baseline, canary: pools.canary, intervalMs: plan.scrape.intervalMs, at: context.now)
        report(outcomes, &context)
        act(&context)
    }

    /// Writes alerts' changes down and notifies the receivers.
    mutating func report(_ outcomes: [RuleOutcome], _ context: inout StepContext) {
        for outcome in outcomes {
            let event: JournalEvent = outcome.isFiring ? .alertFiring(outcome.alert) : .alertResolved(outcome.alert)
            let sequence = context.record(event, release: name)
            context.notify(
                notification(
                    outcome.isFiring ? .alertFiring : .alertResolved, sequence: sequence, at: context.now,
                    summary: "\(name): \(outcome.text)", alert: outcome.alert, isDryRun: context.isDryRun))
            context.log(outcome.isFiring ? .warning : .info, name, outcome.text)
        }
    }

    /// A disk that takes nothing is not given more.
    private mutating func recordRules(_ context: inout StepContext) {
        guard !context.isJournalFailing else { return }
        if let pending = rules.duePending(isWatching: phase == .watching) {
            context.record(.pending(pending), release: name)
        }
        let evidence = rules.dueEvidence(hasDecision: context.hasDecision, atUptimeMs: context.now.uptimeMs)
        if let evidence { context.record(.evidence(evidence), release: name) }
    }
}
