import Foundation
import Kernel
import Leases
import Model
import Testing

@testable import Daemon

/// The services of several members over a store in memory, in virtual time.
struct FleetServiceTests {
    private static func fleet(_ names: [String], _ settings: FleetNode.Settings = .init()) async throws -> FleetWorld {
        let world = try FleetWorld()
        for name in names { try await world.join(name, settings) }
        await world.runUntilSteady(withinSeconds: 60)
        world.forgetGaps()
        return world
    }

    @Test func membersShareTheShards() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        // Until the statuses of the steady members are written.
        await world.run(seconds: 4)
        for node in world.nodes {
            let own = try #require(node.report?.member(node.name))
            let all = world.plan.releases.count
            #expect(own.watches < all && own.leads > all / 6 && own.leads < all / 2, "\(world.describe())")
            #expect(own.targets == own.watchedTargets(of: node))
        }
        #expect(world.nodes[0].report?.shards.allSatisfy { $0.standbys.count == 1 } == true)
        #expect(world.nodes.map(\.selection.watched.count).reduce(0, +) == 24)
    }

    /// Every shard is watched all the time, and led but for a moment; the new owners had evidence before they led.
    @Test func aMemberThatJoinsTakesOverWithoutAGap() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        let before = world.nodes[0].report?.moves ?? 0
        let joined = try await world.join("d")
        var ledBefore: Set<Int> = []
        for _ in 0..<60 {
            await world.run(seconds: 1)
            let led = joined.rights(atUptimeMs: world.clock.now.uptimeMs)
            let ready = await joined.service.part?.desk.member("d")?.ready ?? []
            #expect(led.subtracting(ledBefore).isSubset(of: ready), "it leads what it has no evidence of")
            ledBefore = led
        }
        #expect(world.isSteady(), "\(world.describe())")
        #expect(!ledBefore.isEmpty && world.unwatchedRounds == 0)
        #expect(world.longestOwnerless <= 3, "\(world.longestOwnerless) rounds without an owner")
        let moves = (world.nodes[0].report?.moves ?? 0) - before
        #expect(moves > 0 && moves <= 8, "\(moves) moves")
    }

    @Test func aMemberThatLeavesIsFollowedAtOnceByAStandby() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        await world.leave("a")
        await world.run(seconds: 2)
        await world.runUntilSteady(withinSeconds: 60)
        #expect(world.unwatchedRounds == 0 && world.longestOwnerless <= 4, "\(world.longestOwnerless)")
    }

    /// Within the lease and a few seconds, by one that had evidence.
    @Test func aMemberThatIsKilledIsFollowedByAStandbyWithEvidence() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        let lost = try world.node("a").rights(atUptimeMs: world.clock.now.uptimeMs)
        #expect(!lost.isEmpty)
        var evidence: [Int: Set<String>] = [:]
        for node in world.nodes.dropFirst() {
            for shard in await node.service.part?.desk.member(node.name)?.ready ?? [] {
                evidence[shard, default: []].insert(node.name)
            }
        }
        world.kill("a")
        var followers: [Int: String] = [:]
        for _ in 0..<60 {
            await world.run(seconds: 1)
            for node in world.nodes {
                for shard in node.rights(atUptimeMs: world.clock.now.uptimeMs).intersection(lost)
                where followers[shard] == nil {
                    followers[shard] = node.name
                }
            }
        }
        #expect(Set(followers.keys) == lost)
        for (shard, name) in followers {
            #expect(evidence[shard]?.contains(name) == true, "\(name) leads \(shard) without evidence")
        }
        #expect(world.unwatchedRounds == 0 && world.longestOwnerless <= 14, "\(world.longestOwnerless)")
        #expect(world.isSteady(), "\(world.describe())")
    }

    /// The rights end with the lease; what is watched stays, and so does the assignment.
    @Test func withoutTheStoreEveryMemberWatchesOn() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        await world.run(seconds: 4)
        let (watched, number) = (world.nodes.map(\.selection.watched), world.nodes[0].report?.assignment)
        for node in world.nodes { node.store.isCut = true }
        await world.run(seconds: 60)
        #expect(world.nodes.map(\.selection.watched) == watched)
        #expect(world.nodes.allSatisfy { $0.rights(atUptimeMs: world.clock.now.uptimeMs).isEmpty })
        for node in world.nodes { node.store.isCut = false }
        // Until then they show what they knew before. The old coordinator is the first one that returns.
        await world.run(seconds: 5)
        #expect(world.nodes.contains { !$0.rights(atUptimeMs: world.clock.now.uptimeMs).isEmpty })
        await world.runUntilSteady(withinSeconds: 30)
        #expect(world.nodes.allSatisfy { $0.report?.assignment == number })
        #expect(world.nodes.map(\.selection.watched) == watched)
    }

    /// A new group joins two releases in the shard of one of them: members that watch the other one keep it until those of that shard
    /// have evidence.
    @Test func aReleaseThatMovesToAnotherShardStaysWatched() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        await world.run(seconds: 4)
        let before = FleetShards(count: 12, plan: world.plan)
        let first = world.plan.releases[0].name
        let names = world.plan.releases.map(\.name)
        // Of a member that does not watch the shard it moves to.
        let other = try #require(
            names.first { name in
                world.nodes.contains { $0.selection.isWatched(name) && !$0.selection.isWatched(first) }
            })
        var next = world.plan
        next.groups = [GroupPlan(name: "money", members: [GroupMember(release: first), GroupMember(release: other)])]
        let after = FleetShards(count: 12, plan: next)
        let moved = try #require([first, other].first { before.shard(of: $0) != after.shard(of: $0) })
        let watching = world.nodes.filter { $0.selection.isWatched(moved) }
        for node in world.nodes { node.selection.take(next, adding: node.selection.added(by: next)) }
        await world.run(seconds: 5)
        #expect(watching.count == 2 && watching.allSatisfy { $0.selection.isWatched(moved) }, "\(world.describe())")
        for node in watching {
            let known = await node.service.part?.taken
            #expect(known == node.selection.watched)
        }
        await world.run(seconds: 100)
        #expect(world.isSteady() && world.unwatchedRounds == 0, "\(world.describe())")
        #expect(world.nodes.map(\.selection.watched.count).reduce(0, +) == 24, "\(world.describe())")
    }

    @Test func anOlderDocumentIsNotWrittenOverANewerOne() async throws {
        let world = try await Self.fleet(["a"], .init(copies: 1))
        let node = try world.node("a")
        let release = world.plan.releases[0].name
        let token = await node.service.leaderships[node.selection.scope(of: release)]?.token ?? 0
        for through in [5, 4] as [UInt64] {
            let document = HandoverDocument(release: release, token: token, through: through, ordinal: 0, entries: [])
            node.queue.publish(document)
            let isWritten = await node.service.flush()
            #expect(isWritten)
        }
        let stored = world.leases.with { $0.documents[LeasePaths.handover(release)]?.bytes }
        let bytes = try #require(stored)
        #expect(token > 0 && HandoverText.document(bytes)?.through == 5)
    }

    /// Until the store has it, a rollback of this member alone keeps its release watched.
    @Test func aShardWithARollbackUnderWayIsKept() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        let a = try world.node("a")
        let releases = a.selection.watched.flatMap { a.selection.map.releases[$0] }
        a.rollbacks.all = releases
        let before = a.selection.watched
        try await world.join("d")
        await world.run(seconds: 60)
        #expect(a.selection.watched.isSuperset(of: before))
        a.rollbacks.all = []
        await world.run(seconds: 10)
        #expect(!a.selection.watched.isSuperset(of: before) && world.isSteady(), "\(world.describe())")
    }

    /// What the old owner published last is in the next one's kernel before that may act.
    @Test func theNextOwnerHasTheLastDocumentBeforeItLeads() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        let joined = try await world.join("d")
        for round in 1...60 {
            for node in world.nodes { await Self.publish(node, world, through: UInt64(round)) }
            await world.run(seconds: 1)
        }
        var known: [String: UInt64] = [:]
        for input in joined.inputs.all {
            if case .handedOver(let document) = input { known[document.release] = document.through }
            guard case .leadership(let next) = input, next.isHeld,
                let shard = Int(next.scope.dropFirst("shard-".count)),
                let release = joined.selection.map.releases[shard].first
            else { continue }
            #expect(known[release] != nil, "\(release) is led without what the owner before it knew")
        }
        #expect(!known.isEmpty)
    }

    /// The round that renews the session waits for no write of a document; until the last one is written the lead is kept.
    @Test func aLeadIsGivenBackWhenItsLastDocumentIsWritten() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        try await world.join("d")
        for round in 1...60 {
            for node in world.nodes { await Self.publish(node, world, through: UInt64(round)) }
            await world.run(seconds: 1)
            for node in world.nodes {
                guard let scope = await node.service.part?.resigning.min(), let shard = LeaseScope.shard(of: scope),
                    let release = node.selection.map.releases[shard].first
                else { continue }
                return try await Self.checkGiveBack(node, world, scope, release)
            }
        }
        Issue.record("no lead was given back")
    }

    private static func checkGiveBack(
        _ node: FleetNode, _ world: FleetWorld, _ scope: String, _ release: String
    ) async throws {
        let known = await node.service.holds[scope]
        let hold = try #require(known)
        node.queue.publish(
            HandoverDocument(release: release, token: hold.token, through: 1_000, ordinal: 0, entries: []))
        await node.service.keepSessionOnce()
        let kept = await node.service.holds[scope]
        #expect(kept == hold && node.queue.unwritten == [release])
        _ = await node.service.flush()
        await node.service.keepSessionOnce()
        let after = await node.service.holds[scope]
        #expect(after == nil && node.queue.unwritten.isEmpty)
        let stored = world.leases.with { $0.documents[LeasePaths.handover(release)]?.bytes }
        let bytes = try #require(stored)
        #expect(HandoverText.document(bytes)?.through == 1_000)
    }

    /// A document of the first release of each shard that the member leads.
    private static func publish(_ node: FleetNode, _ world: FleetWorld, through: UInt64) async {
        for shard in node.rights(atUptimeMs: world.clock.now.uptimeMs) {
            guard let release = node.selection.map.releases[shard].first else { continue }
            let token = await node.service.leaderships[LeaseScope.shard(shard)]?.token ?? 0
            node.queue.publish(
                HandoverDocument(release: release, token: token, through: through, ordinal: 0, entries: []))
        }
    }

    @Test func aMemberWithoutTheStoreWatchesWhatItWatchedLast() async throws {
        let world = try await Self.fleet(["a", "b", "c"])
        let watched = try world.node("a").selection.watched
        world.kill("a")
        let again = try await world.join("a")
        again.store.isCut = true
        await world.run(seconds: 60)
        #expect(!watched.isEmpty && again.selection.watched == watched)
    }

    /// Two targets of each release; `spare` is what is left of the capacity then.
    @Test(arguments: [(nil, 12), (0, 12), (-1, 0)] as [(Int?, Int)])
    func aMemberThatHasNeverSeenTheStoreWatchesEverythingItMay(spare: Int?, shards: Int) async throws {
        let world = try FleetWorld()
        let capacity = spare.map { 2 * world.plan.releases.count + $0 }
        let node = try await world.join("a", .init(capacity: capacity))
        node.store.isCut = true
        await world.run(seconds: 19)
        #expect(node.selection.watched.isEmpty)
        await world.run(seconds: 3)
        #expect(node.selection.watched.count == shards)
    }

    @Test func aMemberWithAnotherNumberOfShardsTakesNoPart() async throws {
        let world = try await Self.fleet(["a", "b"])
        let other = try await world.join("c", .init(shards: 16))
        await world.run(seconds: 30)
        #expect(other.report?.problem?.contains("'shards: 12'") == true)
        #expect(other.selection.watched.isEmpty)
        #expect(world.nodes[0].report?.members.map(\.name) == ["a", "b"])
    }

    /// Who leads a shard without releases does not concern the kernel, until a reload names one.
    @Test func theKernelLearnsOfALeadWhenThereIsARelease() async throws {
        let world = try await Self.fleet(["a"], .init(copies: 1))
        let node = try world.node("a")
        let full = world.plan
        var smaller = full
        let shard = node.selection.map.shards.shard(of: full.releases[0].name)
        smaller.releases.removeAll { node.selection.map.shards.shard(of: $0.name) == shard }
        node.selection.take(smaller)
        await world.run(seconds: 20)
        let before = node.inputs.all.count
        await world.run(seconds: 9)
        func given() -> Int {
            node.inputs.all.dropFirst(before).count { input in
                if case .leadership(let next) = input { next.scope == LeaseScope.shard(shard) } else { false }
            }
        }
        #expect(given() == 0)
        node.selection.take(full)
        await world.run(seconds: 1)
        #expect(given() > 0)
    }

    /// Of one copy nothing is left when its member is killed: the windows begin again.
    @Test func withOneCopyAShardIsWatchedAgainAfterTheLease() async throws {
        let world = try await Self.fleet(["a", "b", "c"], .init(copies: 1))
        world.kill("b")
        await world.run(seconds: 12)
        await world.runUntilSteady(withinSeconds: 60)
        #expect(world.unwatchedRounds > 0 && world.unwatchedRounds <= 14, "\(world.unwatchedRounds)")
    }
}

extension FleetReport.Member {
    /// Two of each release.
    fileprivate func watchedTargets(of node: FleetNode) -> Int {
        node.selection.watched.reduce(0) { $0 + 2 * node.selection.map.releases[$1].count }
    }
}
