import Model

/// Judges the rules of a release at the end of each cycle and keeps their alerts. What changes is answered as outcomes, which
/// the release records and reports.
struct RuleEngine: Sendable, Equatable {
    /// The release's name, for templates.
    private let release: String
    private(set) var rules: [RulePlan]
    private(set) var alerts: [AlertState]
    /// What was reported when a firing alert fired, per rule; survives a restart.
    private(set) var firingRecords: [AlertRecord?]
    private(set) var evaluations: [RuleEvaluation?]
    /// Since the process began, or the rules changed.
    private(set) var verdictCounts: [VerdictCounts]
    private(set) var lastEvaluationWallMs: Int64?
    /// Pending alerts as last written to the journal.
    var recordedPending: [PendingAlert] = []
    /// The evidence of the rules that are statistical tests.
    var regression: RegressionWatch
    private var measures: RuleMeasures

    init(plan: ReleasePlan) {
        release = plan.name
        rules = plan.rules
        alerts = plan.rules.map { _ in AlertState() }
        firingRecords = plan.rules.map { _ in nil }
        evaluations = plan.rules.map { _ in nil }
        verdictCounts = plan.rules.map { _ in VerdictCounts() }
        measures = RuleMeasures(rules: plan.rules)
        regression = RegressionWatch(plan: plan)
    }

    // MARK: A cycle

    /// Judges every rule by what the pools hold now.
    ///
    /// - Parameter intervalMs: between two cycles; a longer pause of the process adds no more to a timer than one and a half.
    mutating func judge(
        baseline: PoolState, canary: PoolState, intervalMs: Int64, at now: Moment
    ) -> [RuleOutcome] {
        lastEvaluationWallMs = now.wallMs
        let taken = measures.taken(baseline: baseline, canary: canary)
        let prepared = measures.rules
        let blindness = RuleEngine.blindness(baseline, canary)
        let longestStepMs = intervalMs * 3 / 2
        var outcomes: [RuleOutcome] = []
        for index in prepared.indices {
            let measure = taken[prepared[index].place]
            let rule = prepared[index]
            let evaluation =
                switch rule.test {
                case .threshold(let threshold): RuleEvaluation(rule: threshold, measure: measure)
                case .regression(let test): tested(test.plan, rule: index, measure, blindness: blindness)
                }
            var (verdict, isShared) = (evaluation.evidence.verdict, evaluation.baselineBreachesToo)
            let isDoubtful = evaluation.isBreachOfComparison
            evaluations[index] = evaluation
            if isDoubtful { (verdict, isShared) = askTheEdges(index, rule, baseline: baseline, canary: canary) }
            switch take(verdict, isShared: isShared, rule: index, rule, longestStepMs: longestStepMs, at: now) {
            case .none: break
            case .fired: if let outcome = fired(index, at: now) { outcomes.append(outcome) }
            case .resolved: if let outcome = resolved(index) { outcomes.append(outcome) }
            }
        }
        return outcomes
    }

    /// A comparison is no breach before the counts of both pools cover the same time. This is apart from the judging of the other
    /// rules, of which a cycle may have a thousand: an evaluation is a large value that is not copied there.
    ///
    /// - Returns: what the rule's evaluation says then.
    @inline(never)
    private mutating func askTheEdges(
        _ index: Int, _ rule: PreparedRule, baseline: PoolState, canary: PoolState
    ) -> (verdict: Verdict, isShared: Bool) {
        if case .threshold(let threshold) = rule.test,
            !measures.holdsAtTheEdges(threshold.condition, place: rule.place, baseline: baseline, canary: canary)
        {
            evaluations[index] = evaluations[index]?.waitingForTheSameTime
        }
        guard let known = evaluations[index] else { return (.healthy, false) }
        return (known.evidence.verdict, known.baselineBreachesToo)
    }

