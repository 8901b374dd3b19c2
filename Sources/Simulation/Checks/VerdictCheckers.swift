import Model

/// A canary whose fault has not begun is never rolled back by a rule: all rules that are drawn have a wide margin. A daemon
/// that has refused the files of another version, because a rollback is open, judges the one that was there. So does a led
/// release, whose version is its rollout's whatever the files name: its windows still hold what the one before did.
enum HealthyCanaryChecker {
    static func appended(_ entry: JournalEntry, _ world: WorldView) -> String? {
        guard let rule = rollbackRule(entry) else { return nil }
        let reachMs = SickBaselineChecker.reachMs(of: rule, world.plan) + 4 * world.plan.scrape.intervalMs
        if world.release.canaryFaultBeganMs(reachMs: reachMs, atMs: world.nowMs) != nil { return nil }
        if world.release.canaryVersion != world.plan.canary.version { return nil }
        // A rule that names the canary alone keeps its window over a change of the share: it is about the outage itself.
        if world.isInOutage, !comparesVersions(rule, world.plan) { return nil }
        return "\(rule) rolls a healthy canary back"
    }

    static func comparesVersions(_ name: String, _ plan: ReleasePlan) -> Bool {
        guard let rule = plan.rules.first(where: { $0.name == name }) else { return false }
        return rule.threshold.map { $0.conditionText.contains("baseline") } ?? true
    }

    static func rollbackRule(_ entry: JournalEntry) -> String? {
        guard case .intended(let intent) = entry.event, case .rule(let alert) = intent.trigger else { return nil }
        return alert.rule
    }
}

/// A baseline that has been at least as sick as the canary for longer than the evidence reaches back gets nothing more
/// because of a rule. A baseline that has had no traffic for a while (the canary was promoted) is excused: after a
/// restart or a gap the last cycle is all that there is, and its state is unknown. So is a trouble of both versions that comes
/// with a new share: for a rule that names the canary alone the windows do not start over, and most of what the canary's holds is
/// of the trouble, while the baseline's still holds the time before.
enum SickBaselineChecker {
    static func appended(_ entry: JournalEntry, _ world: WorldView) -> String? {
        guard let rule = HealthyCanaryChecker.rollbackRule(entry) else { return nil }
        let baseline = world.release.baselineSickness
        let canary = world.release.canarySickness
        let windowMs = reachMs(of: rule, world.plan)
        guard let began = baseline.beganMs, world.nowMs - began > windowMs + 4 * world.plan.scrape.intervalMs else {
            return nil
        }
        if world.nowMs - world.release.baselineServedMs > world.plan.scrape.intervalMs / 2 { return nil }
        if world.nowMs - world.release.baselineServedSinceMs < 3 * world.plan.scrape.intervalMs { return nil }
        // A process that begins, or continues after it was stopped, has the first cycles of its own alone.
        let awakeMs = world.nowMs - max(world.resumedMs, world.lifeBeganMs)
        if awakeMs < 3 * world.plan.scrape.intervalMs { return nil }
        guard baseline.errorShare >= canary.errorShare, baseline.slowShare >= canary.slowShare else { return nil }
        if world.isInOutage, !HealthyCanaryChecker.comparesVersions(rule, world.plan) { return nil }
        return "\(rule) moves everything to a baseline that is sick since \(began) ms"
    }

    /// How far back the counts of a rule reach. A statistical rule takes in what both pools report of a gap, and that
    /// may be five minutes.
    static func reachMs(of rule: String, _ plan: ReleasePlan) -> Int64 {
        let isProof = plan.rules.contains { $0.name == rule && $0.regression != nil }
        return max(isProof ? 330_000 : 0, plan.rules.map(\.windowMs).max() ?? 0)
    }
}

/// A rule that only notifies, or only holds, moves nothing.
enum RuleActionChecker {
    static func appended(_ entry: JournalEntry) -> String? {
        guard case .intended(let intent) = entry.event, case .rule(let alert) = intent.trigger else { return nil }
        return alert.action == .rollback ? nil : "\(alert.rule) rolls back, and its action is \(alert.action.rawValue)"
    }
}

/// `for` counts only time in which the daemon was running: no alert fires sooner than its `for` of such time after the
/// canary's fault began, less the tenth of an interval by which cycles may end early. Which version's fault that is, is said
/// at ``HealthyCanaryChecker``.
enum DowntimeChecker {
    static func appended(_ entry: JournalEntry, _ world: WorldView) -> String? {
        guard case .alertFiring(let alert) = entry.event else { return nil }
        guard let rule = world.plan.rules.first(where: { $0.name == alert.rule }) else { return nil }
        // An outage of both versions is a fault of the canary's too, which began at another time.
        if world.isInOutage { return nil }
        if world.release.canaryVersion != world.plan.canary.version { return nil }
        let reachMs = SickBaselineChecker.reachMs(of: rule.name, world.plan) + 4 * world.plan.scrape.intervalMs
        let beganMs =
            world.release.canaryFaultBeganMs(reachMs: reachMs, atMs: world.nowMs)
            ?? world.release.canarySickness.beganMs ?? 0
        let watchedMs = world.ranMs(sinceMs: beganMs)
        if watchedMs >= rule.forMs - world.plan.scrape.intervalMs / 10 { return nil }
        return "\(rule.name) fires after \(watchedMs) ms of running, its `for` is \(rule.forMs) ms"
    }
}
