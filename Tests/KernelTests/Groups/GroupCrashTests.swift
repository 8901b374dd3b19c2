import Model
import Testing

@testable import Kernel

/// The process is killed after each batch of the journal.
struct GroupCrashTests {
    private static func life(crashAfterBatch batch: Int?, onRefusal: GroupPlan.Refusal = .goWithout) -> GroupWorld {
        var world = GroupWorld(onRefusal: onRefusal)
        world.daemons[0].services["payment"]?.isBaselineUp = false
        world.daemons[0].crashAfterBatch = batch
        world.fail()
        world.cycle(60)
        return world
    }

    private static var batches: Int { life(crashAfterBatch: nil).daemons[0].batches.count }

    @Test func afterEachBatchTheSameGoBackOnce() {
        let count = Self.batches
        #expect(count > 6)
        for batch in 1...count {
            let world = Self.life(crashAfterBatch: batch)
            #expect(world.share("checkout") == 0, "batch \(batch)")
            #expect(world.share("cart") == 0, "batch \(batch)")
            #expect(world.share("payment") == 1_000, "batch \(batch)")
            for name in ["checkout", "cart"] {
                #expect(world.incidents(of: name).count == 1, "\(name), batch \(batch)")
                #expect(world.count("intended \(name)") == 1, "\(name), batch \(batch)")
            }
            #expect(world.place("group_decided checkout") < world.place("router cart 0"), "batch \(batch)")
            #expect(world.place("router checkout 0") < world.place("router cart 0"), "batch \(batch)")
            #expect(world.group?.isOpen == false, "batch \(batch)")
        }
    }

    @Test func afterEachBatchAGroupThatHoldsHolds() {
        for batch in 1...Self.batches {
            let world = Self.life(crashAfterBatch: batch, onRefusal: .hold)
            #expect(world.share("checkout") == 0, "batch \(batch)")
            #expect(world.share("cart") == 1_000, "batch \(batch)")
            #expect(world.incidents(of: "cart").isEmpty, "batch \(batch)")
        }
    }

    @Test func aVerdictThatIsFoundTooLateTakesNoCompanionAlong() {
        var world = GroupWorld()
        let intended = Self.life(crashAfterBatch: nil).daemons[0].batches.firstIndex { batch in
            batch.contains { $0.event.name == "group_begun" }
        }
        world.daemons[0].crashAfterBatch = (intended ?? 0) + 1
        world.daemons[0].crashMs = GroupProcess.oldestUndecidedMs + 1_000
        world.fail()
        world.cycle(40)
        #expect(world.share("checkout") == 0)
        #expect(world.share("cart") == 1_000)
        #expect(world.group?.decision?.stays.first?.reason.contains("too old") == true)
    }
}
