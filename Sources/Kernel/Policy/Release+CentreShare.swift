public import Model

/// A release whose share a configuration centre orders: the way to the router is the same as that of an operator's order, and
/// ends at the same latch.
extension Release {
    mutating func take(_ reading: ShareReading, _ context: inout StepContext) {
        guard plan.shareFrom == .centre else { return }
        switch reading {
        case .order(let order): if centreShare.take(order) { readRouterAgain(&context) }
        case .problem(let text): centreShare.problem = text
        case .detached(let isTrue): centreShare.detach(isTrue)
        }
    }

    /// What a poll on its way shows may be from before; another one is sent at once.
    private mutating func readRouterAgain(_ context: inout StepContext) {
        guard phase != .rollingBack else { return }
        poll.dropCall()
        poll.schedule(atUptimeMs: context.now.uptimeMs)
        pollRouter(&context)
    }

    /// Asked after each step of the kernel.
    mutating func followCentre(durableThrough last: UInt64, _ context: inout StepContext) {
        guard plan.shareFrom == .centre else { return centreShare.forget() }
        if centreShare.expire(at: context.now.uptimeMs) { readRouterAgain(&context) }
        let isDue = centreShare.isDue(at: context.now.uptimeMs)
        // A rollback ends an order at once: after `rearm` the pause between two tries could be over.
        let isLatched = phase == .rollingBack || phase == .rolledBack
        guard centreShare.call == nil || isLatched, let order = centreShare.order, !centreShare.isOver else { return }
        let verdict = CentreShareVerdict(order, centreFacts(context))
        // That the router was seen with the share is noted without a pause.
        if case .over = verdict {} else { guard isDue || isLatched else { return } }
        guard !centreShare.isDetached || isLatched else {
            return centreShare.wait(
                because: "this host is detached from the centre; `rollguard config attach` ends that")
        }
        carryOut(verdict, order, durableThrough: last, &context)
    }

    private mutating func carryOut(
        _ verdict: CentreShareVerdict, _ order: ShareOrder, durableThrough last: UInt64, _ context: inout StepContext
    ) {
        switch verdict {
        case .over(let wasInForce): centreShare.end(wasInForce: wasInForce)
        case .past:
            let origin = "it was sent before a restart, or the centre has gone back to it"
            giveUp(order, because: "\(origin), and the router has less; write it again", &context)
        case .wait(let reason): centreShare.wait(because: reason)
        case .hold(let reason): if centreShare.hold(because: reason) { note(order, isKeptBy: reason, &context) }
        case .lower:
            writeDown(order, &context)
            call(order, &context)
        case .raise where centreShare.isExhausted:
            giveUp(order, because: centreShare.textOfGivingUp, &context)
        case .raise:
            writeDown(order, &context)
            if centreShare.isDurable(through: last) { call(order, &context) }
        }
    }

    private mutating func giveUp(_ order: ShareOrder, because reason: String, _ context: inout StepContext) {
        centreShare.giveUp(because: reason)
        note(order, isKeptBy: reason, &context)
    }

    private func note(_ order: ShareOrder, isKeptBy reason: String, _ context: inout StepContext) {
        guard context.mayLead(name) else { return }
        context.record(
            .configured(ConfigurationRecord(outcome: .refused, order: order, problems: ["\(name): \(reason)"])),
            release: "")
        context.log(.warning, name, "the centre's share of \(order.shareText) is not in force: \(reason)")
    }

    private func centreFacts(_ context: StepContext) -> CentreShareVerdict.Facts {
        CentreShareVerdict.Facts(
            release: name, phase: phase, observations: poll.observations, reading: centreShare.reading,
            isAccepted: centreShare.isAccepted, wasSent: centreShare.wasSent,
            isRollbackWanted: rules.isRollbackWanted,
            heldReason: heldReason ?? (rules.isHoldWanted ? "a rule with `action: hold` fires" : nil),
            isPromised: promise != nil, mayLead: context.mayLead(name) && !hasJustCome && !isBack,
            isDryRun: context.isDryRun, isJournalFailing: context.isJournalFailing,
            routerProblem: poll.health.problem, healthyCanaryTargets: pools.canary.healthyTargets)
    }

    /// Once for each order, before the router is called.
    private mutating func writeDown(_ order: ShareOrder, _ context: inout StepContext) {
        guard !centreShare.isWritten else { return }
        let before = poll.share.map(ShareOrder.text) ?? "unknown"
        let change = "\(name): share \(before) -> \(order.shareText)"
        centreShare.intended(
            context.record(
                .configured(ConfigurationRecord(outcome: .applied, order: order, changes: change)), release: ""))
        context.log(.info, name, "centre: share \(before) -> \(order.shareText), revision \(order.revision)")
    }

    private mutating func call(_ order: ShareOrder, _ context: inout StepContext) {
        let timeoutMs = context.timeoutWithinLease(plan.rollback.callTimeoutMs, of: name)
        let call = RouterCall(number: context.newCall(), expiresUptimeMs: context.now.uptimeMs + timeoutMs + 500)
        context.emit(
            .applySplit(
                release: name, call: call.number, split: Split(canaryBasisPoints: order.basisPoints),
                timeoutMs: timeoutMs, via: .primary))
        centreShare.sent(call, at: context.now.uptimeMs)
        // A poll that was sent before says nothing about what follows.
        poll.dropCall()
    }

    /// - Returns: whether the answer was to a call for the centre's share.
    mutating func answeredCentre(
        call: Int, _ receipts: [RouterReceipt], _ context: inout StepContext
    ) -> Bool {
        guard centreShare.awaitsReceipt(call: call) else { return false }
        centreShare.answered(receipts)
        guard phase != .rollingBack else {
            poll.dropCall()
            drive(&context) { $0.unblock(&$2) }
            return true
        }
        readRouterAgain(&context)
        return true
    }

    /// Nil for a release that does not follow the centre.
    func centreShareReport(mayLead: Bool) -> CentreShareReport? {
        guard plan.shareFrom == .centre else { return nil }
        return CentreShareReport(
            release: name, order: centreShare.order, wasInForce: centreShare.wasInForce,
            wasSent: centreShare.wasSent, isOver: centreShare.isOver, isDetached: centreShare.isDetached,
            reason: centreShare.reason,
            problem: centreShare.problem, observedBasisPoints: poll.share,
            isTakenOut: phase == .rolledBack || phase == .rollingBack && poll.share == 0, mayLead: mayLead)
    }
}

extension Kernel {
    /// Of the releases that follow the centre.
    public func centreShares(at now: Moment) -> [CentreShareReport] {
        let rights = replicas?.rights(at: now)
        return releases.compactMap { $0.centreShareReport(mayLead: !isDryRun && rights?.leads($0.name) ?? true) }
    }
}