    /// - Parameter isShared: the baseline breaches as well.
    private mutating func take(
        _ verdict: Verdict, isShared: Bool, rule index: Int, _ rule: PreparedRule, longestStepMs: Int64, at now: Moment
    ) -> AlertState.Change {
        // It is noted before the rule fires too, because the trouble may end while `for` runs.
        if isShared, rule.action == .rollback {
            alerts[index].sharedTroubleUntilUptimeMs = now.uptimeMs + rule.windowMs
        }
        verdictCounts[index].count(verdict)
        return alerts[index].take(
            verdict, forMs: rule.forMs, keepFiringForMs: rule.keepFiringForMs, longestStepMs: longestStepMs, at: now)
    }

    /// `keep_firing_for` outlives the release: a rollback takes seconds, and an alert that is resolved so soon may be
    /// reported to no one. A canary without traffic breaches nothing, so each cycle counts as a healthy one.
    mutating func keepFiring(intervalMs: Int64, at now: Moment) -> [RuleOutcome] {
        var outcomes: [RuleOutcome] = []
        for index in alerts.indices where alerts[index].phase == .firing {
            let change = alerts[index].take(
                .healthy, forMs: rules[index].forMs, keepFiringForMs: rules[index].keepFiringForMs,
                longestStepMs: intervalMs * 3 / 2, at: now)
            if change == .resolved, let outcome = resolved(index, because: "the release has ended") {
                outcomes.append(outcome)
            }
        }
        return outcomes
    }

    // MARK: A release begins and ends

    /// What was judged before belongs to another release.
    mutating func begin() -> [RuleOutcome] {
        regression.begin()
        let outcomes = end(because: "the release starts over")
        for index in alerts.indices { alerts[index].sharedTroubleUntilUptimeMs = nil }
        forgetVerdicts()
        return outcomes
    }

    /// Resolves what fires and is not to be kept, because its release is over.
    mutating func end(because reason: String) -> [RuleOutcome] {
        alerts.indices.compactMap { index in
            let isKept = alerts[index].phase == .firing && rules[index].keepFiringForMs > 0
            return isKept ? nil : resolve(index, because: reason)
        }
    }

    /// Resolves what fires.
    mutating func resolveAll(because reason: String) -> [RuleOutcome] {
        alerts.indices.compactMap { resolve($0, because: reason) }
    }

    /// Verdicts of a release that is over would be shown as if they were current.
    mutating func forgetVerdicts() { evaluations = rules.map { _ in nil } }

    mutating func resolve(_ index: Int, because reason: String) -> RuleOutcome? {
        let outcome = alerts[index].phase == .firing ? resolved(index, because: reason) : nil
        alerts[index].reset()
        return outcome
    }

    // MARK: Outcomes

    private mutating func fired(_ index: Int, at now: Moment) -> RuleOutcome? {
        guard let alert = alertRecord(rule: index, at: now) else { return nil }
        firingRecords[index] = alert
        return RuleOutcome(isFiring: true, alert: alert, text: "\(alert.rule) is firing: \(comparison(of: index))")
    }

    /// The record of when the alert fired, with the evidence as it is now.
    private mutating func resolved(_ index: Int, because reason: String? = nil) -> RuleOutcome? {
        guard var alert = firingRecords[index] else { return nil }
        if let evidence = evaluations[index]?.evidence { alert.evidence = evidence }
        firingRecords[index] = nil
        return RuleOutcome(
            isFiring: false, alert: alert, text: "\(alert.rule) is resolved: \(reason ?? comparison(of: index))")
    }

    /// `error_rate of the canary 8.1%, of the baseline 0.2% (canary > 5%)`.
    func comparison(of index: Int) -> String { evaluations[index]?.evidence.comparison ?? "no evaluation yet" }

    /// What a rule says now; nil before its first evaluation.
    func alertRecord(rule index: Int, at now: Moment) -> AlertRecord? {
        guard let evidence = evaluations[index]?.evidence else { return nil }
        let rule = rules[index]
        let text = Template(rule: rule, evidence: evidence, release: release).expanded()
        return AlertRecord(
            rule: rule.name, action: rule.action, labels: text.labels, annotations: text.annotations,
            activeSinceWallMs: alerts[index].activeSinceWallMs ?? now.wallMs, evidence: evidence)
    }

