import Model

/// What a window counts happened in it, give or take a few cycles: never many more requests than the pool has served since.
enum WindowChecker {
    static func ended(
        _ snapshot: Snapshot, _ release: VirtualRelease, plan: ReleasePlan, nowMs: Int64, wallMs: Int64
    ) -> String? {
        guard let shown = snapshot.releases.first(where: { $0.name == release.name }) else { return nil }
        for rule in shown.rules where rule.lastEvaluationWallMs == wallMs {
            // A rule that asks for proof counts since the release began.
            guard let evidence = rule.evidence, evidence.regression == nil else { continue }
            if plan.rules.contains(where: { $0.name == rule.name && $0.regression != nil }) { continue }
            // The rows of a window are cycles: it begins and ends with one, and a scrape covers up to two intervals more.
            let sinceMs = nowMs - rule.windowMs - 4 * plan.scrape.intervalMs
            for (side, services, targets) in [
                (evidence.baseline, release.baseline, plan.baseline.targets),
                (evidence.canary, release.canary, plan.canary.targets),
            ] {
                // A target that left the files is still watched while they are refused, and the world knows no more of it.
                guard targets.allSatisfy({ one in services.contains { $0.instance == one.instance } }) else { continue }
                // Some exporters show later what they have counted.
                if services.contains(where: { $0.exporter.mood.showsLate }) { continue }
                let served = services.reduce(0) { $0 + $1.record.requests(fromMs: sinceMs, toMs: nowMs) }
                guard side.requests > 1.1 * served + 20 else { continue }
                return "\(rule.name) of \(release.name) counts \(side.requests) requests of \(side.version) in "
                    + "\(rule.windowMs) ms, and it served \(served) in that time and four cycles more"
            }
        }
        return nil
    }
}
