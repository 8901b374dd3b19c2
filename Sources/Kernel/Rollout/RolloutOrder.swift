import Model
import Support

/// What an order to the rollouts of a release means, as they are when it comes. Orders that go up are refused as soon as
/// anything speaks against them, and are not remembered for later; orders that go down are always taken.
struct RolloutOrder {
    let command: RolloutCommand
    let context: OrderContext

    func carryOut(_ lead: inout RolloutLead, _ step: inout RolloutStep) -> RolloutAnswer {
        guard step.facts.rollout != nil else {
            return refuse(
                .invalid, "the release \(step.orderName) has no `steps`: it is watched, and nothing is led", lead)
        }
        let conditions = OrderConditions(command: command, context: context)
        if let answer = conditions.answer(lead) { return answer }
        let before = step.context.nextSequence
        var answer = take(&lead, &step)
        if step.context.nextSequence > before { answer.sequence = step.context.nextSequence - 1 }
        answer.rollout = answer.rollout ?? lead.running?.id
        answer.tag = lead.running?.rollout.tag
        conditions.remember(answer, &lead, &step)
        return answer
    }

    // MARK: Orders

    private func take(_ lead: inout RolloutLead, _ step: inout RolloutStep) -> RolloutAnswer {
        switch command {
        case .prepare(let order): prepare(order, &lead, &step)
        case .begin(let order): begin(order, &lead, &step)
        case .pause(let forMs): pause(forMs, &lead, &step)
        case .resume(let acceptsBaseline): resume(acceptsBaseline, &lead, &step)
        case .approve(let number, nil), .approve(let number, "approval"): approve(number, &lead, &step)
        case .approve(let number, let gate?): approve(number, webhook: gate, &lead, &step)
        case .deny(let number, let rollsBack): deny(number, rollsBack, &lead, &step)
        case .promote(let order): promote(order, &lead, &step)
        case .abort: abort(&lead, &step)
        case .freeze(let until): freeze(until, &lead, &step)
        case .unfreeze: unfreeze(&lead, &step)
        case .answerGate(let id, let reply, let once): answerGate(id, reply, once: once, &lead, &step)
        }
    }

    private func prepare(
        _ order: PrepareOrder, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        if let obstacle = obstacle(order, lead, step) { return obstacle }
        if let running = lead.running { return busy(order, running, &lead, &step) }
        guard let rollout = lead.open(order, context, isQueued: false, &step) else {
            return refuse(.invalid, "nothing could be prepared", lead)
        }
        lead.start(rollout, &step)
        return prepared(rollout)
    }

    private func prepared(_ rollout: Rollout) -> RolloutAnswer {
        let record = rollout.preparation
        return RolloutAnswer(
            .created,
            "\(record.place) is reserved for \(record.version.text) (\(rollout.id)); deploy it there, then begin",
            rollout: rollout.id, place: record.place, expiresWallMs: record.expiresWallMs)
    }

    /// What speaks against the version itself, or against any new version now.
    private func obstacle(_ order: PrepareOrder, _ lead: RolloutLead, _ step: RolloutStep) -> RolloutAnswer? {
        let (version, deployment) = (order.version, lead.deployment)
        if step.facts.rollout?.allowsMutableVersions == false, version.isMutable {
            return refuse(
                .invalid,
                "\"\(version.version)\" may be another build tomorrow, so a latch would hold the wrong one;"
                    + " name the version, or set `versions: {mutable: true}`", lead)
        }
        if let place = order.place, place != deployment.canary.name {
            return refuse(.notReady, "\(place) serves; the free place is \(deployment.canary.name)", lead)
        }
        if let latched = latched(version, lead, step) { return latched }
        if let freeze = deployment.freeze, freeze.holds(atWallMs: step.now.wallMs) {
            return refuse(.frozen, freeze.text, lead)
        }
        guard let serving = deployment.baseline.running else { return nil }
        if serving == version { return refuse(.invalid, "\(version.text) serves everything already", lead) }
        if serving.isNewer(than: version), !order.allowsDowngrade {
            return refuse(
                .older, "\(version.text) is older than \(serving.text), which serves; allow the downgrade explicitly",
                lead)
        }
        return nil
    }

    private func latched(_ version: VersionIdentity, _ lead: RolloutLead, _ step: RolloutStep) -> RolloutAnswer? {
        guard lead.deployment.failed.contains(version) else { return nil }
        return refuse(.latched, lead.latchText(version, step), lead)
    }

