import Model

/// A new plan for a release that is there already.
extension ReleaseState {
    /// Takes the new plan over. The same versions keep their phase, latch and firing alerts; other versions are a new
    /// release. Windows are kept where what they count is unchanged.
    mutating func reload(_ next: ReleasePlan, _ context: inout StepContext) {
        let old = plan
        let isSamePair = old.hasVersions(of: next)
        if !isSamePair { leaveVersions(&context) }
        noteUnseenTargets(next.canary)
        let carried = carriedAlerts(to: next)
        resolveRules(missingIn: next, &context)
        plan = next
        if old.baseline.version == next.baseline.version, old.indicators == next.indicators,
            old.baseline.match == next.baseline.match, old.canary.match == next.canary.match
        {
            regression.adopt(next)
            if !isSamePair { regression.end() }
        } else {
            regression = RegressionWatch(plan: next)
        }
        (alerts, firingRecords) = carried
        evaluations = next.rules.map { _ in nil }
        verdictCounts = ReleaseState.places(of: next.rules, in: old.rules).map { place in
            place.map { verdictCounts[$0] } ?? VerdictCounts()
        }
        measures = RuleMeasures(rules: next.rules)
        if isSamePair, ReleaseState.countsTheSame(old, next) {
            let windowsMs = ReleaseState.windowsMs(of: next)
            baseline.adopt(next.baseline, from: old.baseline, windowsMs: windowsMs)
            canary.adopt(next.canary, from: old.canary, windowsMs: windowsMs)
        } else {
            startPoolsAnew(at: context.now)
        }
        (baseline.isCompared, canary.isCompared) = (next.asksForProof, next.asksForProof)
        if old.router != next.router {
            watch = Watch(nextUptimeMs: context.now.uptimeMs)
            routerHealth.forget()
            if phase == .rolledBack { heldReason = nil }
        }
    }

    /// The versions have changed: what was under way ends, and the latch of the old canary does not hold the new one.
    private mutating func leaveVersions(_ context: inout StepContext) {
        resolveAlerts(&context, because: "the versions have changed")
        retireRollback()
        context.record(.ended(.replaced), release: name)
        (phase, watchedSinceUptimeMs, sinceWallMs, heldReason) = (.idle, nil, context.now.wallMs, nil)
        watch = Watch(nextUptimeMs: context.now.uptimeMs)
        explain("the versions have changed")
    }

    /// The configuration does not name the release any more. A latch stays: it holds the version, not the configuration.
    mutating func leavePlan(_ context: inout StepContext) {
        let reason = "the release was removed from the configuration"
        resolveAlerts(&context, because: reason)
        watch = Watch(nextUptimeMs: context.now.uptimeMs)
        heldReason = nil
        startPoolsAnew(at: context.now)
        lastCycleUptimeMs = nil
        guard phase == .watching else { return }
        context.record(.ended(.replaced), release: name)
        (phase, watchedSinceUptimeMs, sinceWallMs) = (.idle, nil, context.now.wallMs)
        explain(reason)
    }

    /// A target that served and is removed while its rollback is open may go on serving, unseen.
    private mutating func noteUnseenTargets(_ next: PoolPlan) {
        guard let open = rollback, open.isOpen else { return }
        let removed = zip(plan.canary.targets, canary.targets).filter { target, state in
            state.silence.hasServed && !next.targets.contains { $0.instance == target.instance }
        }
        rollback?.unseenTargets += removed.map(\.1.instance)
    }

    private func carriedAlerts(to next: ReleasePlan) -> ([AlertState], [AlertRecord?]) {
        let places = ReleaseState.places(of: next.rules, in: plan.rules)
        return (places.map { $0.map { alerts[$0] } ?? AlertState() }, places.map { $0.flatMap { firingRecords[$0] } })
    }

    /// Where each rule stands among the others; nil for one that is new or judges something else. Names are unique.
    private static func places(of rules: [RulePlan], in others: [RulePlan]) -> [Int?] {
        let known = Dictionary(others.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        return rules.map { rule in known[rule.name].flatMap { judgesTheSame(others[$0], rule) ? $0 : nil } }
    }

    /// Labels and annotations may change under a firing alert; what it stands for may not.
    private static func judgesTheSame(_ old: RulePlan, _ new: RulePlan) -> Bool {
        old.name == new.name && old.indicator == new.indicator && old.windowMs == new.windowMs
            && old.condition == new.condition && old.minRequests == new.minRequests && old.forMs == new.forMs
            && old.noData == new.noData && old.action == new.action && old.regression == new.regression
    }

    /// A firing alert whose rule is gone or another one is resolved, or nobody would ever hear of it again.
    private mutating func resolveRules(missingIn next: ReleasePlan, _ context: inout StepContext) {
        let kept = ReleaseState.places(of: plan.rules, in: next.rules)
        for index in plan.rules.indices where kept[index] == nil {
            resolveAlert(index, &context, because: "the rule was removed or changed")
        }
    }

    private mutating func startPoolsAnew(at now: Moment) {
        watchedSinceUptimeMs = watchedSinceUptimeMs.map { _ in now.uptimeMs }
        (baseline, canary) = ReleaseState.freshPools(plan, at: now)
        // The running cycle asked the targets of before.
        baseline.markNew()
        canary.markNew()
    }

    /// Whether counts taken under one plan mean the same under the other. Targets and windows may differ: what the targets
    /// that stay have told is kept.
    private static func countsTheSame(_ old: ReleasePlan, _ new: ReleasePlan) -> Bool {
        func withoutTargets(_ pool: PoolPlan) -> PoolPlan {
            var pool = pool
            pool.targets = []
            return pool
        }
        return withoutTargets(old.baseline) == withoutTargets(new.baseline)
            && withoutTargets(old.canary) == withoutTargets(new.canary) && old.indicators == new.indicators
            && old.scrape.intervalMs == new.scrape.intervalMs
    }
}
