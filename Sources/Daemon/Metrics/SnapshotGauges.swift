import Model
import Ports
import Telemetry

/// The samples that follow from the kernel's snapshot.
extension MetricSamples {
    mutating func add(_ snapshot: Snapshot, outbox: OutboxCounts?) {
        for release in snapshot.releases { add(release) }
        guard let outbox else { return }
        add(.outbox, ["waiting"], Double(outbox.waiting))
        add(.outbox, ["delivered"], Double(outbox.delivered))
        add(.outbox, ["dead"], Double(outbox.dead))
    }

    private mutating func add(_ release: ReleaseSnapshot) {
        add(release.baseline, "baseline", of: release.name)
        add(release.canary, "canary", of: release.name)
        add(.canaryShare, [release.name], release.observedCanaryBasisPoints.map { Double($0) / 10_000 })
        add(.routerUsable, [release.name], release.isRouterUsable.map { $0 ? 1 : 0 })
        for phase in ReleaseSnapshot.Phase.allCases {
            add(.releasePhase, [release.name, phase.rawValue], release.phase == phase ? 1 : 0)
        }
        if let rollout = release.rollout { add(rollout, of: release.name) }
        if let procedure = release.procedure { add(procedure, of: release.name) }
        for rule in release.rules {
            add(rule, of: release.name)
            addVerdicts(rule, of: release.name)
            for state in [RuleSnapshot.AlertPhase.inactive, .pending, .firing] {
                add(.alerts, [release.name, rule.name, state.rawValue], rule.alert == state ? 1 : 0)
            }
        }
    }

    private mutating func add(_ rule: RuleSnapshot, of release: String) {
        let labels = [release, rule.name]
        if let found = rule.evidence?.regression {
            add(.evidence, labels, found.logEvidence)
            add(.evidenceMax, labels, found.maxLogEvidence)
            add(.evidenceBar, labels, found.barLogEvidence)
            add(.evidenceNeeded, labels, found.requestsNeeded)
            add(.evidenceSafe, labels, found.isSafe ? 1 : 0)
            for one in found.detectable {
                let within = MetricText.number((one.seconds / 60).rounded()) + "m"
                add(.evidenceDetectable, labels + [within], one.ratio)
            }
            if let leading = found.comparisons.first { add(leading, labels) }
        }
        add(.selfCheckRuns, labels, rule.selfCheck.map { Double($0.runs) })
        add(.selfCheckFalseAlarms, labels, rule.selfCheck.map { Double($0.falseAlarms) })
    }

    /// Of the comparison with the strongest evidence.
    private mutating func add(_ comparison: RegressionRecord.Comparison, _ labels: [String]) {
        add(.evidenceDispersion, labels, comparison.dispersion)
        for (pool, side) in [("baseline", comparison.baseline), ("canary", comparison.canary)] {
            add(.evidenceRequests, labels + [pool], side.requests)
            add(.evidenceBad, labels + [pool], side.bad)
        }
        add(.evidenceRatio, labels + ["seen"], comparison.ratio)
        add(.evidenceRatio, labels + ["low"], comparison.ratioLow)
        add(.evidenceRatio, labels + ["high"], comparison.ratioHigh)
    }

    private mutating func addVerdicts(_ rule: RuleSnapshot, of release: String) {
        let counts = rule.verdicts
        for (verdict, count) in [
            ("breached", counts.breached), ("healthy", counts.healthy), ("inconclusive", counts.inconclusive),
        ] where count > 0 {
            add(.verdicts, [release, rule.name, verdict], Double(count))
        }
    }

    private mutating func add(_ pool: PoolSnapshot, _ name: String, of release: String) {
        let isUp = pool.targets.filter { $0.isUp == true }.count
        add(.targets, [release, name, "up"], Double(isUp))
        add(.targets, [release, name, "down"], Double(pool.targets.count - isUp))
        add(.scrapeSamples, [release, name], Double(pool.targets.reduce(0) { $0 + $1.samples }))
        add(.requestRate, [release, name, pool.version], pool.requestRate)
        add(.errorRatio, [release, name, pool.version], pool.errorRate)
        add(.latencyP99, [release, name, pool.version], pool.latencyP99)
        for own in pool.own { add(.indicatorValue, [release, name, pool.version, own.name], own.value) }
    }
}
