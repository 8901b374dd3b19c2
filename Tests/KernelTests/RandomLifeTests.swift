import Model
import Support
import Testing

@testable import Kernel

/// Lives drawn from a seed: the router, the disk and the process fail in drawn orders, then everything heals, and the
/// release must come to rest as it should.
@Suite("A life with faults")
struct RandomLifeTests {
    @Test(arguments: [UInt64](1...150))
    func endsWithASickCanaryOut(_ seed: UInt64) {
        var draw = SeededGenerator(seed: seed)
        var world = KernelHarness()
        world.cycle(3)
        world.canary.errors = 40
        for _ in 0..<40 {
            fault(&world, &draw)
            world.cycle(1 + Int(draw.next() % 4))
            checkSafety(world, seed)
        }
        heal(&world)
        world.cycle(130)
        checkSafety(world, seed)
        #expect(world.canaryBasisPoints == 0, "seed \(seed)")
        #expect(world.release.phase == .rolledBack, "seed \(seed)")
        #expect(world.incidents.allSatisfy { !$0.isOpen }, "seed \(seed)")
        #expect(world.snapshot.journalProblem == nil, "seed \(seed)")
    }

    @Test(arguments: [UInt64](1...60))
    func neverTakesAHealthyCanaryOut(_ seed: UInt64) {
        var draw = SeededGenerator(seed: seed)
        var world = KernelHarness()
        world.baseline.errors = 1
        world.canary.errors = 1
        for _ in 0..<40 {
            fault(&world, &draw)
            world.cycle(1 + Int(draw.next() % 4))
        }
        heal(&world)
        world.cycle(60)
        #expect(world.applied.isEmpty, "seed \(seed)")
        #expect(world.release.phase == .watching, "seed \(seed)")
    }

    private func fault(_ world: inout KernelHarness, _ draw: inout SeededGenerator) {
        let moods: [KernelHarness.RouterMood] = [.honest, .ignores, .refuses, .hangs, .losesReplies]
        switch draw.next() % 8 {
        case 0, 1: world.mood = moods[Int(draw.next() % UInt64(moods.count))]
        case 2: world.isDiskWorking = false
        case 3: world.healDisk()
        case 4: world.restart()
        case 5: if world.canaryBasisPoints == 0 { world.canaryBasisPoints = 1_000 }
        case 6: world.canary.isUp.toggle()
        default: world.baseline.isUp.toggle()
        }
    }

    private func heal(_ world: inout KernelHarness) {
        world.healDisk()
        world.mood = .honest
        world.baseline.isUp = true
        world.canary.isUp = true
        if world.release.phase == .idle { world.canaryBasisPoints = 1_000 }
    }

    /// The law of the one history: what the kernel shows, what a restart restores, and what the entries alone say are the
    /// same incident.
    @Test(arguments: [UInt64](1...80), [false, true])
    func showsWhatItsEntriesSay(_ seed: UInt64, _ hasDrain: Bool) {
        var draw = SeededGenerator(seed: seed)
        var plan = Plan.example()
        if hasDrain { plan.releases[0].drain = DrainPlan(stepsBasisPoints: [5_000, 10_000], pauseMs: 2_000) }
        var world = KernelHarness(plan: plan)
        world.cycle(3)
        world.canary.errors = 40
        var shown = 0
        for _ in 0..<40 {
            fault(&world, &draw)
            if draw.next() % 10 == 0 { _ = world.command(.rearm(release: "checkout")) }
            if draw.next() % 10 == 0 { _ = world.command(.rollback(release: "checkout", toVersion: nil)) }
            world.cycle(1 + Int(draw.next() % 4))
            checkHistory(world.incidents, world.recorded, "seed \(seed)")
            shown += world.incidents.count
            let restarted = Kernel(
                plan: world.plan, replaying: world.recorded, journalIdentity: "test", seed: 1, at: world.now)
            checkHistory(restarted.snapshot(at: world.now).incidents, world.recorded, "seed \(seed), restarted")
        }
        #expect(shown > 0)
    }

    private func checkHistory(_ incidents: [Incident], _ entries: [JournalEntry], _ life: String) {
        #expect(incidents.map(\.id).sorted() == Set(entries.compactMap { Incident($0)?.id }).sorted(), "\(life)")
        for incident in incidents {
            let own = entries.filter { $0.incident == incident.id }
            guard var described = own.first.flatMap(Incident.init) else { continue }
            for entry in own.dropFirst() { described.apply(entry) }
            if !incident.isOpen { described.retire() }
            #expect(described == incident, "\(life), \(incident.id)")
        }
    }

    private func checkSafety(_ world: KernelHarness, _ seed: UInt64) {
        #expect(world.shareWhenAcknowledged.allSatisfy { $0 == 0 }, "seed \(seed): acknowledged with traffic")
        #expect(world.incidents.count { $0.isOpen } <= 1, "seed \(seed): two open incidents")
        let ids = world.deliveries.map(\.id)
        #expect(Set(ids).count == ids.count, "seed \(seed): a delivery id was used twice")
        #expect(
            world.journal.map(\.sequence)
                == Array(1...UInt64(max(1, world.journal.count))).prefix(world.journal.count).map { $0 },
            "seed \(seed): gaps in the journal")
    }
}
