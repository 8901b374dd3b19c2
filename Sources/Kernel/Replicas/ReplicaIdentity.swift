import Model

/// Which of several replicas a kernel is.
public struct ReplicaIdentity: Sendable, Equatable {
    public let name: String
    /// The same for all replicas; part of the ids of their deliveries.
    public let group: String

    public init(name: String, group: String) {
        self.name = name
        // Ids travel in headers and URLs.
        let plain = group.unicodeScalars.map {
            $0.isASCII && $0.properties.isAlphabetic || $0.properties.numericType != nil ? Character($0) : "-"
        }
        self.group = String(plain).split(separator: "-").joined(separator: "-")
    }
}

/// What this replica may do in one step of the kernel. What takes a canary out needs no right: a partition leads to more
/// caution, never to less.
struct ReplicaRights: Sendable, Equatable {
    /// It may raise shares, lead rollouts and act on statistical rules.
    let leads: Bool
    /// When it must have stopped, by the monotonic clock; nil while it does not lead.
    let untilUptimeMs: Int64?
    let token: UInt64
    let group: String
    let leader: String?
}

/// What a kernel knows of the replicas beside it.
struct ReplicaState: Sendable, Equatable {
    let identity: ReplicaIdentity
    private(set) var leadership = Leadership()
    /// In the order in which they were first needed.
    private var books: [HandoverBook] = []
    /// Where each release's book is.
    private var places: [String: Int] = [:]

    init(_ identity: ReplicaIdentity) { self.identity = identity }

    func rights(at now: Moment) -> ReplicaRights {
        let leads = leadership.isHeld && now.uptimeMs < leadership.untilUptimeMs
        return ReplicaRights(
            leads: leads, untilUptimeMs: leads ? leadership.untilUptimeMs : nil, token: leadership.token,
            group: identity.group, leader: leadership.leader)
    }

    mutating func take(_ next: Leadership) { leadership = next }

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
        guard let book = book(release), book.through > book.publishedThrough else { return durable }
        return min(durable, book.publishedThrough)
    }
}

extension StepContext {
    /// The name of a rollout that begins now; with replicas one that no other leader gives.
    func rolloutID(_ release: String) -> String {
        guard let rights else { return "\(release)-r\(nextSequence)" }
        return "\(release)-r\(rights.token)-\(nextSequence)"
    }

    /// A call that raises a share ends before the lease does.
    func timeoutWithinLease(_ timeoutMs: Int64) -> Int64 {
        guard let until = rights?.untilUptimeMs else { return timeoutMs }
        return max(1, min(timeoutMs, until - now.uptimeMs))
    }
}

extension Release {
    /// The name of a rollback that begins now; with replicas the one that each of them gives it.
    func incidentID(_ context: StepContext) -> String {
        guard context.rights != nil else { return "\(name)-\(context.nextSequence)" }
        let known = incidents.lazy.map { ReplicaIncident.ordinal(of: $0.id) }.max() ?? 0
        return ReplicaIncident.id(
            release: name, fromVersion: plan.canary.version, ordinal: max(known, leaderOrdinal) + 1)
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
