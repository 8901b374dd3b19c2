import Model
import Support

/// The end of a scrape cycle: rules are judged as soon as the evidence is in.
extension ReleaseState {
    mutating func endCycle(_ context: inout StepContext) {
        cycles += 1
        let allowsLate = plan.scrape.lateAfterMs != nil
        baseline.closeCycle(atMs: context.now.uptimeMs, allowsLate: allowsLate)
        canary.closeCycle(atMs: context.now.uptimeMs, allowsLate: allowsLate)
        if !isShareSettled {
            baseline.startComparisonsOver()
            canary.startComparisonsOver()
        }
        gatherEvidence(at: context.now)
        baseline.noteTraffic()
        if let rate = canary.cycleRequestRate { isCanaryServing = rate > plan.proof.belowPerSecond }
        if mayHaveTraffic { canary.noteTraffic() } else { canary.noteNoTraffic() }
        switch phase {
        case .idle: beginByTraffic(&context)
        case .watching: judge(&context)
        case .rollingBack:
            weighDrain(&context)
            weighTraffic(&context)
        case .rolledBack: watchForStrays(&context)
        case .promoted: break
        }
        if phase != .watching, phase != .rollingBack { keepFiring(&context) }
        recordPending(&context)
        recordEvidence(&context)
        lastCycleUptimeMs = context.now.uptimeMs
        (firstSampleBeforeUptimeMs, firstSampleUptimeMs) = (firstSampleUptimeMs ?? firstSampleBeforeUptimeMs, nil)
        baseline.openCycle()
        canary.openCycle()
    }

    /// What this cycle counted was counted with one share: since the first scrape of the cycle before, from which its counts
    /// begin, or since the counts of a page began that tells what earlier pages withheld.
    var isShareSettled: Bool {
        let began = [baseline.countsBeganUptimeMs, canary.countsBeganUptimeMs, firstSampleBeforeUptimeMs ?? .min]
        return shareHistory.isSettled(sinceUptimeMs: began.compactMap { $0 }.min() ?? .min)
    }

    /// The canary has its share, as far as the router tells; of a router that can never be read it is assumed.
    private var mayHaveTraffic: Bool {
        phase == .watching && (observedShare.map { $0 > 0 } ?? ReleaseState.isUnreadable(watch.observations))
    }

    private mutating func judge(_ context: inout StepContext) {
        lastEvaluationWallMs = context.now.wallMs
        let taken = measures.taken(baseline: baseline, canary: canary)
        let rules = measures.rules
        for index in rules.indices { judge(rule: index, rules[index], taken[rules[index].place], &context) }
        act(&context)
    }

    private mutating func judge(
        rule index: Int, _ rule: PreparedRule, _ measure: RuleMeasure, _ context: inout StepContext
    ) {
        let evaluation =
            if rule.asksForProof, let found = regressionEvaluation(rule: index, measure) {
                found
            } else {
                RuleEvaluation(rule: rule, measure: measure)
            }
        let verdict = evaluation.evidence.verdict
        // It is noted before the rule fires too, because the trouble may end while `for` runs.
        if evaluation.baselineBreachesToo, rule.action == .rollback {
            alerts[index].sharedTroubleUntilUptimeMs = context.now.uptimeMs + rule.windowMs
        }
        evaluations[index] = evaluation
        verdictCounts[index].count(verdict)
        let longestStepMs = plan.scrape.intervalMs * 3 / 2
        switch alerts[index].take(
            verdict, forMs: rule.forMs, keepFiringForMs: rule.keepFiringForMs, longestStepMs: longestStepMs,
            at: context.now)
        {
        case .none: break
        case .fired: tell(.alertFiring, rule: index, &context)
        case .resolved: tell(.alertResolved, rule: index, &context)
        }
    }

