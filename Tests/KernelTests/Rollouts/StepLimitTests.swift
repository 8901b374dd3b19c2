import Model
import Support
import Testing

@testable import Kernel

/// A step's `max` counts the step's own time: what holds it from outside does not let it run out.
@Suite("How long a step may last")
struct StepLimitTests {
    enum Hold: CaseIterable {
        case pause
        case freeze
        case calendar
        case baselineAway
        case baselineSick
        case approval
    }

    private static let maxMs: Int64 = 40_000
    private static let firstWallMs: Int64 = 1_700_000_000_000

    /// A rollout whose third step is not passed: it has too few requests, or no operator approves.
    private func world(_ hold: Hold) -> KernelHarness {
        KernelHarness.led(rules: [.absoluteErrorRate()]) { rollout in
            rollout.steps[2].maxMs = Self.maxMs
            if hold == .approval {
                rollout.steps[2].approval = ApprovalPlan()
            } else {
                rollout.steps[2].requests = 1_000_000_000
            }
            guard hold == .calendar else { return }
            let closed = Blackout(fromWallMs: Self.firstWallMs + 60_000, toWallMs: Self.firstWallMs + 300_000)
            rollout.calendar = CalendarPlan(blackouts: [closed])
        }
    }

    private func begin(_ hold: Hold, _ world: inout KernelHarness) {
        switch hold {
        case .pause: _ = world.order(.pause(forMs: nil))
        case .freeze: _ = world.order(.freeze(untilWallMs: nil))
        case .calendar: while world.now.wallMs < Self.firstWallMs + 61_000 { world.cycle() }
        case .baselineAway: world.baseline.isUp = false
        case .baselineSick:
            world.cycle(12)
            (world.baseline.errors, world.canary.errors) = (12, 12)
        case .approval: world.cycle(12)
        }
    }

    private func end(_ hold: Hold, _ world: inout KernelHarness) {
        switch hold {
        case .pause: _ = world.order(.resume(acceptsBaseline: false))
        case .freeze: _ = world.order(.unfreeze)
        case .calendar: while world.now.wallMs < Self.firstWallMs + 301_000 { world.cycle() }
        case .baselineAway: world.baseline.isUp = true
        case .baselineSick: (world.baseline.errors, world.canary.errors) = (0, 0)
        case .approval: break
        }
    }

    @Test("What holds a step from outside does not use its time up, over a restart too", arguments: Hold.allCases)
    func held(_ hold: Hold) {
        var world = world(hold)
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.cycle(3)
        begin(hold, &world)
        world.cycle(70)
        #expect(world.running?.isHalted(.overdue) == false, "\(world.waitsFor)")
        world.restart(downMs: 10_000)
        world.cycle(70)
        #expect(world.running?.isHalted(.overdue) == false, "after the restart: \(world.waitsFor)")
        #expect(world.running?.step == 3)
        end(hold, &world)
        guard hold != .approval else { return }
        world.cycle(5)
        #expect(world.running?.isHalted(.overdue) == false, "\(world.waitsFor)")
        // A window that has to pass without the trouble is part of the hold.
        world.cycle(80)
        #expect(world.running?.isHalted(.overdue) == true, "its own time is counted: \(world.waitsFor)")
    }

    @Test("Whoever resumes an overdue step grants it its time once more, over a restart too")
    func granted() {
        var world = world(.pause)
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.cycle(45)
        #expect(world.running?.isHalted(.overdue) == true, "\(world.waitsFor)")
        _ = world.order(.resume(acceptsBaseline: false))
        world.cycle(20)
        #expect(world.running?.isHalted(.overdue) == false, "\(world.waitsFor)")
        world.restart(downMs: 10_000)
        world.cycle(10)
        #expect(world.running?.isHalted(.overdue) == false, "after the restart: \(world.waitsFor)")
        world.cycle(30)
        #expect(world.running?.isHalted(.overdue) == true, "\(world.waitsFor)")
    }

    @Test("In a unit people who think about the approval hold the step of every part")
    func unit() {
        var world = UnitWorld { plan in
            plan.releases[0].rollout?.steps[1].approval = ApprovalPlan()
            for index in plan.releases.indices { plan.releases[index].rollout?.steps[1].maxMs = Self.maxMs }
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(90)
        #expect(world.running?.halts.isEmpty == true && world.running?.step == 2, "\(world.waitsFor)")
        _ = world.order(.approve(step: 2))
        let isThere = world.cycle(untilStep: 3)
        #expect(isThere, "\(world.waitsFor)")
    }

    @Test("Time counts when nothing held the step at both of its ends", arguments: [UInt64](1...20))
    func law(_ seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        var now = Moment(uptimeMs: 5_000, wallMs: 0)
        var clock = StepClock(at: now)
        var (lasted, counted, wasHeld) = (Int64(0), Int64(0), false)
        for _ in 0..<200 {
            let (passedMs, isHeld) = (
                Int64.random(in: 0...90_000, using: &dice), Int.random(in: 0...2, using: &dice) == 0
            )
            now.uptimeMs += passedMs
            clock.advance(canaryRequests: 1, settings: nil, isExcused: isHeld, at: now)
            lasted += min(passedMs, 60_000)
            if !isHeld, !wasHeld { counted += min(passedMs, 60_000) }
            wasHeld = isHeld
            #expect(clock.standingMs == lasted && clock.countedMs == counted)
        }
    }
}
