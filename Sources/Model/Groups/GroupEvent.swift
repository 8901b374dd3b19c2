/// What happened to a group. The names of the cases and of their values are those in the journal: they are read for ever.
///
/// All but ``prepared(_:)`` belong to the incident of the sick release.
public enum GroupEvent: Sendable, Equatable, Codable {
    /// With the intent of the rollback: a reload changes the next one.
    case begun(GroupWork)
    /// A companion is ready to go back. Of the companion's release, and of no incident.
    case prepared(GroupPromise)
    /// The commit point: from here on those that go are sent after until they go.
    case decided(GroupDecision)
    /// The companion goes back, in an incident of its own.
    case committed(GroupCompanion, incident: String)
    /// It was to go and does not yet; it is still wanted.
    case delayed(GroupCompanion, reason: String)
    /// It was to go and has other versions now: nothing is done to it.
    case stale(GroupCompanion, reason: String)
    /// - wasReported: operators were notified that something is open.
    case ended(reason: String, wasReported: Bool)
}

/// What a group has to do for one incident.
public struct GroupWork: Sendable, Equatable, Codable {
    public var group: String
    /// The idempotency key of everything that is asked of companions: no other incident of any daemon has it.
    public var key: String
    public var onRefusal: GroupPlan.Refusal
    public var companions: [GroupCompanion]

    public init(group: String, key: String, onRefusal: GroupPlan.Refusal, companions: [GroupCompanion]) {
        (self.group, self.key, self.onRefusal, self.companions) = (group, key, onRefusal, companions)
    }
}

/// A release that goes back because another one does.
public struct GroupCompanion: Sendable, Equatable, Codable {
    public var release: String
    /// The address of its daemon; nil for the one that has the sick release.
    public var daemon: String?

    public init(release: String, daemon: String? = nil) { (self.release, self.daemon) = (release, daemon) }

    /// `cart`, `cart at eu.example:9464`.
    public var text: String {
        guard let daemon else { return release }
        let host = daemon.split(separator: "/").dropFirst().first.map(String.init) ?? daemon
        return "\(release) at \(host)"
    }
}

/// The versions that a companion would leave and go back to.
public struct GroupVersions: Sendable, Equatable, Codable {
    public var from: String
    public var to: String

    public init(from: String, to: String) { (self.from, self.to) = (from, to) }

    public var text: String { "\(from) -> \(to)" }
}

/// Whose rollback a companion follows.
public struct GroupLink: Sendable, Equatable, Codable {
    public var group: String
    /// The release that is sick, and its incident, as its daemon names them.
    public var release: String
    public var incident: String
    /// ``GroupWork/key``.
    public var key: String

    public init(group: String, release: String, incident: String, key: String) {
        (self.group, self.release, self.incident, self.key) = (group, release, incident, key)
    }
}

/// What a companion has answered: for so long it is kept for this group's incident.
public struct GroupPromise: Sendable, Equatable, Codable {
    /// How long a companion waits for the decision.
    public static let validMs: Int64 = 60_000

    public var link: GroupLink
    public var versions: GroupVersions
    public var untilWallMs: Int64

    public init(link: GroupLink, versions: GroupVersions, untilWallMs: Int64) {
        (self.link, self.versions, self.untilWallMs) = (link, versions, untilWallMs)
    }
}

/// Who goes back with the sick release, and who stays.
public struct GroupDecision: Sendable, Equatable, Codable {
    public struct Goer: Sendable, Equatable, Codable {
        public var companion: GroupCompanion
        public var versions: GroupVersions

        public init(_ companion: GroupCompanion, _ versions: GroupVersions) {
            (self.companion, self.versions) = (companion, versions)
        }
    }

    public struct Stayer: Sendable, Equatable, Codable {
        public var companion: GroupCompanion
        public var reason: String
        /// It should go and cannot; false for one that needs nothing, and for one that is held because of others.
        public var isRefusal: Bool

        public init(_ companion: GroupCompanion, _ reason: String, isRefusal: Bool) {
            (self.companion, self.reason, self.isRefusal) = (companion, reason, isRefusal)
        }
    }

