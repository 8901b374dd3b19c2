import Model

/// What the firing rules together ask for. The result depends on the set of rules, never on their order: a rule that has no
/// reason to wait acts, whatever the others have to wait for.
extension ReleaseState {
    /// Does what the firing rules ask for. Only a breach seen in this very cycle moves traffic.
    mutating func act(_ context: inout StepContext) {
        let wanting = wantingRules
        guard let first = wanting.first else {
            if !isRollbackWanted { heldReason = nil }
            return explainVerdicts()
        }
        // A dry run says once what it would have done.
        if context.isDryRun, let incident = rollback?.incident, incident.intent.isDryRun, !incident.isRearmed { return }
        if let reason = baselineAbsence {
            let windowMs = wanting.map { plan.rules[$0].windowMs }.max() ?? 0
            heldUntilUptimeMs = context.now.uptimeMs + windowMs
            return hold(rule: first, because: reason, &context)
        }
        // It may be as sick as the canary, and has not been heard yet.
        if baseline.isAboutToTell { return explain("waiting: the baseline has not told its requests yet") }
        guard let free = wanting.first(where: { !isSharedTrouble($0, at: context.now) }) else {
            return waitForTheBaseline(wanting, &context)
        }
        // After a restart `for` is over at once where it was before; what was known of the baseline is not known any more.
        if cycles <= Self.cyclesToKnowTheBaseline, evaluations[free]?.evidence.baseline.value == nil {
            return explain("waiting: nothing is known of the baseline yet")
        }
        // A trouble of both versions does not end for both in the same cycle: the canary is judged by a window of its own.
        if let until = heldUntilUptimeMs, context.now.uptimeMs < until { return explain(ReleaseState.waitingText) }
        guard let alert = alertRecord(rule: free, at: context.now) else { return }
        startRollback(.rule(alert), because: "\(alert.rule): \(comparison(of: free))", &context)
    }

    /// A base, a jump, its two confirmations, and one missed scrape each way. A baseline without requests is not waited for
    /// any longer.
    private static let cyclesToKnowTheBaseline = 6

    private static let waitingText = "held: waiting for a whole window without the baseline's trouble"

    /// Firing rules that ask for a rollback and are breached in this cycle: the one that has been active for the longest
    /// first, then by name.
    private var wantingRules: [Int] {
        let wanting = plan.rules.indices.filter { index in
            plan.rules[index].action == .rollback && alerts[index].phase == .firing
                && evaluations[index]?.evidence.verdict == .breached
        }
        return wanting.sorted { left, right in
            let since = (alerts[left].activeSinceWallMs ?? 0, alerts[right].activeSinceWallMs ?? 0)
            return since.0 != since.1 ? since.0 < since.1 : plan.rules[left].name < plan.rules[right].name
        }
    }

    /// A rule that asks for a rollback is firing, whatever this cycle says.
    private var isRollbackWanted: Bool {
        plan.rules.indices.contains { plan.rules[$0].action == .rollback && alerts[$0].phase == .firing }
    }

    /// Why there is no baseline that could take the canary's traffic over; nil when there is one.
    private var baselineAbsence: String? {
        if baseline.healthyTargets == 0 { return "no target of the baseline could be scraped" }
        if ReleaseState.saysBaselineIsAway(watch.observations) {
            return "the router says that the baseline has no healthy server"
        }
        return nil
    }

    /// A breach that the baseline has as well says nothing against the canary, nor does what the canary shows before a whole
    /// window has passed without it.
    private func isSharedTrouble(_ index: Int, at now: Moment) -> Bool {
        alerts[index].sharedTroubleUntilUptimeMs.map { now.uptimeMs < $0 } ?? false
    }

    /// Every rule that asks for a rollback has to wait, because the baseline does no better.
    private mutating func waitForTheBaseline(_ wanting: [Int], _ context: inout StepContext) {
        if let sick = wanting.first(where: { evaluations[$0]?.baselineBreachesToo == true }) {
            let reason = "the baseline breaches the same condition, so it is not the canary's fault"
            return hold(rule: sick, because: reason, &context)
        }
        guard heldReason == nil else { return explain(ReleaseState.waitingText) }
        hold(rule: wanting[0], because: "the baseline breached the same condition less than a window ago", &context)
    }

    private mutating func hold(rule index: Int, because reason: String, _ context: inout StepContext) {
        guard heldReason != reason, let evidence = evaluations[index]?.evidence else { return }
        heldReason = reason
        explain("held: \(reason)")
        let record = HoldRecord(rule: plan.rules[index].name, reason: reason, evidence: evidence)
        let sequence = context.record(.held(record), release: name)
        context.notify(
            notification(
                .rollbackHeld, sequence: sequence, at: context.now,
                summary: "\(name): \(record.rule) asks for a rollback, but \(reason). A person is needed.",
                alert: alertRecord(rule: index, at: context.now), isDryRun: context.isDryRun))
        context.emit(.measure(.rollback(release: name, outcome: "held")))
        context.log(.error, name, "held: \(reason)")
    }
}