    private func busy(
        _ order: PrepareOrder, _ running: RolloutProcess, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        let rollout = running.rollout
        if rollout.state == .prepared, rollout.version == order.version {
            return RolloutAnswer(
                .already, "\(rollout.preparation.place) is reserved for \(order.version.text) already",
                rollout: rollout.id, place: rollout.preparation.place, expiresWallMs: rollout.preparation.expiresWallMs)
        }
        if step.facts.phase == .rollingBack {
            return refuse(
                .downBeatsUp, "\(rollout.id) is being rolled back; prepare again when that is acknowledged", lead)
        }
        let policy = order.onBusy ?? step.facts.rollout?.onBusy ?? .refuse
        if rollout.state == .baking, policy != .queue {
            return refuse(
                .busy,
                "\(rollout.id) bakes, and \(lead.deployment.canary.name)'s neighbour is its only way back;"
                    + " end the baking first (`promote --end-bake`)", lead)
        }
        switch policy {
        case .refuse:
            return refuse(
                .busy,
                "\(rollout.id) is under way: \(rollout.version.text), step \(rollout.step) of"
                    + " \(rollout.steps.count), \(rollout.state.rawValue); wait for it or abort it", lead)
        case .queue: return enqueue(order, &lead, &step)
        case .supersede: return supersede(order, rollout, &lead, &step)
        }
    }

    private func enqueue(
        _ order: PrepareOrder, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        if let waiting = lead.queued, waiting.version == order.version {
            return answer(.already, "\(order.version.text) waits already", waiting.id)
        }
        guard let rollout = lead.open(order, context, isQueued: true, &step) else {
            return refuse(.invalid, "nothing could be queued", lead)
        }
        lead.enqueue(rollout, &step)
        return answer(.accepted, "\(order.version.text) waits for \(lead.running?.id ?? "")", rollout.id)
    }

    private func supersede(
        _ order: PrepareOrder, _ rollout: Rollout, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        guard order.isForced || order.version.isNewer(than: rollout.version) else {
            return refuse(
                .older, "\(order.version.text) is not newer than \(rollout.version.text), which is under way", lead)
        }
        let queued = enqueue(order, &lead, &step)
        let reason = "\(order.version.text) takes its place"
        takeOut(rollout, RolloutTrigger(.superseded, by: context.by, reason: reason), .superseded, &lead, &step)
        return lead.running?.rollout.version == order.version ? prepared(lead.running!.rollout) : queued
    }

    /// Without a share nothing has to be moved, and the rollout just ends.
    private func takeOut(
        _ rollout: Rollout, _ trigger: RolloutTrigger, _ end: RolloutEnd, _ lead: inout RolloutLead,
        _ step: inout RolloutStep
    ) {
        let hasShare = rollout.step > 0 || rollout.wantedStep > 0 || (step.facts.observations.canaryShare ?? 0) > 0
        if rollout.hasBegun, hasShare { return step.want(.rollback(trigger)) }
        lead.running?.end(end, because: trigger.reason, &step)
        lead.settle(&step)
    }

    private func begin(
        _ order: PrepareOrder, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        if let freeze = lead.deployment.freeze, freeze.holds(atWallMs: step.now.wallMs) {
            return refuse(.frozen, freeze.text, lead)
        }
        if let running = lead.running?.rollout, running.hasBegun, running.version == order.version {
            return answer(.already, "\(running.id) has begun already", running.id)
        }
        if let latched = latched(order.version, lead, step) { return latched }
        if let undo = step.facts.road.openUndo { return refuse(.notReady, undo, lead) }
        if let problem = problem(order, step) { return refuse(.invalid, problem, lead) }
        if lead.queued?.version == order.version {
            return refuse(.notReady, "\(order.version.text) waits for \(lead.running?.id ?? "")", lead)
        }
        if lead.running == nil {
            let prepared = prepare(order, &lead, &step)
            if prepared.isRefused { return prepared }
        }
        guard let running = lead.running?.rollout, running.state == .prepared, running.version == order.version else {
            return refuse(.busy, "\(lead.running?.id ?? "another rollout") is under way", lead)
        }
        if lead.deployment.failed.contains(running.version) {
            return refuse(.latched, lead.latchText(running.version, step), lead)
        }
        step.want(.freshStart)
        let targets = step.plan.baseline.targets.first.map { OrderedTargets.plans(order.targets, like: $0) } ?? []
        lead.begin(by: context.by, targets: order.targets.isEmpty ? nil : targets, &step)
        return answer(.accepted, "\(running.id) begins: its start conditions are checked", running.id)
    }

