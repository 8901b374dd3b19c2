import Model
import Support

/// The proof that a rollback took effect: the canary's own requests stop. The router's read-back alone is not enough.
///
/// The proof is a sum of evidence: each block of cycles (see ``TargetSilence``) adds the number of requests that would
/// have been expected in its time at the rate `proof.below`, and takes away those that were counted; the sum never falls
/// below 0. It is complete at ``ProofPlan/expectedRequests``. So no request at all for 3 / `below` seconds is a proof,
/// whatever the interval, and with a few health checks it takes longer.
extension ReleaseState {
    /// Weighs one cycle's canary traffic. Only a cycle that began after the router showed 0 % counts.
    mutating func weighTraffic(_ context: inout StepContext) {
        guard let open = rollback, open.isOpen, let since = open.observedZeroSinceUptimeMs, !open.isProven else {
            return
        }
        guard let before = lastCycleUptimeMs, before >= since else { return beginProofBlock(&context) }
        let untold = canary.untold
        guard untold.isEmpty else { return weighUntold(untold, &context) }
        let lengthMs = context.now.uptimeMs - (open.proof.blockSinceUptimeMs ?? before)
        let block = canary.endBlock(lengthSeconds: Double(lengthMs) / 1_000)
        rollback?.proof.blockSinceUptimeMs = context.now.uptimeMs
        rollback?.proof.see(block, below: plan.proof)
        if block.rate > plan.proof.belowPerSecond {
            return sawTraffic(rate: rollback?.proof.recentRate ?? block.rate, &context)
        }
        weighSilence(&context)
    }

    private mutating func beginProofBlock(_ context: inout StepContext) {
        canary.beginBlock()
        rollback?.proof.blockSinceUptimeMs = context.now.uptimeMs
    }

    private mutating func sawTraffic(rate: Double, _ context: inout StepContext) {
        rollback?.proof.quietCycles = 0
        rollback?.proof.busyCycles += 1
        obstruct("the canary still serves \(NumberText.plain(rate)) requests/s\(whatMoves(rate: rate))")
        // The router says one thing and the traffic another: ask again for what is wanted.
        if (rollback?.proof.busyCycles ?? 1) % 3 == 0, rollback?.step == .proving { apply(&context) }
    }

    /// Names the series, so that an operator can tell users from probes.
    private func whatMoves(rate: Double) -> String {
        let series = canary.movingSeries
        guard !series.isEmpty else {
            // Far more than probes and scrapes make is traffic of users.
            guard rate <= 20 * plan.proof.countedBelow else { return "" }
            return " (if these are health checks or scrapes, exclude them in `requests` or raise `proof.below`)"
        }
        return " (\(series.joined(separator: ", ")); if these are health checks or scrapes, exclude them in `requests`"
            + " or raise `proof.below`)"
    }

    /// A few requests now and then keep a proof from being complete although most cycles count none.
    private func whatMovedLately(_ proof: Rollback.Proof) -> String {
        guard proof.busyCycles > 0, let rate = proof.recentRate, rate > plan.proof.countedBelow / 10 else { return "" }
        return "; lately it served \(NumberText.plain(rate)) requests/s\(whatMoves(rate: rate))"
    }

    private mutating func weighSilence(_ context: inout StepContext) {
        rollback?.proof.quietCycles += 1
        guard let proof = rollback?.proof else { return }
        // A page that comes late was asked for in the cycle before.
        let cycles = plan.proof.cycles + (plan.scrape.lateAfterMs != nil ? 1 : 0)
        guard proof.quietCycles >= cycles, isLongEnough(proof) else {
            let seconds = NumberText.plain((proof.silentSeconds * 10).rounded() / 10)
            return obstruct(
                "the canary has been silent for \(seconds) s only, which proves nothing yet\(whatMovedLately(proof))")
        }
        if let doubtful = canary.possiblyRepeated.first {
            let seconds = NumberText.plain((doubtful.silence.repeatedPageSeconds * 10).rounded() / 10)
            return obstruct(
                "the page of \(doubtful.instance) does not change, but it has paused for \(seconds) s under traffic too"
            )
        }
        let unseen = rollback?.unseenTargets ?? []
        guard unseen.isEmpty else {
            let names =
                unseen.prefix(3).joined(separator: ", ") + (unseen.count > 3 ? " and \(unseen.count - 3) more" : "")
            let reason = "\(names) served the canary and left the configuration during the rollback"
            return acceptUnproven("\(reason); the router's read-back is accepted", &context)
        }
        proven(rate: proof.meanRate, &context)
    }

