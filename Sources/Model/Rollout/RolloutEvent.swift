import Support

/// What happens in the life of a rollout. The names of the cases and of their values are those in the journal: they are read
/// for ever. Steps are counted from 1.
public enum RolloutEvent: Sendable, Equatable, Codable {
    /// A place is reserved for the version.
    case prepared(PreparationRecord)
    /// It waits for the rollout that is under way.
    case queued(PreparationRecord)
    /// The version is there; its steps are frozen as they were configured.
    case begun(by: String, steps: [StepPlan], bake: BakePlan)
    case stepIntended(step: Int, fromBasisPoints: Int, toBasisPoints: Int)
    /// The router's receipts.
    case stepApplied(step: Int, receipts: String)
    /// Every instance shows the share: the step's clock begins.
    case stepStanding(step: Int, basisPoints: Int, observed: String)
    /// All gates held in the same cycle, or an operator skipped those that did not.
    case stepPassed(step: Int, gates: [GateResult], skipped: [String], by: String?)
    /// The share of the step before is set again.
    case stepUndone(step: Int, toBasisPoints: Int, reason: String)
    /// How long the step has lasted, without the daemon's downtime; each replaces the ones before.
    /// - countedMs: what of it counts towards the step's `max`; nil for all of it.
    case standing(step: Int, forMs: Int64, countedMs: Int64? = nil)
    case baking
    case paused(by: String, reason: String, untilWallMs: Int64?)
    case resumed(by: String, reason: String)
    case halted(HaltReason, text: String)
    /// Nil when the reason ended by itself.
    case unhalted(HaltReason, by: String?)
    case gateAsked(step: Int, gate: String, id: String, untilWallMs: Int64)
    case gateAnswered(step: Int, gate: String, id: String, GateReply)
    case gateLapsed(step: Int, gate: String, id: String)
    /// Another client changed the share.
    case shareMoved(fromBasisPoints: Int, observed: String, consequence: String)
    case targetsChanged(text: String)
    case versionMismatch(text: String)
    /// It still waits for an operator, who was notified hours ago.
    case reminded(text: String)
    /// The version before cannot be gone back to any more. May follow the end of the rollout that replaced it.
    case wayBackLost(version: VersionIdentity, reason: String)
    case rollingBack(incident: String, reason: String)
    case ended(RolloutEnd, reason: String)
}

/// Who wants which version where.
public struct PreparationRecord: Sendable, Equatable, Codable {
    public var version: VersionIdentity
    public var place: String
    /// 1 for the first try of this version and build.
    public var attempt: Int
    public var by: String
    /// The key of the request, so that only its owner renews the reservation; nil without one.
    public var key: String?
    /// Past it the reservation is void.
    public var expiresWallMs: Int64
    /// The order allows a version that is older than the one that serves; nil where it does not.
    public var allowsDowngrade: Bool?

    public init(
        version: VersionIdentity, place: String, attempt: Int, by: String, key: String? = nil, expiresWallMs: Int64,
        allowsDowngrade: Bool? = nil
    ) {
        self.version = version
        self.place = place
        self.attempt = attempt
        self.by = by
        self.key = key
        self.expiresWallMs = expiresWallMs
        self.allowsDowngrade = allowsDowngrade
    }
}

/// Why nothing goes up, by the daemon's own decision.
public enum HaltReason: String, Sendable, Equatable, Codable, CaseIterable {
    // These end by themselves, after three conclusive cycles without the reason.
    case baselineSick = "baseline_sick"
    case baselineAway = "baseline_away"
    case noTraffic = "no_traffic"
    case mismatch
    case overlap
    case share
    case capacity
    case clock
    case journal
    case schema
    /// A step of the plan keeps the canary where it is.
    case plan
    // These end by `resume` alone.
    case hand
    case gate
    case overdue
    case router
    case rulesChanged = "rules_changed"

    public var endsByItself: Bool {
        switch self {
        case .baselineSick, .baselineAway, .noTraffic, .mismatch, .overlap, .share, .capacity, .clock, .journal,
            .schema, .plan:
            true
        case .hand, .gate, .overdue, .router, .rulesChanged: false
        }
    }
}

/// How a rollout ended.
public enum RolloutEnd: String, Sendable, Equatable, Codable, CaseIterable {
    case promoted
    case rolledBack = "rolled_back"
    case aborted
    case withdrawn
    case superseded
    case expired
}

/// What a gate said when its step was passed, or says now.
public struct GateResult: Sendable, Equatable, Codable {
    /// `settle`, `min`, `requests`, `rules`, `evidence`, `capacity`, the webhook's name, `approval`, `calendar`, `frozen`.
    public var gate: String
    public var isOpen: Bool
    /// `412 of 500 requests`, for people.
    public var text: String

    public init(gate: String, isOpen: Bool, text: String) {
        self.gate = gate
        self.isOpen = isOpen
        self.text = text
    }
}

/// The answer to a gate that was asked.
public struct GateReply: Sendable, Equatable, Codable {
    public enum Answer: String, Sendable, Equatable, Codable, CaseIterable {
        case proceed
        case hold
        case rollback
        /// Asked again later, with the same id.
        case later
    }

    public var answer: Answer
    public var by: String
    public var reason: String
    /// Past it a yes holds no more; nil for the step's whole life.
    public var validUntilWallMs: Int64?

    public init(_ answer: Answer, by: String, reason: String, validUntilWallMs: Int64? = nil) {
        self.answer = answer
        self.by = by
        self.reason = reason
        self.validUntilWallMs = validUntilWallMs
    }
}

