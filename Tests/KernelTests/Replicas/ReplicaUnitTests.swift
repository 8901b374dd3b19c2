import Model
import Testing

@testable import Kernel

/// Several services in one rollout, and a leader that ends between any two of its entries, and of its documents.
@Suite("Replicas: several services in one rollout")
struct ReplicaUnitTests {
    /// - Parameter prepare: changes the world before the rollout is ordered.
    private static func begun(
        _ death: ReplicaUnitWorld.Death?, ranks: [Int] = [0, 1], prepare: (inout ReplicaUnitWorld) -> Void = { _ in },
        change: (inout RolloutPlan) -> Void = { _ in }
    ) -> ReplicaUnitWorld {
        var world = ReplicaUnitWorld(ranks: ranks, change)
        world.run(seconds: 8)
        world.death = death
        prepare(&world)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        return world
    }

    /// A rollout that is led to its end; whoever ordered it gives the order again when it is lost with the leader.
    private static func promote(_ world: inout ReplicaUnitWorld) {
        for second in 0..<300 {
            world.second()
            if second > 60, second % 30 == 0, world.hasDied, world.shares == [0, 0], let leader = world.leader,
                world.running(leader).isEmpty
            {
                _ = world.order(.begin(KernelHarness.next), to: leader)
            }
            if world.shares.allSatisfy({ $0 == 10_000 }), let leader = world.leader, world.running(leader).isEmpty {
                break
            }
        }
    }

    private static func promoted(_ death: ReplicaUnitWorld.Death?, ranks: [Int]) -> ReplicaUnitWorld {
        var world = begun(death, ranks: ranks)
        promote(&world)
        return world
    }

    private static func check(_ world: inout ReplicaUnitWorld, _ death: ReplicaUnitWorld.Death, _ ranks: [Int]) {
        world.run(seconds: 30)
        world.checkRest()
        #expect(world.broken.isEmpty, "\(death), ranks \(ranks): \(world.broken)")
    }

    @Test(arguments: [[0, 1], [1, 0], [0, 0]])
    func aLeaderEndsAfterAnyDocumentWhileTheShareGoesUp(_ ranks: [Int]) {
        var deaths = 0
        for number in 1... {
            var world = Self.promoted(.afterDocument(number), ranks: ranks)
            guard world.hasDied else { break }
            deaths += 1
            #expect(world.shares == [10_000, 10_000], "\(number), \(ranks)")
            Self.check(&world, .afterDocument(number), ranks)
        }
        #expect(deaths > 10)
    }

    /// The store is slow, and nothing is baked: one part's document may say that it is promoted while the other's still has the
    /// last step on its way.
    @Test(arguments: [4, 6] as [Int64], [[0, 1], [1, 0]])
    func documentsOfTheOtherPartsAreSeveralEntriesBehind(_ seconds: Int64, _ ranks: [Int]) {
        for isLastPartFirst in [false, true] {
            var deaths = 0
            for number in 1... {
                var world = Self.begun(
                    .afterDocument(number), ranks: ranks,
                    prepare: { ($0.secondsBetweenWrites, $0.isLastPartFirst) = (seconds, isLastPartFirst) },
                    change: { $0.bake.forMs = 0 })
                Self.promote(&world)
                // The last documents are written after the end.
                world.run(seconds: 10)
                guard world.hasDied else { break }
                Self.promote(&world)
                deaths += 1
                #expect(world.shares == [10_000, 10_000], "\(number), \(ranks), \(isLastPartFirst)")
                Self.check(&world, .afterDocument(number), ranks)
            }
            #expect(deaths > 4, "\(deaths)")
        }
    }

    /// The leader has ended, and by the documents the second part is still on its way to the last step, which its router has lost.
    /// Nil where the documents say something else.
    private static func late(afterDocument number: Int, ranks: [Int]) -> ReplicaUnitWorld? {
        var world = begun(.afterDocument(number), ranks: ranks)
        for _ in 0..<60 where !world.hasDied { world.second() }
        guard world.hasDied, let other = world.nodes.indices.first(where: { world.nodes[$0].isAlive }) else {
            return nil
        }
        let known = world.running(other)
        guard known.count == 2, known[0].step == 3, known[1].state == .moving else { return nil }
        world.resetRouter(ofPart: 1, toBasisPoints: 5_000)
        return world
    }

