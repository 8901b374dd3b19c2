/// What may be asked of a service's rollouts.
public enum RolloutCommand: Sendable, Equatable {
    /// Reserves a place for a version.
    case prepare(PrepareOrder)
    /// The version is deployed; prepares first where nothing is prepared.
    case begin(PrepareOrder)
    /// Nothing goes up until `resume`, or until the time is over.
    case pause(forMs: Int64?)
    /// - acceptsBaseline: the baseline's targets of now are the ones to compare with.
    case resume(acceptsBaseline: Bool)
    /// A yes to that step.
    /// - gate: `approval`, or the name of the step's webhook gate; nil for the approval.
    case approve(step: Int, gate: String? = nil)
    case deny(step: Int, rollsBack: Bool)
    /// Passes the present step although the named gates are closed.
    case promote(PromoteOrder)
    /// Ends the rollout and takes the canary out; no verdict.
    case abort
    /// Nothing goes up, in this and any later rollout, until `unfreeze`, or until the time.
    case freeze(untilWallMs: Int64?)
    case unfreeze
    /// A webhook gate's late answer.
    /// - once: the caller has the question's own token, which is good for one answer.
    case answerGate(id: String, GateReply, once: Bool = false)
}

public struct PrepareOrder: Sendable, Equatable {
    public var version: VersionIdentity
    /// Nil for the place that is free.
    public var place: String?
    /// Nil for the plan's.
    public var onBusy: RolloutPlan.BusyPolicy?
    /// Supersedes although the version is not higher.
    public var isForced: Bool
    public var allowsDowngrade: Bool
    /// What is scraped of the new version, `host:port` each, of `begin` alone; empty for what is configured.
    public var targets: [String]

    /// Of the targets of one order.
    public static let targetLimit = 1_000

    public init(
        version: VersionIdentity, place: String? = nil, onBusy: RolloutPlan.BusyPolicy? = nil, isForced: Bool = false,
        allowsDowngrade: Bool = false, targets: [String] = []
    ) {
        self.version = version
        self.place = place
        self.onBusy = onBusy
        self.isForced = isForced
        self.allowsDowngrade = allowsDowngrade
        self.targets = targets
    }
}

public struct PromoteOrder: Sendable, Equatable {
    /// The step in force, from 1. An order for another step is refused as stale.
    public var step: Int
    /// Gates that are not asked, in this step only.
    public var skip: [String]
    /// Jumps to the step with this share; nil for the next one.
    public var toBasisPoints: Int?
    /// The freeze and the calendar do not hold it back.
    public var overridesFreeze: Bool
    public var overridesCalendar: Bool
    /// Baking ends now.
    public var endsBake: Bool

    public init(
        step: Int, skip: [String] = [], toBasisPoints: Int? = nil, overridesFreeze: Bool = false,
        overridesCalendar: Bool = false, endsBake: Bool = false
    ) {
        self.step = step
        self.skip = skip
        self.toBasisPoints = toBasisPoints
        self.overridesFreeze = overridesFreeze
        self.overridesCalendar = overridesCalendar
        self.endsBake = endsBake
    }
}

/// Who asks, and under which conditions.
public struct OrderContext: Sendable, Equatable {
    /// The token's name, or the unix user.
    public var by: String
    public var reason: String
    /// The request's key: its repetition gets the first answer again.
    public var key: String?
    /// The request in one line, so that another one under the same key is refused.
    public var body: String
    /// The rollout that is meant; nil for the one that runs.
    public var rollout: String?
    /// ``Rollout/tag`` that the caller has seen; nil for no condition.
    public var ifMatch: String?
    /// The id of the rollout that the order begins, for the parts of a unit, which have it in common; nil for one of its own.
    public var newRollout: String?
    /// The caller may pause and abort no rollout but those that it prepared or began itself.
    public var isLimitedToOwn: Bool

    public init(
        by: String, reason: String = "", key: String? = nil, body: String = "", rollout: String? = nil,
        ifMatch: String? = nil, isLimitedToOwn: Bool = false
    ) {
        self.isLimitedToOwn = isLimitedToOwn
        self.by = by
        self.reason = reason
        self.key = key
        self.body = body
        self.rollout = rollout
        self.ifMatch = ifMatch
    }
}

/// Why an order is refused; the raw value is the code in the API.
public enum RefusalCode: String, Sendable, Equatable, Codable, CaseIterable {
    /// Another rollout is under way.
    case busy
    case frozen
    /// The calendar forbids it now.
    case outside
    case latched
    /// A rollback is wanted or under way.
    case downBeatsUp = "down_beats_up"
    /// The order means another step, rollout or revision.
    case stale
    case notRunning = "not_running"
    case older
    case lapsed
    /// The question's one-time token has been used, or its step is over.
    case answered
    /// The rollout is another caller's, and this caller may change its own only.
    case notYours = "not_yours"
    case notReady = "not_ready"
    /// Another request was answered under the same key.
    case keyReused = "key_reused"
    /// The release has no `steps`, or the order makes no sense for it.
    case invalid
    case notFound = "not_found"
    /// Another replica leads, or none does.
    case notLeader = "not_leader"
    /// Of a fleet: other members watch the release.
    case watchedElsewhere = "watched_elsewhere"
}

/// The answer to an order.
public struct RolloutAnswer: Sendable, Equatable, Codable {
    public enum Outcome: Sendable, Equatable, Codable {
        /// Something new was made: 201.
        case created
        /// Taken up: 202.
        case accepted
        /// It was so already: 200.
        case already
        case refused(RefusalCode)
    }

    public var outcome: Outcome
    public var text: String
    public var rollout: String?
    /// The place that is reserved.
    public var place: String?
    public var expiresWallMs: Int64?
    /// ``Rollout/tag`` after the order.
    public var tag: String?
    /// The answer may be given when this entry is durable; nil when nothing was written.
    public var sequence: UInt64?

    public init(
        _ outcome: Outcome, _ text: String, rollout: String? = nil, place: String? = nil, expiresWallMs: Int64? = nil,
        tag: String? = nil, sequence: UInt64? = nil
    ) {
        self.outcome = outcome
        self.text = text
        self.rollout = rollout
        self.place = place
        self.expiresWallMs = expiresWallMs
        self.tag = tag
        self.sequence = sequence
    }

    public var isRefused: Bool { if case .refused = outcome { true } else { false } }
}