    public var goes: [Goer]
    public var stays: [Stayer]
    /// `on_refusal: hold`, and one refused.
    public var isHeld: Bool

    public init(goes: [Goer], stays: [Stayer], isHeld: Bool = false) {
        (self.goes, self.stays, self.isHeld) = (goes, stays, isHeld)
    }

    /// What follows from the companions' answers.
    public init(_ answers: [(companion: GroupCompanion, answer: GroupAnswer)], onRefusal: GroupPlan.Refusal) {
        var (goes, stays): ([Goer], [Stayer]) = ([], [])
        for (companion, answer) in answers {
            switch answer {
            case .ready(let versions): goes.append(Goer(companion, versions))
            case .going(let incident):
                stays.append(Stayer(companion, "it goes back already (\(incident))", isRefusal: false))
            case .idle(let reason): stays.append(Stayer(companion, reason, isRefusal: false))
            case .refused(let reason), .unknown(let reason), .stale(let reason), .held(let reason):
                stays.append(Stayer(companion, reason, isRefusal: true))
            }
        }
        let refusing = stays.filter(\.isRefusal).map(\.companion.text)
        let isHeld = onRefusal == .hold && !refusing.isEmpty
        let reason = "the group holds, because of \(refusing.joined(separator: ", "))"
        let held = isHeld ? goes.map { Stayer($0.companion, reason, isRefusal: false) } : []
        self.init(goes: isHeld ? [] : goes, stays: held + stays, isHeld: isHeld)
    }

    /// `cart goes back; payment stays: no target of the baseline could be scraped`.
    public var text: String {
        let going = goes.map(\.companion.text).joined(separator: ", ")
        let first = goes.isEmpty ? "nothing else goes back" : "\(going) \(goes.count == 1 ? "goes" : "go") back"
        return ([first] + stays.map { "\($0.companion.text) stays: \($0.reason)" }).joined(separator: "; ")
    }
}

/// What a companion answers.
public enum GroupAnswer: Sendable, Equatable {
    /// It could go back, between these versions.
    case ready(GroupVersions)
    /// It goes back, or went, in this incident.
    case going(incident: String)
    /// There is nothing that it could take back.
    case idle(reason: String)
    case refused(reason: String)
    /// Not known yet, or not to be had: another try may give another answer.
    case unknown(reason: String)
    /// Of a commit: it has other versions now.
    case stale(reason: String)
    /// Of a commit: its baseline could not serve now; it goes when it can.
    case held(reason: String)
}

extension GroupEvent {
    /// The event's name in the API and in the journal.
    public var name: String {
        switch self {
        case .begun: "group_begun"
        case .prepared: "group_prepared"
        case .decided: "group_decided"
        case .committed: "group_committed"
        case .delayed: "group_delayed"
        case .stale: "group_stale"
        case .ended: "group_ended"
        }
    }

    /// The event as a phrase.
    public var text: String {
        switch self {
        case .begun(let work):
            "group \(work.group): \(work.companions.map(\.text).joined(separator: ", ")) asked to go back too"
        case .prepared(let promise):
            "prepared to go back with \(promise.link.incident) of group \(promise.link.group): \(promise.versions.text)"
        case .decided(let decision): (decision.isHeld ? "the group holds: " : "the group: ") + decision.text
        case .committed(let companion, let incident): "\(companion.text) goes back: \(incident)"
        case .delayed(let companion, let reason): "\(companion.text) does not go back yet: \(reason)"
        case .stale(let companion, let reason): "\(companion.text) stays: \(reason)"
        case .ended(let reason, _): "the group is done: \(reason)"
        }
    }

    /// The notification that announces it; nil for an event without one.
    public var announcement: Notification.Event? {
        switch self {
        case .decided(let decision): decision.isHeld ? .groupHeld : .groupDecided
        case .delayed, .stale: .groupIncomplete
        case .ended(_, let wasReported): wasReported ? .groupEnded : nil
        case .begun, .prepared, .committed: nil
        }
    }
}