    /// Why the targets of the order cannot be used; nil when they can.
    private func problem(_ order: PrepareOrder, _ step: RolloutStep) -> String? {
        guard !order.targets.isEmpty else { return nil }
        if let problem = OrderedTargets.problem(order.targets) { return problem }
        if let part = OrderedTargets.parts(of: order.targets).first {
            return "\(step.orderName) has no parts, so its targets are addresses alone, without \"\(part)=\""
        }
        if step.plan.discovery != nil {
            return "the sources of \(step.name) (`discovery`) list its targets, so the order cannot name them"
        }
        guard let like = step.plan.baseline.targets.first else {
            return "the other place has no targets to compare with"
        }
        let serving = Set(step.plan.baseline.targets.map(\.url))
        let both = OrderedTargets.plans(order.targets, like: like).first { serving.contains($0.url) }
        return both.map { "\($0.instance) is a target of \(step.plan.baseline.version), which serves" }
    }

    private func pause(_ forMs: Int64?, _ lead: inout RolloutLead, _ step: inout RolloutStep) -> RolloutAnswer {
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        if let pause = running.pause { return answer(.already, "paused by \(pause.by)", running.id) }
        let until = forMs.map { step.now.wallMs + max(0, $0) }
        lead.running?.write(.paused(by: context.by, reason: context.reason, untilWallMs: until), &step)
        return answer(.accepted, "\(running.id) is paused: nothing goes up", running.id)
    }

    private func resume(
        _ acceptsBaseline: Bool, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        guard running.state != .rollingBack else { return beaten(running, lead) }
        guard running.pause != nil || !running.halts.isEmpty else {
            return answer(.already, "\(running.id) is neither paused nor halted", running.id)
        }
        lead.running?.resume(
            by: context.by, reason: context.reason, acceptsBaseline: acceptsBaseline, &step)
        let left = lead.running?.rollout.halts.map(\.reason.rawValue).joined(separator: ", ") ?? ""
        return answer(
            .accepted, "\(running.id) is resumed" + (left.isEmpty ? "" : "; still halted until it ends: \(left)"),
            running.id)
    }

    private func approve(_ number: Int, _ lead: inout RolloutLead, _ step: inout RolloutStep) -> RolloutAnswer {
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        if let beaten = beatenIfGoingDown(running, lead, step) { return beaten }
        if let stale = stale(number, running, lead) { return stale }
        guard let plan = running.plan?.approval else {
            return refuse(.invalid, "step \(number) asks for no approval", lead)
        }
        guard running.state == .standing else {
            return refuse(.notReady, "\(running.id) is \(running.state.rawValue), not standing at step \(number)", lead)
        }
        let gate = running.gate("approval")
        if let gate, gate.hasLapsed {
            return refuse(.lapsed, "\(gate.id) has lapsed; resume asks for it once more", lead)
        }
        if let known = known(gate?.replies ?? running.earlyReplies(to: "approval"), plan, at: step.now) {
            return answer(.already, "already, by \(known.by)", running.id)
        }
        if !plan.of.isEmpty, !plan.of.contains(context.by) {
            return refuse(
                .invalid,
                "step \(number) asks for an approval by \(plan.of.joined(separator: " or ")), not by \(context.by)",
                lead)
        }
        if plan.isNotTheBeginner, context.by == running.begunBy {
            return refuse(.invalid, "\(context.by) began \(running.id), so another operator has to approve", lead)
        }
        let reply = GateReply(
            .proceed, by: context.by, reason: context.reason, validUntilWallMs: step.now.wallMs + plan.validMs)
        let isEarly = gate == nil
        lead.running?.take(reply, for: gate ?? early(running, reply), &step)
        let text = "step \(number) of \(running.id) is approved"
        return answer(.accepted, isEarly ? "\(text), before its other gates are open" : text, running.id)
    }

    /// The approval of this caller, or that of the last one when there are enough; those that are over do not count.
    private func known(_ replies: [GateReply], _ plan: ApprovalPlan, at now: Moment) -> GateReply? {
        let yes = replies.valid(atWallMs: now.wallMs)
        return yes.first { $0.by == context.by } ?? (yes.count >= plan.count ? yes.last : nil)
    }

    /// A gate that is not asked yet: the approval names the step that is in force, so it is about what its caller has
    /// seen, and it counts as long as it is valid.
    private func early(_ running: Rollout, _ reply: GateReply) -> Rollout.OpenGate {
        let id = "\(running.id)-\(running.step)-approval-early"
        return Rollout.OpenGate(
            step: running.step, gate: "approval", id: id, askedWallMs: 0, untilWallMs: reply.validUntilWallMs ?? .max)
    }

