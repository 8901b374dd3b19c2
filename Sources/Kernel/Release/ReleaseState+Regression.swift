import Model
import Statistics

/// The evidence of regression rules: gathered in each cycle, judged like any rule, written down now and then.
extension ReleaseState {
    mutating func gatherEvidence(at now: Moment) {
        regression.take(
            baseline: baseline, canary: canary, basisPoints: observedShare, isWatching: phase == .watching,
            isShareSettled: isShareSettled && !reachesBackBeforeTheWatch, atUptimeMs: now.uptimeMs)
    }

    /// A page tells what earlier pages withheld, of a time before this release was watched: another version may have served
    /// then. That a cycle's own length reaches back is usual.
    private var reachesBackBeforeTheWatch: Bool {
        guard let since = watchedSinceUptimeMs else { return false }
        let began = [baseline.countsBeganUptimeMs, canary.countsBeganUptimeMs].compactMap { $0 }.min() ?? .max
        return began < since - 3 * plan.scrape.intervalMs / 2
    }

    /// Judges a rule that asks for proof; nil for a threshold.
    func regressionEvaluation(rule index: Int, _ measure: RuleMeasure) -> RuleEvaluation? {
        guard let plan = plan.rules[index].regression, let found = regression.findings(rule: index) else { return nil }
        let rule = self.plan.rules[index]
        let words = RegressionWords(found, plan: plan)
        var evidence = Evidence(
            indicator: plan.name, windowMs: rule.windowMs, condition: rule.conditionText,
            verdict: words.verdict(blindness: blindness),
            baseline: measure.baseline.evidence, canary: measure.canary.evidence, notes: words.notes)
        evidence.measure = rule.indicator.measure
        evidence.regression = RegressionRecord(found, plan: plan, selfCheck: regression.selfChecks[index]?.record)
        return RuleEvaluation(evidence: evidence)
    }

    private var blindness: String? {
        for (pool, name) in [(baseline, Pool.baseline), (canary, Pool.canary)] where pool.healthyTargets == 0 {
            return "no target of the \(name.rawValue) could be scraped"
        }
        return nil
    }

    /// Writes the evidence down when it is time, or together with a decision that rests on it. A disk that takes nothing is
    /// not given more.
    mutating func recordEvidence(_ context: inout StepContext) {
        guard regression.isNeeded, !context.isJournalFailing else { return }
        let isDecision = context.hasDecision && regression.hasChanged
        guard isDecision || regression.isRecordDue(atUptimeMs: context.now.uptimeMs) else { return }
        context.record(.evidence(regression.record(atUptimeMs: context.now.uptimeMs)), release: name)
    }

    mutating func replayEvidence(_ record: EvidenceRecord) {
        guard !isReplayingOthers else { return }
        regression.restore(record, plan: plan, isWatching: phase == .watching)
    }
}
