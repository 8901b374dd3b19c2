import Foundation
import Model
import Support
import Testing

@testable import Kernel

@Suite("A fleet")
struct FleetTests {
    /// All releases are led, and their rollouts are begun.
    private static func led(members: Int = 3, copies: Int = 2) -> FleetWorld {
        var world = FleetWorld(members: members, copies: copies)
        begin(&world)
        return world
    }

    private static func begin(_ world: inout FleetWorld) {
        world.run(seconds: 22)
        for release in world.plan.releases.indices {
            if let owner = world.owner(release) { _ = world.order(.begin(KernelHarness.next), release, to: owner) }
        }
    }

    /// Its canaries have a tenth of the traffic, of which a rule needs six seconds.
    private static func resting(members: Int, copies: Int) -> FleetWorld {
        var world = FleetWorld(members: members, copies: copies, rules: [.errorRate(minRequests: 1_200)]) { rollout in
            rollout.steps = [1_000, 10_000].map { StepPlan(basisPoints: $0) }
            rollout.steps[0].minMs = 10_000_000
        }
        begin(&world)
        return world
    }

    @Test func everyReleaseIsLedByOneMemberThatTakesItsOrders() throws {
        var world = FleetWorld()
        world.run(seconds: 22)
        world.checkRest()
        for release in world.plan.releases.indices {
            let owner = try #require(world.owner(release))
            let standby = try #require(world.nodes.indices.first { $0 != owner && world.view(release, of: $0) != nil })
            let other = try #require(world.nodes.indices.first { world.view(release, of: $0) == nil })
            let refused = world.order(.begin(KernelHarness.next), release, to: standby)
            #expect(refused.outcome == .refused(.notLeader) && refused.text.contains(world.nodes[owner].name))
            #expect(world.order(.begin(KernelHarness.next), release, to: other).outcome == .refused(.notFound))
            #expect(world.order(.begin(KernelHarness.next), release, to: owner).outcome == .accepted)
        }
        world.run(seconds: 30)
        #expect(world.shares.allSatisfy { $0 > 0 })
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// The lead of one shard says nothing of the releases of another one.
    @Test func aLeadIsThatOfItsShard() throws {
        var world = FleetWorld(members: 1, copies: 1)
        world.run(seconds: 22)
        let away = world.shard(0)
        world.send(.leadership(Leadership(token: 900, leader: "rg-9", scope: LeaseScope.shard(away))), to: 0)
        for release in world.plan.releases.indices {
            let answer = world.order(.begin(KernelHarness.next), release, to: 0)
            let isAway = world.shard(release) == away
            #expect(answer.outcome == (isAway ? .refused(.notLeader) : .accepted), "\(answer.text)")
        }
        #expect(Set(world.plan.releases.indices.map(world.shard)).count > 1)
        let record = world.nodes[0].journal.last { entry in
            if case .leaderChanged = entry.event { true } else { false }
        }
        #expect(record?.event.text == "rg-9 leads \(LeaseScope.shard(away)) (token 900)")
    }

    /// The coordinator's lead is no release's.
    @Test func theLeadOfTheFleetGivesNoRights() throws {
        let node = FleetWorld(members: 1).nodes[0]
        var state = try #require(node.kernel.replicas)
        state.take(Leadership(isHeld: true, untilUptimeMs: .max, token: 5, leader: "rg-1"))
        let rights = state.rights(at: Moment(uptimeMs: 1, wallMs: 1))
        #expect(!rights.leads("service-0") && !rights.leads("service-1"))
    }

    @Test func aDeadOwnersReleasesAreContinuedByTheirStandbys() throws {
        var world = Self.led()
        world.run(seconds: 30)
        let owner = try #require(world.owner(0))
        let share = world.shares[0]
        let sick = try #require(world.plan.releases.indices.first { world.owner($0) == owner })
        world.nodes[owner].isAlive = false
        world.sick.insert(sick)
        // The standby has a full window of its own, and waits for no lease.
        world.run(seconds: 12)
        #expect(world.shares[sick] == 0)
        world.run(seconds: 100)
        #expect(sick == 0 || world.shares[0] > share)
        for release in world.plan.releases.indices { #expect(world.owner(release) != nil) }
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// A member joins, gets shards, and leads them when it has a full window; the one before watches until then. A canary that
    /// turns sick just after the lead has changed is found as early as if nothing had moved.
    @Test(arguments: [1, 2], [false, true])
    func aPlannedMoveKeepsTheWindows(_ copies: Int, _ isDefect: Bool) throws {
        guard !isDefect || copies == 1 else { return }
        var moved = Self.resting(members: copies, copies: copies)
        moved.run(seconds: 15)
        var still = moved
        moved.defect = isDefect ? .givesBackAtOnce : nil
        moved.join()
        let release = try #require(movedRelease(&moved), "nothing moved")
        still.run(seconds: Int(moved.nowMs - still.nowMs) / 1_000)
        moved.sick.insert(release)
        still.sick.insert(release)
        let (seconds, wanted) = (Self.secondsUntilOut(&moved, release), Self.secondsUntilOut(&still, release))
        #expect(isDefect ? seconds > wanted : seconds == wanted, "\(seconds) s, and \(wanted) s without a move")
        #expect(moved.owner(release) == copies, "the new member leads it")
        #expect(moved.broken.isEmpty, "\(moved.broken)")
    }

    /// The first release that the last member leads, as soon as the owner before does not watch it any more, or is its standby.
    private func movedRelease(_ world: inout FleetWorld) -> Int? {
        let last = world.nodes.count - 1
        for _ in 0..<60 {
            world.second()
            let moved = world.plan.releases.indices.first { release in
                let watchers = world.nodes.indices.filter { world.view(release, of: $0) != nil }
                return world.owner(release) == last && watchers.count == world.copies && world.shares[release] > 0
            }
            if let moved { return moved }
        }
        return nil
    }

    private static func secondsUntilOut(_ world: inout FleetWorld, _ release: Int) -> Int {
        for second in 0..<60 {
            if world.shares[release] == 0 { return second }
            world.second()
        }
        return 60
    }

    /// A release leaves this member with its latch, is rearmed elsewhere, and comes back.
    @Test func aRearmElsewhereHoldsWhenTheReleaseComesBack() throws {
        var world = Self.led(members: 1, copies: 1)
        world.run(seconds: 40)
        for release in world.plan.releases.indices { world.sick.insert(release) }
        world.run(seconds: 40)
        #expect(world.shares.allSatisfy { $0 == 0 })
        world.sick = []
        world.join()
        world.run(seconds: 40)
        let moved = try #require(world.plan.releases.indices.first { world.owner($0) == 1 })
        let name = world.plan.releases[moved].name
        #expect(world.view(moved, of: 0) == nil && world.view(moved, of: 1)?.phase == .rolledBack)
        #expect(world.command(.rearm(release: name), to: 1).isAccepted)
        world.run(seconds: 3)
        world.leave(1)
        world.latched = []
        world.run(seconds: 20)
        #expect(world.owner(moved) == 0)
        #expect(world.view(moved, of: 0)?.phase == .idle)
        let kept = try #require(world.plan.releases.indices.first { world.shard($0) != world.shard(moved) })
        #expect(world.view(kept, of: 0)?.phase == .rolledBack)
        #expect(world.order(.begin(KernelHarness.next), moved, to: 0).outcome == .accepted)
        world.run(seconds: 60)
        #expect(world.shares[moved] > 0)
        #expect(world.broken.filter { !$0.contains("after a rollback") }.isEmpty, "\(world.broken)")
    }

    /// A release leaves this member healthy, is rolled back elsewhere, and comes back: its latch holds before the router is
    /// called.
    @Test func aRollbackElsewhereHoldsWhenTheReleaseComesBack() throws {
        var world = Self.led(members: 1, copies: 1)
        world.join()
        world.run(seconds: 30)
        let moved = try #require(world.plan.releases.indices.first { world.owner($0) == 1 })
        #expect(world.view(moved, of: 0) == nil && world.shares[moved] > 0)
        world.sick.insert(moved)
        world.run(seconds: 30)
        #expect(world.shares[moved] == 0)
        let calls = world.applied.count
        world.sick = []
        world.leave(1)
        for _ in 0..<60 where world.view(moved, of: 0) == nil { world.second() }
        #expect(world.view(moved, of: 0)?.phase == .rolledBack)
        #expect(!world.applied.dropFirst(calls).contains { $0.release == moved && $0.by == 0 })
        world.run(seconds: 60)
        #expect(world.owner(moved) == 0 && world.shares[moved] == 0)
        #expect(world.view(moved, of: 0)?.phase == .rolledBack)
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// Two rollbacks were rearmed elsewhere; the document has the last one only.
    @Test func anOlderLatchIsOverWhenALaterRollbackWasRearmed() throws {
        var world = FleetWorld(members: 1, copies: 1)
        world.run(seconds: 22)
        _ = world.order(.begin(KernelHarness.next), 0, to: 0)
        world.run(seconds: 40)
        world.sick = [0]
        world.run(seconds: 40)
        let name = world.plan.releases[0].name
        let first = try #require(world.store.document(of: name))
        #expect(first.ordinal == 1 && world.view(0, of: 0)?.phase == .rolledBack)
        // The same entries under a later name, and rearmed.
        var later = first
        (later.token, later.ordinal) = (first.token + 10, 2)
        later.entries = first.entries.map { entry in
            var entry = entry
            entry.incident = entry.incident.map { $0.hasSuffix("-1") ? String($0.dropLast(2)) + "-2" : $0 }
            return entry
        }
        let id = later.entries.compactMap(\.incident).last { $0.hasSuffix("-2") }
        later.entries.append(
            JournalEntry(
                sequence: 9_000, wallMs: 0, release: name, incident: id, event: .rearmed(by: "ada", reason: "fixed")))
        world.send(.leadership(Leadership(token: 99, leader: "rg-9", scope: world.shards.scope(of: name))), to: 0)
        world.send(.handedOver(later), to: 0)
        #expect(world.view(0, of: 0)?.phase == .idle)
    }

    /// A release leaves in the middle of a rollback, which others end and rearm; the version is begun again before it comes back.
    @Test func anOpenRollbackIsOverWhenOthersHaveEndedIt() throws {
        var world = FleetWorld(members: 1, copies: 1)
        world.run(seconds: 22)
        _ = world.order(.begin(KernelHarness.next), 0, to: 0)
        world.run(seconds: 40)
        let name = world.plan.releases[0].name
        var later = try #require(world.store.document(of: name))
        world.sick = [0]
        for _ in 0..<30 where world.view(0, of: 0)?.phase != .rollingBack { world.second() }
        #expect(world.view(0, of: 0)?.phase == .rollingBack)
        var without = world.plan
        without.releases.removeFirst()
        world.send(.leadership(Leadership(token: 90, leader: "rg-9", scope: world.shards.scope(of: name))), to: 0)
        world.send(.reload(without), to: 0)
        world.send(.reload(world.plan), to: 0)
        #expect(world.view(0, of: 0)?.phase == .rollingBack, "nothing is known of it yet")
        (later.token, later.ordinal) = (90, 1)
        let calls = world.applied.count
        world.send(.handedOver(later), to: 0)
        #expect(world.view(0, of: 0)?.phase == .idle && world.applied.count == calls)
    }

    /// A member that leads all shards, and has never watched the first release.
    private static func stranger(_ world: FleetWorld, _ now: Moment) -> Kernel {
        var without = world.plan
        without.releases.removeFirst()
        var kernel = Kernel(
            plan: without, journalIdentity: "rg-9", seed: 7,
            replica: ReplicaIdentity(name: "rg-9", group: "test", shards: world.shards), at: now)
        for shard in 0..<world.shards.count {
            let lead = Leadership(
                isHeld: true, untilUptimeMs: .max, token: 900, leader: "rg-9", scope: LeaseScope.shard(shard))
            _ = kernel.step(.leadership(lead), at: now)
        }
        return kernel
    }

    /// A release whose version was rolled back, and what was handed over of it.
    private static func rolledBack() throws -> (world: FleetWorld, document: HandoverDocument) {
        var world = led(members: 1, copies: 1)
        world.run(seconds: 40)
        world.sick = [0]
        world.run(seconds: 40)
        #expect(world.view(0, of: 0)?.phase == .rolledBack)
        let document = try #require(world.store.document(of: "service-0"))
        return (world, document)
    }

    /// A reload brings a release into a scope that is led already: what another member has handed over holds, and is
    /// published under the lead of now.
    @Test func aReleaseThatComesIntoALedScopeTakesInWhatWasHandedOver() throws {
        let (world, document) = try Self.rolledBack()
        let now = world.moment(world.nodes[0])
        var kernel = Self.stranger(world, now)
        _ = kernel.step(.reload(world.plan), at: now)
        let effects = kernel.step(.handedOver(document), at: now)
        let release = try #require(kernel.snapshot(at: now).releases.first { $0.name == "service-0" })
        #expect(release.phase == .rolledBack)
        #expect(release.rollout?.deployment == world.view(0, of: 0)?.rollout?.deployment)
        #expect(release.rollout?.deployment.failed.isEmpty == false)
        let published = effects.compactMap { effect -> HandoverDocument? in
            if case .publish(let document) = effect { document } else { nil }
        }
        #expect(published.last?.token == 900 && published.last?.isNewer(than: document) == true)
        #expect(published.last?.entries.isEmpty == false)
    }

    /// What it does with the release as its leader is newer than any document of a leader before.
    @Test func aLeaderThatHasBegunTakesInNoOlderDocument() throws {
        let (world, document) = try Self.rolledBack()
        let now = world.moment(world.nodes[0])
        var kernel = Self.stranger(world, now)
        _ = kernel.step(.reload(world.plan), at: now)
        _ = kernel.step(.cycleEnded(release: "service-0"), at: now)
        let command = Command.rollback(release: "service-0", toVersion: nil, evenContracted: false)
        #expect(kernel.command(command, by: "ada", reason: "because", at: now).result.isAccepted)
        let before = kernel.snapshot(at: now).releases.first { $0.name == "service-0" }
        _ = kernel.step(.handedOver(document), at: now)
        let after = kernel.snapshot(at: now).releases.first { $0.name == "service-0" }
        #expect(before?.phase == .rollingBack && after?.phase == .rollingBack)
        #expect(before?.openIncident == after?.openIncident)
    }

    /// What this member wrote itself brings nothing back that has happened since.
    @Test func aMemberTakesInNoDocumentOfItsOwnLead() throws {
        var (world, document) = try Self.rolledBack()
        let now = world.moment(world.nodes[0])
        world.sick = []
        #expect(world.command(.rearm(release: "service-0"), to: 0).isAccepted)
        var without = world.plan
        without.releases.removeFirst()
        document.revision += 1
        _ = world.nodes[0].kernel.step(.reload(without), at: now)
        _ = world.nodes[0].kernel.step(.reload(world.plan), at: now)
        let before = world.view(0, of: 0)
        _ = world.nodes[0].kernel.step(.handedOver(document), at: now)
        #expect(world.view(0, of: 0) == before && before?.phase == .idle)
    }

    /// A reload may not drop what no other member can continue.
    @Test func aReleaseWhoseRollbackIsNotHandedOverMustStay() throws {
        var world = Self.led(members: 1, copies: 1)
        world.run(seconds: 40)
        var without = world.plan
        without.releases.removeFirst()
        #expect(world.nodes[0].kernel.releasesThatMustStay(without).isEmpty)
        world.sick = [0]
        for _ in 0..<30 where world.view(0, of: 0)?.phase != .rollingBack && world.shares[0] > 0 { world.second() }
        #expect(world.nodes[0].kernel.releasesThatMustStay(without) == ["service-0"])
        #expect(world.nodes[0].kernel.releasesThatMustStay(world.plan).isEmpty)
        world.run(seconds: 40)
        #expect(world.view(0, of: 0)?.phase == .rolledBack)
        #expect(world.nodes[0].kernel.releasesThatMustStay(without).isEmpty)
    }

    /// A release that is led stays in its shard: another member could lead it in the other one.
    @Test func aGroupThatMovesALedReleaseIsRefused() throws {
        var world = Self.led(members: 1, copies: 1)
        world.run(seconds: 30)
        var plan = world.nodes[0].kernel.plan
        let other = try #require(
            plan.releases.map(\.name).filter { world.shards.shard(of: $0) != world.shards.shard(of: "service-0") }.min()
        )
        #expect(world.nodes[0].kernel.reasonsToRefuse(plan).isEmpty)
        plan.groups = [
            GroupPlan(name: "g", members: [GroupMember(release: "service-0"), GroupMember(release: other)])
        ]
        let reasons = world.nodes[0].kernel.reasonsToRefuse(plan)
        #expect(reasons.count == 1 && reasons[0].contains(other) && reasons[0].contains("another shard"), "\(reasons)")
    }

    /// `ROLLGUARD_FLEET_LIVES` asks for more.
    private static let lives = UInt64(ProcessInfo.processInfo.environment["ROLLGUARD_FLEET_LIVES"] ?? "") ?? 30

    /// Drawn lives: joins, leaves, kills, stops, partitions, outages of the store, stopped clocks, sick canaries.
    @Test(arguments: 0..<lives) func drawnLivesKeepTheLaws(_ seed: UInt64) {
        var life = FleetLife(seed: seed)
        life.run()
        #expect(life.world.broken.isEmpty, "seed \(seed): \(life.troubles); \(life.world.broken.prefix(3))")
    }

    @Test(arguments: [FleetNode.Defect.actsBeforeTheHandover, .actsAfterItLetGo])
    func aDefectIsFound(_ defect: FleetNode.Defect) {
        let isFound = (0..<400 as Range<UInt64>).contains { seed in
            var life = FleetLife(seed: seed)
            life.world.defect = defect
            life.run()
            return !life.world.broken.isEmpty
        }
        #expect(isFound)
    }
}

extension CommandResult {
    fileprivate var isAccepted: Bool { if case .accepted = self { true } else { false } }
}
