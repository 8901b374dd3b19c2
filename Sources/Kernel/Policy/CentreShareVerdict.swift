import Model

/// What the share of a configuration centre means for a release as it is now.
enum CentreShareVerdict: Sendable, Equatable {
    /// Nothing is left to do.
    ///
    /// - wasInForce: the value was in force, or is.
    case over(wasInForce: Bool)
    /// It would raise the share, which a value of before does not: see `ShareOrder.Memory.sent`.
    case past
    /// Nothing may be done yet, for a reason that passes by itself.
    case wait(String)
    /// The same for a reason that the journal has to name: an operator may have to act.
    case hold(String)
    /// The router has to be called: no instance rises by it.
    case lower
    /// The router has to be called, when the order is on the disk.
    case raise

    /// What the verdict depends on.
    struct Facts {
        var release: String
        var phase: ReleasePhase
        var observations: [RouterObservation]
        var reading = CentreShare.Reading.current
        /// Every instance has accepted the value.
        var isAccepted = false
        /// The router was called with this value already.
        var wasSent = false
        var isRollbackWanted = false
        /// Why a wanted rollback is not done, or that a rule asks for a hold; nil when neither is so.
        var heldReason: String?
        /// It is kept for the rollback of another member of its group.
        var isPromised = false
        var mayLead = true
        var isDryRun = false
        var isJournalFailing = false
        /// Why the router could not be used for a rollback.
        var routerProblem: String?
        var healthyCanaryTargets = 1
    }

    /// A share that rises needs everything that a rollback would need; one that falls needs the lead alone.
    init(_ order: ShareOrder, _ facts: Facts) {
        if facts.phase == .rollingBack || facts.phase == .rolledBack {
            self = CentreShareVerdict.latched(order, facts)
        } else if CentreShareVerdict.isInPlace(order, facts) {
            self = .over(wasInForce: true)
        } else if facts.isDryRun {
            self = .wait("a dry run moves nothing")
        } else if !facts.mayLead {
            self = .wait("the replica that leads moves it")
        } else if CentreShareVerdict.isLower(order, facts) {
            self = .lower
        } else if facts.reading != .current {
            self = .wait("the router has not been read since")
        } else if order.memory == .sent {
            self = .past
        } else {
            self = CentreShareVerdict.rising(facts)
        }
    }

    /// After a rollback nothing rises before `rearm`, and a value that was in force before never does again by itself.
    private static func latched(_ order: ShareOrder, _ facts: Facts) -> CentreShareVerdict {
        if order.basisPoints == 0 { return .over(wasInForce: true) }
        if facts.wasSent || order.memory == .sent { return .over(wasInForce: true) }
        if order.memory == .nothing { return .over(wasInForce: false) }
        if facts.phase == .rollingBack { return .hold("\(facts.release) is being rolled back") }
        return .hold("\(facts.release) was rolled back; after `rollguard rearm \(facts.release)` the share follows")
    }

    /// What was read before the order came, or before the last call had ended, proves nothing. Of an instance that can never be read
    /// the accepted call is all that there is.
    private static func isInPlace(_ order: ShareOrder, _ facts: Facts) -> Bool {
        guard facts.reading == .current else { return false }
        let granularity = granularity(of: order.basisPoints)
        guard facts.isAccepted else {
            return facts.observations.areInPlace(basisPoints: order.basisPoints, granularity: granularity)
        }
        let read = facts.observations.filter { ![$0].areUnreadable }
        guard !read.isEmpty else { return !facts.observations.isEmpty }
        return read.areInPlace(basisPoints: order.basisPoints, granularity: granularity)
    }

    /// Everything out needs no reading; a lower share needs every instance to have at least that, and more than that where no call
    /// of the daemon can have raised it since.
    private static func isLower(_ order: ShareOrder, _ facts: Facts) -> Bool {
        if order.basisPoints == 0 { return true }
        let least = order.basisPoints + (facts.reading == .older ? 1 : 0)
        return !facts.observations.isEmpty
            && facts.observations.allSatisfy { one in one.canaryBasisPoints.map { $0 >= least } ?? false }
    }

    private static func rising(_ facts: Facts) -> CentreShareVerdict {
        if facts.isRollbackWanted { return .hold("a rollback of \(facts.release) is wanted") }
        if let reason = facts.heldReason { return .hold("\(facts.release) is held: \(reason)") }
        if facts.isPromised { return .hold("\(facts.release) is kept for the rollback of another member of its group") }
        if facts.isJournalFailing { return .wait("the journal cannot be written") }
        if let problem = facts.routerProblem { return .wait("the router could not take it back: \(problem)") }
        guard !facts.observations.isEmpty, facts.observations.allSatisfy({ $0.canaryBasisPoints != nil }) else {
            return .wait("the router has not been read whole")
        }
        guard facts.healthyCanaryTargets > 0 else {
            return .wait("no target of the canary answers, so that nothing would judge it")
        }
        return .raise
    }

    /// As for the steps of a rollout: routers with coarse weights show a little less than they were given.
    static func granularity(of basisPoints: Int) -> Int { min(100, basisPoints / 2) }
}
