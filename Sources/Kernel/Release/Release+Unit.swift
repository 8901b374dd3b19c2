import Model

/// A release as a part of a unit: what it does because other parts did.
extension Release {
    var rank: Int { plan.part?.rank ?? 0 }

    /// Of a part its name in the unit.
    var partName: String { plan.part?.name ?? name }

    /// Its rollback is that of the rollout that is under way.
    var isRollingRolloutBack: Bool {
        phase == .rollingBack && rollouts.running?.rollout.state == .rollingBack
    }

    /// Its routers show the share that is wanted.
    var hasArrived: Bool { rollouts.running?.share.link.arrival != nil }

    /// Parts of higher ranks may follow to the step. After a takeover it may be in force here already, and no arrival is awaited.
    func isInPlace(forStep wanted: Int) -> Bool {
        guard let rollout = rollouts.running?.rollout else { return true }
        return hasArrived || rollout.state != .moving && rollout.step >= wanted
    }

    func isReady(for wish: PartWish, _ context: StepContext) -> Bool {
        rollouts.running?.isReady(for: wish, rollouts.deployment, rolloutStep(context)) ?? false
    }

    /// Something outside of the step in force holds its rollout.
    func isExcused(_ context: StepContext) -> Bool {
        guard let running = rollouts.running, running.isLeading else { return false }
        let step = rolloutStep(context)
        return step.facts.rollout.map { running.isExcused($0, rollouts.deployment, step) } ?? false
    }

    /// Another part is rolled back: so is this one, with the same consequences for its version.
    mutating func follow(_ cause: IntentRecord.Trigger, of companion: Release, _ context: inout StepContext) {
        let reason = "\(companion.partName) is rolled back"
        switch cause {
        case .rule(let alert):
            begin(RolloutTrigger(.companion, by: companion.name, reason: "\(reason): \(alert.rule)"), &context)
        case .operatorCommand: startRollback(cause, because: reason, &context)
        case .rollout(let trigger): begin(trigger, &context)
        }
    }

    private mutating func begin(_ trigger: RolloutTrigger, _ context: inout StepContext) {
        startRollback(.rollout(trigger), because: trigger.text, &context)
    }

    /// Another part's rollout has ended, and nothing was rolled back there.
    mutating func end(like over: Rollout, of companion: Release, _ context: inout StepContext) {
        guard rollouts.running?.hasShare == true, let end = over.end else {
            return lead(&context) { lead, step in
                lead.running?.end(over.end ?? .aborted, because: over.endReason, &step)
                lead.settle(&step)
            }
        }
        if end == .promoted, promoteLikeOthers(&context) { return }
        let what = end.rawValue.replacing("_", with: " ")
        begin(RolloutTrigger(.abort, by: companion.name, reason: "\(companion.partName) is \(what)"), &context)
    }

    /// The baking was over for all parts in one step, and the leader of then ended before it had handed this over.
    ///
    /// - Returns: false for a part that has not been on its way to its last step.
    private mutating func promoteLikeOthers(_ context: inout StepContext) -> Bool {
        guard let rollout = rollouts.running?.rollout, rollout.wantedStep == rollout.steps.count else { return false }
        // The last step, or what was held back, is on its way.
        if rollout.state == .moving { return true }
        lead(&context) { lead, step in
            lead.running?.carryOut(.endOfBaking, &step)
            lead.settle(&step)
        }
        return true
    }

    /// All parts' rollbacks are acknowledged.
    mutating func endRolledBackRollout(_ context: inout StepContext) {
        guard let trigger = rollback?.incident.intent.trigger else {
            return lead(&context) { lead, step in
                lead.running?.end(.rolledBack, because: "", &step)
                lead.settle(&step)
            }
        }
        lead(&context) { $0.rollbackEnded(trigger, &$1) }
    }

    /// When the router of this part is called, among those of the unit.
    mutating func takeTurn(ranksBefore: Int, areOut: Bool, _ context: inout StepContext) {
        drive(&context) { $0.takeTurn(ranksBefore: ranksBefore, areOut: areOut, &$2) }
    }
}