    /// Cycles do not end to the millisecond: a twentieth of an interval is no reason for another cycle.
    private func isLongEnough(_ proof: Rollback.Proof) -> Bool {
        let slackSeconds = Double(plan.scrape.intervalMs) / 20_000
        return proof.evidence >= ProofPlan.expectedRequests - plan.proof.countedBelow * slackSeconds
    }

    private mutating func proven(rate: Double, _ context: inout StepContext) {
        if rollback?.isEpisodeTold == true { write(.provenByTraffic(canaryRate: rate), &context) }
        rollback?.isProven = true
        measure("proven", &context)
        confirm(&context)
    }

    // MARK: Targets that tell nothing

    /// A target that served and tells nothing now makes the cycle blind. It may go on serving.
    private mutating func weighUntold(_ untold: [PoolState.Target], _ context: inout StepContext) {
        if let rate = canary.cycleRequestRate, rate > plan.proof.belowPerSecond {
            rollback?.proof.evidence = 0
            beginProofBlock(&context)
            return sawTraffic(rate: rate, &context)
        }
        // One whose answer is still to come decides nothing either way, unless nothing listened at its last scrape: a failed
        // connection may always be late.
        if untold.allSatisfy({ $0.isAwaited && !$0.silence.isUnreachable }) { return }
        rollback?.proof.sawNothing(
            isGone: untold.allSatisfy { $0.silence.isUnreachable || $0.hasLostRequests }, at: context.now,
            cycleBeganUptimeMs: lastCycleUptimeMs)
        let reasons = whyUntold(untold)
        obstruct("\(reasons), so it is not known what the canary serves")
        guard let proof = rollback?.proof, let observations = rollback?.observations else { return }
        guard proof.isGone(cycles: max(3, plan.proof.cycles), forMs: plan.proof.silenceMs, at: context.now),
            ReleaseState.showsNothing(observations), canary.blockRate <= plan.proof.belowPerSecond
        else { return }
        acceptUnproven("\(reasons); the router's read-back is accepted", &context)
    }

    /// What is wrong with the targets that tell nothing, kind by kind.
    private func whyUntold(_ untold: [PoolState.Target]) -> String {
        let metric = plan.indicators.requests.map(\.metric) ?? "of requests"
        let lost = untold.filter(\.hasLostRequests)
        let withheld = untold.filter { $0.isUp == true && $0.isWithholding }
        let unreachable = untold.filter(\.silence.isUnreachable)
        let others = untold.filter {
            !$0.hasLostRequests && !($0.isUp == true && $0.isWithholding) && !$0.silence.isUnreachable
        }
        func clause(_ targets: [PoolState.Target], _ text: (String) -> String) -> String? {
            targets.isEmpty ? nil : text(ReleaseState.names(of: targets))
        }
        return [
            clause(unreachable) { "no process listens at \($0)" },
            clause(lost) { "the scrape body of \($0) no longer has the series \(metric)" },
            clause(withheld) { "the counts of \($0) are withheld (see the warnings)" },
            clause(others) { "\($0) cannot be scraped" },
        ].compactMap { $0 }.joined(separator: "; ")
    }

    /// Where no process listens nothing is served either, as far as can be known; nor does a process serve that answers
    /// scrapes and no longer has a series of requests, because the first request would bring one back. The router's 0 %
    /// is accepted, and reported as unproven.
    private mutating func acceptUnproven(_ reason: String, _ context: inout StepContext) {
        if rollback?.isEpisodeTold == true { write(.unproven(reason: reason), &context) }
        rollback?.unproven = reason
        rollback?.isProven = true
        confirm(&context)
    }

    private static func names(of targets: [PoolState.Target]) -> String {
        let shown = targets.prefix(3).map { target in
            target.error.map { "\(target.instance) (\($0))" } ?? target.instance
        }
        let rest = targets.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// Why the proof does not come: for the status, and for the message when the deadline passes.
    private mutating func obstruct(_ obstacle: String) {
        rollback?.proof.obstacle = obstacle
        explain("the router shows 0 %, but \(obstacle)")
    }

    /// One last look: the acknowledgement must not rest on a read-back that has grown old.
    private mutating func confirm(_ context: inout StepContext) {
        if rollback?.step == .observing || rollback?.step == .applying { return }
        observe(&context)
    }
}
