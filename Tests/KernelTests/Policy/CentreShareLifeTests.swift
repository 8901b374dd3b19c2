import Model
import Support
import Testing

@testable import Kernel

/// Lives drawn from seeds: whatever the centre orders, and whatever the router, the disk and the operators do meanwhile.
@Suite("Lives with a share of the centre")
struct CentreShareLifeTests {
    @Test func nothingRisesBetweenARollbackAndRearm() {
        let rises = (0..<60).reduce(0) { $0 + live(seed: $1) }
        #expect(rises > 200, "lives in which nothing rises show nothing")
    }

    /// - Returns: how often the share was raised.
    private func live(seed: UInt64) -> Int {
        var dice = SeededGenerator(seed: seed)
        var plan = Plan.example()
        plan.releases[0].shareFrom = .centre
        var world = KernelHarness(plan: plan, canaryBasisPoints: 0)
        var (revision, rises) = (0, 0)
        world.cycle(2)
        for _ in 0..<150 {
            let wasLatched = world.release.phase == .rolledBack || world.release.phase == .rollingBack
            let calls = world.applied.count
            let isRearm = act(&world, &revision, &dice)
            let raised = world.applied.dropFirst(calls).contains { $0.canaryBasisPoints > 0 }
            rises += raised ? 1 : 0
            #expect(!raised || !wasLatched || isRearm, "seed \(seed)")
        }
        return rises
    }

    /// - Returns: whether it was `rearm`.
    private func act(_ world: inout KernelHarness, _ revision: inout Int, _ dice: inout SeededGenerator) -> Bool {
        switch Int.random(in: 0..<12, using: &dice) {
        case 0..<4:
            revision += 1
            let memory: [ShareOrder.Memory] = [.other, .other, .nothing, .same, .sent]
            world.send(
                .shareRead(
                    release: "checkout",
                    .order(
                        ShareOrder(
                            basisPoints: Int.random(in: 0...10, using: &dice) * 1_000, revision: "\(revision)",
                            source: "etcd:/r/", memory: memory[Int.random(in: 0..<5, using: &dice)]))))
        case 4: world.canary.errors = world.canary.errors > 0 ? 0 : 30
        case 5: world.mood = world.mood == .honest ? [.refuses, .hangs, .losesReplies, .blind][revision % 4] : .honest
        case 6: if world.isDiskWorking { world.isDiskWorking = false } else { world.healDisk() }
        case 7:
            _ = world.command(.rearm(release: "checkout"))
            return true
        case 8: _ = world.command(.rollback(release: "checkout", toVersion: nil))
        default: world.cycle(Int.random(in: 1...4, using: &dice))
        }
        return false
    }
}
