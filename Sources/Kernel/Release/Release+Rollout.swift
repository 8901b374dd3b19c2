import Model
import Support

/// A release and its rollouts: what they know of it, and what they do to it.
extension Release {
    func rolloutStep(_ context: StepContext) -> RolloutStep {
        RolloutStep(facts: rolloutFacts(at: context.now), context: context)
    }

    private func rolloutFacts(at now: Moment) -> RolloutFacts {
        RolloutFacts(
            plan: plan, baseline: pools.baseline, canary: pools.canary, observations: poll.observations, phase: phase,
            heldReason: heldReason, isRollbackWanted: rules.isRollbackWanted,
            verdicts: rules.evaluations.map { $0?.evidence.verdict }, rules: rules.rules,
            evidence: rules.regression.stepEvidence, shareProblem: shareProblem, cycles: cycles,
            schemaOfCanary: schemaAnswer(version: plan.canary.version, at: now), road: roadFacts(at: now),
            isHandedOver: isHandedOver)
    }

    private var shareProblem: String? {
        rules.regression.shareMismatch.map { expected, seen in
            "the canary gets \(NumberText.percent(seen)) of the requests where the router shows \(NumberText.percent(expected))"
        }
    }

    /// Lets the rollouts work, and carries out what they ask for.
    @discardableResult
    mutating func lead<Answer>(
        _ context: inout StepContext, _ work: (inout RolloutLead, inout RolloutStep) -> Answer
    ) -> Answer {
        var step = rolloutStep(context)
        let answer = work(&rollouts, &step)
        context = step.context
        for command in step.commands { carryOut(command, &context) }
        return answer
    }

    mutating func carryOut(_ command: RolloutStep.Command, _ context: inout StepContext) {
        switch command {
        case .explain(let text): explain(text)
        case .rollback(let trigger):
            if phase != .rollingBack { startRollback(.rollout(trigger), because: trigger.text, &context) }
        case .adopt(let deployment): assign(deployment, &context)
        case .promoted: if phase == .watching { end(.promoted, &context) }
        case .withdrawn: if phase == .watching { end(.withdrawn, &context) }
        case .freshStart: startFresh(&context)
        case .beginEvidence(let ratio, let error, let floor):
            rules.regression.beginStep(
                ratio: ratio, errorBudget: error, floor: floor, atUptimeMs: context.now.uptimeMs)
        case .endEvidence: rules.regression.endStep()
        case .startComparisonsOver: pools.startComparisonsOver()
        case .watchWithoutShare:
            if phase == .idle { begin(&context, because: "a step for test users is in force") }
        case .pollRouter:
            poll.schedule(atUptimeMs: context.now.uptimeMs)
            pollRouter(&context)
        }
    }

    /// The last rollout's incident is history, and its canary is out.
    private mutating func startFresh(_ context: inout StepContext) {
        guard phase == .rolledBack || phase == .promoted else { return }
        endProcedure(because: "a new rollout begins", &context)
        retireRollback()
        context.record(.ended(.replaced), release: name)
        enter(.idle, &context, because: "a new rollout begins")
    }

    /// The places have other versions, or other roles: pools, rules and routers follow.
    mutating func assign(_ deployment: DeploymentRecord, _ context: inout StepContext) {
        let next = configured.assigned(deployment)
        guard next != plan else { return }
        // What was asked and answered before is about the other roles.
        if next.isTurned != plan.isTurned { context.emit(.aim(release: name, isTurned: next.isTurned)) }
        reload(next, &context)
        context.emit(.poolsChanged(release: name))
    }

    /// An order to the rollouts, which is answered at once.
    mutating func order(
        _ command: RolloutCommand, _ order: OrderContext, _ context: inout StepContext
    ) -> RolloutAnswer {
        lead(&context) { RolloutOrder(command: command, context: order).carryOut(&$0, &$1) }
    }

