import Model
import Testing

@testable import Kernel

/// A step that cannot be taken back needs a backup that was verified in the same run and is young.
@Suite("Backups before a destructive step")
struct BackupStepTests {
    private static func check(_ name: String = "dump", maxAgeMs: Int64 = 3_600_000) -> ProcedureStep {
        ProcedureStep(
            name: name, work: .backup(BackupWork(files: "/b/*", maxAgeMs: maxAgeMs)), timeoutMs: 5_000,
            onFailure: .continue,
            isIdempotent: true)
    }

    private static var drop: ProcedureStep {
        var step = ProcedureStep(name: "drop", work: .person(text: "run migration 43"))
        step.isDestructive = true
        return step
    }

    private func found(_ world: KernelHarness, ageMs: Int64) -> BackupFound {
        BackupFound(
            name: "/b/1.dump", takenWallMs: world.now.wallMs - ageMs, sizeBytes: 10, verification: "all of it was read",
            restore: "pg_restore -d app /b/1.dump")
    }

    private func text(_ result: CommandResult) -> String {
        switch result {
        case .accepted(let text, _): "accepted: \(text)"
        case .refused(let text): "refused: \(text)"
        case .notFound(let text), .watchedElsewhere(let text): "notFound: \(text)"
        }
    }

    private func order(_ world: inout KernelHarness, _ order: ProcedureOrder) -> String {
        text(world.command(.procedure(incident: world.incidents[0].id, order)))
    }

    @Test func aVerifiedBackupIsShownWithItsRestore() throws {
        var world = KernelHarness.withPlan([Self.check(), Self.drop])
        world.steps.backups["dump"] = found(world, ageMs: 600_000)
        world.cycle(20)
        #expect(world.state("dump") == .proved && world.state("drop") == .waiting)
        let names = world.entryNames
        #expect(names.contains("plan_backup_verified"))
        let summary = try #require(
            world.deliveries.last { $0.notification.event == .personNeeded }?.notification.summary)
        for part in [
            "run migration 43", "/b/1.dump", "stop the traffic", "`pg_restore -d app /b/1.dump`", "minutes by now",
        ] {
            #expect(summary.contains(part), "\(part): \(summary)")
        }
        #expect(order(&world, .done(step: "drop")).hasPrefix("accepted"))
        world.cycle(3)
        #expect(world.procedure?.isOpen == false)
    }

    @Test func withoutOneItIsRefused() {
        var world = KernelHarness.withPlan([Self.check(), Self.drop])
        world.cycle(20)
        #expect(world.state("dump") == .failed && world.state("drop") == .waiting)
        let summary = world.deliveries.last { $0.notification.event == .personNeeded }?.notification.summary ?? ""
        #expect(
            summary.contains("not yet: drop cannot be taken back") && summary.contains("there is no backup at all"),
            "\(summary)")
        let refused = order(&world, .done(step: "drop"))
        #expect(refused.hasPrefix("refused") && refused.contains("--without-backup"), "\(refused)")
        #expect(world.state("drop") == .waiting)
        #expect(order(&world, .doneWithoutBackup(step: "drop")).hasPrefix("accepted"))
        #expect(world.procedure?.step("drop")?.detail.contains("without a backup: ") == true)
    }

    /// One that was verified and is too old by now is no backup; another one may be verified.
    @Test func itIsVerifiedAgainWhenItIsTooOld() {
        var world = KernelHarness.withPlan([Self.check(maxAgeMs: 120_000), Self.drop])
        world.steps.backups["dump"] = found(world, ageMs: 60_000)
        world.cycle(20)
        #expect(world.state("dump") == .proved)
        world.cycle(120)
        let refused = order(&world, .done(step: "drop"))
        #expect(refused.contains("old, more than 2 minutes"), "\(refused)")
        world.steps.backups["dump"] = found(world, ageMs: 0)
        #expect(order(&world, .retry(step: "dump")).hasPrefix("accepted"))
        world.cycle(3)
        #expect(world.steps.acts == ["dump", "dump"] && world.state("dump") == .proved)
        #expect(order(&world, .done(step: "drop")).hasPrefix("accepted"))
        world.cycle(2)
        #expect(order(&world, .retry(step: "dump")).hasPrefix("refused"), "nothing needs it any more")
    }

    /// What an operator says is no verification, and neither is a skipped check.
    @Test(arguments: [ProcedureOrder.done(step: "dump"), .skip(step: "dump")])
    func aCheckThatDidNotRunIsNoBackup(_ decision: ProcedureOrder) {
        var step = Self.check()
        step.onFailure = .hold
        var world = KernelHarness.withPlan([step, Self.drop])
        world.cycle(20)
        #expect(order(&world, decision).hasPrefix("accepted"))
        world.cycle(3)
        #expect(world.state("drop") == .waiting)
        #expect(order(&world, .done(step: "drop")).hasPrefix("refused"))
    }

    /// A backup that is checked afterwards does not help.
    @Test func onlyAStepBeforeItCounts() {
        var world = KernelHarness.withPlan([Self.drop, Self.check()])
        world.steps.backups["dump"] = found(world, ageMs: 0)
        world.cycle(20)
        #expect(order(&world, .done(step: "drop")).contains("no step checks a backup"))
    }

    @Test func otherStepsNeedNone() {
        var world = KernelHarness.withPlan([.person()])
        world.cycle(20)
        #expect(order(&world, .doneWithoutBackup(step: "queue")).hasPrefix("refused"))
        #expect(order(&world, .done(step: "queue")).hasPrefix("accepted"))
    }

    /// A check that was cut off by a restart runs again, and what was verified is known afterwards.
    @Test func aRestartVerifiesAgainOrKnowsIt() throws {
        var world = KernelHarness.withPlan([Self.check(), Self.drop])
        world.steps.backups["dump"] = found(world, ageMs: 0)
        world.cycle(20)
        let started = try #require(world.journal.firstIndex { $0.event.name == "plan_step_started" })
        let all = world.journal.count
        world.restart(keeping: all)
        #expect(order(&world, .done(step: "drop")).hasPrefix("accepted"))
        var cut = KernelHarness.withPlan([Self.check(), Self.drop])
        cut.steps.backups["dump"] = found(cut, ageMs: 0)
        cut.cycle(20)
        cut.restart(keeping: started + 1)
        cut.cycle(20)
        #expect(cut.steps.acts == ["dump", "dump"] && cut.state("dump") == .proved && cut.state("drop") == .waiting)
    }
}
