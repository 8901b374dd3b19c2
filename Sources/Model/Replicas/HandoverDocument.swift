/// What the leader of several replicas knows of one release and the others need: which version is where, its rollout, and its
/// last rollback with the latch. It holds journal entries, so a follower takes it in by a replay, as a restart does.
public struct HandoverDocument: Sendable, Equatable {
    public var release: String
    /// Fencing token of the leader that wrote it; a later leader has a higher one.
    public var token: UInt64
    /// The highest sequence of the leader's journal that it covers; grows with each document of one leader.
    public var through: UInt64
    /// The ordinal of the release's newest rollback, see ``ReplicaIncident``; 0 before the first.
    public var ordinal: UInt64
    /// In the order in which they apply. Their sequences are those of the journals that they come from.
    public var entries: [JournalEntry]
    /// How far the present step is; nil where none is in force.
    public var step: HandedStep?
    /// Which firings of its rules the leader has counted, in the order in which the rules first fired; nil where it does not say.
    public var alerts: [AlertEpoch]?
    /// Names of rollbacks that operators have rearmed, the newest last; ten at most. One of them that is still open at a replica,
    /// which was stopped meanwhile, is over there too.
    public var rearmed: [String] = []
    /// Counts the leader's documents: one may say more than another that covers the same entries.
    public var revision: UInt64 = 0

    public init(release: String, token: UInt64, through: UInt64, ordinal: UInt64, entries: [JournalEntry]) {
        self.release = release
        self.token = token
        self.through = through
        self.ordinal = ordinal
        self.entries = entries
    }

    /// Of a document that is offered to a leader by a replica that does not lead.
    public static let tokenOfOffer: UInt64 = 0

    /// A leader that knows nothing of the release came after the lease store had lost its document: what was known stays.
    public func withWhatIsKnown(_ known: HandoverDocument?) -> HandoverDocument {
        guard entries.isEmpty, let known, !known.entries.isEmpty else { return self }
        var document = self
        document.entries = known.entries
        document.ordinal = max(ordinal, known.ordinal)
        return document
    }

    /// Whether it is newer than another one of the same release.
    public func isNewer(than other: HandoverDocument?) -> Bool {
        guard let other else { return true }
        return (token, through, revision) > (other.token, other.through, other.revision)
    }
}

/// How far a step of a rollout is at the leader.
public struct HandedStep: Sendable, Equatable {
    public var rollout: String
    public var step: Int
    /// How long it has lasted, milliseconds.
    public var standingMs: Int64
    /// What of it counts towards its `max`.
    public var countedMs: Int64
    /// Of the canary, since it settled.
    public var requests: Double

    public init(rollout: String, step: Int, standingMs: Int64, countedMs: Int64, requests: Double) {
        self.rollout = rollout
        self.step = step
        self.standingMs = standingMs
        self.countedMs = countedMs
        self.requests = requests
    }
}

/// The newest firing of a rule that the leader has counted: replicas that fire for the same trouble give it the same number.
public struct AlertEpoch: Sendable, Equatable {
    public var rule: String
    /// From 1.
    public var ordinal: UInt64
    public var isFiring: Bool

    public init(rule: String, ordinal: UInt64, isFiring: Bool) {
        self.rule = rule
        self.ordinal = ordinal
        self.isFiring = isFiring
    }
}

/// Names of rollbacks that all replicas give alike: `checkout-v1.5.0-3` is the third rollback of the release `checkout`, and
/// took `v1.5.0` out. Two replicas that begin the same rollback at once give it the same name.
public enum ReplicaIncident {
    private static let versionLimit = 60

    public static func id(release: String, fromVersion: String, ordinal: UInt64) -> String {
        let version = fromVersion.prefix(versionLimit).unicodeScalars.map { scalar in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            return isPlain || scalar == "." || scalar == "_" || scalar == "-" ? Character(scalar) : "-"
        }
        return "\(release)-\(String(version))-\(ordinal)"
    }

    /// The ordinal at the end of a name; for `checkout-17` of a daemon without replicas that is 17. 0 without one.
    public static func ordinal(of id: String) -> UInt64 {
        id.lastIndex(of: "-").flatMap { UInt64(id[id.index(after: $0)...]) } ?? 0
    }
}

/// A rollback that another replica began.
public struct PeerRollback: Sendable, Equatable {
    /// Which replica.
    public var replica: String
    /// Its entry of the intent, with the incident's name.
    public var entry: JournalEntry

    public init(replica: String, entry: JournalEntry) {
        self.replica = replica
        self.entry = entry
    }
}