    /// An operator answers in the place of the program that is asked.
    private func approve(
        _ number: Int, webhook name: String, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        if let beaten = beatenIfGoingDown(running, lead, step) { return beaten }
        if let stale = stale(number, running, lead) { return stale }
        let known = [running.plan?.webhook?.name, running.plan?.approval.map { _ in "approval" }].compactMap(\.self)
        guard known.contains(name) else {
            let has = known.isEmpty ? "none that can be answered" : known.joined(separator: " and ")
            return refuse(.invalid, "step \(number) has no gate \"\(name)\" to approve; it has \(has)", lead)
        }
        guard let gate = running.gate(name) else {
            return refuse(.notReady, "\(name) of step \(number) is not asked yet", lead)
        }
        if gate.hasLapsed { return refuse(.lapsed, "\(gate.id) has lapsed; resume asks it once more", lead) }
        if let yes = gate.validReplies(atWallMs: step.now.wallMs).last {
            return answer(.already, "already, by \(yes.by)", running.id)
        }
        lead.running?.take(GateReply(.proceed, by: context.by, reason: context.reason), for: gate, &step)
        return answer(.accepted, "\(name) of step \(number) of \(running.id) is approved", running.id)
    }

    private func deny(
        _ number: Int, _ rollsBack: Bool, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        if running.state == .rollingBack { return answer(.already, "it is being rolled back", running.id) }
        if let stale = stale(number, running, lead) { return stale }
        guard let gate = running.gate("approval") else {
            return refuse(.notReady, "the approval of step \(number) is not asked for", lead)
        }
        let reply = GateReply(rollsBack ? .rollback : .hold, by: context.by, reason: context.reason)
        lead.running?.take(reply, for: gate, &step)
        return answer(.accepted, rollsBack ? "\(running.id) is rolled back" : "\(running.id) is halted", running.id)
    }

    private func promote(
        _ order: PromoteOrder, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        if let beaten = beatenIfGoingDown(running, lead, step) { return beaten }
        if order.endsBake {
            guard running.state == .baking else { return refuse(.notReady, "\(running.id) does not bake", lead) }
            lead.running?.endBake(&step)
            lead.settle(&step)
            return answer(.accepted, "\(running.id): the baking ends", running.id)
        }
        guard running.state == .standing else {
            return refuse(.notReady, "\(running.id) is \(running.state.rawValue), not standing at a step", lead)
        }
        if let stale = stale(order.step, running, lead) { return stale }
        let next =
            order.toBasisPoints.map { share in running.steps.firstIndex { $0.basisPoints >= share }.map { $0 + 1 } }
            ?? running.step + 1
        guard let next, next > running.step, next <= running.steps.count else {
            return refuse(.invalid, "there is no step with that share above step \(running.step)", lead)
        }
        if let door = closedDoor(order, running, lead, step) { return door }
        let closed = lead.running?.gates.filter { !$0.isOpen && !order.skip.contains($0.gate) } ?? []
        let open = closed.filter { $0.gate != "calendar" && $0.gate != "frozen" }
        guard open.isEmpty || order.toBasisPoints != nil else {
            let names = open.map { "\($0.gate) (\($0.text))" }.joined(separator: ", ")
            return refuse(.notReady, "these gates are closed; name those to skip: \(names)", lead)
        }
        if next == running.steps.count, let wait = step.facts.road.beforeLastShare {
            lead.running?.wantsLastShare = true
            return refuse(
                .notReady, "the plan's steps before the last share run first: \(wait); give the order again then", lead)
        }
        let skipped = lead.running?.gates.filter { !$0.isOpen }.map(\.gate) ?? []
        lead.running?.pass(skipped: skipped, by: context.by, to: next, &step)
        return answer(.accepted, "\(running.id) continues to step \(next)", running.id)
    }

    private func closedDoor(
        _ order: PromoteOrder, _ running: Rollout, _ lead: RolloutLead, _ step: RolloutStep
    ) -> RolloutAnswer? {
        if let freeze = lead.deployment.freeze, freeze.holds(atWallMs: step.now.wallMs), !order.overridesFreeze {
            return refuse(.frozen, freeze.text, lead)
        }
        if let calendar = step.facts.rollout?.calendar, !calendar.isOpen(atWallMs: step.now.wallMs),
            !order.overridesCalendar
        {
            return refuse(
                .outside, "the calendar forbids it now; `--override window` with a reason does it all the same", lead)
        }
        if step.context.isJournalFailing { return refuse(.notReady, "the journal cannot be written", lead) }
        return nil
    }

