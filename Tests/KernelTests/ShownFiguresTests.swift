import Model
import Telemetry
import Testing

@testable import Kernel

/// What a snapshot shows beside what rules decide.
@Suite("Percentiles and plans of a snapshot")
struct ShownFiguresTests {
    // MARK: Percentiles

    private static func release(_ scope: RegressionPlan.Scope, others: [RulePlan] = []) -> ReleaseSnapshot {
        var world = RegressionWorld(RegressionPlan(scope: scope), others: others, seed: 7)
        world.hasHistogram = true
        var plan = world.harness.plan
        plan.releases[0].indicators.latency = SeriesSelector(metric: "http_request_duration_seconds")
        world.harness = KernelHarness(plan: plan, canaryBasisPoints: 0)
        world.cycle(10)
        world.begin()
        world.cycle(60)
        return world.harness.snapshot.releases[0]
    }

    private static func latencyRule(_ quantile: Double) -> RulePlan {
        var rule = RulePlan.errorRate(action: .notify)
        guard case .threshold(var plan) = rule.test else { return rule }
        plan.indicator = .latencyQuantile(quantile)
        (rule.name, rule.test) = ("Slow\(quantile)", .threshold(plan))
        return rule
    }

    @Test(
        arguments: [
            (.errors, ["p50", "p99"], []), (.release, ["p50", "p90", "p99"], ["p50", "p90", "p99"]),
            (.percentile(0.95), ["p50", "p95", "p99"], ["p95"]),
        ] as [(RegressionPlan.Scope, [String], [String])])
    func thePercentilesOfRulesAreShownWithTheirBounds(
        _ scope: RegressionPlan.Scope, _ names: [String], _ known: [String]
    ) {
        let release = Self.release(scope)
        for pool in [release.baseline, release.canary] {
            #expect(pool.latencies.map(\.name) == names)
            #expect(pool.latencies.filter { $0.lowSeconds != nil || $0.highSeconds != nil }.map(\.name) == known)
            #expect(pool.latencies.allSatisfy { $0.seconds != nil })
            #expect(pool.latencies.last?.seconds == pool.latencyP99)
            for one in pool.latencies {
                #expect(one.lowSeconds ?? 0 <= one.highSeconds ?? .infinity, "\(one)")
            }
        }
    }

    @Test func noMoreThanFourPercentilesAreShown() {
        let release = Self.release(.errors, others: [0.75, 0.9, 0.95, 0.999].map(Self.latencyRule))
        #expect(release.canary.latencies.map(\.name) == ["p50", "p75", "p90", "p99"])
    }

    // MARK: Plans

    @Test func aReleaseShowsItsPlanBeforeAndAfterARollback() throws {
        var world = KernelHarness.withPlan([.flag(), .person()])
        let before = try #require(world.snapshot.releases[0].procedure)
        #expect(before.plan?.steps.count == 2 && before.incident == nil && before.run == nil)
        world.cycle(30)
        let after = try #require(world.snapshot.releases[0].procedure)
        #expect(after.incident == world.incidents.first?.id && after.run == world.procedure)
        #expect(after.run?.next?.state == .waiting)
        #expect(KernelHarness().snapshot.releases[0].procedure == nil)
    }

    /// Operators are offered what the kernel takes: in each state of each step, whatever is not offered is refused.
    @Test(arguments: [ProcedureWorld.Mood.works, .fails, .losesAnswers])
    func whatIsOfferedIsTakenAndNothingElse(_ mood: ProcedureWorld.Mood) {
        var world = KernelHarness.withPlan([.flag(), .program(), .program("once", isIdempotent: false), .person()])
        for step in ["flag", "cache", "once"] { world.steps.moods[step] = mood }
        var offers: Set<String> = []
        for _ in 0..<40 {
            world.cycle()
            guard let run = world.procedure else { continue }
            for step in run.steps {
                offers.formUnion(run.orders(about: step).map { "\(step.state.rawValue) \($0)" })
                for order in ["done", "retry", "skip"] { Self.ask(order, about: step, of: run, world) }
            }
        }
        #expect(offers.contains("planned skip"))
    }

    private static func ask(
        _ order: String, about step: ProcedureRun.Step, of run: ProcedureRun, _ world: KernelHarness
    ) {
        let name = step.plan.name
        let orders: [String: ProcedureOrder] = [
            "done": .done(step: name), "retry": .retry(step: name), "skip": .skip(step: name),
        ]
        var asked = world
        guard let action = orders[order], let id = world.incidents.first?.id else { return }
        let isOffered = run.orders(about: step).contains(order)
        switch asked.command(.procedure(incident: id, action)) {
        case .accepted: #expect(isOffered, "\(name), \(step.state): \(order)")
        case .refused(let text): #expect(!isOffered || text.contains("is under way"), "\(name): \(text)")
        case .notFound(let text), .watchedElsewhere(let text): Issue.record("\(text)")
        }
    }
}
