/// Replicas that share their releases out among themselves: none of them watches all.
public struct FleetPlan: Sendable, Equatable {
    /// Members that watch each release, 1 to 3: the owner leads it, the others have evidence of their own and take over.
    public var copies = 2
    /// In how many parts the releases are shared out, 1 to 256; the same in all members, for the life of the lease store's place.
    public var shards = 64
    /// Targets that this member may watch; nil for no limit.
    public var capacity: Int?

    public init(copies: Int = 2, shards: Int = 64, capacity: Int? = nil) {
        (self.copies, self.shards, self.capacity) = (copies, shards, capacity)
    }
}

/// A replica of a fleet, for the assignment.
public struct FleetMember: Sendable, Equatable {
    public var name: String
    /// Targets that it may watch; nil for no limit.
    public var capacity: Int?

    public init(name: String, capacity: Int? = nil) { (self.name, self.capacity) = (name, capacity) }
}
