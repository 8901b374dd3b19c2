import Model

/// What an operator asks of a release.
extension Release {
    /// Valid in every state: an operator's command overrides the guards. To a version that does not fit the schema it has
    /// to be given once more, with that said.
    mutating func rollbackCommand(
        toVersion: String?, evenContracted: Bool = false, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        if !evenContracted, phase == .watching, let closed = closedWayBack(at: context.now) {
            return .refused(
                text:
                    "\(closed). Users would be moved to a version that cannot work; `--even-contracted` does it all the"
                    + " same")
        }
        if let answer = rollbackOfRollouts(toVersion: toVersion, by: by, reason: reason, &context) { return answer }
        let request = RollbackRequest(
            toVersion: toVersion, plan: plan, phase: phase, rollback: rollback, isHeld: heldReason != nil,
            isDryRun: context.isDryRun)
        let why = "\(by): \(reason)"
        switch request {
        case .refused: break
        case .isUnderWay: orderedAgain = .operatorCommand(by: by, reason: reason)
        case .begin: startRollback(.operatorCommand(by: by, reason: reason), because: why, &context)
        case .hurry: drive(&context) { $0.hurry(because: why, &$2) }
        case .overrule: overrule(DriftGuard.Request(by: by, reason: reason), &context)
        case .pollAgain:
            driftGuard.request = DriftGuard.Request(by: by, reason: reason)
            poll.schedule(atUptimeMs: context.now.uptimeMs)
            pollRouter(&context)
        }
        return request.answer(plan: plan, incident: rollback?.id)
    }

    /// Clears the latch, so that the same version may be tried again.
    ///
    /// - Parameter abandonPlan: gives the plan up, even where a step is under way.
    mutating func rearmCommand(
        abandonPlan: Bool = false, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        let hadLatches = !rollouts.deployment.failed.isEmpty
        guard let latched = rollback, !latched.incident.isRearmed else {
            if plan.rollout != nil, hadLatches {
                lead(&context) { $0.rearm(nil, &$1) }
                return .accepted(text: "\(name) is rearmed: every version may be tried again", incident: nil)
            }
            return .refused(text: "\(name) has no latch to clear: it was not rolled back")
        }
        if let obstacle = latched.reasonNotToRearm(release: name, isDryRun: context.isDryRun) {
            return .refused(text: obstacle)
        }
        if !abandonPlan, let obstacle = procedureObstacle { return .refused(text: obstacle) }
        endProcedure(by: by, reason: "rearmed: \(reason)", &context)
        drive(&context) { $0.rearm(by: by, reason: reason, &$2) }
        if phase == .rolledBack || phase == .rollingBack {
            enter(.idle, &context, because: "rearmed by \(by): \(reason)")
        }
        if plan.rollout != nil {
            lead(&context) { lead, step in
                lead.rollbackEnded(latched.incident.intent.trigger, &step)
                lead.rearm(nil, &step)
            }
        }
        poll.dropCall()
        poll.schedule(atUptimeMs: context.now.uptimeMs)
        return .accepted(
            text:
                "\(name) is rearmed: \(plan.canary.version) may be tried again. No traffic was moved: it is watched as soon as "
                + "it gets its share on the router" + centreShare.textOfRearm, incident: latched.id)
    }
}
