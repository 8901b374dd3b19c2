import Model
import Support

/// The proof that a rollback took effect: the canary's own requests stop. The router's read-back alone is not enough.
///
/// The proof is a sum of evidence: each block of cycles (see ``TargetSilence``) adds the number of requests that would
/// have been expected in its time at the rate `proof.below`, and takes away those that were counted; the sum never falls
/// below 0. It is complete at ``ProofPlan/expectedRequests``. So no request at all for 3 / `below` seconds is a proof,
/// whatever the interval, and with a few health checks it takes longer.
struct Proof: Sendable, Equatable {
    /// What a cycle adds to it.
    enum Finding: Equatable {
        case nothing
        /// What keeps it from being complete.
        case obstructed(String)
        /// The canary still has traffic.
        ///
        /// - asksAgain: the router says one thing and the traffic another for some cycles: set the split again.
        case busy(String, asksAgain: Bool)
        /// With the canary's requests per second meanwhile.
        case proven(rate: Double)
        /// The router's read-back is accepted without a proof.
        case unproven(String, obstacle: String?)
    }

    /// Since when every instance of the router has shown 0 %.
    var zeroSinceUptimeMs: Int64?
    /// The traffic is gone, as far as can be known; one more poll of the router closes the incident.
    var isComplete = false
    /// Why it is complete without a proof by traffic; nil where there is one.
    var unproven: String?
    /// What keeps it from being complete.
    private(set) var obstacle: String?

    /// Requests that were to be expected at the rate `below` and did not come.
    private var evidence = 0.0
    /// What the evidence rests on: seconds, and the requests counted in them.
    private var silentSeconds = 0.0
    private var silentRequests = 0.0
    private var quietCycles = 0
    private var busyCycles = 0
    /// When the open block began.
    private var blockSinceUptimeMs: Int64?
    /// Cycles in a row in which every target that reported nothing had no process that listens or no series of requests
    /// any more, and since when.
    private var goneCycles = 0
    private var goneSinceUptimeMs: Int64?
    /// Requests per second over about the time that a proof takes, for messages: a block may be a fraction of a second.
    private var recentRate: Double?

    /// The traffic contradicts the router. One cycle may still count requests that came before.
    var isContradicted: Bool { busyCycles > 1 && quietCycles == 0 }

    /// Requests per second in the time that the evidence rests on.
    private var meanRate: Double { silentSeconds > 0 ? silentRequests / silentSeconds : 0 }

    /// What is reported when the router was read for the last time.
    func outcome(_ plan: ReleasePlan) -> String {
        guard let unproven else {
            return "\(plan.canary.version) is out; \(plan.baseline.version) has all the traffic"
        }
        return "\(plan.canary.version) is out according to the router, which the scrapes could not prove: \(unproven)"
    }

    // MARK: A cycle

    /// Weighs one cycle's canary traffic. Only a cycle that began after the router showed 0 % counts.
    ///
    /// - Parameters:
    ///   - canary: its blocks are begun and ended.
    ///   - showsNothing: the router's last read-back, of every instance, shows no share for the canary.
    ///   - unseen: targets that served and left the canary.
    mutating func weigh(
        _ canary: inout PoolState, _ facts: ReleaseFacts, showsNothing: Bool, unseen: [String], at now: Moment
    ) -> Finding {
        guard let since = zeroSinceUptimeMs, !isComplete else { return .nothing }
        canary.silenceSinceUptimeMs = since
        guard let before = facts.lastCycleUptimeMs, before >= since else {
            beginBlock(&canary, at: now)
            return .nothing
        }
        guard !canary.targets.isEmpty else { return weighEmptiness(facts, showsNothing: showsNothing, at: now) }
        let unreported = canary.unreported
        guard unreported.isEmpty else { return weigh(unreported, &canary, facts, showsNothing: showsNothing, at: now) }
        let lengthMs = now.uptimeMs - (blockSinceUptimeMs ?? before)
        let rate = see(&canary, lengthMs: lengthMs, facts.plan, at: now)
        if rate > facts.plan.proof.belowPerSecond { return busy(rate: recentRate ?? rate, canary, facts.plan) }
        return silence(canary, facts.plan, unseen: unseen)
    }

