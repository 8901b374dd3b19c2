import Model
import Testing

@testable import Kernel

@Suite("Several services in one rollout")
struct UnitTests {
    @Test("Both parts go through all steps together, rank by rank, and are promoted in one batch")
    func upTogether() throws {
        var world = UnitWorld()
        let begun = world.begin()
        #expect(begun.outcome == .accepted && begun.rollout?.hasPrefix("shop-r") == true, "\(begun)")
        for step in 1...5 {
            let isThere = world.cycle(untilStep: step)
            #expect(isThere, "step \(step): \(world.waitsFor)")
        }
        let result1 = world.cycle(until: .ended)
        #expect(result1, "\(world.waitsFor)")
        #expect(world.lastEnded?.end == .promoted && world.lastEnded?.release == "shop")
        #expect(world.calls.map(\.share) == [100, 1_000, 2_500, 5_000, 10_000].flatMap { [$0, $0] })
        #expect(world.calls.map(\.part) == (0..<5).flatMap { _ in ["api", "web"] })
        #expect(world.rolloutEvents("api") == world.rolloutEvents("web"))
        #expect(
            world.release("api")?.baseline.version == "v1.5.0" && world.release("web")?.baseline.version == "v1.5.0")
        #expect(world.count(.rolloutEnded) == 1 && world.count(.stepStanding) == 5 && world.count(.rolloutBegun) == 1)
    }

    @Test("Entries that all parts write are in one batch: a crash finds all of them, or none")
    func oneBatch() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(until: .ended)
        let common: Set<String> = [
            "rollout_prepared", "rollout_begun", "step_passed", "step_intended", "step_standing", "baking",
            "rollout_ended",
        ]
        for batch in world.batches {
            func names(_ part: String) -> [String] {
                batch.compactMap { entry in
                    guard case .rollout(_, let event) = entry.event, entry.release == "shop.\(part)" else { return nil }
                    return common.contains(event.name) ? event.name : nil
                }
            }
            #expect(names("api") == names("web"))
        }
    }

    @Test("No router of a higher rank is called before all of the lower ranks show the share")
    func ranks() {
        var world = UnitWorld(ranks: [1, 0])
        _ = world.begin()
        world.cycle(untilStep: 2)
        #expect(world.calls.map(\.part) == ["web", "api", "web", "api"])
        var atOnce = UnitWorld(ranks: [0, 0])
        _ = atOnce.begin()
        atOnce.cycle(untilStep: 1)
        #expect(Set(atOnce.calls.map(\.uptimeMs)).count == 1)
    }

    @Test("A gate of one part that is closed keeps both where they are")
    func closedGate() {
        var world = UnitWorld { $0.releases[1].rollout?.steps[1].minMs = 60_000 }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(30)
        #expect(world.running?.step == 2 && world.shares == [[1_000], [1_000, 1_000]])
        #expect(world.waitsFor.hasPrefix("web: min"), "\(world.waitsFor)")
        world.cycle(40)
        #expect(world.running?.step == 3, "\(world.waitsFor)")
    }

    @Test(
        "A rule that fires in one part takes both out, in reverse order, and latches both", arguments: ["api", "web"])
    func downTogether(sick: String) throws {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 3)
        if sick == "api" { world.api.canaryErrors = 30 } else { world.web.canaryErrors = 30 }
        let before = world.calls.count
        let result2 = world.cycle(until: .ended)
        #expect(result2, "\(world.waitsFor)")
        #expect(world.lastEnded?.end == .rolledBack)
        #expect(world.shares == [[0], [0, 0]])
        #expect(world.calls.dropFirst(before).first?.part == "web")
        let intents = world.batches.filter { $0.contains { if case .intended = $0.event { true } else { false } } }
        #expect(intents.count == 1 && world.incidents.count == 2 && world.incidents.allSatisfy { !$0.isOpen })
        let result3 = world.order(.begin(KernelHarness.next))
        #expect(result3.outcome == .refused(.latched))
        #expect(world.count(.rolloutEnded) == 1)
        guard case .accepted = world.command(.rearm(release: "shop")) else {
            Issue.record("the unit is not rearmed")
            return
        }
        let result4 = world.order(.begin(KernelHarness.next))
        #expect(result4.outcome == .accepted)
    }

    @Test(
        "One router refuses: what the others took is undone, after three tries the unit is halted, with one notification"
    )
    func oneRefuses() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 2)
        for index in world.web.routers.indices { world.web.routers[index].mood = .rejects }
        let before = world.calls.count
        world.cycle(30)
        #expect(world.shares == [[1_000], [1_000, 1_000]])
        #expect(world.calls.dropFirst(before).prefix(2).map(\.part) == ["api", "web"])
        #expect(world.rolloutEvents("api").contains("step_undone"))
        #expect(world.running?.state == .standing && world.running?.step == 2)
        world.cycle(180)
        #expect(world.running?.isHalted(.router) == true, "\(world.waitsFor)")
        #expect(world.count(.rolloutHalted) == 1 && world.count(.stepUndone) == 3)
        #expect(world.shares == [[1_000], [1_000, 1_000]])
        for index in world.web.routers.indices { world.web.routers[index].mood = .honest }
        let result5 = world.order(.resume(acceptsBaseline: false))
        #expect(result5.outcome == .accepted)
        let result6 = world.cycle(untilStep: 3)
        #expect(result6, "\(world.waitsFor)")
    }

    @Test("A dead router in the rollback delays the other part by two seconds, and is acknowledged when it is back")
    func deadRouterDown() throws {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 3)
        world.web.routers[1].mood = .dead
        world.api.canaryErrors = 30
        let before = world.calls.count
        world.cycle(25)
        let down = world.calls.dropFirst(before)
        let (web, api) = (down.first { $0.part == "web" }, down.first { $0.part == "api" })
        #expect(try #require(api).uptimeMs - (try #require(web)).uptimeMs == 2_000)
        #expect(world.shares == [[0], [0, 2_500]])
        #expect(world.incidents.count { !$0.isOpen } == 1 && world.running?.state == .rollingBack)
        world.cycle(60)
        #expect(world.count(.rollbackAbandoned) == 1)
        #expect(world.running != nil, "the rollout ends with its last part")
        world.web.routers[1].mood = .honest
        let result7 = world.cycle(until: .ended)
        #expect(result7, "\(world.waitsFor)")
        #expect(world.shares == [[0], [0, 0]] && world.lastEnded?.end == .rolledBack)
        #expect(world.count(.rollbackAcknowledged) == 2)
    }

    /// A whole life with an end of its own.
    private func life(_ sick: String?) -> UnitWorld {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 3)
        if sick == "api" { world.api.canaryErrors = 30 }
        if sick == "web" { world.web.canaryErrors = 30 }
        world.cycle(until: .ended)
        return world
    }

    @Test(
        "A crash after any batch of entries: the parts end alike, no step is passed twice, and nothing rises after an intent",
        arguments: [nil, "api", "web"])
    func crashAnywhere(sick: String?) throws {
        let whole = life(sick)
        #expect(whole.moments.count > 15)
        for moment in whole.moments {
            var world = whole
            world.restart(keeping: moment.entries, parts: moment.parts)
            let isFalling = world.journal.contains { if case .intended = $0.event { true } else { false } }
            world.cycle(150)
            let cut = "cut after \(moment.entries): \(world.running?.state.rawValue ?? "none"): \(world.waitsFor)"
            let isOver = world.running == nil || world.running?.state == .prepared
            #expect(isOver, "\(cut)")
            #expect(
                world.release("api")?.rollout?.ended.map(\.end) == world.release("web")?.rollout?.ended.map(\.end),
                "\(cut)")
            #expect(Set(world.shares.flatMap(\.self)).count == 1, "\(cut): \(world.shares)")
            if isFalling {
                #expect(world.calls.allSatisfy { $0.share == 0 }, "\(cut)")
                #expect(world.lastEnded?.end == .rolledBack, "\(cut)")
            }
            for part in ["api", "web"] {
                let passed = world.journal.compactMap { entry -> Int? in
                    guard entry.release == "shop.\(part)",
                        case .rollout(_, .stepPassed(let step, _, _, _)) = entry.event
                    else { return nil }
                    return step
                }
                #expect(Set(passed).count == passed.count, "\(cut): \(passed)")
            }
        }
    }

    @Test("Orders to the unit are taken by all parts or by none, and those to a part are refused with what to do")
    func orders() {
        var world = UnitWorld()
        world.cycle(3)
        let prepared = world.order(.prepare(KernelHarness.next), key: "job-1")
        #expect(prepared.outcome == .created && prepared.place == "green")
        let again = world.order(.prepare(KernelHarness.next), key: "job-1")
        #expect(again.outcome == .created && again.rollout == prepared.rollout)
        _ = world.order(.begin(KernelHarness.next), key: "job-1")
        world.cycle(untilStep: 1)
        let stale = world.order(.pause(forMs: nil), ifMatch: prepared.tag)
        #expect(stale.outcome == .refused(.stale))
        let paused = world.order(.pause(forMs: nil), ifMatch: world.running?.tag)
        #expect(paused.outcome == .accepted, "\(paused)")
        world.cycle(40)
        #expect(world.running?.step == 1 && world.release("web")?.rollout?.running?.pause != nil)
        _ = world.order(.resume(acceptsBaseline: false))
        let toPart = world.kernel.order(.abort, release: "shop.api", OrderContext(by: "ada"), at: world.now).answer
        #expect(toPart.text.contains("give the order to shop"))
        let aborted = world.order(.abort)
        #expect(aborted.outcome == .accepted)
        let isOver = world.cycle(until: .ended)
        #expect(isOver && world.lastEnded?.end == .aborted && world.shares == [[0], [0, 0]])
        let second = world.order(.begin(KernelHarness.next))
        #expect(second.outcome == .accepted, "an abort is no verdict: \(second)")
    }

    @Test("An approval is asked once, of the unit, when everything else is open in all parts")
    func approval() {
        var world = UnitWorld { plan in
            plan.releases[0].rollout?.steps[1].approval = ApprovalPlan()
            plan.releases[1].rollout?.steps[1].minMs = 40_000
        }
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.cycle(25)
        #expect(world.count(.gateAsked) == 0, "web is not ready")
        world.cycle(25)
        #expect(world.count(.gateAsked) == 1 && world.running?.step == 2)
        let approved = world.order(.approve(step: 2))
        #expect(approved.outcome == .accepted, "\(approved)")
        let isThere = world.cycle(untilStep: 3)
        #expect(isThere, "\(world.waitsFor)")
    }

    @Test("After the promotion the unit goes back as one, and both versions turn")
    func wayBack() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(until: .ended)
        world.cycle(5)
        let answer = world.command(.rollback(release: "shop.web", toVersion: "v1.4.2"))
        guard case .accepted = answer else {
            Issue.record("\(answer)")
            return
        }
        world.cycle(25)
        #expect(world.shares == [[0], [0, 0]] && world.parts.allSatisfy { !$0.isTurned })
        #expect(["api", "web"].allSatisfy { world.release($0)?.baseline.version == "v1.4.2" })
    }

    @Test("A hand that lowers one part halts the unit; resume sets the share of the step again")
    func hand() {
        var world = UnitWorld()
        _ = world.begin()
        world.cycle(untilStep: 3)
        for index in world.web.routers.indices { world.web.routers[index].share = 500 }
        world.cycle(10)
        #expect(world.running?.isHalted(.hand) == true && world.running?.step == 3, "\(world.waitsFor)")
        #expect(world.shares == [[2_500], [500, 500]])
        _ = world.order(.resume(acceptsBaseline: false))
        world.cycle(5)
        #expect(world.shares == [[2_500], [2_500, 2_500]])
        let isThere = world.cycle(untilStep: 4)
        #expect(isThere, "\(world.waitsFor)")
    }
}