extension RolloutEvent {
    /// The event's name in the API and in webhooks.
    public var name: String {
        switch self {
        case .prepared: "rollout_prepared"
        case .queued: "rollout_queued"
        case .begun: "rollout_begun"
        case .stepIntended: "step_intended"
        case .stepApplied: "step_applied"
        case .stepStanding: "step_standing"
        case .stepPassed: "step_passed"
        case .stepUndone: "step_undone"
        case .standing: "standing"
        case .baking: "baking"
        case .paused: "paused"
        case .resumed: "resumed"
        case .halted: "halted"
        case .unhalted: "unhalted"
        case .gateAsked: "gate_asked"
        case .gateAnswered: "gate_answered"
        case .gateLapsed: "gate_lapsed"
        case .shareMoved: "share_moved"
        case .targetsChanged: "targets_changed"
        case .versionMismatch: "version_mismatch"
        case .reminded: "rollout_reminder"
        case .wayBackLost: "way_back_lost"
        case .rollingBack: "rollout_rolling_back"
        case .ended: "rollout_ended"
        }
    }

    /// All parts of a unit do it together; other events are about one part.
    public var isOfUnit: Bool {
        switch self {
        case .prepared, .queued, .begun, .stepIntended, .stepStanding, .stepPassed, .stepUndone, .baking, .paused,
            .resumed, .reminded, .gateAsked, .gateAnswered, .gateLapsed, .ended, .halted(.router, _):
            true
        case .stepApplied, .standing, .halted, .unhalted, .shareMoved, .targetsChanged, .versionMismatch, .wayBackLost,
            .rollingBack:
            false
        }
    }

    /// Written many times, and only the newest is read.
    public var replacesEarlier: Bool { if case .standing = self { true } else { false } }

    /// The event as a sentence without its subject.
    public var text: String {
        func share(_ basisPoints: Int) -> String { NumberText.percent(Double(basisPoints) / 10_000) }
        return switch self {
        case .prepared(let record):
            "\(record.place) is reserved for \(record.version.text), by \(record.by)"
                + (record.attempt > 1 ? ", attempt \(record.attempt)" : "")
        case .queued(let record): "\(record.version.text) waits for the running rollout, by \(record.by)"
        case .begun(let by, let steps, _):
            "begun by \(by): " + steps.map { share($0.basisPoints) }.joined(separator: ", ")
        case .stepIntended(let step, let from, let to): "step \(step): from \(share(from)) to \(share(to))"
        case .stepApplied(let step, let receipts): "step \(step): \(receipts)"
        case .stepStanding(let step, let basisPoints, _): "step \(step) is in force: \(share(basisPoints))"
        case .stepPassed(let step, let gates, let skipped, let by): RolloutEvent.passed(step, gates, skipped, by)
        case .stepUndone(let step, let to, let reason): "step \(step) is undone, back to \(share(to)): \(reason)"
        case .standing(let step, let forMs, _):
            "step \(step) has lasted \(NumberText.wait(seconds: Double(forMs) / 1_000))"
        case .baking: "all steps are passed; both versions run while the new one bakes"
        case .paused(let by, let reason, _): "paused by \(by): \(reason)"
        case .resumed(let by, let reason): "resumed by \(by): \(reason)"
        case .halted(let reason, let text): "halted (\(reason.rawValue)): \(text)"
        case .unhalted(let reason, let by): "no longer halted (\(reason.rawValue))" + (by.map { ", by \($0)" } ?? "")
        case .gateAsked(let step, let gate, _, _): "step \(step): \(gate) is asked for"
        case .gateAnswered(let step, let gate, _, let reply):
            "step \(step): \(gate) answers \(reply.answer.rawValue), by \(reply.by)"
                + (reply.reason.isEmpty ? "" : ": \(reply.reason)")
        case .gateLapsed(let step, let gate, _): "step \(step): \(gate) was not answered in time"
        case .shareMoved(let from, let observed, let consequence):
            "another client moved the share from \(share(from)): \(observed); \(consequence)"
        case .targetsChanged(let text), .versionMismatch(let text), .reminded(let text): text
        case .wayBackLost(let version, let reason): "no way back to \(version.text): \(reason)"
        case .rollingBack(let incident, let reason): "rolling back (\(incident)): \(reason)"
        case .ended(let end, let reason):
            end.rawValue.replacing("_", with: " ") + (reason.isEmpty ? "" : ": \(reason)")
        }
    }

    private static func passed(_ step: Int, _ gates: [GateResult], _ skipped: [String], _ by: String?) -> String {
        let open = gates.filter(\.isOpen).map { "\($0.gate): \($0.text)" }.joined(separator: "; ")
        let who = by.map { " by \($0)" } ?? ""
        let without = skipped.isEmpty ? "" : ", without \(skipped.joined(separator: ", "))"
        return "step \(step) is passed\(who)\(without)" + (open.isEmpty ? "" : " (\(open))")
    }
}

extension RolloutEvent {
    /// The notification that announces the event; nil for an event without one.
    public var announcement: Notification.Event? {
        switch self {
        case .prepared: .rolloutPrepared
        case .begun: .rolloutBegun
        case .stepStanding: .stepStanding
        case .stepUndone: .stepUndone
        case .baking: .rolloutBaking
        case .paused: .rolloutPaused
        case .resumed: .rolloutResumed
        case .halted: .rolloutHalted
        case .unhalted: .rolloutUnhalted
        case .gateAsked: .gateAsked
        case .gateAnswered: .gateAnswered
        case .gateLapsed: .gateLapsed
        case .shareMoved: .shareMoved
        case .reminded: .rolloutReminder
        case .wayBackLost: .wayBackLost
        case .ended: .rolloutEnded
        case .queued, .stepIntended, .stepApplied, .stepPassed, .standing, .targetsChanged, .versionMismatch,
            .rollingBack:
            nil
        }
    }
}
