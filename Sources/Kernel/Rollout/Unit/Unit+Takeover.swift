import Model

/// Parts of a unit whose documents are of two different steps: the leader ended after it had handed over one of them, and before
/// the other. It called no router for a step that not all documents have, so what goes up is taken back, and what was over for
/// one part is over for all. A document may be several entries behind: a step that is in force in one part was in force in all,
/// so a part that is still on its way to it arrives first.
extension Unit {
    /// Call it when leading begins, after each part has taken its document in.
    func align(_ releases: inout [Release], _ context: inout StepContext) {
        endHalfBegun(&releases, &context)
        let led = members.filter { releases[$0].rollouts.isLeading }
        let running = led.compactMap { releases[$0].rollouts.running?.rollout }
        guard led.count == members.count, running.allSatisfy({ $0.state != .rollingBack }),
            Set(running.map(\.id)).count == 1, let lowest = running.map(\.wantedStep).min()
        else { return }
        for index in led where releases[index].isMoving(above: lowest) { undo(index, &releases, &context) }
        if running.contains(where: { $0.isPastBaking }) {
            carryOut(.endOfBaking, of: led.filter { releases[$0].isBaking }, &releases, &context)
        } else {
            bakeTogether(&releases, &context)
        }
    }

    /// One part bakes, and another one was still on its way to the last step when this replica began to lead: it bakes as soon as
    /// that step is in force there too.
    func bakeTogether(_ releases: inout [Release], _ context: inout StepContext) {
        guard let baking = members.first(where: { releases[$0].isBaking }) else { return }
        let id = releases[baking].rollouts.running?.id
        let late = members.filter { releases[$0].isAtLastStep && releases[$0].rollouts.running?.id == id }
        carryOut(.baking, of: late, &releases, &context)
    }

    /// A rollout that not all parts have been given, and that has moved nothing: it is ordered again. Its first step may be
    /// intended already.
    private func endHalfBegun(_ releases: inout [Release], _ context: inout StepContext) {
        for index in members {
            guard let running = releases[index].rollouts.running, running.rollout.step == 0,
                running.rollout.state != .rollingBack,
                !members.allSatisfy({ releases[$0].knows(rollout: running.id) })
            else { continue }
            releases[index].lead(&context) { lead, step in
                lead.running?.end(
                    .aborted, because: "another replica leads, and the other parts do not have it", &step)
                lead.settle(&step)
            }
        }
    }

    private func undo(_ index: Int, _ releases: inout [Release], _ context: inout StepContext) {
        releases[index].lead(&context) { lead, step in
            guard let wanted = lead.running?.rollout.wantedStep else { return }
            let reason = "another replica leads, and the other parts did not begin this step"
            lead.running?.undo(ShareLink.Undo(step: wanted, reason: reason), &step)
            lead.running?.forgetUndo()
        }
    }

    private func carryOut(
        _ wish: PartWish, of parts: [Int], _ releases: inout [Release], _ context: inout StepContext
    ) {
        for index in parts {
            releases[index].lead(&context) { lead, step in
                lead.running?.carryOut(wish, &step)
                lead.settle(&step)
            }
        }
    }
}

extension Release {
    fileprivate func knows(rollout id: String) -> Bool {
        rollouts.running?.id == id || rollouts.ended.contains { $0.id == id }
    }

    fileprivate var isBaking: Bool { rollouts.running?.rollout.state == .baking }

    /// Its last step is in force, and it does not bake yet.
    fileprivate var isAtLastStep: Bool {
        rollouts.running.map { $0.rollout.state == .standing && $0.rollout.step == $0.rollout.steps.count } ?? false
    }

    fileprivate func isMoving(above step: Int) -> Bool {
        rollouts.running.map { $0.rollout.state == .moving && $0.rollout.wantedStep > step } ?? false
    }
}

extension Rollout {
    /// Baking is over, and the share that was held back is on its way.
    fileprivate var isPastBaking: Bool {
        state == .moving && step > 0 && wantedStep == step && step == steps.count && bake.holdbackBasisPoints > 0
    }
}