    /// The other part waits for it.
    @Test(arguments: [[0, 1], [1, 0]]) func aRouterIsBehindAfterTheTakeover(_ ranks: [Int]) {
        var found = 0
        for number in 1...20 {
            guard var world = Self.late(afterDocument: number, ranks: ranks) else { continue }
            found += 1
            Self.promote(&world)
            #expect(world.shares == [10_000, 10_000], "\(number), \(ranks)")
            Self.check(&world, .afterDocument(number), ranks)
            let undone = world.nodes.flatMap(\.journal).filter { $0.event.text.contains("not on every instance") }
            #expect(undone.isEmpty, "\(number), \(ranks): \(undone.map(\.event.text))")
        }
        #expect(found > 0)
    }

    /// It takes the share no more: all parts go back to the step before, and go up together later.
    @Test(arguments: [[0, 1], [1, 0]]) func aRouterRefusesAfterTheTakeover(_ ranks: [Int]) {
        var found = 0
        for number in 1...20 {
            guard var world = Self.late(afterDocument: number, ranks: ranks) else { continue }
            found += 1
            world.refusingPart = 1
            world.run(seconds: 40)
            world.checkRest()
            #expect(world.shares == [5_000, 5_000], "\(number), \(ranks)")
            world.refusingPart = nil
            Self.promote(&world)
            #expect(world.shares == [10_000, 10_000], "\(number), \(ranks)")
            Self.check(&world, .afterDocument(number), ranks)
        }
        #expect(found > 0)
    }

    @Test(arguments: [[0, 1], [0, 0]])
    func aLeaderEndsAfterAnyBatchWhileTheShareGoesUp(_ ranks: [Int]) {
        var deaths = 0
        for number in 1... {
            var world = Self.promoted(.afterBatch(number), ranks: ranks)
            guard world.hasDied else { break }
            deaths += 1
            Self.check(&world, .afterBatch(number), ranks)
            #expect(world.shares == [10_000, 10_000], "\(number), \(ranks)")
        }
        #expect(deaths > 10)
    }

    /// Documents come one after the other, and no follower takes the first of them for the end of the others.
    @Test func aFollowerEndsNothingByOneDocument() throws {
        var world = Self.promoted(nil, ranks: [0, 1])
        world.run(seconds: 60)
        world.checkRest()
        #expect(world.shares == [10_000, 10_000] && world.broken.isEmpty, "\(world.shares) \(world.broken)")
        for index in world.nodes.indices { #expect(world.snapshot(index).incidents.isEmpty, "\(index)") }
    }

    /// One part turns sick at the second step: all go back, whenever the leader ends.
    @Test(arguments: [0, 1])
    func aLeaderEndsWhileAllGoBack(_ sick: Int) {
        for death in (1...60).flatMap({ [ReplicaUnitWorld.Death.afterBatch($0), .afterDocument($0)] }) {
            var world = Self.begun(nil)
            for _ in 0..<120 where world.shares != [1_000, 1_000] { world.second() }
            #expect(world.shares == [1_000, 1_000])
            (world.sickPart, world.death) = (sick, death)
            world.run(seconds: 60)
            guard world.hasDied else { continue }
            #expect(world.shares == [0, 0], "\(death)")
            Self.check(&world, death, [0, 1])
            for index in world.nodes.indices where world.nodes[index].isAlive {
                let phases = world.snapshot(index).releases.map(\.phase)
                #expect(phases == [.rolledBack, .rolledBack], "\(death): \(phases)")
            }
        }
    }

    /// What was held back is given to all parts, or to none.
    @Test func aLeaderEndsWhileWhatWasHeldBackIsGiven() {
        for number in 1...200 {
            var world = ReplicaUnitWorld(ranks: [0, 1]) { rollout in
                rollout.bake.holdbackBasisPoints = 500
                rollout.steps[2].basisPoints = 9_500
            }
            world.run(seconds: 8)
            world.death = .afterDocument(number)
            if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
            world.run(seconds: 180)
            guard world.hasDied else { return #expect(number > 10) }
            Self.check(&world, .afterDocument(number), [0, 1])
        }
    }
}
