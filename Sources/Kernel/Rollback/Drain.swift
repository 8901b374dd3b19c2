import Model

/// A rollback in steps: the canary keeps a part of its share for a while, so that a baseline that was made small can take
/// the traffic over.
///
/// A step never gives the canary more than it has: the router is read before it is set, and where that says too little,
/// everything goes at once. The steps are a courtesy to the baseline and end early for a very bad canary, for a router
/// that does not take a step within its pause, and when an operator asks a second time.
struct Drain: Sendable, Equatable {
    var record: DrainRecord
    /// When the present step was begun.
    var begunUptimeMs: Int64
    /// Since when every instance has shown the step's share, or less.
    var inPlaceSinceUptimeMs: Int64?
    /// The share that was asked for since the last read-back; nil when none was.
    var askedBasisPoints: Int?
    /// The split that is being brought about.
    var askedSplit: Split { Split(canaryBasisPoints: min(max(askedBasisPoints ?? 0, 0), 10_000)) }
    /// How often the canary was put back while a step was set.
    var putBacks = 0
    /// Cycles in a row in which the baseline did badly.
    var troubledCycles = 0
    /// Cycles in a row in which no target of the canary could be scraped.
    var blindCycles = 0
    /// When it was last reported as held; nil since a restart.
    var reportedUptimeMs: Int64?
    /// The same by the journal's entry.
    var reportedWallMs: Int64?
    /// Set when the rest is not to wait for its pauses, but a call to the router is still in flight (it must not be overtaken
    /// by the next one) or the intent is not on the disk yet.
    var cutShortBecause: String?

    /// It is, or was, set in the router: one failed read-back does not change that.
    var isInPlace: Bool { inPlaceSinceUptimeMs != nil || record.isHeld }

    /// Nil when there is nothing to do in steps: no share between what the canary has and nothing.
    init?(steps: [Int], shareBefore: Int, facts: ReleaseFacts, atUptimeMs: Int64) {
        let shares = Drain.shares(steps: steps, shareBefore: shareBefore)
        guard !shares.isEmpty else { return nil }
        self.init(restoring: DrainRecord(sharesBasisPoints: shares), atUptimeMs: atUptimeMs)
        record.healthyTargetsBefore = facts.baseline.healthyTargets
        record.baselineBefore = facts.baselineNow
    }

    /// What the canary keeps after each step but the last, basis points.
    static func shares(steps: [Int], shareBefore: Int) -> [Int] {
        var shares: [Int] = []
        for gone in steps {
            let kept = shareBefore * max(0, 10_000 - gone) / 10_000
            if kept > 0, kept < shares.last ?? shareBefore { shares.append(kept) }
        }
        return shares
    }

    /// What another process left. The step's time starts over.
    init(restoring record: DrainRecord, atUptimeMs: Int64) {
        self.record = record
        begunUptimeMs = atUptimeMs
    }

    mutating func next() {
        record.step += 1
        (record.remark, record.isHeld) = (nil, false)
        (inPlaceSinceUptimeMs, askedBasisPoints) = (nil, nil)
    }

    mutating func skipToLast(because reason: String) {
        record.step = record.sharesBasisPoints.count
        (record.remark, record.isHeld) = (reason, false)
    }

    mutating func hold(because reason: String, at now: Moment) {
        (record.remark, record.isHeld) = (reason, true)
        (reportedUptimeMs, reportedWallMs) = (now.uptimeMs, now.wallMs)
    }

    /// Whether people have to be notified once more of a step that is held: every half hour, and after a restart, because an
    /// answer to the last report may have been lost with the process. Restarts in a row do not repeat it within a minute.
    func isReminderDue(at now: Moment) -> Bool {
        if let reportedUptimeMs { return now.uptimeMs - reportedUptimeMs >= 1_800_000 }
        guard let reportedWallMs else { return true }
        return now.wallMs < reportedWallMs || now.wallMs - reportedWallMs >= 60_000
    }

    // MARK: What comes next

    /// What a rollback in steps does next.
    enum Move: Equatable {
        case nothing
        /// Read the router now.
        case observe
        /// Read it again later. The step is in place, or nothing says that it is not.
        case wait
        /// The same, for the first time in this step.
        case settleIn
        /// Ask for ``askedBasisPoints``.
        case lower
        /// The same, because the canary was put back.
        case correct
        /// The canary was put back once too often: take everything.
        case stopCorrecting(because: String)
        /// Try again after a pause.
        case retry
        case takeEverything(because: String)
        case next
        /// Stay at this step and say so.
        case hold(because: String)
    }

    /// The router was read in the middle of the steps.
    mutating func observed(_ observations: [RouterObservation], _ facts: ReleaseFacts, at now: Moment) -> Move {
        if let reason = cutShortBecause { return .takeEverything(because: reason) }
        switch place(of: observations) {
        case .inPlace:
            askedBasisPoints = nil
            guard inPlaceSinceUptimeMs == nil else { return .wait }
            inPlaceSinceUptimeMs = now.uptimeMs
            return .settleIn
        case .above(let share) where askedBasisPoints == nil: return lower(to: share, facts)
        case .above: return .retry
        // One poll that fails is no reason to give a baseline everything that cannot carry it.
        case .unread where isInPlace, .mixed where record.isHeld:
            askedBasisPoints = nil
            return .wait
        case .unread, .mixed:
            return .takeEverything(because: "not all instances report a share that the step could lower")
        }
    }