    /// What a rollback means where no share is the canary's: the rollout that has none ends, and after a promotion the way goes
    /// back to the other place.
    ///
    /// - Returns: nil for a rollback like any other.
    mutating func rollbackOfRollouts(
        toVersion: String?, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult? {
        guard plan.rollout != nil, phase != .rollingBack else { return nil }
        if toVersion == nil || toVersion == plan.baseline.version, let running = rollouts.running, !running.hasShare,
            (poll.share ?? 0) == 0
        {
            guard context.mayLead(name) else {
                return .refused(text: "\(running.id) has no share yet; end it at the replica that leads")
            }
            lead(&context) { $0.endWithoutShare(by: by, reason: reason, &$1) }
            return .accepted(text: "\(running.id) is ended; it had no share yet", incident: nil)
        }
        guard rollouts.running == nil, phase == .idle, poll.share == 0 || toVersion != nil else { return nil }
        guard let version = toVersion ?? rollouts.deployment.wayBack?.version else { return nil }
        return wayBack(toVersion: version, by: by, reason: reason, &context)
    }

    /// Goes back to the version of the other place, which has been without traffic since the last promotion: the roles turn
    /// back, and then it is a rollback like any other.
    ///
    /// - Returns: nil when the version is not the other place's.
    mutating func wayBack(
        toVersion version: String, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult? {
        let deployment = rollouts.deployment
        guard plan.rollout != nil, rollouts.running == nil, version != plan.baseline.version,
            deployment.wayBack?.version == version
        else { return nil }
        guard !context.isDryRun else {
            return .refused(text: "this is a dry run: \(name) would go back to \(version), and nothing is moved")
        }
        guard context.mayLead(name) else {
            return .refused(text: "another replica leads: \(name) goes back to \(version) there")
        }
        let place = wayBackText
        guard pools.canary.presentCycles >= 3, pools.canary.healthyTargets > 0 else {
            return .refused(text: "\(name) cannot go back to \(version): \(place ?? "it is not running")")
        }
        lead(&context) { $0.turnRoles(wayBack: nil, &$1) }
        startRollback(
            .operatorCommand(by: by, reason: reason), because: "\(by): \(reason)", shareBefore: 10_000, &context)
        return .accepted(text: "rolling \(name) back to \(version)", incident: rollback?.id)
    }

    /// `v1.4.2 in blue, 2 of 2 targets answer`; nil when there is no version to go back to. During a rollout that is the
    /// baseline's, and after a promotion the one before.
    var wayBackText: String? {
        if rollouts.isLeading {
            let baseline = rollouts.deployment.baseline
            return baseline.running.map { text($0, baseline.name, pools.baseline) }
        }
        let deployment = rollouts.deployment
        let lost = deployment.isWayBackLost == true ? "lost: " : ""
        return deployment.wayBack.map { lost + text($0, deployment.canary.name, pools.canary) }
    }

    private func text(_ version: VersionIdentity, _ place: String, _ pool: PoolState) -> String {
        "\(version.text) in \(place), \(pool.healthyTargets) of \(pool.targets.count) targets answer"
    }

    /// A canary target that says that it runs another version than the rollout's is left out: what it counts would be the
    /// new version's in name only. A rollback needs what it serves all the same.
    func admitted(_ report: ScrapeReport) -> ScrapeReport {
        guard let told = report.version, report.pool == .canary, phase != .rollingBack, phase != .rolledBack,
            let wanted = rollouts.running?.rollout.version.version, rollouts.isLeading, told != wanted
        else { return report }
        var report = report
        report.outcome = .failure("it says that it runs \(told), and the rollout is of \(wanted)")
        return report
    }

    private func estimates(_ settings: RolloutPlan) -> [StepEstimate?] {
        let frozen = rollouts.running?.rollout.steps ?? []
        return StepEstimator(self)?.estimates(frozen.isEmpty ? settings.steps : frozen) ?? []
    }

    /// What the rollouts look like; nil for a release that is only watched.
    var rolloutSnapshot: RolloutSnapshot? {
        guard let settings = plan.rollout else { return nil }
        let process = rollouts.running
        return RolloutSnapshot(
            deployment: rollouts.deployment, running: process?.rollout, queued: rollouts.queued, ended: rollouts.ended,
            gates: process?.gates ?? [], waitsFor: process?.waitsFor ?? "", standingMs: process?.clock.standingMs ?? 0,
            wayBack: wayBackText, plan: settings, estimates: estimates(settings))
    }
}
