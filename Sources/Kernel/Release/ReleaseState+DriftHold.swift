import Model

/// A canary that comes back while the baseline has nobody to serve its traffic: somebody may have taken the old version down
/// and given the new one everything by hand.
extension ReleaseState {
    enum BaselinePresence: Equatable {
        case there
        /// With the reason.
        case away(String)
        /// The scrapes have not told yet.
        case unknown
    }

    /// So many cycles in a row settle what a single scrape that failed does not.
    private static let settlingCycles = 3

    /// Whether the baseline could serve what the canary has been given. A hold does not end with the first answer: a
    /// process that crashes again and again answers now and then.
    ///
    /// - Parameter drifted: of the instances that give the canary traffic.
    func baselinePresence(accordingTo drifted: [RouterObservation]) -> BaselinePresence {
        if drifted.contains(where: { $0.baselineHealthy == false }) {
            return .away("the router says that the baseline has no healthy server")
        }
        let isHeld = heldReason != nil
        if baseline.presentCycles >= (isHeld ? Self.settlingCycles : 1) { return .there }
        // When neither version answers for long, the trouble is between them and us.
        if canary.absentCycles >= Self.settlingCycles { return .there }
        let isSettled = baseline.absentCycles >= 2 && canary.absentCycles == 0
        if isHeld || isSettled { return .away("no target of the baseline could be scraped") }
        // Cycles that do not end any more must not keep a bad canary in.
        return rollback.map { $0.undecidedLooks > 2 * Self.settlingCycles } == true ? .there : .unknown
    }

    mutating func lookAfterNextCycle(_ context: inout StepContext) {
        rollback?.undecidedLooks += 1
        watch.nextUptimeMs = min(watch.nextUptimeMs, context.now.uptimeMs + plan.scrape.intervalMs)
        explain("the canary was put back; waiting for the next scrapes of the baseline")
    }

    /// Looked at again with each look at the router, told when it begins and then every half hour.
    mutating func holdDrift(
        _ observations: [RouterObservation], because reason: String, _ context: inout StepContext
    ) {
        let what = "the canary was put back (\(observations.text)), but \(reason)"
        explain("held: \(what)")
        if heldReason == nil { context.log(.error, name, explanation) }
        heldReason = reason
        guard var latched = rollback, latched.mayTellOfHold(at: context.now) else { return }
        latched.isDriftHoldTold = true
        latched.lastDriftToldUptimeMs = context.now.uptimeMs
        rollback = latched
        let sequence = write(.driftHeld(reason: reason), &context)
        context.emit(.measure(.rollback(release: name, outcome: "held")))
        tell(
            .rollbackHeld, sequence: sequence,
            summary: "\(name): \(what). It is taken out when the baseline is there; ask for the rollback to do it now.",
            &context)
    }

    /// A person's word is above the guard.
    mutating func overrule(_ observations: [RouterObservation], _ context: inout StepContext) {
        guard let wish = rollback?.wish else { return }
        write(.driftOverruled(by: wish.by, reason: wish.reason), &context)
        // Who asked hears how it ends.
        rollback?.isDriftHoldTold = true
        takeOutAgain(observations, &context)
    }
}

extension Rollback {
    fileprivate func mayTellOfHold(at now: Moment) -> Bool {
        guard isDriftHoldTold, let last = lastDriftToldUptimeMs else { return mayTellOfDrift(at: now) }
        return now.uptimeMs - last >= 1_800_000
    }
}