    /// Asks for the step's share; at a step that was in place already, once more.
    private mutating func lower(to share: Int, _ facts: ReleaseFacts) -> Move {
        guard inPlaceSinceUptimeMs != nil else {
            askedBasisPoints = share
            return .lower
        }
        // Who moves traffic away from a baseline that is not there is let do so until it is.
        guard facts.isBaselineThere else {
            askedBasisPoints = nil
            return .wait
        }
        putBacks += 1
        inPlaceSinceUptimeMs = nil
        // A fight is not fought in steps.
        if putBacks >= 2, !record.isHeld { return .stopCorrecting(because: "the canary is put back again and again") }
        askedBasisPoints = share
        return .correct
    }

    /// The pause before the next try is over. A step that is not in place when its pause is over is not waited for.
    mutating func retry(_ plan: DrainPlan, at now: Moment) -> Move {
        if let reason = cutShortBecause { return .takeEverything(because: reason) }
        if !isInPlace, now.uptimeMs - begunUptimeMs >= plan.pauseMs {
            return .takeEverything(because: "the router did not take the step within its pause")
        }
        askedBasisPoints = nil
        return .observe
    }

    /// The next poll at a step that is in place: the canary may be put back meanwhile. Where no scrape cycle ends any more
    /// nothing can be learned by waiting, so the next step is taken.
    func polled(_ plan: DrainPlan, _ facts: ReleaseFacts, at now: Moment) -> Move {
        let blindMs = plan.pauseMs + 3 * facts.plan.scrape.intervalMs
        let silentMs = facts.lastCycleUptimeMs.map { now.uptimeMs - $0 } ?? .max
        let isBlind = silentMs > blindMs && now.uptimeMs - begunUptimeMs > blindMs
        return isBlind && facts.baseline.healthyTargets > 0 && !record.isHeld ? .next : .observe
    }

    /// At the end of a scrape cycle: is the canary too bad to wait, may the baseline be given more? A baseline that is in
    /// trouble comes first: what cannot carry a step cannot carry everything.
    mutating func cycleEnded(_ facts: ReleaseFacts, at now: Moment) -> [Move] {
        guard let plan = facts.plan.drain else {
            return [.takeEverything(because: "the configuration has no steps any more")]
        }
        let condition = facts.baselineCondition(since: record)
        if case .trouble = condition { troubledCycles += 1 } else { troubledCycles = 0 }
        blindCycles = facts.canary.healthyTargets == 0 ? blindCycles + 1 : 0
        guard case .trouble(let trouble) = condition else {
            let reminder = condition == .unseen ? reminder(facts, at: now) : .nothing
            return [reminder, advance(facts, pauseMs: plan.pauseMs, isWell: condition == .well, at: now)]
        }
        // A bad cycle stops the next step; one that lasts is reported.
        let isLasting = troubledCycles > facts.plan.cyclesPerDrainWindow && isInPlace
        return [isLasting ? holding(because: trouble, at: now) : .nothing]
    }

    private func advance(_ facts: ReleaseFacts, pauseMs: Int64, isWell: Bool, at now: Moment) -> Move {
        // What was seen to be in trouble has to be seen to be well.
        guard isWell || !record.isHeld else { return .nothing }
        if let reason = facts.reasonToHurry(blindCycles: blindCycles) { return .takeEverything(because: reason) }
        // Only a cycle that began after the step says how the baseline carries it.
        guard let since = inPlaceSinceUptimeMs, let before = facts.lastCycleUptimeMs, before >= since else {
            return .nothing
        }
        return now.uptimeMs - since >= pauseMs ? .next : .nothing
    }

    /// A held step whose baseline serves too little to be judged stays held for as long as that takes, so people hear of it
    /// again.
    private func reminder(_ facts: ReleaseFacts, at now: Moment) -> Move {
        guard record.isHeld, now.uptimeMs - begunUptimeMs > facts.plan.drainWindowMs ?? 0 else { return .nothing }
        return holding(because: record.remark ?? "the baseline was not seen to be well", at: now)
    }

    private func holding(because trouble: String, at now: Moment) -> Move {
        !record.isHeld || isReminderDue(at: now) ? .hold(because: trouble) : .nothing
    }

    // MARK: Where a step is

    /// What the instances show, compared with what the step wants.
    enum Place: Equatable {
        /// No instance gives the canary more than the step allows.
        case inPlace
        /// Some give it more. The share to ask for gives no instance's canary more than it has.
        case above(ask: Int)
        /// Some cannot be read; what the others report is not more than the step allows.
        case unread
        /// Some have much less than the step's share, or cannot be read, while others have more: no share is right for all.
        case mixed
    }

    /// Routers count in whole weights: half a percent more than was asked for is the step all the same.
    private static let roundingBasisPoints = 50

    func place(of observations: [RouterObservation]) -> Place {
        let shares = observations.compactMap(\.canaryBasisPoints)
        let isWhole = shares.count == observations.count
        guard let largest = shares.max(), let smallest = shares.min() else { return .unread }
        let wanted = record.shareBasisPoints
        if largest <= wanted + Drain.roundingBasisPoints { return isWhole ? .inPlace : .unread }
        return isWhole && smallest >= wanted / 2 ? .above(ask: min(wanted, smallest)) : .mixed
    }
}

extension ReleasePlan {
    /// After so many cycles nothing of what a step waits for is the same.
    fileprivate var cyclesPerDrainWindow: Int {
        let intervalMs = max(1, scrape.intervalMs)
        return Int(((drainWindowMs ?? 0) + intervalMs - 1) / intervalMs)
    }
}
