import Leases
import Model
import Testing

@testable import Daemon

/// What a member does with what it sees.
struct FleetDeskTests {
    private static func member(_ name: String, watched: Set<Int> = [], ready: Set<Int> = []) -> FleetDesk.Member {
        var member = FleetDesk.Member(name: name)
        (member.watched, member.ready) = (watched, ready)
        return member
    }

    /// Of `a`, with one shard that is assigned to these members.
    private static func desk(_ assigned: [String], _ members: [FleetDesk.Member]) -> FleetDesk {
        var desk = FleetDesk(name: "a", count: 1)
        desk.assigned = [assigned]
        desk.members = members
        return desk
    }

    @Test func anAssignedShardIsWatched() {
        #expect(Self.desk(["a", "b"], [Self.member("a")]).wanted(pinned: []) == [0])
        #expect(Self.desk(["b"], [Self.member("a")]).wanted(pinned: []) == [])
    }

    @Test func aShardIsKeptUntilItsMembersAreReadyAndOneOfThemLeads() {
        var desk = Self.desk(
            ["b", "c"], [Self.member("a", watched: [0], ready: [0]), Self.member("b"), Self.member("c")])
        desk.leaders[0] = "b"
        #expect(desk.wanted(pinned: []) == [0])
        desk.members[1] = Self.member("b", watched: [0], ready: [0])
        #expect(desk.wanted(pinned: []) == [0])
        desk.members[2] = Self.member("c", watched: [0], ready: [0])
        #expect(desk.wanted(pinned: []) == [])
        desk.leaders[0] = nil
        #expect(desk.wanted(pinned: []) == [0])
        desk.leaders[0] = "b"
        #expect(desk.wanted(pinned: [0]) == [0])
    }

    @Test func aShardOfMembersThatAreAllGoneIsKept() {
        var desk = Self.desk(["b", "c"], [Self.member("a", watched: [0])])
        desk.leaders[0] = "b"
        #expect(desk.wanted(pinned: []) == [0])
    }

    /// The one with evidence first; the next ones wait a second each.
    @Test func candidatesForAVacantLeadWaitInTheirOrder() {
        let others = [Self.member("b", watched: [0], ready: [0]), Self.member("c", watched: [0])]
        var desk = Self.desk(["a", "b", "c"], [Self.member("a", watched: [0])] + others)
        #expect(desk.leadsToTake(atUptimeMs: 5_000) == [])
        #expect(desk.leadsToTake(atUptimeMs: 5_999) == [])
        #expect(desk.leadsToTake(atUptimeMs: 6_000) == [0])
        desk.members[0] = Self.member("a", watched: [0], ready: [0])
        #expect(desk.leadsToTake(atUptimeMs: 6_001) == [0])
        desk.leaders[0] = "b"
        #expect(desk.leadsToTake(atUptimeMs: 60_000) == [])
        desk.leaders[0] = nil
        desk.members[0].isCurrent = false
        #expect(desk.leadsToTake(atUptimeMs: 70_000) == [])
        #expect(desk.leadsToTake(atUptimeMs: 72_000) == [0])
    }

    /// Its releases are not in the kernel yet.
    @Test func noLeadIsTakenOfWhatIsNotWatched() {
        var desk = Self.desk(["a"], [Self.member("a")])
        #expect(desk.leadsToTake(atUptimeMs: 5_000) == [] && desk.leadsToTake(atUptimeMs: 50_000) == [])
    }

    @Test func anOwnerGivesItsLeadBackWhenTheFirstOfTheListIsReady() {
        var desk = Self.desk(["b", "a"], [Self.member("a", watched: [0], ready: [0]), Self.member("b", watched: [0])])
        desk.held = [0]
        #expect(desk.leadsToDrop(atUptimeMs: 0) == [])
        desk.members[1].ready = [0]
        #expect(desk.leadsToDrop(atUptimeMs: 0) == [0])
        desk.members[1].isCurrent = false
        #expect(desk.leadsToDrop(atUptimeMs: 0) == [])
        desk.members.remove(at: 1)
        #expect(desk.leadsToDrop(atUptimeMs: 0) == [])
    }

    /// At once when an operator keeps it there, and else after a while: members take a configuration up one after the other.
    @Test func anOwnerWithAnOlderConfigurationGivesItsLeadToAStandby() {
        var desk = Self.desk(["a", "b"], [Self.member("a", watched: [0], ready: [0]), Self.member("b", watched: [0])])
        desk.held = [0]
        desk.isBraked = true
        #expect(desk.leadsToDrop(atUptimeMs: 0) == [])
        desk.members[0].isCurrent = false
        #expect(desk.leadsToDrop(atUptimeMs: 1_000) == [])
        desk.members[1].ready = [0]
        #expect(desk.leadsToDrop(atUptimeMs: 1_001) == [0])
        desk.isBraked = false
        #expect(desk.leadsToDrop(atUptimeMs: 60_999) == [])
        #expect(desk.leadsToDrop(atUptimeMs: 61_000) == [0])
        desk.members[1].isCurrent = false
        #expect(desk.leadsToDrop(atUptimeMs: 62_000) == [])
        desk.members[0].isCurrent = true
        desk.members[1].isCurrent = true
        #expect(desk.leadsToDrop(atUptimeMs: 63_000) == [])
    }

