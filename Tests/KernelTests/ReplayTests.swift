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
        changed.changeThreshold { $0.conditionText = "canary > 3 * baseline" }
        world.plan = .example(rules: [changed])
        world.restart()
        world.cycle(8)
        #expect(world.applied.isEmpty)
    }

    @Test func doesNotReportAFiringAlertTwice() {
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

@Suite("Entries that cannot be read or were lost")
struct UnreadableEntryTests {
    /// Whatever entry cannot be read, the daemon starts, names it, and ends with the canary out.
    @Test func oneDoesNotStopAStart() {
        var whole = KernelHarness()
        whole.cycle(3)
        whole.canary.errors = 30
        whole.cycle(6)
        for index in whole.journal.indices {
            var journal = whole.journal
            let kind = journal[index].event.name
            journal[index].event = .unreadable(kind: kind, reason: "it is not valid JSON")
            var world = KernelHarness(replaying: journal)
            let isShown = world.release.warnings.contains { $0.contains("journal entry \(index + 1) (\(kind))") }
            let isExpected = !["evidence", "pending"].contains(kind)
            #expect(isShown == isExpected, "entry \(index + 1): \(world.release.warnings)")
            world.canary.errors = 30
            world.cycle(20)
            #expect(world.canaryBasisPoints == 0, "entry \(index + 1), \(kind)")
            #expect(world.incidents.count { $0.isOpen } == 0, "entry \(index + 1), \(kind)")
            #expect(Set(world.journal.map(\.sequence)).count == world.journal.count, "entry \(index + 1), \(kind)")
        }
    }

    /// The intent is not on the disk, so a later entry that is does not let the router be called before the grace.
    @Test func anIntentThatWasLostIsNotProvenByALaterEntry() throws {
        var world = KernelHarness()
        world.cycle(3)
        world.isDiskWorking = false
        world.canary.errors = 30
        while world.release.phase == .watching { world.cycle() }
        let intent = try #require(world.incidents.first).id.split(separator: "-").last.flatMap { UInt64($0) }
        let sequence = try #require(intent)
        world.send(.journalLost(from: sequence - 1, through: sequence))
        world.send(.journalDurable(through: sequence + 100))
        #expect(world.applied.isEmpty)
        world.pass(ms: world.plan.daemon.journal.graceMs)
        #expect(world.applied == [.allBaseline])
    }
}
