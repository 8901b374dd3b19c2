import Model

/// What the share of a configuration centre means for a release as it is now.
enum CentreShareVerdict: Sendable, Equatable {
    /// Nothing is left to do.
    ///
    /// - wasInForce: the value was in force, or is.
    case over(wasInForce: Bool)
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
        } else if facts.observations.areInPlace(
            basisPoints: order.basisPoints, granularity: CentreShareVerdict.granularity(of: order.basisPoints))
        {
            self = .over(wasInForce: true)
        } else if facts.isDryRun {
            self = .wait("a dry run moves nothing")
        } else if !facts.mayLead {
            self = .wait("the replica that leads moves it")
        } else if CentreShareVerdict.isLower(order, facts.observations) {
            self = .lower
        } else {
            self = CentreShareVerdict.rising(facts)
        }
    }

    /// After a rollback nothing rises before `rearm`, and a value that was in force before never does again by itself.
    private static func latched(_ order: ShareOrder, _ facts: Facts) -> CentreShareVerdict {
        if order.basisPoints == 0 { return .over(wasInForce: true) }
        if facts.wasSent { return .over(wasInForce: true) }
        if order.memory == .nothing { return .over(wasInForce: false) }
        if facts.phase == .rollingBack { return .hold("\(facts.release) is being rolled back") }
        return .hold("\(facts.release) was rolled back; after `rollguard rearm \(facts.release)` the share follows")
    }

    /// Everything out needs no reading; a lower share needs every instance to have at least that.
    private static func isLower(_ order: ShareOrder, _ observations: [RouterObservation]) -> Bool {
        if order.basisPoints == 0 { return true }
        return !observations.isEmpty
            && observations.allSatisfy { one in one.canaryBasisPoints.map { $0 >= order.basisPoints } ?? false }
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