    private func abort(_ lead: inout RolloutLead, _ step: inout RolloutStep) -> RolloutAnswer {
        if let queued = lead.queued, context.rollout == queued.id {
            lead.dropQueued(.aborted, because: context.reason, &step)
            return answer(.accepted, "\(queued.id) does not wait any more", queued.id)
        }
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        if running.state == .rollingBack { return answer(.already, "it is being taken out already", running.id) }
        takeOut(
            running, RolloutTrigger(.abort, by: context.by, reason: context.reason), .aborted, &lead, &step)
        return answer(.accepted, "\(running.id) is aborted", running.id)
    }

    private func freeze(
        _ until: Int64?, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        var next = lead.deployment
        next.freeze = FreezeRecord(by: context.by, reason: context.reason, untilWallMs: until)
        lead.change(next, &step)
        return answer(.accepted, "\(step.orderName) is frozen: nothing goes up", nil)
    }

    private func unfreeze(_ lead: inout RolloutLead, _ step: inout RolloutStep) -> RolloutAnswer {
        guard lead.deployment.freeze != nil else { return answer(.already, "\(step.orderName) is not frozen", nil) }
        var next = lead.deployment
        next.freeze = nil
        lead.change(next, &step)
        return answer(.accepted, "\(step.orderName) is not frozen any more", nil)
    }

    private func answerGate(
        _ id: String, _ reply: GateReply, once: Bool, _ lead: inout RolloutLead, _ step: inout RolloutStep
    ) -> RolloutAnswer {
        guard let running = lead.running?.rollout else { return notRunning(lead) }
        guard let gate = running.gates.first(where: { $0.id == id }) else {
            let text = "\(id) is no gate of the present step"
            return once
                ? refuse(.answered, "\(text): the token is good for one answer", lead) : refuse(.stale, text, lead)
        }
        if once, let known = gate.replies.first {
            return refuse(
                .answered,
                "\(id) was answered already, \(known.answer.rawValue) by \(known.by): the token is good for"
                    + " one answer", lead)
        }
        if gate.hasLapsed || step.now.wallMs >= gate.untilWallMs {
            return refuse(.lapsed, "\(id) was answered too late", lead)
        }
        // An approval is one whichever way it comes: who may give it, and how often, is the same.
        if reply.answer == .proceed, gate.gate == "approval" { return approve(gate.step, &lead, &step) }
        if let beaten = beatenIfGoingDown(running, lead, step), reply.answer == .proceed { return beaten }
        var reply = reply
        // Who has the question's token is the program that was asked.
        if once { reply.by = gate.gate }
        lead.running?.take(reply, for: gate, &step)
        return answer(.accepted, "\(id): \(reply.answer.rawValue)", running.id)
    }

    // MARK: Answers

    private func stale(_ number: Int, _ running: Rollout, _ lead: RolloutLead) -> RolloutAnswer? {
        guard number != running.step else { return nil }
        return refuse(.stale, "the order means step \(number), and \(running.id) is at step \(running.step)", lead)
    }

    /// Down beats up: what goes up is refused while a rollback is wanted or under way, and not remembered for later.
    private func beatenIfGoingDown(_ running: Rollout, _ lead: RolloutLead, _ step: RolloutStep) -> RolloutAnswer? {
        let isGoingDown =
            running.state == .rollingBack || step.facts.phase == .rollingBack || step.facts.isRollbackWanted
        return isGoingDown ? beaten(running, lead) : nil
    }

    private func beaten(_ running: Rollout, _ lead: RolloutLead) -> RolloutAnswer {
        refuse(.downBeatsUp, "a rollback of \(running.id) is wanted or under way", lead)
    }

    private func notRunning(_ lead: RolloutLead) -> RolloutAnswer {
        let last = lead.ended.first.map { "; the last one, \($0.id), ended: \($0.end?.rawValue ?? "")" } ?? ""
        return refuse(.notRunning, "no rollout is under way\(last)", lead)
    }

    private func answer(_ outcome: RolloutAnswer.Outcome, _ text: String, _ rollout: String?) -> RolloutAnswer {
        RolloutAnswer(outcome, text, rollout: rollout)
    }

    private func refuse(_ code: RefusalCode, _ text: String, _ lead: RolloutLead) -> RolloutAnswer {
        RolloutAnswer(.refused(code), text, rollout: lead.running?.id)
    }
}
