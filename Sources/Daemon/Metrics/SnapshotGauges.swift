import Model
import Ports

/// The gauges that follow from what the kernel sees now.
struct SnapshotGauges {
    private var lines: [String: [String]] = [:]

    init(_ snapshot: Snapshot, outbox: OutboxCounts?) {
        for release in snapshot.releases { add(release) }
        guard let outbox else { return }
        set(.outbox, ["waiting"], Double(outbox.waiting))
        set(.outbox, ["delivered"], Double(outbox.delivered))
        set(.outbox, ["dead"], Double(outbox.dead))
    }

    func lines(of family: MetricFamily) -> [String] { lines[family.name] ?? [] }

    mutating func set(_ family: MetricFamily, _ values: [String], _ value: Double?) {
        guard let value else { return }
        lines[family.name, default: []].append(MetricLine.text(family.name, zip(family.labels, values), value))
    }

    private mutating func add(_ release: ReleaseSnapshot) {
        add(release.baseline, "baseline", of: release.name)
        add(release.canary, "canary", of: release.name)
        set(.canaryShare, [release.name], release.observedCanaryBasisPoints.map { Double($0) / 10_000 })
        set(.routerUsable, [release.name], release.isRouterUsable.map { $0 ? 1 : 0 })
        for phase in ReleaseSnapshot.Phase.allCases {
            set(.releasePhase, [release.name, phase.rawValue], release.phase == phase ? 1 : 0)
        }
        for rule in release.rules {
            add(rule, of: release.name)
            addVerdicts(rule, of: release.name)
            for state in [RuleSnapshot.AlertPhase.inactive, .pending, .firing] {
                set(.alerts, [release.name, rule.name, state.rawValue], rule.alert == state ? 1 : 0)
            }
        }
    }

    private mutating func add(_ rule: RuleSnapshot, of release: String) {
        let labels = [release, rule.name]
        if let found = rule.evidence?.regression {
            set(.evidence, labels, found.logEvidence)
            set(.evidenceMax, labels, found.maxLogEvidence)
            set(.evidenceBar, labels, found.barLogEvidence)
            set(.evidenceNeeded, labels, found.requestsNeeded)
            set(.evidenceSafe, labels, found.isSafe ? 1 : 0)
            for one in found.detectable {
                let within = MetricLine.number((one.seconds / 60).rounded()) + "m"
                set(.evidenceDetectable, labels + [within], one.ratio)
            }
            if let leading = found.comparisons.first { add(leading, labels) }
        }
        set(.selfCheckRuns, labels, rule.selfCheck.map { Double($0.runs) })
        set(.selfCheckFalseAlarms, labels, rule.selfCheck.map { Double($0.falseAlarms) })
    }

    /// Of the comparison that tells most.
    private mutating func add(_ comparison: RegressionRecord.Comparison, _ labels: [String]) {
        set(.evidenceDispersion, labels, comparison.dispersion)
        for (pool, side) in [("baseline", comparison.baseline), ("canary", comparison.canary)] {
            set(.evidenceRequests, labels + [pool], side.requests)
            set(.evidenceBad, labels + [pool], side.bad)
        }
        set(.evidenceRatio, labels + ["seen"], comparison.ratio)
        set(.evidenceRatio, labels + ["low"], comparison.ratioLow)
        set(.evidenceRatio, labels + ["high"], comparison.ratioHigh)
    }

    private mutating func addVerdicts(_ rule: RuleSnapshot, of release: String) {
        let counts = rule.verdicts
        for (word, count) in [
            ("breached", counts.breached), ("healthy", counts.healthy), ("inconclusive", counts.inconclusive),
        ] where count > 0 {
            set(.verdicts, [release, rule.name, word], Double(count))
        }
    }

    private mutating func add(_ pool: PoolSnapshot, _ name: String, of release: String) {
        let isUp = pool.targets.filter { $0.isUp == true }.count
        set(.targets, [release, name, "up"], Double(isUp))
        set(.targets, [release, name, "down"], Double(pool.targets.count - isUp))
        set(.scrapeSamples, [release, name], Double(pool.targets.reduce(0) { $0 + $1.samples }))
        set(.requestRate, [release, name, pool.version], pool.requestRate)
        set(.errorRatio, [release, name, pool.version], pool.errorRate)
        set(.latencyP99, [release, name, pool.version], pool.latencyP99)
        for own in pool.own { set(.indicatorValue, [release, name, pool.version, own.name], own.value) }
    }
}
