import Model

/// Several services that are led as one rollout. Each part is a release of its own; what the rollout of one does, those of the
/// others do in the same step of the kernel, so that the journal has it in one batch, and a crash finds all of it or nothing.
///
///     up:   all gates of all parts -> all intend -> rank by rank -> all in place -> the step is in force
///     down: one intends -> all intend -> the ranks in reverse order -> each proves its own -> all end
///
/// It has no state: what it does follows from the parts as they are after each input.
struct Unit: Sendable, Equatable {
    let name: String
    /// Indices of the parts among the kernel's releases, in the plan's order.
    let members: [Int]

    static func all(of plan: Plan) -> [Unit] {
        let places = PlanPlaces(plan)
        var (names, members): ([String], [[Int]]) = ([], [])
        for index in plan.releases.indices {
            guard let name = plan.releases[index].part?.unit, let place = places.unit(name) else { continue }
            if place == names.count {
                names.append(name)
                members.append([])
            }
            members[place].append(index)
        }
        return names.indices.map { Unit(name: names[$0], members: members[$0]) }
    }

    /// Brings the parts together after an input.
    func settle(_ releases: inout [Release], _ context: inout StepContext) {
        guard members.contains(where: { releases[$0].rollouts.running != nil || releases[$0].phase == .rollingBack })
        else { return }
        spreadRollback(&releases, &context)
        // A follower has the parts' documents one after the other: what one of them says has come to the others' already.
        let mayLead = isLed(releases, context)
        if mayLead { spreadEnd(&releases, &context) }
        endTogether(&releases, &context)
        orderRollbacks(&releases, &context)
        guard mayLead else { return }
        spreadUndo(&releases, &context)
        stand(&releases, &context)
        bakeTogether(&releases, &context)
        agree(&releases, &context)
        orderMoves(&releases, &context)
        shareWaits(&releases, context)
    }

    /// Its rollouts are led here. Not before all parts that a reload has brought have taken in what was handed over.
    func isLed(_ releases: [Release], _ context: StepContext) -> Bool {
        guard let first = members.first, context.mayLead(releases[first].name) else { return false }
        return !members.contains { releases[$0].hasJustCome }
    }

    /// After a restart: parts whose routers were not called yet keep their turns in the rollback.
    func resume(_ releases: inout [Release], at now: Moment) {
        let falling = with(releases) { $0.isRollingRolloutBack }
        for index in falling {
            let ranksBefore = ranks(before: index, falling, releases)
            releases[index].rollback?.keepTurn(ranksBefore: ranksBefore, at: now)
        }
    }

    private func with(_ releases: [Release], _ isMeant: (Release) -> Bool) -> [Int] {
        members.filter { isMeant(releases[$0]) }
    }

    // MARK: Down

    /// A rollback of any part is everybody's.
    private func spreadRollback(_ releases: inout [Release], _ context: inout StepContext) {
        let falling = with(releases) { $0.isRollingRolloutBack }
        guard let first = falling.first, let cause = releases[first].rollback?.incident.intent.trigger else { return }
        for index in with(releases, { $0.rollouts.isLeading && $0.rollouts.running?.rollout.state != .rollingBack }) {
            releases[index].follow(cause, of: releases[first], &context)
        }
    }

    /// A rollout that ends without a rollback takes the other parts with it.
    private func spreadEnd(_ releases: inout [Release], _ context: inout StepContext) {
        for index in members {
            guard let running = releases[index].rollouts.running?.rollout, running.state != .rollingBack else {
                continue
            }
            let over = members.compactMap { other -> (Release, Rollout)? in
                releases[other].rollouts.ended.first { $0.id == running.id }.map { (releases[other], $0) }
            }.first
            if let (companion, rollout) = over { releases[index].end(like: rollout, of: companion, &context) }
        }
    }

    /// The rollout ends with its last part.
    private func endTogether(_ releases: inout [Release], _ context: inout StepContext) {
        let falling = with(releases) { $0.rollouts.running?.rollout.state == .rollingBack }
        guard !falling.isEmpty, falling.allSatisfy({ releases[$0].phase != .rollingBack }) else { return }
        for index in falling { releases[index].endRolledBackRollout(&context) }
    }

