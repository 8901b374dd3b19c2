import Model

/// What a window counts happened in it, give or take a few cycles: never many more requests than the pool had since.
struct WindowChecker {
    /// By release: when the daemon last took a target for one of a pool to which it does not belong. A daemon that restarts with
    /// the list that it kept, because the source cannot be read, does not know that a target has moved.
    private var strangerMs: [String: Int64] = [:]

    mutating func ended(
        _ snapshot: Snapshot, _ release: VirtualRelease, plan: ReleasePlan, nowMs: Int64, wallMs: Int64
    ) -> String? {
        if WindowChecker.hasStranger(plan, release) { strangerMs[release.name] = nowMs }
        // Some exporters show later what they have counted.
        if release.showsLate { return nil }
        guard let shown = snapshot.releases.first(where: { $0.name == release.name }) else { return nil }
        for rule in shown.rules where rule.lastEvaluationWallMs == wallMs {
            // A rule that asks for proof counts since the release began.
            guard let evidence = rule.evidence, evidence.regression == nil else { continue }
            if plan.rules.contains(where: { $0.name == rule.name && $0.regression != nil }) { continue }
            // The rows of a window are cycles: it begins and ends with one, and a scrape covers up to two intervals more.
            let sinceMs = nowMs - rule.windowMs - 4 * plan.scrape.intervalMs
            if let stranger = strangerMs[release.name], stranger >= sinceMs { continue }
            for (side, record) in [
                (evidence.baseline, release.baselineRecord), (evidence.canary, release.canaryRecord),
            ] {
                let served = record.requests(fromMs: sinceMs, toMs: nowMs)
                guard side.requests > 1.1 * served + 20 else { continue }
                return "\(rule.name) of \(release.name) counts \(side.requests) requests of \(side.version) in "
                    + "\(rule.windowMs) ms, and it had \(served) in that time and four cycles more"
            }
        }
        return nil
    }

    private static func hasStranger(_ plan: ReleasePlan, _ release: VirtualRelease) -> Bool {
        guard plan.discovery != nil else { return false }
        func isElsewhere(_ target: TargetPlan, _ others: [VirtualService]) -> Bool {
            others.contains { $0.instance == target.instance }
        }
        return plan.canary.targets.contains { isElsewhere($0, release.baseline) }
            || plan.baseline.targets.contains { isElsewhere($0, release.canary) }
    }
}
