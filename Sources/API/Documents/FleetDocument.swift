package import Model

/// The members of a fleet, and where each release is: the answer of `GET /api/v1/fleet`.
package struct FleetDocument: Codable, Sendable, Equatable {
    package struct Member: Codable, Sendable, Equatable {
        package var name: String
        /// Its API; absent without `external_url`.
        package var address: String?
        /// The one that answers.
        package var answers: Bool
        /// It writes the assignment.
        package var coordinates: Bool
        /// That it watches now.
        package var targets: Int
        /// Targets that it may watch; absent without a limit.
        package var capacity: Int?
        /// Numbers of releases.
        package var leads: Int
        package var watches: Int
        /// Of the watched ones, those of which it has evidence enough to lead them.
        package var ready: Int

        init(_ member: FleetReport.Member) {
            name = member.name
            address = member.address
            answers = member.isSelf
            coordinates = member.isCoordinator
            targets = member.targets
            capacity = member.capacity
            leads = member.leads
            watches = member.watches
            ready = member.ready
        }
    }

    package struct Shard: Codable, Sendable, Equatable {
        package var shard: Int
        /// By name; empty for a shard without releases.
        package var releases: [String]
        /// The member that leads it; nil while none does.
        @ExplicitNull package var owner: String?
        /// The others that watch it.
        package var standbys: [String]
        /// `steady`, `moving` or `unwatched`.
        package var state: String

        init(_ shard: FleetReport.Shard) {
            self.shard = shard.index
            releases = shard.releases
            owner = shard.owner
            standbys = shard.standbys
            state = shard.state.rawValue
        }
    }

    /// By name; empty without a fleet.
    package var members: [Member]
    package var shards: [Shard]
    /// Members that watch each release where there are enough.
    package var copies: Int
    /// Number of the assignment in force; 0 before the first.
    package var assignment: UInt64
    /// The targets are more than the members may watch.
    package var overloaded: Bool
    /// Why the member that answers takes no part; absent while it does.
    package var problem: String?

    /// - Parameter report: nil without a fleet.
    package init(_ report: FleetReport?) {
        members = report?.members.map(Member.init) ?? []
        shards = report?.shards.map(Shard.init) ?? []
        copies = report?.copies ?? 0
        assignment = report?.assignment ?? 0
        overloaded = report?.isOverloaded ?? false
        problem = report?.problem
    }
}

/// The fleet in short, in the status.
package struct FleetSummary: Codable, Sendable, Equatable {
    /// Number of members.
    package var members: Int
    /// Of the whole configuration.
    package var releases: Int
    /// Those of them that the member that answers leads, and watches.
    package var leads: Int
    package var watches: Int
    /// Numbers of shards that move, and that no member watches; those without releases are not counted.
    package var moving: Int
    package var unwatched: Int
    /// The targets are more than the members may watch.
    package var overloaded: Bool
    /// Why the member that answers takes no part; absent while it does.
    package var problem: String?

    package init(_ report: FleetReport) {
        let own = report.members.first(where: \.isSelf)?.name ?? ""
        func releases(_ isMeant: (FleetReport.Shard) -> Bool) -> Int {
            report.shards.reduce(0) { $0 + (isMeant($1) ? $1.releases.count : 0) }
        }
        func shards(_ state: FleetReport.State) -> Int {
            report.shards.count { $0.state == state && !$0.releases.isEmpty }
        }
        members = report.members.count
        self.releases = releases { _ in true }
        leads = releases { $0.owner == own }
        watches = releases { $0.owner == own || $0.standbys.contains(own) }
        (moving, unwatched) = (shards(.moving), shards(.unwatched))
        overloaded = report.isOverloaded
        problem = report.problem
    }
}
