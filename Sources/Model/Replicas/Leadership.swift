/// Who leads, as far as this replica knows.
public struct Leadership: Sendable, Equatable {
    /// This replica leads.
    public var isHeld: Bool
    /// Until then by the monotonic clock, before the lease ends in the store; meaningless while it is not held.
    public var untilUptimeMs: Int64
    /// Fencing token of the leader's lease; 0 when it is not known.
    public var token: UInt64
    /// Name of the replica that leads; nil when none does, or when the store cannot be read.
    public var leader: String?
    /// What it is the lead of, see ``LeaseScope``.
    public var scope: String

    public init(
        isHeld: Bool = false, untilUptimeMs: Int64 = 0, token: UInt64 = 0, leader: String? = nil,
        scope: String = LeaseScope.leader
    ) {
        self.scope = scope
        self.isHeld = isHeld
        self.untilUptimeMs = untilUptimeMs
        self.token = token
        self.leader = leader
    }
}

/// For the journal: this replica learned that another one leads.
public struct LeaderRecord: Sendable, Equatable, Codable {
    /// Nil when no replica leads, or none that is known.
    public var leader: String?
    /// The replica whose journal this is.
    public var replica: String
    /// Fencing token of the leader's lease; 0 without a leader.
    public var token: UInt64

    /// The shard of a fleet, see ``LeaseScope``; nil for the lead of all replicas.
    public var scope: String?

    public init(leader: String?, replica: String, token: UInt64, scope: String? = nil) {
        self.leader = leader
        self.replica = replica
        self.token = token
        self.scope = scope
    }

    /// `rg-2 leads (token 17)`, `rg-2 leads shard-17 (token 21)`
    public var text: String {
        let what = scope.map { " \($0)" } ?? ""
        guard let leader else {
            return "no replica leads\(what): shares are not raised, threshold rules still roll back"
        }
        return leader == replica
            ? "this replica, \(leader), leads\(what) (token \(token))" : "\(leader) leads\(what) (token \(token))"
    }
}

/// The replicas, for `status` and the metrics.
public struct ReplicasReport: Sendable, Equatable {
    public struct Replica: Sendable, Equatable {
        public var name: String
        public var version: String
        public var isLeader: Bool
        /// The replica that shows this.
        public var isSelf: Bool
        /// Its API; nil when it has no `external_url`.
        public var address: String?
        /// When it last renewed its lease, by its own wall clock.
        public var lastSeenWallMs: Int64
        /// Revision of the centre's manifest that it has in force; nil without a centre.
        public var manifestRevision: Int64?

        public init(
            name: String, version: String, isLeader: Bool = false, isSelf: Bool = false, address: String? = nil,
            lastSeenWallMs: Int64 = 0, manifestRevision: Int64? = nil
        ) {
            self.name = name
            self.version = version
            self.isLeader = isLeader
            self.isSelf = isSelf
            self.address = address
            self.lastSeenWallMs = lastSeenWallMs
            self.manifestRevision = manifestRevision
        }
    }

    /// `etcd:/rollguard-replicas/v1/`
    public var store: String
    /// Those whose leases have not ended, sorted by name; this one is always among them.
    public var replicas: [Replica] = []
    /// Name of the replica that leads; nil when none is known.
    public var leader: String?
    /// Fencing token of the leader's lease; 0 without one.
    public var token: UInt64 = 0
    /// How long this replica may still lead without a renewal, milliseconds; nil while it does not lead.
    public var leaseLeftMs: Int64?
    /// Why the store cannot be used; nil while it can.
    public var problem: String?

    public init(store: String) { self.store = store }
}
