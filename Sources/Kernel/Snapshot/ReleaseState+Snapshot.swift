import Model
import Telemetry

extension ReleaseState {
    var snapshot: ReleaseSnapshot {
        var snapshot = ReleaseSnapshot(
            name: name, phase: shownPhase, sinceWallMs: sinceWallMs, baseline: snapshot(of: baseline),
            canary: snapshot(of: canary), observedCanaryBasisPoints: observedShare,
            observations: watch.observations, rules: plan.rules.indices.map(ruleSnapshot),
            openIncident: rollback.flatMap { $0.incident.isOpen ? $0.id : nil }, explanation: explanation,
            warnings: warnings, cycles: cycles)
        snapshot.routerProblem = routerHealth.problem
        snapshot.isRouterUsable = routerHealth.isPolled ? routerHealth.problem == nil : nil
        return snapshot
    }

    var incidents: [Incident] { past + (rollback.map { [$0.incident] } ?? []) }

    private var shownPhase: ReleaseSnapshot.Phase {
        switch phase {
        case .idle: .idle
        case .watching: isHeld ? .held : .watching
        case .rollingBack: .rollingBack
        case .rolledBack: .rolledBack
        case .promoted: .promoted
        }
    }

    private var isHeld: Bool {
        heldReason != nil
            || plan.rules.indices.contains { plan.rules[$0].action == .hold && alerts[$0].phase == .firing }
    }

    private func snapshot(of pool: PoolState) -> PoolSnapshot {
        let view = pool.window.view(windowMs: shownWindowMs)
        var snapshot = PoolSnapshot(
            version: pool.version,
            targets: pool.targets.map { target in
                TargetSnapshot(
                    instance: target.instance, isUp: target.isUp, error: target.error,
                    lastScrapeWallMs: target.lastScrapeWallMs, samples: target.samples)
            },
            requestRate: Indicator.requestRate.value(in: view, of: pool),
            errorRate: Indicator.errorRate.value(in: view, of: pool),
            latencyP99: Indicator.latencyQuantile(0.99).value(in: view, of: pool))
        snapshot.own = plan.ownIndicators.map { own in
            IndicatorSnapshot(
                name: own.name, value: Indicator.own(own).value(in: view, of: pool), measure: own.measure)
        }
        return snapshot
    }

    private func ruleSnapshot(_ index: Int) -> RuleSnapshot {
        let rule = plan.rules[index]
        let evidence = evaluations[index]?.evidence
        let text = evidence.map { Template(rule: rule, evidence: $0, release: name).expanded() }
        var snapshot = RuleSnapshot(
            group: rule.group, name: rule.name, action: rule.action, conditionText: rule.conditionText,
            windowMs: rule.windowMs, forMs: rule.forMs, keepFiringForMs: rule.keepFiringForMs,
            labels: text?.labels ?? rule.labels, annotations: text?.annotations ?? rule.annotations,
            alert: alerts[index].shownPhase, activeSinceWallMs: alerts[index].activeSinceWallMs, evidence: evidence,
            lastEvaluationWallMs: evidence == nil ? nil : lastEvaluationWallMs)
        snapshot.verdicts = verdictCounts[index]
        snapshot.selfCheck = regression.selfChecks[index]?.record
        return snapshot
    }

    /// What a person should mend, in a fixed order.
    private var warnings: [String] {
        var found = unreadableEntries + plan.remarks.prefix(10)
        for pool in [baseline, canary] {
            for target in pool.targets {
                for warning in target.warnings where found.count < 20 {
                    found.append("\(pool.version) \(target.instance): \(warning)")
                }
            }
        }
        for obstacle in evaluations.compactMap({ $0?.obstacles }).joined() where phase == .watching && found.count < 20
        {
            if !found.contains(obstacle) { found.append(obstacle) }
        }
        for observation in watch.observations {
            if let problem = observation.problem { found.append("router \(observation.instance): \(problem)") }
        }
        if phase == .rolledBack, let heldReason {
            found.append("the canary has traffic again and is left with it: \(heldReason)")
        }
        if stray.isNoticeable(below: plan.proof) { found.append("the canary has traffic although it was rolled back") }
        return found
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