    private mutating func beginBlock(_ canary: inout PoolState, at now: Moment) {
        canary.beginBlock()
        blockSinceUptimeMs = now.uptimeMs
    }

    /// Ends a block in which every target has reported its requests.
    ///
    /// - Returns: the block's requests per second.
    private mutating func see(
        _ canary: inout PoolState, lengthMs: Int64, _ release: ReleasePlan, at now: Moment
    ) -> Double {
        let block = canary.endBlock(lengthSeconds: Double(lengthMs) / 1_000)
        blockSinceUptimeMs = now.uptimeMs
        (goneCycles, goneSinceUptimeMs) = (0, nil)
        let weight = min(1, block.seconds * 1_000 / Double(release.proof.silenceMs))
        recentRate = recentRate.map { $0 + weight * (block.rate - $0) } ?? block.rate
        add(block, release)
        return block.rate
    }

    private mutating func add(_ block: SilenceBlock, _ release: ReleasePlan) {
        let plan = release.proof
        let requests = block.requests
        // The requests of a long block may all have come at its end, so it counts for no more than a proof's length, or one
        // and a half cycles where those are longer.
        let mostMs = max(plan.silenceMs, release.scrape.intervalMs * 3 / 2)
        let countedSeconds = min(block.seconds, Double(mostMs) / 1_000)
        let sum = evidence + plan.countedBelow * countedSeconds - requests
        // More than a proof is not collected, so a long silence does not outweigh traffic that comes after it.
        evidence = min(max(0, sum), ProofPlan.expectedRequests)
        guard evidence > 0 else { return (silentSeconds, silentRequests) = (0, 0) }
        silentSeconds += block.seconds
        silentRequests += requests
    }

    private mutating func busy(rate: Double, _ canary: PoolState, _ plan: ReleasePlan) -> Finding {
        quietCycles = 0
        busyCycles += 1
        let text =
            "the canary still serves \(NumberText.plain(rate)) requests/s\(canary.whatMoves(rate: rate, plan.proof))"
        obstacle = text
        return .busy(text, asksAgain: busyCycles % 3 == 0)
    }

    private mutating func silence(_ canary: PoolState, _ plan: ReleasePlan, unseen: [String]) -> Finding {
        quietCycles += 1
        // A scrape body that comes late was asked for in the cycle before.
        let cycles = plan.proof.cycles + (plan.scrape.lateAfterMs != nil ? 1 : 0)
        guard quietCycles >= cycles, isLongEnough(plan) else {
            let seconds = NumberText.plain((silentSeconds * 10).rounded() / 10)
            return obstructed(
                "the canary has been silent for \(seconds) s only, which proves nothing yet\(whatMovedLately(canary, plan))"
            )
        }
        if let doubtful = canary.possiblyRepeated.first {
            let seconds = NumberText.plain((doubtful.silence.repeatedBodySeconds * 10).rounded() / 10)
            return obstructed(
                "the scrape body of \(doubtful.instance) does not change, but it has paused for \(seconds) s under traffic, too"
            )
        }
        if let stale = canary.unrenewed(silentSeconds: silentSeconds, neededSeconds: plan.provingSeconds).first {
            let seconds = NumberText.plain((stale.silence.unrenewedSeconds ?? 0).rounded())
            return obstructed(
                "the scrape body of \(stale.instance) has been the same for \(seconds) s, although its CPU time or its"
                    + " uptime moves without traffic too: a cache may repeat it")
        }
        guard unseen.isEmpty else {
            let names =
                unseen.prefix(3).joined(separator: ", ") + (unseen.count > 3 ? " and \(unseen.count - 3) more" : "")
            let reason = "\(names) served the canary and left it during the rollback"
            return accept("\(reason); the router's read-back is accepted", obstacle: nil)
        }
        isComplete = true
        return .proven(rate: meanRate)
    }

