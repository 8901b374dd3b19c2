import Model
import Testing

@testable import Kernel

@Suite("The ends of a unit's rollout")
struct UnitEndTests {
    @Test("A reservation that expires in one part expires in all")
    func expires() {
        var world = UnitWorld { plan in
            for index in plan.releases.indices { plan.releases[index].rollout?.prepareExpiresMs = 10_000 }
        }
        world.cycle(3)
        _ = world.order(.prepare(KernelHarness.next))
        world.cycle(12)
        #expect(world.running == nil && world.lastEnded?.end == .expired)
        #expect(world.release("web")?.rollout?.ended.map(\.end) == [.expired])
        let again = world.order(.begin(KernelHarness.next))
        #expect(again.outcome == .accepted, "\(again)")
    }

    @Test("Start conditions that are missing in one part abort all, and no router is called")
    func aborted() {
        var world = UnitWorld { plan in
            for index in plan.releases.indices { plan.releases[index].rollout?.checkingMaxMs = 20_000 }
        }
        world.web.routers[1].mood = .dead
        _ = world.begin()
        world.cycle(40)
        #expect(world.running == nil && world.lastEnded?.end == .aborted && world.calls.isEmpty, "\(world.waitsFor)")
        #expect(world.release("api")?.rollout?.ended.map(\.end) == [.aborted])
    }

    @Test(
        "Another client that takes everything out of one part and leaves it so ends the rollout, and the others come back"
    )
    func withdrawn() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 3)
        for index in world.web.routers.indices { world.web.routers[index].share = 0 }
        world.cycle(640)
        #expect(world.running == nil, "\(world.waitsFor)")
        #expect(world.shares == [[0], [0, 0]])
        let second = world.order(.begin(KernelHarness.next))
        #expect(second.outcome == .accepted, "no verdict: \(second)")
    }

    @Test("A newer version that supersedes takes all parts out first, and then has their places")
    func superseded() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 2)
        let newer = PrepareOrder(version: VersionIdentity("v1.5.1"), onBusy: .supersede)
        let answer = world.order(.prepare(newer))
        #expect(answer.outcome == .accepted, "\(answer)")
        world.cycle(30)
        #expect(world.lastEnded?.end == .superseded && world.running?.state == .prepared, "\(world.waitsFor)")
        #expect(world.shares == [[0], [0, 0]])
        let begun = world.order(.begin(newer))
        #expect(begun.outcome == .accepted, "\(begun)")
        let isThere = world.cycle(untilStep: 1)
        #expect(isThere, "\(world.waitsFor)")
    }

    @Test("While a unit is under way, a reload keeps its parts and their order")
    func reload() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 1)
        #expect(world.kernel.reasonsToRefuse(world.plan).isEmpty)
        var dissolved = world.plan
        for index in dissolved.releases.indices { dissolved.releases[index].part = nil }
        #expect(world.kernel.reasonsToRefuse(dissolved).count == 2)
        var turned = world.plan
        turned.releases[0].part?.rank = 1
        turned.releases[1].part?.rank = 0
        #expect(!world.kernel.reasonsToRefuse(turned).isEmpty)
        var smaller = world.plan
        smaller.releases.removeLast()
        #expect(!world.kernel.reasonsToRefuse(smaller).isEmpty)
        var larger = world.plan
        var third = larger.releases[1]
        third.name = "shop.mail"
        third.part?.name = "mail"
        larger.releases.append(third)
        #expect(world.kernel.reasonsToRefuse(larger).count == 2)
    }
}
