import Model
import Testing

@testable import Kernel

@Suite("A unit that waits for an operator, its targets, and its order after a restart")
struct UnitWaitTests {
    private static let fourHours: Int64 = 4 * 3_600_000

    private func wait(_ world: inout UnitWorld, ms: Int64) {
        world.now.uptimeMs += ms
        world.now.wallMs += ms
        world.cycle(3)
    }

    private func reminders(_ world: UnitWorld) -> Int {
        ["api", "web"].reduce(0) { $0 + world.rolloutEvents($1).count { $0 == "rollout_reminder" } }
    }

    @Test("An operator is reminded of a paused unit once, not once per part")
    func reminded() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 2)
        _ = world.order(.pause(forMs: nil))
        for hour in 1...3 {
            wait(&world, ms: Self.fourHours)
            #expect(reminders(world) == hour && world.count(.rolloutReminder) == hour)
        }
    }

    @Test("Where the parts wait for different reasons, the one reminder names all of them")
    func allReasons() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 3)
        for index in world.web.routers.indices { world.web.routers[index].share = 500 }
        world.cycle(5)
        world.api.routers[0].share = 700
        world.cycle(5)
        wait(&world, ms: Self.fourHours)
        #expect(world.count(.rolloutReminder) == 1)
        let text = world.deliveries.last { $0.notification.event == .rolloutReminder }?.notification.summary ?? ""
        #expect(text.contains("in1") && text.contains("edge1"), "\(text)")
    }

    private func order(_ targets: [String]) -> RolloutCommand {
        .begin(PrepareOrder(version: VersionIdentity("v1.5.0"), targets: targets))
    }

    @Test("Each part begins with the targets that the order names for it, and the others keep their own")
    func targets() {
        var world = UnitWorld()
        world.cycle(3)
        let answer = world.order(order(["api=10.0.0.7:80", "api=10.0.0.8:80"]))
        #expect(answer.outcome == .accepted, "\(answer)")
        func canary(_ part: Int) -> [String] {
            world.kernel.effectivePlan.releases[part].canary.targets.map(\.instance)
        }
        #expect(canary(0) == ["10.0.0.7:80", "10.0.0.8:80"] && canary(1) == ["b:1web", "b:2web"])
        let isThere = world.cycle(untilStep: 1)
        #expect(isThere, "\(world.waitsFor)")
        world.restart()
        #expect(canary(0) == ["10.0.0.7:80", "10.0.0.8:80"] && canary(1) == ["b:1web", "b:2web"])
    }

    @Test(
        "Targets of no part are refused, and nothing is written",
        arguments: [
            (["10.0.0.7:80"], "write api=10.0.0.7:80"), (["db=10.0.0.7:80"], "there is: api, web"),
            (["api=10.0.0.7"], "an address such as"), (["api=10.0.0.7:80", "web=10.0.0.7:80"], "named twice"),
        ])
    func refusedTargets(targets: [String], text: String) {
        var world = UnitWorld()
        world.cycle(3)
        let entries = world.journal.count
        let answer = world.order(order(targets))
        #expect(answer.outcome == .refused(.invalid) && answer.text.contains(text), "\(answer)")
        #expect(world.journal.count == entries)
    }

    /// A unit that crashes between the intent of a rollback and the first call.
    private func crashedBeforeTheCalls(_ web: UnitWorld.Mood = .honest) throws -> UnitWorld {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.api.canaryErrors = 30
        world.cycle(until: .ended)
        let intent = try #require(
            world.journal.firstIndex { if case .intended = $0.event { true } else { false } })
        let moment = try #require(world.moments.first { $0.entries > intent })
        var parts = moment.parts
        for index in parts[1].routers.indices { parts[1].routers[index].mood = web }
        world.restart(keeping: moment.entries, parts: parts)
        return world
    }

    @Test("After a restart in the middle of a rollback the parts keep their order")
    func orderAfterRestart() throws {
        var world = try crashedBeforeTheCalls()
        world.cycle(20)
        let first = ["web", "api"].map { part in world.calls.first { $0.part == part } }
        let (web, api) = (try #require(first[0]), try #require(first[1]))
        #expect(world.calls.first?.part == "web" && web.uptimeMs <= api.uptimeMs, "\(world.calls)")
        #expect(world.shares == [[0], [0, 0]])
    }

    @Test("A router that is away after the restart delays the next part by two seconds, and no longer")
    func deadAfterRestart() throws {
        var world = try crashedBeforeTheCalls(.dead)
        let began = world.now.uptimeMs
        world.cycle(10)
        let api = try #require(world.calls.first { $0.part == "api" })
        #expect(api.uptimeMs - began == 2_000, "\(world.calls)")
        #expect(world.shares[0] == [0])
    }
}
