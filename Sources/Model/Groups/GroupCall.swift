/// What a companion is asked, whichever daemon it is on.
public struct GroupOrder: Sendable, Equatable {
    public enum Kind: String, Sendable, Equatable {
        /// Could it go back? Nothing moves.
        case prepare
        /// It goes back.
        case commit
    }

    public var kind: Kind
    /// The companion, as its own daemon names it.
    public var release: String
    public var link: GroupLink
    /// Of a commit: what was prepared.
    public var versions: GroupVersions?
    /// Why the sick release goes back.
    public var reason: String

    public init(kind: Kind, release: String, link: GroupLink, versions: GroupVersions? = nil, reason: String) {
        (self.kind, self.release, self.link) = (kind, release, link)
        (self.versions, self.reason) = (versions, reason)
    }
}

/// An order to a companion on another daemon; answered with the same number.
public struct GroupCall: Sendable, Equatable {
    /// The sick release.
    public var release: String
    public var number: Int
    public var order: GroupOrder
    public var daemon: PeerDaemon
    /// Of the whole call.
    public var timeoutMs: Int64

    public init(release: String, number: Int, order: GroupOrder, daemon: PeerDaemon, timeoutMs: Int64) {
        (self.release, self.number, self.order) = (release, number, order)
        (self.daemon, self.timeoutMs) = (daemon, timeoutMs)
    }
}
