import Model
import Ports
package import Support

/// An incident in a list.
package struct IncidentSummary: Codable, Sendable, Equatable {
    package var id: String
    package var release: String
    /// `intended`, `applied`, `observed`, `acknowledged`, `abandoned`, `dry_run` or `rearmed`.
    package var state: String
    package var open: Bool
    package var openedAt: WallTime
    @ExplicitNull package var closedAt: WallTime?
    /// True when nothing was done, only decided.
    package var dryRun: Bool
    package var fromVersion: String
    package var toVersion: String
    /// `rule` or `operator`.
    package var trigger: String
    /// The rule that fired; nil for an operator's command.
    @ExplicitNull package var rule: String?
    /// The operator; nil for a rule.
    @ExplicitNull package var by: String?
    /// The operator's reason; nil for a rule.
    @ExplicitNull package var reason: String?
    /// The canary's share before, 0...10000; nil when it was never read.
    @ExplicitNull package var canaryBasisPointsBefore: Int?
    package var canaryBasisPointsWanted: Int
    /// Answers of the router; one that repeats the answer before is not counted.
    package var attempts: Int
    /// Times that the split had to be set again after the acknowledgement.
    package var reapplications: Int
    /// The operator who has taken charge of it; nil while none has.
    @ExplicitNull package var acknowledgedBy: String?
    /// This incident in the API; nil without an `external_url`.
    @ExplicitNull package var url: String?

    /// - Parameter externalURL: ``Snapshot/externalURL``.
    init(_ incident: Incident, externalURL: String?) {
        id = incident.id
        release = incident.release
        state = incident.state.rawValue
        open = incident.isOpen
        openedAt = WallTime(wallMs: incident.openedWallMs)
        closedAt = incident.closedWallMs.map { WallTime(wallMs: $0) }
        dryRun = incident.intent.isDryRun
        fromVersion = incident.intent.fromVersion
        toVersion = incident.intent.toVersion
        trigger = incident.intent.trigger.name
        rule = incident.intent.trigger.alert?.rule
        by = incident.intent.trigger.command?.by
        reason = incident.intent.trigger.command?.reason
        canaryBasisPointsBefore = incident.intent.splitBefore?.canaryBasisPoints
        canaryBasisPointsWanted = incident.intent.splitWanted.canaryBasisPoints
        attempts = incident.attempts
        reapplications = incident.reapplications
        acknowledgedBy = incident.acknowledgedBy
        url = DaemonLink.to(incident: incident.id, externalURL: externalURL)
    }

    enum CodingKeys: String, CodingKey {
        case id, release, state, open, trigger, rule, by, reason, attempts, reapplications, url
        case openedAt = "opened_at"
        case closedAt = "closed_at"
        case dryRun = "dry_run"
        case fromVersion = "from_version"
        case toVersion = "to_version"
        case canaryBasisPointsBefore = "canary_basis_points_before"
        case canaryBasisPointsWanted = "canary_basis_points_wanted"
        case acknowledgedBy = "acknowledged_by"
    }
}

/// One incident with its whole evidence: the answer of `GET /api/v1/incidents/{id}`. In the JSON the summary's fields
/// are beside the others; in Swift they read as the document's own.
@dynamicMemberLookup
package struct IncidentDocument: Codable, Sendable, Equatable {
    package var summary: IncidentSummary
    /// The alert that led to it, with the values that decided; nil for an operator's command.
    @ExplicitNull package var alert: AlertDocument?
    /// What goes back beside the traffic; nil for a release without a plan.
    @ExplicitNull package var plan: PlanDocument?
    /// Who goes back with it; nil for a release in no group, and for a companion.
    @ExplicitNull package var group: GroupRunDocument?
    /// Whose rollback it follows; nil for a rollback that has a cause of its own.
    @ExplicitNull package var companionOf: GroupLinkDocument?
    package var timeline: [TimelineDocument]
    /// What the journal holds on it, oldest first.
    package var entries: [EntryDocument]
    /// What became of its notifications, in the order of the entries.
    package var notifications: [NotifiedDocument]
    /// Why the entries could not be read; nil when they could.
    @ExplicitNull package var journalProblem: String?

    /// - Parameter externalURL: ``Snapshot/externalURL``.
    init(
        _ incident: Incident, entries: [JournalEntry], fates: [DeliveryFate] = [], externalURL: String?,
        journalProblem: String? = nil
    ) {
        summary = IncidentSummary(incident, externalURL: externalURL)
        alert = incident.intent.trigger.alert.map(AlertDocument.init)
        plan = incident.procedure.map(PlanDocument.init)
        group = incident.group.map(GroupRunDocument.init)
        if case .rollout(let trigger) = incident.intent.trigger {
            companionOf = trigger.group.map(GroupLinkDocument.init)
        }
        timeline = incident.timeline.map(TimelineDocument.init)
        self.entries = entries.map(EntryDocument.init)
        notifications = fates.map(NotifiedDocument.init)
        self.journalProblem = journalProblem
    }

    package subscript<Field>(dynamicMember path: KeyPath<IncidentSummary, Field>) -> Field { summary[keyPath: path] }

    enum CodingKeys: String, CodingKey {
        case alert, plan, group, timeline, entries, notifications
        case companionOf = "companion_of"
        case journalProblem = "journal_problem"
    }

    package init(from decoder: any Decoder) throws {
        summary = try IncidentSummary(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        alert = try container.decodeIfPresent(AlertDocument.self, forKey: .alert)
        plan = try container.decodeIfPresent(PlanDocument.self, forKey: .plan)
        group = try container.decodeIfPresent(GroupRunDocument.self, forKey: .group)
        companionOf = try container.decodeIfPresent(GroupLinkDocument.self, forKey: .companionOf)
        timeline = try container.decode([TimelineDocument].self, forKey: .timeline)
        entries = try container.decode([EntryDocument].self, forKey: .entries)
        notifications = try container.decodeIfPresent([NotifiedDocument].self, forKey: .notifications) ?? []
        journalProblem = try container.decodeIfPresent(String.self, forKey: .journalProblem)
    }

    package func encode(to encoder: any Encoder) throws {
        try summary.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(_alert, forKey: .alert)
        try container.encode(_plan, forKey: .plan)
        try container.encode(_group, forKey: .group)
        try container.encode(_companionOf, forKey: .companionOf)
        try container.encode(timeline, forKey: .timeline)
        try container.encode(entries, forKey: .entries)
        try container.encode(notifications, forKey: .notifications)
        try container.encode(_journalProblem, forKey: .journalProblem)
    }
}

/// One line of an incident's story.
package struct TimelineDocument: Codable, Sendable, Equatable {
    package var at: WallTime
    /// `intended`, `applied`, `observed`, …
    package var step: String
    package var detail: String

    init(_ step: Notification.TimelineStep) {
        at = WallTime(wallMs: step.atWallMs)
        self.step = step.step
        detail = step.detail
    }
}

extension IntentRecord.Trigger {
    var name: String {
        switch self {
        case .rule: "rule"
        case .operatorCommand: "operator"
        case .rollout(let trigger): trigger.kind.rawValue
        }
    }

    var alert: AlertRecord? {
        guard case .rule(let alert) = self else { return nil }
        return alert
    }

    var command: (by: String, reason: String)? {
        switch self {
        case .rule: nil
        case .operatorCommand(let by, let reason): (by, reason)
        case .rollout(let trigger): (trigger.by, trigger.reason)
        }
    }
}
