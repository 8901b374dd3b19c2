import Support

/// What happened.
public enum JournalEvent: Sendable, Equatable {
    /// A release began to be watched.
    case began(baseline: String, canary: String)
    /// A release ended.
    case ended(ReleaseEnd)
    case alertFiring(AlertRecord)
    case alertResolved(AlertRecord)
    /// A rollback would not help: the baseline is no better, or has no healthy target.
    case held(HoldRecord)
    /// The rollback's intent, written before the router is called. Also sets the latch.
    case intended(IntentRecord)
    /// The journal was unwritable for longer than the grace, so the router was called first.
    case actedBeforeDurable(reason: String)
    /// A step of a rollback that takes the canary out in steps.
    case draining(DrainRecord)
    case applied([RouterReceipt])
    case observed([RouterObservation])
    /// The canary's request rate, requests per second.
    case provenByTraffic(canaryRate: Double)
    /// The router's 0 % is accepted without a proof: no process listens at the targets that could prove it.
    case unproven(reason: String)
    case acknowledged
    /// The deadline passed without an acknowledgement; attempts continue.
    case abandoned(reason: String)
    /// The second router took over.
    case fallback(reason: String)
    /// The canary had traffic again after the rollback.
    case drifted([RouterObservation])
    /// The router shows 0 %, and the canary's targets count requests all the same, requests per second.
    case strayed(canaryRate: Double)
    /// The same, and it is left so: the baseline has no server for it.
    case driftHeld(reason: String)
    /// An operator wants it to be taken out all the same.
    case driftOverruled(by: String, reason: String)
    /// An operator cleared the latch.
    case rearmed(by: String, reason: String)
    /// What the regression rules have found so far; each replaces the ones before.
    case evidence(EvidenceRecord)
    /// The alerts that are pending, and how far their `for` has come; each list replaces the ones before.
    case pending([PendingAlert])
    /// Polls of the router have failed several times in a row while it may be needed.
    case routerUnusable(reason: String)
    /// A poll found that it can be used again.
    case routerUsable
    /// What happened in the life of a rollout.
    case rollout(id: String, RolloutEvent)
    /// Which version of a service is where; each replaces the ones before.
    case deployment(DeploymentRecord)
    /// The targets of the pools have changed.
    case targetsChanged(TargetsRecord)
    /// An operator has taken charge of the incident, the rollout or the release.
    case operatorAcknowledged(by: String, reason: String)
    /// Further receivers were notified of a subject that is still open: it was not acknowledged in time, or a receiver
    /// before them does not take it.
    case escalated(EscalationStep, Undelivered? = nil)
    /// The silences in force; each list replaces the one before. Of no release.
    case silences([Silence])
    /// What receivers were notified of and what is not over; each list replaces the one before. Of no release.
    case openSubjects([OpenSubject])
    /// A source of targets has given no list for long, or a pool of a release under way has no targets.
    case targetsUnusable(reason: String)
    /// Neither is the case any more.
    case targetsUsable
    /// The configuration centre has changed. It belongs to no release: the entry's release is empty.
    case configured(ConfigurationRecord)
    /// What happened to the plan of a rollback.
    case procedure(ProcedureEvent)
    /// What happened to a group of releases that go back together.
    case group(GroupEvent)
    /// The baseline does not fit the schema any more: a rollback would move users to a version that cannot work.
    case wayBackClosed(reason: String)
    /// The baseline fits the schema again.
    case wayBackOpened
    /// The canary has traffic although what it needs of the schema is absent.
    case schemaBreached(reason: String)
    /// It is there, or the canary has no traffic any more.
    case schemaBreachEnded
    /// Another replica leads, or none. It belongs to no release: the entry's release is empty.
    case leaderChanged(LeaderRecord)
    /// Made by reading, never written: the entry is stored but cannot be read, because it is damaged or a newer version
    /// wrote it. `kind` is the ``name`` of the event that it was.
    case unreadable(kind: String, reason: String)
}

extension JournalEvent {
    /// The event's name in the API and in the journal.
    public var name: String {
        switch self {
        case .began: "began"
        case .ended: "ended"
        case .alertFiring: "alert_firing"
        case .alertResolved: "alert_resolved"
        case .held: "held"
        case .intended: "intended"
        case .actedBeforeDurable: "acted_before_durable"
        case .draining: "draining"
        case .applied: "applied"
        case .observed: "observed"
        case .provenByTraffic: "proven_by_traffic"
        case .unproven: "unproven"
        case .acknowledged: "acknowledged"
        case .abandoned: "abandoned"
        case .fallback: "fallback"
        case .drifted: "drifted"
        case .strayed: "strayed"
        case .driftHeld: "drift_held"
        case .driftOverruled: "drift_overruled"
        case .rearmed: "rearmed"
        case .evidence: "evidence"
        case .pending: "pending"
        case .routerUnusable: "router_unusable"
        case .routerUsable: "router_usable"
        case .rollout(_, let event): event.name
        case .deployment: "deployment"
        case .targetsChanged: "pool_targets_changed"
        case .operatorAcknowledged: "operator_acknowledged"
        case .escalated: "escalated"
        case .silences: "silences"
        case .openSubjects: "open_subjects"
        case .targetsUnusable: "targets_unusable"
        case .targetsUsable: "targets_usable"
        case .configured: "configured"
        case .procedure(let event): event.name
        case .group(let event): event.name
        case .wayBackClosed: "way_back_closed"
        case .wayBackOpened: "way_back_opened"
        case .schemaBreached: "schema_breached"
        case .schemaBreachEnded: "schema_breach_ended"
        case .leaderChanged: "leader_changed"
        case .unreadable: "unreadable"
        }
    }