    private mutating func obstructed(_ text: String) -> Finding {
        obstacle = text
        return .obstructed(text)
    }

    /// Where no process listens nothing is served either, as far as can be known; nor does a process serve that answers
    /// scrapes and no longer has a series of requests, because the first request would bring one back. The router's 0 %
    /// is accepted, and reported as unproven.
    private mutating func accept(_ reason: String, obstacle: String?) -> Finding {
        (unproven, isComplete) = (reason, true)
        return .unproven(reason, obstacle: obstacle)
    }

    /// Cycles do not end to the millisecond: a twentieth of an interval is no reason for another cycle.
    private func isLongEnough(_ plan: ReleasePlan) -> Bool {
        let slackSeconds = Double(plan.scrape.intervalMs) / 20_000
        return evidence >= ProofPlan.expectedRequests - plan.proof.countedBelow * slackSeconds
    }

    /// A few requests now and then keep a proof from being complete although most cycles count none.
    private func whatMovedLately(_ canary: PoolState, _ plan: ReleasePlan) -> String {
        guard busyCycles > 0, let rate = recentRate, rate > plan.proof.countedBelow / 10 else { return "" }
        return "; lately it served \(NumberText.plain(rate)) requests/s\(canary.whatMoves(rate: rate, plan.proof))"
    }

    // MARK: Targets that report nothing

    /// A target that served and reports nothing now makes the cycle inconclusive. It may still serve.
    private mutating func weigh(
        _ unreported: [PoolState.Target], _ canary: inout PoolState, _ facts: ReleaseFacts, showsNothing: Bool,
        at now: Moment
    ) -> Finding {
        let plan = facts.plan
        if let rate = canary.cycleRequestRate, rate > plan.proof.belowPerSecond {
            evidence = 0
            beginBlock(&canary, at: now)
            return busy(rate: rate, canary, plan)
        }
        // One whose answer is still to come decides nothing either way, unless nothing listened at its last scrape: a failed
        // connection may always be late.
        if unreported.allSatisfy({ $0.isAwaited && !$0.silence.isUnreachable }) { return .nothing }
        sawNothing(
            isGone: unreported.allSatisfy { $0.silence.isUnreachable || $0.hasLostRequests && !$0.isShown }, at: now,
            cycleBeganUptimeMs: facts.lastCycleUptimeMs)
        let reasons = unreported.reasonsForSilence(plan)
        let text = "\(reasons), so it is not known what the canary serves"
        obstacle = text
        guard isGone(cycles: max(3, plan.proof.cycles), forMs: plan.proof.silenceMs, at: now), showsNothing,
            canary.blockRate <= plan.proof.belowPerSecond
        else { return .obstructed(text) }
        return accept("\(reasons); the router's read-back is accepted", obstacle: text)
    }

    /// The canary has no targets any more: nothing can be counted, and as far as can be known nothing serves.
    private mutating func weighEmptiness(_ facts: ReleaseFacts, showsNothing: Bool, at now: Moment) -> Finding {
        let plan = facts.plan
        sawNothing(isGone: true, at: now, cycleBeganUptimeMs: facts.lastCycleUptimeMs)
        let text = "the canary has no targets any more, so it is not known what it serves"
        obstacle = text
        guard isGone(cycles: max(3, plan.proof.cycles), forMs: plan.proof.silenceMs, at: now), showsNothing else {
            return .obstructed(text)
        }
        return accept("the canary has no targets any more; the router's read-back is accepted", obstacle: text)
    }

    private mutating func sawNothing(isGone: Bool, at now: Moment, cycleBeganUptimeMs: Int64?) {
        guard isGone else { return (goneCycles, goneSinceUptimeMs) = (0, nil) }
        goneCycles += 1
        goneSinceUptimeMs = goneSinceUptimeMs ?? cycleBeganUptimeMs ?? now.uptimeMs
    }