    /// The highest rank goes first; the next one when its routers show 0 %, or after two seconds.
    private func orderRollbacks(_ releases: inout [Release], _ context: inout StepContext) {
        let falling = with(releases) { $0.isRollingRolloutBack }
        for index in falling {
            let before = falling.filter { releases[$0].rank > releases[index].rank }
            let ranksBefore = ranks(before: index, falling, releases)
            let areOut = before.allSatisfy { releases[$0].rollback?.showsNothing == true }
            releases[index].takeTurn(ranksBefore: ranksBefore, areOut: areOut, &context)
        }
    }

    /// How many ranks are called before this part, when everything goes down.
    private func ranks(before index: Int, _ falling: [Int], _ releases: [Release]) -> Int {
        Set(falling.map { releases[$0].rank }.filter { $0 > releases[index].rank }).count
    }

    // MARK: Up

    /// One router refused, or was too late: all parts go back to the step before.
    private func spreadUndo(_ releases: inout [Release], _ context: inout StepContext) {
        let undone = with(releases) { $0.rollouts.running?.share.link.undone != nil }
        guard let first = undone.first, let undo = releases[first].rollouts.running?.share.link.undone else { return }
        for index in members where !undone.contains(index) {
            releases[index].lead(&context) { $0.running?.undo(undo, &$1) }
        }
        for index in members { releases[index].rollouts.running?.forgetUndo() }
    }

    /// The step is in force when every part shows it.
    private func stand(_ releases: inout [Release], _ context: inout StepContext) {
        let moving = with(releases) { $0.rollouts.running?.rollout.state == .moving }
        guard !moving.isEmpty, moving.allSatisfy({ releases[$0].hasArrived }) else { return }
        for index in moving {
            releases[index].lead(&context) { lead, step in
                lead.running?.stand(&step)
                lead.settle(&step)
            }
        }
    }

    /// What all parts want is done by all of them.
    private func agree(_ releases: inout [Release], _ context: inout StepContext) {
        noteReadiness(&releases, context)
        guard let wish = members.compactMap({ releases[$0].rollouts.running?.link.wish }).first,
            members.allSatisfy({ releases[$0].isReady(for: wish, context) }), isOneRollout(releases)
        else { return }
        for index in members {
            releases[index].lead(&context) { lead, step in
                lead.running?.carryOut(wish, &step)
                lead.settle(&step)
            }
        }
    }

    /// What holds one part holds the step of all, and an operator is reminded once.
    private func shareWaits(_ releases: inout [Release], _ context: StepContext) {
        let isExcused = members.contains { releases[$0].isExcused(context) }
        var isTaken = false
        for index in members {
            guard var link = releases[index].rollouts.running?.link else { continue }
            link.isUnitExcused = isExcused
            link.isRemindedByOther = isTaken
            link.otherHalts = members.filter { $0 != index }.flatMap {
                releases[$0].rollouts.running?.operatorHalts ?? []
            }
            releases[index].rollouts.running?.link = link
            isTaken = isTaken || releases[index].rollouts.running?.rollout.waitsForOperatorSinceWallMs != nil
        }
    }

    private func isOneRollout(_ releases: [Release]) -> Bool {
        Set(members.map { releases[$0].rollouts.running?.id }).count == 1
    }

    /// People are asked only for what is ready in all parts.
    private func noteReadiness(_ releases: inout [Release], _ context: StepContext) {
        guard let first = members.first, releases[first].rollouts.running?.rollout.state == .standing else { return }
        let areReady = members.dropFirst().allSatisfy { releases[$0].isReady(for: .nextStep, context) }
        releases[first].rollouts.running?.link.areOthersReady = areReady
    }

    /// A router is called when all routers of lower ranks show the share.
    private func orderMoves(_ releases: inout [Release], _ context: inout StepContext) {
        for index in with(releases, { $0.rollouts.running?.share.link.isHeldBack == true }) {
            let wanted = releases[index].rollouts.running?.rollout.wantedStep ?? 0
            let before = members.filter { releases[$0].rank < releases[index].rank }
            guard before.allSatisfy({ releases[$0].isInPlace(forStep: wanted) }) else { continue }
            releases[index].lead(&context) { $0.running?.goAhead(&$1) }
        }
    }
}
