import Model

/// What an operator asks of a release.
extension Release {
    /// Valid in every state: an operator's command overrides the guards.
    mutating func rollbackCommand(
        toVersion: String?, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        if let toVersion, toVersion != plan.baseline.version {
            return .refused(
                text: "\(name) can go back to \(plan.baseline.version), the baseline, and to no other version;"
                    + " \(toVersion) is not running beside it")
        }
        if phase == .rollingBack, let open = rollback, open.isOpen {
            if context.isDryRun { return dryRunRefusal(open) }
            if open.drain != nil {
                drive(&context) { $0.hurry(because: "\(by): \(reason)", &$2) }
                return .accepted(text: "the rest of \(name)'s canary is taken out now", incident: open.id)
            }
            return .accepted(text: "\(name) is being rolled back already", incident: open.id)
        }
        if phase == .rolledBack, let latched = rollback {
            let request = DriftGuard.Request(by: by, reason: reason)
            driftGuard.request = request
            if heldReason != nil, !context.isDryRun {
                overrule(request, poll.observations, &context)
                return .accepted(text: "\(name)'s canary is taken out again", incident: latched.id)
            }
            poll.schedule(atUptimeMs: context.now.uptimeMs)
            pollRouter(&context)
            return .accepted(
                text: "\(name) is already rolled back; the router is polled again", incident: latched.id)
        }
        startRollback(.operatorCommand(by: by, reason: reason), because: "\(by): \(reason)", &context)
        return .accepted(text: "rolling \(name) back to \(plan.baseline.version)", incident: rollback?.id)
    }

    /// What a run that moves traffic has begun is not changed by one that does not.
    private func dryRunRefusal(_ real: RollbackProcess) -> CommandResult {
        .refused(
            text: "\(real.id) of \(name) was begun by a run that moves traffic, and this is a dry run: it"
                + " changes nothing of it; run without --dry-run")
    }

    /// Clears the latch, so that the same version may be tried again.
    mutating func rearmCommand(by: String, reason: String, _ context: inout StepContext) -> CommandResult {
        guard let latched = rollback, !latched.incident.isRearmed else {
            return .refused(text: "\(name) has no latch to clear: it was not rolled back")
        }
        if context.isDryRun, !latched.incident.intent.isDryRun { return dryRunRefusal(latched) }
        if latched.isOpen, !latched.isOverdue {
            return .refused(text: "\(name) is being rolled back (\(latched.id)); rearm it when that is done")
        }
        drive(&context) { process, _, step in
            let sequence = process.write(.rearmed(by: by, reason: reason), &step)
            process.settle()
            process.report(.rearmed, sequence: sequence, "rearmed by \(by): \(reason)", &step)
        }
        if phase == .rolledBack || phase == .rollingBack {
            enter(.idle, &context, because: "rearmed by \(by): \(reason)")
        }
        poll.dropCall()
        poll.schedule(atUptimeMs: context.now.uptimeMs)
        return .accepted(
            text: "\(name) is rearmed: \(plan.canary.version) may be tried again", incident: latched.id)
    }
}
