import Model
import Testing

@Suite("A restart from the journal")
struct ReplayTests {
    private func journalOfAWholeRollback() -> [JournalEntry] {
        var world = KernelHarness()
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(6)
        return world.journal
    }

    /// The crash may come after any entry; the end is always the same.
    @Test func atAnyEntryEndsWithTheCanaryOutAndOneIncident() {
        let whole = journalOfAWholeRollback()
        #expect(whole.count >= 6)
        for kept in 0...whole.count {
            var world = KernelHarness(replaying: Array(whole.prefix(kept)))
            world.canary.errors = 30
            world.cycle(20)
            #expect(world.canaryBasisPoints == 0, "after \(kept) entries")
            #expect(world.release.phase == .rolledBack, "after \(kept) entries")
            #expect(world.incidents.count == 1, "after \(kept) entries")
            let ids = world.deliveries.map(\.id)
            #expect(Set(ids).count == ids.count, "after \(kept) entries")
        }
    }

    @Test func neverCountsDowntimeTowardsFor() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(forMs: 10_000)]))
        world.canary.errors = 30
        world.cycle(8)
        #expect(world.release.rules[0].alert == .pending)
        world.restart()
        // Seven seconds were counted before, a minute passed, and three are to come; the first cycle only is a base.
        world.cycle(3)
        #expect(world.applied.isEmpty)
        world.cycle(6)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func keepsWhatForHasCounted() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(forMs: 20_000)]))
        world.canary.errors = 30
        // No life is as long as the `for`.
        for _ in 0..<4 where world.release.phase == .watching {
            world.cycle(8)
            world.restart()
        }
        world.cycle(4)
        #expect(world.release.phase == .rolledBack, "\(world.release.explanation)")
    }

    @Test func startsAForOverThatEndedBefore() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(forMs: 25_000)]))
        world.canary.errors = 30
        world.cycle(8)
        #expect(world.release.rules[0].alert == .pending)
        world.canary.errors = 0
        world.cycle(16)
        #expect(world.release.rules[0].alert == .inactive)
        world.restart()
        world.canary.errors = 30
        world.cycle(22)
        #expect(world.applied.isEmpty)
        world.cycle(12)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func startsAForOverWhoseRuleWasChanged() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(forMs: 10_000)]))
        world.canary.errors = 30
        world.cycle(8)
        var changed = RulePlan.errorRate(forMs: 10_000)
        changed.conditionText = "canary > 3 * baseline"
        world.plan = .example(rules: [changed])
        world.restart()
        world.cycle(8)
        #expect(world.applied.isEmpty)
    }

    @Test func doesNotTellAFiringAlertTwice() {
        var world = KernelHarness(plan: .example(rules: [.errorRate(action: .notify)]))
        world.canary.errors = 30
        world.cycle(5)
        #expect(world.events == [.alertFiring])
        world.restart()
        world.cycle(5)
        #expect(world.events == [.alertFiring])
        world.canary.errors = 0
        world.cycle(15)
        #expect(world.events == [.alertFiring, .alertResolved])
    }

    @Test func keepsTheLatch() {
        let whole = journalOfAWholeRollback()
        var world = KernelHarness(replaying: whole, canaryBasisPoints: 0)
        #expect(world.release.phase == .rolledBack)
        world.canaryBasisPoints = 500
        world.cycle(10)
        #expect(world.canaryBasisPoints == 0)
    }

    @Test func letsANewVersionInAfterARollback() {
        let whole = journalOfAWholeRollback()
        var world = KernelHarness(plan: .example(canaryVersion: "v3"), replaying: whole)
        world.cycle(3)
        #expect(world.release.phase == .watching)
        #expect(world.incidents.count == 1)
    }

    @Test func continuesTheSequence() {
        let whole = journalOfAWholeRollback()
        var world = KernelHarness(replaying: whole, canaryBasisPoints: 0)
        world.restart()
        _ = world.command(.rearm(release: "checkout"))
        #expect(world.journal.map(\.sequence) == Array(1...UInt64(world.journal.count)))
    }

    @Test func givesTheSameEffectsForTheSameInputs() {
        func run() -> KernelHarness {
            var world = KernelHarness()
            world.mood = .refuses
            world.canary.errors = 30
            world.cycle(40)
            return world
        }
        let (first, second) = (run(), run())
        #expect(first.kernel == second.kernel)
        #expect(first.journal == second.journal)
        #expect(first.logs == second.logs)
    }
}