    /// It has been so for so many cycles and so long.
    private func isGone(cycles: Int, forMs: Int64, at now: Moment) -> Bool {
        guard let since = goneSinceUptimeMs else { return false }
        return goneCycles >= cycles && now.uptimeMs - since >= forMs
    }

    // MARK: Afterwards

    /// An acknowledgement that was not proven is proven when the targets come back and are silent for long enough.
    ///
    /// - Returns: the canary's requests per second meanwhile, once it is proven.
    mutating func proveAfterwards(
        _ canary: inout PoolState, _ release: ReleasePlan, unseen: [String], at now: Moment
    ) -> Double? {
        let plan = release.proof
        guard unproven != nil, unseen.isEmpty, canary.unreported.isEmpty else { return nil }
        let lengthMs = now.uptimeMs - (blockSinceUptimeMs ?? now.uptimeMs)
        let rate = see(&canary, lengthMs: lengthMs, release, at: now)
        guard rate <= plan.belowPerSecond, evidence >= ProofPlan.expectedRequests, canary.possiblyRepeated.isEmpty,
            canary.unrenewed(silentSeconds: silentSeconds, neededSeconds: release.provingSeconds).isEmpty
        else { return nil }
        unproven = nil
        return meanRate
    }
}

extension ReleasePlan {
    /// A silence so long is a proof, seconds; cycles do not end to the millisecond.
    fileprivate var provingSeconds: Double { Double(proof.silenceMs - scrape.intervalMs / 20) / 1_000 }
}

extension ProofPlan {
    /// The rate that the evidence is counted with, requests per second.
    var countedBelow: Double { ProofPlan.expectedRequests * 1_000 / Double(silenceMs) }
}

extension PoolState {
    /// Names the series that still rise, so that an operator can distinguish users from probes.
    fileprivate func whatMoves(rate: Double, _ plan: ProofPlan) -> String {
        let series = movingSeries
        guard !series.isEmpty else {
            // Far more than probes and scrapes make is traffic of users.
            guard rate <= 20 * plan.countedBelow else { return "" }
            return " (if these are health checks or scrapes, exclude them in `requests` or raise `proof.below`)"
        }
        return " (\(series.joined(separator: ", ")); if these are health checks or scrapes, exclude them in `requests`"
            + " or raise `proof.below`)"
    }
}

extension [PoolState.Target] {
    /// What is wrong with targets that report nothing, kind by kind.
    fileprivate func reasonsForSilence(_ plan: ReleasePlan) -> String {
        let metric = plan.indicators.requests.map(\.metric) ?? "of requests"
        func isWithheld(_ target: PoolState.Target) -> Bool { target.isUp == true && target.isWithholding }
        func lacksRequests(_ target: PoolState.Target) -> Bool {
            target.isUp == true && !target.hadRequests && !isWithheld(target) && !target.isAmbiguous
        }
        func clause(_ isWanted: (PoolState.Target) -> Bool, _ text: (String) -> String) -> String? {
            let targets = filter(isWanted)
            return targets.isEmpty ? nil : text(targets.names)
        }
        return [
            clause(\.silence.isUnreachable) { "no process listens at \($0)" },
            clause(\.hasLostRequests) { "the scrape body of \($0) no longer has the series \(metric)" },
            clause(isWithheld) { "the counts of \($0) are withheld (see the warnings)" },
            clause(lacksRequests) { "the scrape body of \($0) has no series \(metric) yet" },
            clause({ !$0.hasLostRequests && !isWithheld($0) && !$0.silence.isUnreachable && !lacksRequests($0) }) {
                "\($0) cannot be scraped"
            },
        ].compactMap { $0 }.joined(separator: "; ")
    }

    private var names: String {
        let shown = prefix(3).map { target in
            target.error.map { "\(target.instance) (\($0))" } ?? target.instance
        }
        let rest = count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