    /// Writes an alert's change down and tells the receivers.
    private mutating func tell(
        _ event: Notification.Event, rule index: Int, _ context: inout StepContext, because reason: String? = nil
    ) {
        let isFiring = event == .alertFiring
        guard let alert = isFiring ? alertRecord(rule: index, at: context.now) : resolvedRecord(rule: index) else {
            return
        }
        firingRecords[index] = isFiring ? alert : nil
        let sequence = context.record(isFiring ? .alertFiring(alert) : .alertResolved(alert), release: name)
        let what = "\(alert.rule) \(isFiring ? "is firing" : "is resolved")"
        let summary = "\(name): \(what): \(reason ?? comparison(of: index))"
        context.notify(
            notification(
                event, sequence: sequence, at: context.now, summary: summary, alert: alert, isDryRun: context.isDryRun))
        context.log(isFiring ? .warning : .info, name, "\(what): \(reason ?? comparison(of: index))")
    }

    /// `error_rate of the canary 8.1%, of the baseline 0.2% (canary > 5%)`.
    func comparison(of index: Int) -> String { evaluations[index]?.evidence.comparison ?? "no evaluation yet" }

    func alertRecord(rule index: Int, at now: Moment) -> AlertRecord? {
        guard let evidence = evaluations[index]?.evidence else { return nil }
        let rule = plan.rules[index]
        let text = Template(rule: rule, evidence: evidence, release: name).expanded()
        return AlertRecord(
            rule: rule.name, action: rule.action, labels: text.labels, annotations: text.annotations,
            activeSinceWallMs: alerts[index].activeSinceWallMs ?? now.wallMs, evidence: evidence)
    }

    /// The record that was told when the alert fired, with the evidence as it is now.
    private func resolvedRecord(rule index: Int) -> AlertRecord? {
        guard var record = firingRecords[index] else { return nil }
        if let evidence = evaluations[index]?.evidence { record.evidence = evidence }
        return record
    }

    /// `keep_firing_for` outlives the release: a rollback takes seconds, and an alert that is resolved so soon may reach
    /// nobody. A canary without traffic breaches nothing, so each cycle counts as a healthy one.
    private mutating func keepFiring(_ context: inout StepContext) {
        let longestStepMs = plan.scrape.intervalMs * 3 / 2
        for index in alerts.indices where alerts[index].phase == .firing {
            let change = alerts[index].take(
                .healthy, forMs: plan.rules[index].forMs, keepFiringForMs: plan.rules[index].keepFiringForMs,
                longestStepMs: longestStepMs, at: context.now)
            if change == .resolved { tell(.alertResolved, rule: index, &context, because: "the release has ended") }
        }
    }

    /// Resolves what fires and is not to be kept, because its release is over.
    mutating func endAlerts(_ context: inout StepContext, because reason: String) {
        for index in alerts.indices {
            guard alerts[index].phase == .firing, plan.rules[index].keepFiringForMs > 0 else {
                resolveAlert(index, &context, because: reason)
                continue
            }
        }
    }

    /// Resolves what fires.
    mutating func resolveAlerts(_ context: inout StepContext, because reason: String) {
        for index in alerts.indices { resolveAlert(index, &context, because: reason) }
    }

    mutating func resolveAlert(_ index: Int, _ context: inout StepContext, because reason: String) {
        if alerts[index].phase == .firing { tell(.alertResolved, rule: index, &context, because: reason) }
        alerts[index].reset()
    }

    mutating func explainVerdicts() {
        let firing = plan.rules.indices.filter { alerts[$0].phase == .firing }.map { plan.rules[$0].name }
        if !firing.isEmpty {
            explain("firing: \(firing.joined(separator: ", "))")
        } else if let reason = inconclusiveReason {
            explain("inconclusive: \(reason)")
        } else {
            let verdict = plan.rules.isEmpty ? "no rules" : "all rules healthy"
            // A release whose router could not take the canary out is not in good hands, however well it does.
            let isUsable = routerHealth.problem == nil
            explain(isUsable ? verdict : "the router cannot be used: \(routerHealth.problem ?? "") (\(verdict))")
        }
    }

    /// Of the first rule without a verdict.
    private var inconclusiveReason: String? {
        for index in evaluations.indices {
            if case .inconclusive(let reason)? = evaluations[index]?.evidence.verdict { return reason }
        }
        return nil
    }
}
