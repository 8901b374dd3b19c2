import Model
import Testing

@testable import Kernel

/// The steps of the ways forward, with several replicas.
@Suite("Replicas and the roads of a plan")
struct ReplicaForwardTests {
    private static func world(_ moods: [String: ProcedureWorld.Mood]) -> ReplicaWorld {
        var flag = ProcedureStep.flag(at: .before, onFailure: .hold)
        flag.work = .flag(FlagWork(flag: "flag", variant: "on", file: "/flags/flag.json"))
        var steps = [flag, .program("once", at: .after, isIdempotent: false), .program("last", at: .after)]
        for index in steps.indices { steps[index].when = [.begin] }
        var plan = KernelHarness.led().plan
        plan.releases[0].procedure = ProcedurePlan(steps: steps)
        var world = ReplicaWorld(plan: plan)
        (world.steps.values["flag"], world.steps.moods) = ("off", moods)
        world.run(seconds: 5)
        if let leader = world.leader { _ = world.order(.begin(KernelHarness.next), to: leader) }
        return world
    }

    private func forward(_ world: ReplicaWorld, _ index: Int) -> ForwardProcedure? {
        world.release(index).procedure?.forward
    }

    @Test func theLeaderAloneRunsThemAndAllKnowThem() throws {
        var world = Self.world([:])
        world.run(seconds: 30)
        let leader = try #require(world.leader)
        #expect(world.steps.acts == ["flag", "once", "last"] && Set(world.runBy) == [world.nodes[leader].name])
        for index in world.nodes.indices {
            #expect(forward(world, index)?.run.isOpen == false, "\(index)")
            #expect(forward(world, index)?.steps.step("flag")?.valueBefore == "off", "\(index)")
        }
        world.isSecondSick = true
        world.run(seconds: 60)
        #expect(world.secondShare == 0 && world.steps.values["flag"] == "off")
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// The next leader checks what was started, repeats nothing that must not run twice, and undoes what the first one did.
    @Test func theNextLeaderContinues() throws {
        var world = Self.world(["once": .losesAnswers])
        let first = try #require(world.leader)
        for _ in 0..<60 where !world.steps.acts.contains("once") { world.second() }
        world.nodes[first].isAlive = false
        world.steps.moods = [:]
        world.run(seconds: 60)
        let next = try #require(world.leader)
        #expect(next != first && world.steps.acts == ["flag", "once"])
        #expect(forward(world, next)?.steps.step("once")?.state == .unknown)
        #expect(world.release(next).rollout?.running?.isHalted(.plan) == true)
        world.isSecondSick = true
        world.run(seconds: 60)
        #expect(world.secondShare == 0 && world.steps.values["flag"] == "off")
        #expect(world.broken.isEmpty, "\(world.broken)")
    }
}