    // MARK: Restarts and reloads

    /// The journal says that a rule's alert fires, or has been resolved.
    mutating func restore(_ alert: AlertRecord, isFiring: Bool) {
        guard let index = rules.firstIndex(where: { $0.name == alert.rule }) else { return }
        firingRecords[index] = isFiring ? alert : nil
        alerts[index] = isFiring ? AlertState(restoredFiringSinceWallMs: alert.activeSinceWallMs) : AlertState()
    }

    mutating func forgetAlerts() {
        for index in alerts.indices { (alerts[index], firingRecords[index]) = (AlertState(), nil) }
    }

    /// Continues an alert as the journal last counted it.
    mutating func restore(_ alert: AlertState, rule index: Int) { alerts[index] = alert }

    mutating func restoreHealthy(ms: Int64, rule index: Int) { alerts[index].restoreHealthy(ms: ms) }

    /// Takes the rules of another plan over. An alert whose rule is there in both, and judges the same, is kept; one that fires
    /// and whose rule is not there any more has to be resolved first, see ``resolveRules(missingIn:)``.
    mutating func adopt(_ next: ReleasePlan, from old: ReleasePlan, isSamePair: Bool) {
        let places = RuleEngine.places(of: next.rules, in: rules)
        alerts = places.map { $0.map { alerts[$0] } ?? AlertState() }
        firingRecords = places.map { $0.flatMap { firingRecords[$0] } }
        verdictCounts = places.map { $0.map { verdictCounts[$0] } ?? VerdictCounts() }
        rules = next.rules
        measures = RuleMeasures(rules: next.rules)
        forgetVerdicts()
        let countsTheSame =
            old.baseline.version == next.baseline.version && old.indicators == next.indicators
            && old.baseline.match == next.baseline.match && old.canary.match == next.canary.match
        guard countsTheSame else { return regression = RegressionWatch(plan: next, after: regression) }
        regression.adopt(next)
        if !isSamePair { regression.end() }
    }

    /// A firing alert whose rule is gone or another one would fire for ever.
    mutating func resolveRules(missingIn next: [RulePlan]) -> [RuleOutcome] {
        let kept = RuleEngine.places(of: rules, in: next)
        return rules.indices.compactMap { index in
            kept[index] == nil ? resolve(index, because: "the rule was removed or changed") : nil
        }
    }

    /// The index of each rule among the others; nil for one that is new or judges something else. Names are unique.
    private static func places(of rules: [RulePlan], in others: [RulePlan]) -> [Int?] {
        let known = Dictionary(others.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        return rules.map { rule in known[rule.name].flatMap { others[$0].judgesTheSame(as: rule) ? $0 : nil } }
    }
}

/// A rule's alert began to fire, or was resolved.
struct RuleOutcome: Sendable, Equatable {
    let isFiring: Bool
    let alert: AlertRecord
    /// `Errors is firing: error_rate of the canary 8.1%, of the baseline 0.2% (canary > 5%)`.
    let text: String
}

extension RulePlan {
    /// Labels and annotations may change under a firing alert; what it is about may not.
    fileprivate func judgesTheSame(as other: RulePlan) -> Bool {
        guard name == other.name, action == other.action else { return false }
        switch (test, other.test) {
        case (.regression(let one), .regression(let another)): return one == another
        case (.threshold(let one), .threshold(let another)): return one.judgesTheSame(as: another)
        case (.threshold, .regression), (.regression, .threshold): return false
        }
    }
}

extension ThresholdPlan {
    /// Whatever the condition's text looks like, and however long the alert is kept firing afterwards.
    fileprivate func judgesTheSame(as other: ThresholdPlan) -> Bool {
        indicator == other.indicator && windowMs == other.windowMs && condition == other.condition
            && minRequests == other.minRequests && forMs == other.forMs && noData == other.noData
    }
}
