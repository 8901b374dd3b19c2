/// Which members of a fleet watch each shard. The first member of a list is the owner-to-be, the others are its standbys.
public struct FleetAssignment: Sendable, Equatable {
    /// Grows with each change.
    public var number: UInt64
    /// By shard: the names of its members in order of preference.
    public var shards: [[String]]

    public init(number: UInt64, shards: [[String]]) { (self.number, self.shards) = (number, shards) }

    /// A member's load may be so much above or below its share before shards are moved because of it: a tenth.
    public static let slackPercent = 10

    /// The assignment after members came or went, or weights changed. A pure function of its arguments; the order of the members
    /// does not matter.
    ///
    /// - Every shard has a member while there is one, and `copies` of them where there are enough with room for it.
    /// - A member that watches a shard continues to, unless its load is more than ``slackPercent`` above its share or above its
    ///   capacity, or another's is as much below its share. Then as few shards as possible move.
    /// - A member that comes to a shard is never preferred to one that watches it already and has evidence.
    /// - The owners' loads are evened out among those that watch already, so a new member owns shards from the next call on.
    ///
    /// - Parameters:
    ///   - current: nil for the first one; one with another number of shards counts as none.
    ///   - weights: targets by shard; at least one shard. A member watches the targets of each shard in whose list it is.
    ///   - copies: members that watch each shard, at least 1.
    /// - Returns: `isOverloaded` when some shard has fewer copies than there are members for, for want of room, or some member
    ///   has more targets than its capacity.
    public static func next(
        _ current: FleetAssignment?, members: [FleetMember], weights: [Int], copies: Int
    ) -> (assignment: FleetAssignment, isOverloaded: Bool) {
        let known = current.flatMap { $0.shards.count == weights.count ? $0 : nil }
        var balance = FleetBalance(known?.shards, members: members, weights: weights, copies: copies)
        balance.settle()
        balance.chooseOwners()
        let shards = balance.lists
        let isSame = shards == current?.shards
        let number = (current?.number ?? 0) + (isSame ? 0 : 1)
        return (FleetAssignment(number: number, shards: shards), balance.isOverloaded)
    }

    /// The shards in whose lists the member is.
    public func shards(of member: String) -> [Int] { shards.indices.filter { shards[$0].contains(member) } }

    /// The shards that the member is to lead.
    public func owned(by member: String) -> [Int] { shards.indices.filter { shards[$0].first == member } }
}
