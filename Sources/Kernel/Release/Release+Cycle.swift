import Model

/// The end of a scrape cycle: rules are judged as soon as the evidence is in, and their decision is carried out.
extension Release {
    mutating func endCycle(_ context: inout StepContext) {
        cycles += 1
        if isCanaryKept { followLists(&context, isCycleEnding: true) }
        gatherEvidence(at: context.now)
        if let rate = pools.canary.cycleRequestRate { isCanaryServing = rate > plan.proof.belowPerSecond }
        pools.noteTraffic(mayReachCanary: phase == .watching && poll.mayGiveTraffic)
        switch phase {
        case .idle: beginByTraffic(&context)
        case .watching: judge(&context)
        case .rollingBack: drive(&context) { $0.cycleEnded(&$1, &$2) }
        case .rolledBack: watchForStrays(&context)
        case .promoted: break
        }
        if plan.rollout != nil, phase != .rollingBack, context.mayLead(name) { lead(&context) { $0.cycleEnded(&$1) } }
        witnessStep(&context)
        if phase != .watching, phase != .rollingBack {
            report(rules.keepFiring(intervalMs: plan.scrape.intervalMs, at: context.now), &context)
        }
        watchTargets(&context)
        watchSchema(&context)
        repeatSteps(&context)
        recordRules(&context)
        setPace(at: context.now)
        times.end(atUptimeMs: context.now.uptimeMs)
        pools.openCycle()
    }

    /// How soon the next cycle begins.
    private mutating func setPace(at now: Moment) {
        denseScrapes.adopt(intervalMs: plan.scrape.intervalMs)
        denseScrapes.take(
            suspicion: phase == .watching ? rules.regression.suspicion : 0, slowestAnswerMs: pools.slowestAnswerMs,
            atUptimeMs: now.uptimeMs)
    }

    private mutating func gatherEvidence(at now: Moment) {
        pools.closeCycle(atMs: now.uptimeMs, allowsLate: plan.scrape.lateAfterMs != nil)
        let began = times.countsBeganUptimeMs(pools.countsBeganUptimeMs)
        // Test users alone are no sample: at their step nothing is compared.
        let isShareSettled = poll.shares.isSettled(sinceUptimeMs: began) && !rollouts.isWithoutShare
        if !isShareSettled { pools.startComparisonsOver() }
        rules.regression.take(
            baseline: pools.baseline, canary: pools.canary, basisPoints: poll.share, isWatching: phase == .watching,
            isShareSettled: isShareSettled
                && !pools.reachBackBefore(
                    watchedSinceUptimeMs: watchedSinceUptimeMs, intervalMs: plan.scrape.intervalMs),
            at: now)
    }

    private mutating func judge(_ context: inout StepContext) {
        let outcomes = rules.judge(
            baseline: pools.baseline, canary: pools.canary, intervalMs: plan.scrape.intervalMs, at: context.now)
        report(outcomes, &context)
        act(&context)
    }

    private mutating func act(_ context: inout StepContext) {
        let known = DecisionFacts(
            facts: facts, cycles: cycles, isHeld: heldReason != nil, heldUntilUptimeMs: heldUntilUptimeMs,
            actsOnStatistics: context.mayLead(name),
            closedWayBack: closedWayBack(at: context.now) ?? unknownSchema(at: context.now))
        let decision = rules.decide(known, at: context.now)
        if case .none(let isWanted) = decision {
            if !isWanted { heldReason = nil }
            return explain(rules.summary(routerProblem: poll.health.problem))
        }
        // A dry run says once what it would have done.
        if context.isDryRun, let incident = rollback?.incident, incident.intent.isDryRun, !incident.isRearmed { return }
        switch decision {
        case .none: break
        case .wait(let text): explain(text)
        case .hold(let rule, let reason, let until):
            if let until { heldUntilUptimeMs = until }
            hold(rule: rule, because: reason, &context)
        case .rollback(let rule):
            guard let alert = rules.alertRecord(rule: rule, at: context.now) else { return }
            startRollback(.rule(alert), because: "\(alert.rule): \(rules.comparison(of: rule))", &context)
        }
    }

    private mutating func hold(rule index: Int, because reason: String, _ context: inout StepContext) {
        guard heldReason != reason, let evidence = rules.evaluations[index]?.evidence else { return }
        heldReason = reason
        explain("held: \(reason)")
        let record = HoldRecord(rule: plan.rules[index].name, reason: reason, evidence: evidence)
        notices.report(record, alert: rules.alertRecord(rule: index, at: context.now), &context)
    }

    /// A disk that takes nothing is not given more.
    private mutating func recordRules(_ context: inout StepContext) {
        guard !context.isJournalFailing else { return }
        let due = rules.dueRecords(
            isWatching: phase == .watching, hasDecision: context.hasDecision, atUptimeMs: context.now.uptimeMs)
        for event in due { context.record(event, release: name) }
    }
}
