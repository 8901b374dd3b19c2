package import Model
package import Support

/// The daemons that watch the same releases: the answer of `GET /api/v1/replicas`, and a part of the status.
package struct ReplicasDocument: Codable, Sendable, Equatable {
    package struct Replica: Codable, Sendable, Equatable {
        package var name: String
        package var version: String
        /// It may raise shares, leads rollouts, and acts on statistical rules.
        package var leader: Bool
        /// The one that answers.
        package var answers: Bool
        /// Its API; absent without `external_url`.
        package var address: String?
        /// When it last renewed its lease, by its own clock.
        package var lastSeenAt: WallTime
        package var manifestRevision: Int64?

        init(_ replica: ReplicasReport.Replica) {
            name = replica.name
            version = replica.version
            leader = replica.isLeader
            answers = replica.isSelf
            address = replica.address
            lastSeenAt = WallTime(wallMs: replica.lastSeenWallMs)
            manifestRevision = replica.manifestRevision
        }

        enum CodingKeys: String, CodingKey {
            case name, version, leader, answers, address
            case lastSeenAt = "last_seen_at"
            case manifestRevision = "manifest_revision"
        }
    }

    /// `etcd:/rollguard-replicas/v1/`; empty for one daemon alone.
    package var store: String
    /// Those whose leases have not ended, by name.
    package var replicas: [Replica]
    /// Nil when none leads, or none that is known.
    @ExplicitNull package var leader: String?
    /// Fencing token of the leader's lease; 0 without one.
    package var token: UInt64
    /// How long the answering replica may still lead without a renewal; absent while it does not lead.
    package var leaseLeftMs: Int64?
    /// Why the store cannot be used; absent while it can.
    package var problem: String?

    /// - Parameter report: nil for one daemon alone.
    package init(_ report: ReplicasReport?) {
        store = report?.store ?? ""
        replicas = report?.replicas.map(Replica.init) ?? []
        leader = report?.leader
        token = report?.token ?? 0
        leaseLeftMs = report?.leaseLeftMs
        problem = report?.problem
    }

    enum CodingKeys: String, CodingKey {
        case store, replicas, leader, token, problem
        case leaseLeftMs = "lease_left_ms"
    }
}
