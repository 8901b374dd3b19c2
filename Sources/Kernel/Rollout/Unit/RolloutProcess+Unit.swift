import Model
import Support

/// A rollout as a part of a unit. One of its own does at once what a part only proposes.
extension RolloutProcess {
    /// What would come next is done at once, or, for a part, when all parts want it.
    mutating func propose(_ wish: PartWish, _ step: inout RolloutStep) {
        guard let part = step.plan.part else { return carryOut(wish, &step) }
        link.want(wish, at: step.now.uptimeMs)
        waitsFor = "the other parts of \(part.unit)"
    }

    mutating func carryOut(_ wish: PartWish, _ step: inout RolloutStep) {
        link.forgetWish()
        switch wish {
        case .firstStep: intend(1, &step)
        case .nextStep:
            share.endRest()
            pass(skipped: [], by: nil, to: rollout.step + 1, &step)
        case .baking:
            write(.baking, &step)
            clock.restart(at: step.now)
        case .endOfBaking: endBake(&step)
        }
    }

    /// Whether this part wants it too: its last cycle did, and nothing has come up since.
    func isReady(for wish: PartWish, _ deployment: DeploymentRecord, _ step: RolloutStep) -> Bool {
        let limitMs = 2 * step.plan.scrape.intervalMs + step.plan.scrape.timeoutMs
        guard let settings = step.facts.rollout, link.wants(wish, withinMs: limitMs, at: step.now.uptimeMs),
            step.facts.phase != .rollingBack, stops(deployment, settings, step).isEmpty
        else { return false }
        guard wish == .nextStep else { return true }
        return gates(settings, deployment, step).judged().allSatisfy(\.isOpen)
    }

    /// Nothing keeps this part where it is but the others.
    var isWaitingForOthers: Bool { link.wish != nil || share.link.arrival != nil }

    /// Whether something outside of the step holds it.
    func isExcused(_ settings: RolloutPlan, _ deployment: DeploymentRecord, _ step: RolloutStep) -> Bool {
        StepExcuse.holds(
            rollout, gates: gates, doors: gates(settings, deployment, step).doors(),
            isBaselineInTrouble: step.facts.heldReason != nil,
            isPlanAwaited: wantsLastShare && step.facts.road.beforeLastShare != nil)
    }

    /// Halts that an operator has to end.
    var operatorHalts: [Rollout.Halt] { rollout.halts.filter { !$0.reason.endsByItself } }

    /// The share is in force in all parts.
    mutating func stand(_ step: inout RolloutStep) {
        if let finding = share.stand(&record, &step) { take(finding, &step) }
    }

    /// Another part has undone the step. After a takeover it may be in force here already.
    mutating func undo(_ undone: ShareLink.Undo, _ step: inout RolloutStep) {
        guard [.moving, .standing, .baking].contains(rollout.state), rollout.wantedStep == undone.step else { return }
        if rollout.state == .standing { step.want(.endEvidence) }
        share.undo(because: undone.reason, &record, &step)
    }

    /// The parts of lower ranks are in place: it is this one's turn.
    mutating func goAhead(_ step: inout RolloutStep) { share.goAhead(&step) }

    /// What was undone here has reached the other parts.
    mutating func forgetUndo() { share.link.undone = nil }
}
