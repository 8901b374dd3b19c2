import Model
import Testing

@testable import Kernel

/// What the next leader knows of a plan that is over.
@Suite("Plans and the next leader")
struct PlanHandoverTests {
    @Test func theNextLeaderWatchesWhatWasProved() throws {
        var plan = KernelHarness.led().plan
        plan.releases[0].procedure = ProcedurePlan(steps: [.flag().watched(everyMs: 10_000), .program()])
        var world = ReplicaWorld(plan: plan)
        world.run(seconds: 5)
        let first = try #require(world.leader)
        _ = world.order(.begin(KernelHarness.next), to: first)
        world.run(seconds: 40)
        world.isSecondSick = true
        world.run(seconds: 60)
        #expect(world.steps.acts == ["flag", "cache"])
        world.nodes[first].isAlive = false
        world.steps.set("flag", isInForce: false)
        world.run(seconds: 60)
        let next = try #require(world.leader)
        #expect(next != first && world.steps.acts == ["flag", "cache", "flag"])
        #expect(Set(world.steps.keys.filter { $0.hasSuffix("/flag") }).count == 1)
        #expect(world.runBy.last == world.nodes[next].name)
        let reports = world.nodes[next].deliveries.filter { $0.notification.event == .planDrift }
        #expect(reports.count == 1)
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// A leader that was cut off may still be in the middle of a step: the next one does nothing about the step before its time
    /// is over, however soon it leads.
    @Test func theNextLeaderWaitsForTheTimeOfAStep() throws {
        var plan = KernelHarness.led().plan
        plan.releases[0].procedure = ProcedurePlan(steps: [.flag(), .program()])
        var world = ReplicaWorld(plan: plan)
        world.run(seconds: 5)
        let first = try #require(world.leader)
        _ = world.order(.begin(KernelHarness.next), to: first)
        world.run(seconds: 40)
        world.steps.moods = ["flag": .hangs]
        world.isSecondSick = true
        for _ in 0..<40 where world.runBy.isEmpty { world.second() }
        world.nodes[first].reachesStore = false
        world.steps.moods = [:]
        for _ in 0..<30 where world.leader == nil || world.leader == first { world.second() }
        let next = try #require(world.leader)
        #expect(next != first && world.runBy.count == 1)
        let limitSeconds = Int(ProcedureStep.flag().callLimitMs / 1_000)
        world.run(seconds: limitSeconds - 3)
        #expect(world.runBy.count == 1 && world.checkedBy.isEmpty)
        world.run(seconds: 20)
        #expect(world.checkedBy.first == world.nodes[next].name)
        #expect(world.steps.acts == ["flag", "cache"] && world.runBy.last == world.nodes[next].name)
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// A flag that is switched back all day long takes the place of nothing that the next leader needs.
    @Test func aFightDoesNotFillTheDocument() throws {
        var world = KernelHarness.withPlan([.flag().watched(everyMs: 5_000), .program()])
        var document = HandoverBook(release: "checkout")
        world.cycle(10)
        for _ in 0..<150 {
            world.steps.set("flag", isInForce: false)
            world.cycle(6)
        }
        for entry in world.recorded where HandoverBook.concerns(entry.event) { _ = document.take(entry) }
        #expect(world.recorded.filter { $0.event.name == "plan_step_drifted" }.count > 100)
        let names = document.entries.map(\.event.name)
        #expect(names.contains("acknowledged") && names.contains("plan_ended") && names.count < 40, "\(names)")
        // It says the same of the plan as the whole journal.
        let kept = try #require(Incident(history: document.entries)?.procedure?.step("flag"))
        let whole = try #require(world.procedure?.step("flag"))
        #expect(kept.state == whole.state && kept.attempts == whole.attempts && kept.isWatched)
        #expect(kept.formerAttempts == whole.formerAttempts)
    }

    /// Neither does a step that is tried, or repeated, again and again.
    @Test func manyTriesDoNotFillTheDocument() {
        var document = HandoverBook(release: "checkout")
        var sequence: UInt64 = 0
        func take(_ event: ProcedureEvent) {
            sequence += 1
            let entry = JournalEntry(
                sequence: sequence, wallMs: 0, release: "checkout", incident: "checkout-r2", event: .procedure(event))
            _ = document.take(entry)
        }
        var plan = ProcedurePlan(steps: [.program("warm"), .program("slow")])
        plan.forward = ForwardVersions(baseline: "v1", canary: "v2")
        take(.frozen(plan))
        take(.started(step: "warm", attempt: 1))
        take(.done(step: "warm", receipt: "it is warm"))
        for attempt in 1...150 {
            take(.started(step: "slow", attempt: attempt))
            take(.failed(step: "slow", reason: "busy", then: .retry))
            take(.watchFailed(step: "lag", reason: "it is high"))
            take(.watchRecovered(step: "lag", reason: "it is low"))
        }
        #expect(document.entries.count < 12, "\(document.entries.map(\.event.name))")
        var known = ForwardProcedure(document.entries[0])
        for entry in document.entries.dropFirst() { known?.apply(entry) }
        #expect(known?.steps.step("warm")?.state == .done && known?.steps.step("slow")?.attempts == 150)
    }
}