    /// The others are given the time to take it first.
    @Test func aMemberThatCannotReadTheDocumentsIsTheLastCandidate() {
        let members = [Self.member("a", watched: [0], ready: [0]), Self.member("b", watched: [0], ready: [0])]
        var desk = Self.desk(["a", "b"], members)
        desk.mayLead = false
        #expect(desk.leadsToTake(atUptimeMs: 5_000) == [])
        #expect(desk.leadsToTake(atUptimeMs: 6_999) == [])
        #expect(desk.leadsToTake(atUptimeMs: 7_000) == [0])
    }

    @Test func aShardIsSteadyWhenItsFirstMemberLeadsAndAllAreReady() {
        let ready = [Self.member("a", watched: [0], ready: [0]), Self.member("b", watched: [0], ready: [0])]
        var desk = Self.desk(["b", "a"], ready)
        #expect(desk.state(0) == .moving)
        desk.leaders[0] = "b"
        #expect(desk.state(0) == .steady && desk.standbys(0) == ["a"])
        desk.members = [Self.member("a"), Self.member("b")]
        #expect(desk.state(0) == .unwatched && desk.standbys(0) == [])
    }

    @Test func aShardIsReadyAfterTheLongestWindowOfItsReleases() {
        let map = FleetMap(FleetFixture.plan(["checkout", "search"]), count: 1)
        var readiness = FleetReadiness()
        readiness.watch(["checkout"], atUptimeMs: 1_000)
        readiness.watch(["checkout", "search"], atUptimeMs: 3_000)
        #expect(readiness.ready(map, watched: [0], atUptimeMs: 3_000 + FleetFixture.warmMs - 1) == [])
        #expect(readiness.ready(map, watched: [0], atUptimeMs: 3_000 + FleetFixture.warmMs) == [0])
        readiness.watch([], atUptimeMs: 20_000)
        readiness.watch(["checkout", "search"], atUptimeMs: 20_000)
        #expect(readiness.ready(map, watched: [0], atUptimeMs: 20_000) == [])
    }
}

/// When another assignment is written.
struct FleetCoordinatorTests {
    private static func next(
        _ coordinator: inout FleetCoordinator, _ current: FleetAssignmentDocument?, _ names: [String], at now: Int64
    ) -> FleetAssignmentDocument? {
        coordinator.next(
            current, members: names.map { FleetMember(name: $0) }, weights: [1, 1, 1, 1, 1, 1], copies: 2,
            ttlMs: 10_000,
            atUptimeMs: now)
    }

    /// An assignment that nothing has to be changed of.
    private static func settled(_ names: [String]) throws -> FleetAssignmentDocument {
        var (coordinator, current) = (FleetCoordinator(), FleetAssignmentDocument?.none)
        for round in 0..<10 { current = next(&coordinator, current, names, at: Int64(round)) ?? current }
        return try #require(current)
    }

    @Test func aNewMemberIsWaitedForInTwoRounds() throws {
        let current = try Self.settled(["a", "b"])
        var coordinator = FleetCoordinator()
        #expect(Self.next(&coordinator, current, ["a", "b"], at: 0) == nil)
        #expect(Self.next(&coordinator, current, ["a", "b", "c"], at: 1_000) == nil)
        let next = try #require(Self.next(&coordinator, current, ["a", "b", "c"], at: 2_000))
        #expect(next.number == current.number + 1 && next.shards.joined().contains("c"))
    }

    @Test func aMemberThatIsGoneIsReplaced() throws {
        let current = try Self.settled(["a", "b", "c"])
        var coordinator = FleetCoordinator()
        #expect(Self.next(&coordinator, current, ["a", "c"], at: 0) == nil)
        #expect(Self.next(&coordinator, current, ["a", "b", "c"], at: 3_000) == nil)
        let next = try #require(Self.next(&coordinator, current, ["a", "c"], at: 4_000))
        #expect(!next.shards.joined().contains("b") && next.shards.allSatisfy { $0.count == 2 })
    }

    /// After the store was away all sessions have ended, and the members return one after the other.
    @Test func halfOfTheMembersAreWaitedForWhenTheyAreGoneAtOnce() throws {
        let current = try Self.settled(["a", "b", "c", "d"])
        var coordinator = FleetCoordinator()
        #expect(Self.next(&coordinator, current, ["a"], at: 0) == nil)
        #expect(Self.next(&coordinator, current, ["a", "b"], at: 9_999) == nil)
        #expect(Self.next(&coordinator, current, ["a", "b"], at: 10_000) != nil)
    }
}
