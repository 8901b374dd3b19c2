import Leases
import Model

/// When the coordinator of a fleet writes another assignment. Pure: the caller says what time it is.
struct FleetCoordinator: Sendable, Equatable {
    /// Views in which a new member has to be before it gets shards.
    private static let roundsOfJoin = 2
    /// After this member began to coordinate: others whose sessions ended like that of the coordinator before return meanwhile.
    private static let settleMs: Int64 = 3_000

    /// In how many views in a row a member has been.
    private var rounds: [String: Int] = [:]
    /// Since when this member coordinates, by the monotonic clock.
    private var sinceUptimeMs: Int64?

    /// This member does not coordinate.
    mutating func rest() {
        rounds = [:]
        sinceUptimeMs = nil
    }

    /// - Parameters:
    ///   - current: nil before the first assignment.
    ///   - weights: targets by shard.
    ///   - ttlMs: of the leases: when half of the members are gone at once, the store was away, and they have so long to return.
    /// - Returns: nil while nothing has to change.
    mutating func next(
        _ current: FleetAssignmentDocument?, members: [FleetMember], weights: [Int], copies: Int, ttlMs: Int64,
        atUptimeMs now: Int64
    ) -> FleetAssignmentDocument? {
        let since = sinceUptimeMs ?? now
        sinceUptimeMs = since
        var counted: [String: Int] = [:]
        for member in members { counted[member.name] = (rounds[member.name] ?? 0) + 1 }
        rounds = counted
        let known = Set((current?.shards ?? []).flatMap(\.self))
        let usable = members.filter {
            known.contains($0.name) || rounds[$0.name] ?? 0 >= FleetCoordinator.roundsOfJoin
        }
        let missing = known.count - usable.count { known.contains($0.name) }
        let waitMs = missing == 0 ? 0 : 2 * missing < known.count ? FleetCoordinator.settleMs : ttlMs
        guard !usable.isEmpty, now - since >= waitMs else { return nil }
        let (assignment, isOverloaded) = FleetAssignment.next(
            current.map { FleetAssignment(number: $0.number, shards: $0.shards) }, members: usable, weights: weights,
            copies: copies)
        guard assignment.shards != current?.shards || isOverloaded != current?.overloaded else { return nil }
        return FleetAssignmentDocument(
            number: (current?.number ?? 0) + 1, overloaded: isOverloaded, shards: assignment.shards)
    }
}
