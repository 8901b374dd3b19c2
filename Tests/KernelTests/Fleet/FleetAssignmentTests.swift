import Foundation
import Model
import Support
import Testing

/// The laws of the assignment, over drawn histories of a fleet.
@Suite("The assignment of a fleet")
struct FleetAssignmentTests {
    /// `ROLLGUARD_FLEET_HISTORIES` asks for more.
    private static let histories =
        UInt64(ProcessInfo.processInfo.environment["ROLLGUARD_FLEET_HISTORIES"] ?? "") ?? 60

    @Test(arguments: 0..<histories) func keepsItsLawsOverAHistory(_ seed: UInt64) {
        var history = FleetHistory(seed: seed, hasCapacities: false)
        for step in 0..<12 {
            history.change()
            #expect(history.broken.isEmpty, "seed \(seed), step \(step): \(history.broken.prefix(3))")
            guard history.broken.isEmpty else { return }
        }
    }

    @Test(arguments: 0..<histories) func keepsItsLawsWithCapacities(_ seed: UInt64) {
        var history = FleetHistory(seed: seed &+ 1_000_000, hasCapacities: true)
        for step in 0..<12 {
            history.change()
            #expect(history.broken.isEmpty, "seed \(seed), step \(step): \(history.broken.prefix(3))")
            guard history.broken.isEmpty else { return }
        }
    }

    private static func next(
        _ current: FleetAssignment?, _ members: [String], _ weights: [Int], copies: Int = 2, capacity: Int? = nil
    ) -> (assignment: FleetAssignment, isOverloaded: Bool) {
        FleetAssignment.next(
            current, members: members.map { FleetMember(name: $0, capacity: capacity) }, weights: weights,
            copies: copies)
    }

    @Test func withoutMembersNothingIsWatched() {
        let (empty, isOverloaded) = Self.next(nil, [], [5, 7])
        #expect(empty == FleetAssignment(number: 1, shards: [[], []]) && !isOverloaded)
        #expect(Self.next(empty, ["a"], [5, 7]).assignment == FleetAssignment(number: 2, shards: [["a"], ["a"]]))
    }

    @Test func theNumberGrowsWithChangesAlone() {
        let weights = Array(repeating: 10, count: 16)
        let first = Self.next(nil, ["a", "b", "c"], weights).assignment
        #expect(Self.next(first, ["c", "a", "b", "a"], weights).assignment == first)
        let second = Self.next(first, ["a", "b"], weights).assignment
        #expect(second.number == 2 && second.shards != first.shards)
    }

    @Test func anotherNumberOfShardsBeginsAgain() {
        let first = Self.next(nil, ["a", "b"], [1, 2, 3]).assignment
        let second = Self.next(first, ["a", "b"], [1, 2]).assignment
        #expect(second.shards.count == 2 && second.number == 2)
    }

    @Test func aLeaderThatDiesIsFollowedByItsStandby() {
        let weights = Array(repeating: 10, count: 32)
        let before = Self.next(nil, ["a", "b", "c"], weights).assignment
        let after = Self.next(before, ["a", "c"], weights).assignment
        for shard in before.owned(by: "b") {
            #expect(after.shards[shard].first == before.shards[shard][1])
        }
        #expect(before.owned(by: "b").count > 5)
    }

    /// The copies give way first, and then the capacity; nothing is left unwatched.
    @Test func anOverloadedFleetWatchesEverythingOnce() {
        let weights = Array(repeating: 100, count: 10)
        let room = Self.next(nil, ["a", "b"], weights, capacity: 1_000)
        #expect(!room.isOverloaded && room.assignment.shards.allSatisfy { $0.count == 2 })
        let tight = Self.next(room.assignment, ["a", "b"], weights, capacity: 700)
        #expect(tight.isOverloaded && tight.assignment.shards.allSatisfy { !$0.isEmpty })
        #expect(tight.assignment.shards(of: "a").count == 7 && tight.assignment.shards(of: "b").count == 7)
        let over = Self.next(tight.assignment, ["a"], weights, capacity: 700)
        #expect(over.isOverloaded && over.assignment.shards == Array(repeating: ["a"], count: 10))
    }

    /// Copies make room for a shard that is watched by none.
    @Test func copiesGiveWayToWhatIsUnwatched() {
        let weights = [100, 100, 100, 100]
        let before = FleetAssignment(number: 1, shards: [["a", "b"], ["b", "a"], ["c"], ["c"]])
        let after = Self.next(before, ["a", "b"], weights, capacity: 200)
        #expect(after.isOverloaded && after.assignment.shards.allSatisfy { $0.count == 1 })
    }

    @Test func aReleaseOfTenThousandTargetsIsSharedOutWithTheRest() {
        var weights = Array(repeating: 350, count: 255)
        weights.append(10_000)
        let members = (1...7).map { "rg-\($0)" }
        let assignment = Self.next(nil, members, weights).assignment
        let loads = members.map { name in assignment.shards(of: name).reduce(0) { $0 + weights[$1] } }
        let average = loads.reduce(0, +) / 7
        #expect(loads.allSatisfy { $0 * 100 <= average * 110 && $0 * 100 >= average * 90 }, "\(loads)")
    }

    /// A member that has just come owns nothing; when it has evidence it does.
    @Test func aNewMemberOwnsFromTheNextCallOn() {
        let weights = Array(repeating: 10, count: 64)
        let before = Self.next(nil, ["a", "b", "c"], weights).assignment
        let joined = Self.next(before, ["a", "b", "c", "d"], weights).assignment
        #expect(joined.owned(by: "d").isEmpty && joined.shards(of: "d").count > 20)
        let settled = Self.next(joined, ["a", "b", "c", "d"], weights).assignment
        #expect(settled.owned(by: "d").count > 8)
        #expect(settled.shards.map { $0.sorted() } == joined.shards.map { $0.sorted() })
    }
}
