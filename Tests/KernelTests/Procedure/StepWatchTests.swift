import Model
import Testing

@testable import Kernel

/// A step that was proved stays so, until the latch is cleared or the plan is given up.
@Suite("Steps that are changed back")
struct StepWatchTests {
    private static func proved(
        _ steps: [ProcedureStep] = [.flag().watched(), .program()]
    ) -> KernelHarness {
        var world = KernelHarness.withPlan(steps)
        world.cycle(10)
        return world
    }

    @Test func aFlagThatIsSwitchedBackIsSetAgain() {
        var world = Self.proved()
        #expect(world.procedure?.isOpen == false && world.procedure?.isWatched == true)
        world.cycle(60)
        #expect(world.steps.acts == ["flag", "cache"], "nothing has changed")
        world.steps.set("flag", isInForce: false)
        world.cycle(35)
        #expect(world.steps.acts == ["flag", "cache", "flag"] && world.state("flag") == .proved)
        #expect(Set(world.steps.keys.filter { $0.hasSuffix("/flag") }).count == 1)
        #expect(world.procedure?.step("flag")?.attempts == 2)
        #expect(world.count(.planDrift) == 1 && world.count(.planStuck) == 0 && world.count(.planEnded) == 1)
        let names = world.entryNames.suffix(4)
        #expect(Array(names) == ["plan_step_drifted", "plan_step_started", "plan_step_done", "plan_step_proved"])
        #expect(world.procedure?.isOpen == false)
    }

    @Test func aFightIsReportedOnceAMinute() throws {
        var world = Self.proved([.flag().watched(everyMs: 10_000)])
        let start = world.now.uptimeMs
        while world.now.uptimeMs - start < 600_000 {
            world.steps.set("flag", isInForce: false)
            world.cycle()
        }
        let reports = world.deliveries.filter { $0.notification.event == .planDrift }.map(\.notification.atWallMs)
        #expect((9...11).contains(reports.count), "\(reports.count)")
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $1 - $0 >= 60_000 })
        #expect(world.steps.acts.count > 40)
        // Nothing has to be acknowledged.
        #expect(world.snapshot.openSubjects.isEmpty)
    }

    @Test func aPlanUnderWayDoesNotWaitForADrift() {
        var world = Self.proved([.flag().watched(), .person(), .program()])
        world.steps.moods["flag"] = .fails
        world.steps.set("flag", isInForce: false)
        world.cycle(40)
        #expect(world.state("flag") == .failed && world.procedure?.next?.plan.name == "queue")
        #expect(world.release.warnings.contains { $0.contains("flag has failed") }, "\(world.release.warnings)")
        #expect(accepted(world.command(.procedure(incident: world.incidents[0].id, .done(step: "queue")))))
        world.cycle(3)
        #expect(world.state("cache") == .done && world.procedure?.isOpen == false)
        world.steps.moods = [:]
        world.cycle(120)
        #expect(world.state("flag") == .proved && world.count(.planStuck) == 0)
    }

    /// A provider that is down for a day is not asked each 30 seconds, and no one is notified each time.
    @Test func aProviderThatRefusesIsAskedLessAndLess() {
        var world = Self.proved([.flag(onFailure: .page).watched()])
        world.steps.moods["flag"] = .refuses
        world.steps.set("flag", isInForce: false)
        world.pass(ms: 4 * 3_600_000)
        let starts = world.recorded.filter { $0.event.name == "plan_step_started" }.count
        #expect((10...20).contains(starts), "\(starts)")
        #expect(world.count(.planStuck) == 0 && world.count(.planDrift) > 5)
        world.steps.moods = [:]
        world.pass(ms: 1_900_000)
        #expect(world.state("flag") == .proved)
    }

    @Test func whatCannotBeReadIsNoDrift() {
        var world = Self.proved()
        world.steps.isUnreadable = true
        world.cycle(200)
        #expect(world.steps.acts == ["flag", "cache"] && world.count(.planDrift) == 0)
    }

    @Test(arguments: [0, 1, 2])
    func nothingIsWatchedAfterItsEnd(_ way: Int) {
        var world = Self.proved()
        let id = world.incidents[0].id
        switch way {
        case 0: #expect(accepted(world.command(.procedure(incident: id, .abandon))))
        case 1: #expect(accepted(world.command(.rearm(release: "checkout"))))
        default:
            #expect(accepted(world.command(.procedure(incident: id, .abandon))))
            world.restart()
        }
        world.steps.set("flag", isInForce: false)
        let checks = world.steps.checks
        world.cycle(120)
        #expect(world.steps.acts == ["flag", "cache"] && world.steps.checks == checks)
        #expect(!accepted(world.command(.procedure(incident: id, .abandon))))
    }

    @Test func aStepWithoutAWatchIsLeftAlone() {
        var world = Self.proved([.flag()])
        world.steps.set("flag", isInForce: false)
        world.cycle(120)
        #expect(world.steps.acts == ["flag"])
    }

    /// What changed it back may do so while the daemon is down.
    @Test func aRestartChecksAtOnce() {
        var world = Self.proved()
        world.steps.set("flag", isInForce: false)
        world.restart()
        world.cycle(3)
        #expect(world.steps.acts == ["flag", "cache", "flag"] && world.state("flag") == .proved)
    }

    /// A crash after each entry of two drifts: in the end the flag is off, and every act has its entry.
    @Test(arguments: 0...14)
    func aCrashLosesNoDrift(_ kept: Int) {
        var world = Self.proved()
        let before = world.recorded.count
        world.diskLimit = before + kept
        for _ in 0..<2 {
            world.steps.set("flag", isInForce: false)
            world.cycle(35)
        }
        world.diskLimit = .max
        world.steps.set("flag", isInForce: false)
        world.restart()
        // What was done and is not proved is given its time, and tried again after a longer pause.
        world.cycle(100)
        #expect(world.state("flag") == .proved && world.steps.acts.count { $0 == "cache" } == 1)
        #expect(Set(world.steps.keys.filter { $0.hasSuffix("/flag") }).count == 1)
        let attempts = world.recorded.compactMap { entry -> Int? in
            if case .procedure(.started("flag", let attempt)) = entry.event { attempt } else { nil }
        }
        #expect(attempts == Array(1...attempts.count))
    }

    /// No step acts before its start is on the disk, also when it acts again.
    @Test func aDriftIsNotCorrectedWhileTheDiskIsFull() {
        var world = Self.proved()
        world.isDiskWorking = false
        world.steps.set("flag", isInForce: false)
        world.cycle(60)
        #expect(world.steps.acts == ["flag", "cache"])
        world.healDisk()
        world.cycle(5)
        #expect(world.steps.acts == ["flag", "cache", "flag"])
    }
}

func accepted(_ result: CommandResult) -> Bool { if case .accepted = result { true } else { false } }
