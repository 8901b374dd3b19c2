/// A message to the receivers: one per state change, made by the kernel, kept in the outbox.
public struct Notification: Sendable, Equatable {
    public enum Event: String, Sendable, Equatable, CaseIterable {
        case alertFiring = "alert_firing"
        case alertResolved = "alert_resolved"
        /// A rollback was wanted but the baseline is no better, or one in steps is held because the baseline cannot
        /// carry more.
        case rollbackHeld = "rollback_held"
        case rollbackIntended = "rollback_intended"
        case rollbackAcknowledged = "rollback_acknowledged"
        /// Not acknowledged within its deadline: an operator is needed.
        case rollbackAbandoned = "rollback_abandoned"
        /// The first router was not acknowledged in time; the second takes over.
        case rollbackFallback = "rollback_fallback"
        /// Something put the canary back; it was taken out again.
        case rollbackDrifted = "rollback_drifted"
        case rearmed
        /// Polls of the router have failed several times in a row: a rollback would not get through.
        case routerUnusable = "router_unusable"
        /// The router can be used again.
        case routerRecovered = "router_recovered"
        /// A source of targets has given no list for long, or a pool of a release under way has no targets.
        case targetsUnusable = "targets_unusable"
        /// All sources give lists again, and both pools have targets.
        case targetsRecovered = "targets_recovered"
        /// A place is reserved for a version.
        case rolloutPrepared = "rollout_prepared"
        case rolloutBegun = "rollout_begun"
        /// A step's share is in force on every instance of the router.
        case stepStanding = "step_standing"
        case stepUndone = "step_undone"
        /// All the traffic is on the new version, and the way back is open.
        case rolloutBaking = "baking"
        /// Nothing goes up any more: an operator's order, or the daemon's decision.
        case rolloutPaused = "rollout_paused"
        case rolloutResumed = "rollout_resumed"
        case rolloutHalted = "rollout_halted"
        case rolloutUnhalted = "rollout_unhalted"
        /// An answer is needed.
        case gateAsked = "gate_asked"
        case gateAnswered = "gate_answered"
        case gateLapsed = "gate_lapsed"
        case shareMoved = "share_moved"
        /// A rollout that is paused or halted still waits for an operator.
        case rolloutReminder = "rollout_reminder"
        /// The version before cannot be gone back to any more.
        case wayBackLost = "way_back_lost"
        case rolloutEnded = "rollout_ended"
        /// An operator has taken charge: nothing is escalated any more.
        case operatorAcknowledged = "operator_acknowledged"
        /// The plan of a rollback needs an operator: a step has failed, or the deadline has passed.
        case planStuck = "plan_stuck"
        /// A step of the plan is to be done by hand.
        case personNeeded = "person_needed"
        case planEnded = "plan_ended"
        /// A step of the plan was changed back, and runs again.
        case planDrift = "plan_drift"
        /// A step of a plan that repeats while a canary is watched has failed.
        case watchFailed = "watch_failed"
        /// It fails no more.
        case watchRecovered = "watch_recovered"
        /// The baseline does not fit the schema any more: a rollback would not help.
        case wayBackClosed = "way_back_closed"
        /// It fits again, or no canary is watched any more.
        case wayBackOpened = "way_back_opened"
        /// The canary has traffic although what it needs of the schema is absent.
        case schemaBreached = "schema_breached"
        /// It is there, or the canary has no traffic any more.
        case schemaBreachEnded = "schema_breach_ended"
        /// Who goes back with a sick release, and who stays.
        case groupDecided = "group_decided"
        /// A companion cannot go back, so the others of the group stay too.
        case groupHeld = "group_held"
        /// A companion was to go back and does not, or not yet.
        case groupIncomplete = "group_incomplete"
        /// Nothing of the group is open any more.
        case groupEnded = "group_ended"
    }

    /// One line of the incident so far.
    public struct TimelineStep: Sendable, Equatable {
        public var atWallMs: Int64
        /// `intended`, `applied`, `observed`, `proven`, …
        public var step: String
        public var detail: String

        public init(atWallMs: Int64, step: String, detail: String) {
            self.atWallMs = atWallMs
            self.step = step
            self.detail = detail
        }
    }

    /// The journal entry that caused it; with the receiver's name it makes the delivery id.
    public var sequence: UInt64
    public var event: Event
    public var atWallMs: Int64
    public var release: String
    public var baselineVersion: String
    public var canaryVersion: String
    public var incident: String?
    /// The rollout that it is about, or during which it happened; nil for a release that is only watched.
    public var rollout: String?
    /// One sentence for people.
    public var summary: String
    /// The alert behind it, with its evidence; nil for an operator's command.
    public var alert: AlertRecord?
    public var splitBefore: Split?
    public var splitAfter: Split?
    public var isDryRun: Bool
    public var timeline: [TimelineStep]
    /// Further notifications of the same event that one message reports, of other releases; empty for a message of its own.
    /// Never stored: whoever delivers makes it.
    public var grouped: [Notification] = []

    public init(
        sequence: UInt64, event: Event, atWallMs: Int64, release: String, baselineVersion: String,
        canaryVersion: String, incident: String? = nil, summary: String, alert: AlertRecord? = nil,
        splitBefore: Split? = nil, splitAfter: Split? = nil, isDryRun: Bool = false, timeline: [TimelineStep] = []
    ) {
        self.sequence = sequence
        self.event = event
        self.atWallMs = atWallMs
        self.release = release
        self.baselineVersion = baselineVersion
        self.canaryVersion = canaryVersion
        self.incident = incident
        self.summary = summary
        self.alert = alert
        self.splitBefore = splitBefore
        self.splitAfter = splitAfter
        self.isDryRun = isDryRun
        self.timeline = timeline
    }

    /// Events that page an operator are sent even when a receiver wants no resolved alerts.
    public var isResolution: Bool { event.isResolution }
}

extension Notification.Event {
    /// It says that something is over.
    public var isResolution: Bool {
        switch self {
        case .alertResolved, .routerRecovered, .targetsRecovered, .rolloutUnhalted, .watchRecovered: true
        default: false
        }
    }
}
