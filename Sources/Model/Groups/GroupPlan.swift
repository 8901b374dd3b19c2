/// Several releases that go back together: a verdict on one of them takes the others, its companions, back as well.
///
/// It is not the same as the `parts` of one rollout (``PartPlan``), which go up together too and never part.
public struct GroupPlan: Sendable, Equatable {
    /// What follows when a companion cannot go back.
    public enum Refusal: String, Sendable, Equatable, Codable, CaseIterable {
        /// The others go.
        case goWithout = "go_without"
        /// Only the sick release goes, and operators are notified.
        case hold
    }

    /// Who goes back.
    public enum Together: String, Sendable, Equatable, Codable, CaseIterable {
        case all
    }

    /// Unique in a plan; the same in every daemon that has members.
    public var name: String
    /// At least two, at least one of them on this daemon.
    public var members: [GroupMember]
    public var together = Together.all
    public var onRefusal: Refusal

    public init(name: String, members: [GroupMember] = [], onRefusal: Refusal = .goWithout) {
        (self.name, self.members, self.onRefusal) = (name, members, onRefusal)
    }

    /// All but that release of this daemon.
    public func companions(of release: String) -> [GroupMember] {
        members.filter { $0.daemon != nil || $0.release != release }
    }
}

/// A release of a group.
public struct GroupMember: Sendable, Equatable {
    public var release: String
    /// Where it is; nil for a release of this daemon.
    public var daemon: PeerDaemon?

    public init(release: String, daemon: PeerDaemon? = nil) { (self.release, self.daemon) = (release, daemon) }

    public var companion: GroupCompanion { GroupCompanion(release: release, daemon: daemon?.url) }
}

/// Another daemon of ours, and how its API is called.
public struct PeerDaemon: Sendable, Equatable {
    /// `https://eu.example:9464`, without credentials and without a slash at its end.
    public var url: String
    public var security: ClientSecurity

    public init(url: String, security: ClientSecurity = ClientSecurity()) {
        (self.url, self.security) = (url, security)
    }
}

extension Plan {
    /// Whether a release of this daemon is in that group.
    public func hasMember(_ release: String, ofGroup name: String) -> Bool { group(of: release)?.name == name }

    /// The group that a release of this daemon is in; a release is in one at most.
    public func group(of release: String) -> GroupPlan? {
        groups.first { $0.members.contains { $0.daemon == nil && $0.release == release } }
    }
}