    /// The name of the step in an incident's timeline.
    public var step: String {
        if case .provenByTraffic = self { return "proven" }
        if case .draining(let record) = self, record.sharesBasisPoints.isEmpty { return "at_once" }
        return name
    }
}

extension JournalEvent {
    /// A decision that has to stay true after a restart, with the evidence that it rests on.
    public var isDecision: Bool {
        if case .alertFiring = self { return true }
        if case .intended = self { return true }
        if case .held = self { return true }
        return false
    }

    /// It outlasts the releases that begin and end.
    public var isOfRollouts: Bool {
        switch self {
        case .rollout, .deployment: true
        default: false
        }
    }

    /// It belongs to no release, and says how receivers are notified.
    public var isOfNotifications: Bool {
        switch self {
        case .silences, .openSubjects: true
        default: false
        }
    }

    /// Written many times in a release, and only the newest of each release is ever read.
    public var replacesEarlier: Bool {
        if case .evidence = self { return true }
        if case .pending = self { return true }
        if case .deployment = self { return true }
        if isOfNotifications { return true }
        if case .rollout(_, let event) = self { return event.replacesEarlier }
        return false
    }
}

extension JournalEvent {
    /// The notification that announces the event to the receivers, in the same batch; nil for an event without one.
    public var announcement: Notification.Event? {
        switch self {
        case .alertFiring: .alertFiring
        case .alertResolved: .alertResolved
        case .held, .driftHeld: .rollbackHeld
        case .draining(let record): record.isHeld ? .rollbackHeld : nil
        case .intended: .rollbackIntended
        case .acknowledged: .rollbackAcknowledged
        case .abandoned: .rollbackAbandoned
        case .fallback: .rollbackFallback
        case .drifted, .strayed: .rollbackDrifted
        case .rearmed: .rearmed
        case .routerUnusable: .routerUnusable
        case .routerUsable: .routerRecovered
        case .targetsUnusable: .targetsUnusable
        case .targetsUsable: .targetsRecovered
        case .wayBackClosed: .wayBackClosed
        case .wayBackOpened: .wayBackOpened
        case .schemaBreached: .schemaBreached
        case .schemaBreachEnded: .schemaBreachEnded
        case .began, .ended, .actedBeforeDurable, .applied, .observed, .provenByTraffic, .unproven, .driftOverruled,
            .evidence, .pending, .deployment, .targetsChanged, .configured, .leaderChanged, .escalated, .silences,
            .openSubjects,
            .unreadable:
            nil
        case .operatorAcknowledged: .operatorAcknowledged
        case .rollout(_, let event): event.announcement
        case .procedure(let event): event.announcement
        case .group(let event): event.announcement
        }
    }
}

/// How an event is shown: the one wording for timelines, notifications, the API and the command line.
extension JournalEvent {
    /// The event as a phrase, without the incident that it belongs to.
    public var text: String {
        switch self {
        case .began(let baseline, let canary): "watching \(canary) against \(baseline)"
        case .ended(let end): "the release ended: \(end.text)"
        case .alertFiring(let alert): "\(alert.rule) fires: \(alert.evidence.comparison)"
        case .alertResolved(let alert): "\(alert.rule) no longer fires"
        case .held(let hold): "no rollback for \(hold.rule): \(hold.reason)"
        case .intended(let intent): intent.text
        case .actedBeforeDurable(let reason): "the router was called before the journal was written: \(reason)"
        case .draining(let record): record.text
        case .fallback(let reason): reason
        case .applied(let receipts): receipts.text
        case .observed(let seen): seen.text
        case .provenByTraffic(let rate): "the canary serves \(NumberText.plain(rate)) requests/s"
        case .unproven(let reason): "the router's 0 % is accepted without a proof: \(reason)"
        case .acknowledged: "the rollback is in force"
        case .abandoned(let reason): "not acknowledged in time: \(reason)"
        case .drifted(let seen): "the canary was put back: \(seen.text)"
        case .strayed(let rate):
            "the canary serves \(NumberText.plain(rate)) requests/s although the router shows 0 %"
        case .driftHeld(let reason): "the canary was put back and keeps its traffic: \(reason)"
        case .driftOverruled(let by, let reason): "taken out although the baseline may not serve, for \(by): \(reason)"
        case .rearmed(let by, let reason): "rearmed by \(by): \(reason)"
        case .evidence: "the evidence of the statistical rules so far"
        case .pending(let alerts):
            alerts.isEmpty ? "no alert is pending" : "pending: " + alerts.map(\.rule).joined(separator: ", ")
        case .operatorAcknowledged(let by, let reason): "acknowledged by \(by): \(reason)"
        case .escalated(let step, let undelivered): step.text(after: undelivered)
        case .silences(let list): list.isEmpty ? "no silence is in force" : "\(list.count) silences are in force"
        case .openSubjects(let list): "\(list.count) subjects of notifications are open"
        case .routerUnusable(let reason): "the router cannot be used: \(reason)"
        case .routerUsable: "the router can be used again"
        case .rollout(let id, let event): "\(id): \(event.text)"
        case .deployment: "which version is where"
        case .targetsChanged(let record): record.text
        case .targetsUnusable(let reason): reason
        case .targetsUsable: "the targets are known again"
        case .wayBackClosed(let reason): reason
        case .wayBackOpened: "the way back is not closed any more"
        case .schemaBreached(let reason): reason
        case .schemaBreachEnded: "the canary has no traffic without its schema any more"
        case .configured(let record): record.text
        case .procedure(let event): event.text
        case .group(let event): event.text
        case .leaderChanged(let record): record.text
        case .unreadable(let kind, let reason): "the entry (\(kind)) cannot be read and was skipped: \(reason)"
        }
    }
}
