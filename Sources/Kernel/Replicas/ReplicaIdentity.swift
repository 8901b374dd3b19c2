public import Model

/// Which of several replicas a kernel is.
public struct ReplicaIdentity: Sendable, Equatable {
    public let name: String
    /// The same for all replicas; part of the ids of their deliveries.
    public let group: String
    /// Of a fleet; nil when each replica watches all releases.
    public let shards: FleetShards?

    public init(name: String, group: String, shards: FleetShards? = nil) {
        self.name = name
        self.shards = shards
        // Ids travel in headers and URLs.
        let plain = group.unicodeScalars.map {
            $0.isASCII && $0.properties.isAlphabetic || $0.properties.numericType != nil ? Character($0) : "-"
        }
        self.group = String(plain).split(separator: "-").joined(separator: "-")
    }
}

/// What a kernel knows of the replicas beside it.
struct ReplicaState: Sendable, Equatable {
    private(set) var identity: ReplicaIdentity
    private var leads: ScopedLeads
    /// What operators have ordered about messages, at any replica.
    var operators = OperatorLedger()
    /// In the order in which they were first needed.
    private var books: [HandoverBook] = []
    /// Where each release's book is.
    private var places: [String: Int] = [:]

    init(_ identity: ReplicaIdentity) {
        self.identity = identity
        leads = ScopedLeads(identity.shards)
    }

    func rights(at now: Moment) -> ReplicaRights { ReplicaRights(leads: leads, group: identity.group, now: now) }

    /// - Returns: nil for a scope that this replica does not have.
    func leadership(of scope: String) -> Leadership? { leads[scope] }

    mutating func take(_ next: Leadership) { leads.take(next) }

    /// Whether a lead of the scope is that of the release.
    func isIn(_ release: String, scope: String) -> Bool { leads.of(release).scope == scope }

    /// Releases that belong together in the plan share a shard.
    mutating func adopt(_ next: Plan) { leads.adopt(next) }

    var shards: FleetShards? { leads.shards }

    /// - Returns: whether another document than the published one is due.
    mutating func take(_ entry: JournalEntry) -> Bool {
        guard !entry.release.isEmpty, HandoverBook.concerns(entry.event) else { return false }
        return withBook(entry.release) { $0.take(entry) }
    }

    mutating func withBook<Answer>(_ release: String, _ work: (inout HandoverBook) -> Answer) -> Answer {
        if let index = places[release] { return work(&books[index]) }
        places[release] = books.count
        books.append(HandoverBook(release: release))
        return work(&books[books.count - 1])
    }

    func book(_ release: String) -> HandoverBook? { places[release].map { books[$0] } }

    /// Everything up to it is on the disk and, as far as other replicas need it, with them.
    func handedOver(_ release: String, of durable: UInt64) -> UInt64 {
        // By index: it is asked for all releases that are led, and a book is a large value.
        guard let index = places[release], books[index].through > books[index].publishedThrough else { return durable }
        return min(durable, books[index].publishedThrough)
    }
}

extension StepContext {
    /// The name of a rollout that begins now; with replicas one that no other leader gives.
    func rolloutID(_ release: String) -> String {
        guard let rights else { return "\(release)-r\(nextSequence)" }
        return "\(release)-r\(rights.of(release).token)-\(nextSequence)"
    }

    /// A call that raises a share ends before the lease does.
    func timeoutWithinLease(_ timeoutMs: Int64, of release: String) -> Int64 {
        guard let rights, rights.leads(release) else { return timeoutMs }
        return max(1, min(timeoutMs, rights.of(release).untilUptimeMs - now.uptimeMs))
    }
}

extension Release {
    /// The name of a rollback that begins now; with replicas the one that each of them gives it.
    func incidentID(_ context: StepContext) -> String {
        guard context.rights != nil else { return "\(name)-\(context.nextSequence)" }
        let known = incidents.lazy.map { ReplicaIncident.ordinal(of: $0.id) }.max() ?? 0
        return ReplicaIncident.id(
            release: name, fromVersion: plan.canary.version, ordinal: max(known, leaderOrdinal, announcedOrdinal) + 1)
    }
}

/// The id of a delivery without its receiver, which every replica gives alike: a receiver that gets one twice can drop it.
struct SharedDeliveryName {
    /// Longer timelines are shortened in the middle, and what is counted in them says nothing then.
    private static let timelineLimit = 190

    let text: String

    /// - Parameter ordinal: of a rollout's notification.
    /// - Returns: nil for a notification of no rollback and no rollout, which each replica makes for itself.
    init?(_ rights: ReplicaRights, _ notification: Notification, ordinal: Int?) {
        let event = notification.event.rawValue
        if let rollout = notification.rollout, let ordinal {
            text = "\(rights.group)-\(rollout)-\(event)-\(ordinal)"
            return
        }
        let timeline = notification.timeline
        guard let incident = notification.incident, !timeline.isEmpty,
            timeline.count < SharedDeliveryName.timelineLimit
        else { return nil }
        let steps = SharedDeliveryName.steps(of: notification.event)
        text = "\(rights.group)-\(incident)-\(event)-\(timeline.count { steps.contains($0.step) })"
    }

    /// The steps of an incident's timeline that are announced by the event.
    private static func steps(of event: Notification.Event) -> [String] {
        switch event {
        case .rollbackIntended: ["intended"]
        case .rollbackAcknowledged: ["acknowledged"]
        case .rollbackAbandoned: ["abandoned"]
        case .rollbackFallback: ["fallback"]
        case .rollbackDrifted: ["drifted", "strayed"]
        case .rollbackHeld: ["drift_held", "draining"]
        case .operatorAcknowledged: ["operator_acknowledged"]
        case .planStuck: ["plan_step_failed", "plan_step_unknown", "plan_overdue"]
        case .personNeeded: ["plan_person_needed", "plan_person_reminded", "plan_step_failed"]
        case .planEnded: ["plan_ended", "plan_abandoned"]
        case .planDrift: ["plan_step_drifted"]
        case .groupHeld: ["group_decided"]
        case .groupIncomplete: ["group_delayed", "group_stale"]
        default: [event.rawValue]
        }
    }
}
