import Model
import Telemetry

extension ReleaseSnapshot {
    /// A release as it is shown to people and programs.
    init(_ release: Release, at now: Moment) {
        let openIncident = release.rollback.flatMap { $0.incident.isOpen ? $0.id : nil }
        self.init(
            name: release.name, phase: Phase(release), sinceWallMs: release.sinceWallMs,
            baseline: PoolSnapshot(.baseline, in: release), canary: PoolSnapshot(.canary, in: release),
            observedCanaryBasisPoints: release.poll.share, observations: release.poll.observations,
            rules: release.plan.rules.indices.map { RuleSnapshot(rule: $0, in: release) }, openIncident: openIncident,
            explanation: release.explanation, warnings: ReleaseWarnings(release, at: now).texts, cycles: release.cycles)
        if release.denseScrapes.isDense { denseScrapesEveryMs = release.denseScrapes.nextCycleMs }
        rollout = release.rolloutSnapshot
        schema = release.schemaText(at: now)
        policy = release.centreShareReport(mayLead: true)?.text
        procedure = ProcedureSnapshot(release)
        routerProblem = release.poll.health.problem
        isRouterUsable = release.poll.health.isPolled ? release.poll.health.problem == nil : nil
    }
}

extension ReleaseSnapshot.Phase {
    fileprivate init(_ release: Release) {
        switch release.phase {
        case .idle: self = .idle
        case .watching: self = release.heldReason != nil || release.rules.isHoldWanted ? .held : .watching
        case .rollingBack: self = .rollingBack
        case .rolledBack: self = .rolledBack
        case .promoted: self = .promoted
        }
    }
}

extension PoolSnapshot {
    fileprivate init(_ side: Pool, in release: Release) {
        let (pool, plan) = (side == .baseline ? release.pools.baseline : release.pools.canary, release.plan.pool(side))
        let view = pool.window.view(windowMs: release.plan.shownWindowMs)
        self.init(
            version: pool.version,
            targets: zip(pool.targets, plan.targets).map { target, plan in
                var shown = TargetSnapshot(
                    instance: target.instance, isUp: target.isUp, error: target.error,
                    lastScrapeWallMs: target.lastScrapeWallMs, samples: target.samples)
                shown.url = plan.url
                if target.isUp == true {
                    shown.figures = TargetSnapshot.Figures(
                        requestRate: target.tally.requestRate, requests: target.tally.requests,
                        errors: target.tally.errors, latencyMean: target.tally.latencyMean)
                }
                return shown
            },
            requestRate: Indicator.requestRate.value(in: view, of: pool),
            errorRate: Indicator.errorRate.value(in: view, of: pool),
            latencyP99: Indicator.latencyQuantile(0.99).value(in: view, of: pool))
        latencies = LatencySnapshot.all(of: side, pool, view, in: release)
        own = release.plan.ownIndicators.map { own in
            IndicatorSnapshot(
                name: own.name, value: Indicator.own(own).value(in: view, of: pool), measure: own.measure)
        }
    }
}

extension RuleSnapshot {
    fileprivate init(rule index: Int, in release: Release) {
        let (rule, rules) = (release.plan.rules[index], release.rules)
        let evidence = rules.evaluations[index]?.evidence
        let text = evidence.map { Template(rule: rule, evidence: $0, release: release.name).expanded() }
        self.init(
            group: rule.group, name: rule.name, action: rule.action, conditionText: rule.conditionText,
            windowMs: rule.windowMs, forMs: rule.forMs, keepFiringForMs: rule.keepFiringForMs,
            labels: text?.labels ?? rule.labels, annotations: text?.annotations ?? rule.annotations,
            alert: rules.alerts[index].shownPhase, activeSinceWallMs: rules.alerts[index].activeSinceWallMs,
            evidence: evidence,
            lastEvaluationWallMs: evidence == nil ? nil : rules.lastEvaluationWallMs)
        verdicts = rules.verdictCounts[index]
        selfCheck = rules.regression.selfChecks[index]?.record
    }
}

extension AlertState {
    fileprivate var shownPhase: RuleSnapshot.AlertPhase {
        switch phase {
        case .inactive: .inactive
        case .pending: .pending
        case .firing: .firing
        }
    }
}
