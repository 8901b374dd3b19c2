import Model

/// A new plan for a release that is there already.
extension Release {
    /// Takes the new configuration over. The same versions keep their phase, latch and firing alerts; other versions are a new
    /// release. Windows are kept where what they count is unchanged.
    mutating func adopt(configured next: ReleasePlan, _ context: inout StepContext) {
        let before = plan.rules
        let next = discovered(next, &context)
        configured = next
        rollouts.adopt(next)
        reload(inForce(next.assigned(rollouts.deployment)), &context)
        guard rollouts.isLeading else { return }
        let changed = before.filter { one in
            !next.rules.contains { $0.name == one.name && $0.test == one.test && $0.action == one.action }
        }.map(\.name)
        lead(&context) { $0.running?.rulesChanged(changed, &$1) }
    }

    /// The plan with the targets that are listed now. Until the sources of a new plan have answered, the targets of the old
    /// one are scraped.
    private mutating func discovered(_ next: ReleasePlan, _ context: inout StepContext) -> ReleasePlan {
        guard next.discovery != nil else {
            guard let known = lists, (known.first + known.second).contains(where: { $0.address != nil }) else {
                lists = nil
                return next
            }
            context.emit(.poolsChanged(release: name))
            return next.with(lists)
        }
        if lists == nil {
            lists = TargetLists(
                revision: 0, first: configured.baseline.targets, second: configured.canary.targets)
        }
        context.emit(.poolsChanged(release: name))
        return next.with(lists)
    }

    /// The same with the versions and roles that the places have.
    mutating func reload(_ next: ReleasePlan, _ context: inout StepContext) {
        let old = plan
        let isSamePair = old.hasVersions(of: next)
        if !isSamePair { leaveVersions(&context) }
        noteUnseenTargets(next.canary)
        report(rules.resolveRules(missingIn: next.rules), &context)
        plan = next
        rules.adopt(next, from: old, isSamePair: isSamePair)
        if isSamePair, old.countsTheSame(as: next) {
            pools.adopt(next, from: old)
        } else if !isSamePair, old.countsTheBaselineTheSame(as: next) {
            // A new version comes to the free place: what the other one counts continues.
            pools.replaceCanary(next, from: old, at: context.now)
        } else {
            startPoolsOver(at: context.now)
        }
        if old.router != next.router {
            poll.forget(nextUptimeMs: context.now.uptimeMs)
            poll.health.forget()
            if phase == .rolledBack { heldReason = nil }
        }
    }

    /// The versions have changed: what was under way ends, and the latch of the old canary does not hold the new one.
    private mutating func leaveVersions(_ context: inout StepContext) {
        let reason = "the versions have changed"
        // A release that begins in two steps (its place is reserved, then it has a version) has nothing to end.
        let wasUnderWay = phase != .idle || rollback != nil
        report(rules.resolveAll(because: reason), &context)
        endProcedure(because: reason, &context)
        retireRollback()
        poll.forget(nextUptimeMs: context.now.uptimeMs)
        heldReason = nil
        if wasUnderWay { replace(because: reason, &context) } else { explain(reason) }
    }

    /// The configuration does not name the release any more. A latch stays: it holds the version, not the configuration.
    mutating func leavePlan(_ context: inout StepContext) {
        let reason = "the release was removed from the configuration"
        report(rules.resolveAll(because: reason), &context)
        poll.forget(nextUptimeMs: context.now.uptimeMs)
        heldReason = nil
        startPoolsOver(at: context.now)
        times.forgetEnd()
        if phase == .watching { replace(because: reason, &context) }
    }

    private mutating func replace(because reason: String, _ context: inout StepContext) {
        context.record(.ended(.replaced), release: name)
        if plan.rollout == nil { closeForward(because: reason, &context) }
        (phase, watchedSinceUptimeMs, sinceWallMs) = (.idle, nil, context.now.wallMs)
        explain(reason)
    }

    /// A target that served and is removed while its rollback is open may continue to serve, unseen.
    private mutating func noteUnseenTargets(_ next: PoolPlan) {
        guard rollback?.isOpen == true else { return }
        rollback?.noteUnseen(targets: pools.servingTargets(of: plan.canary, missingIn: next))
    }

    private mutating func startPoolsOver(at now: Moment) {
        watchedSinceUptimeMs = watchedSinceUptimeMs.map { _ in now.uptimeMs }
        pools.startOver(plan, at: now)
    }
}
