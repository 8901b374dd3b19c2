import Model
import Telemetry
import Testing

@testable import Kernel

/// Cycles that are judged without the targets that have not answered yet.
@Suite("A target that is late")
struct LateTargetTests {
    private func world(lateAfterMs: Int64? = 100) -> KernelHarness {
        var plan = Plan.example()
        plan.releases[0].scrape.lateAfterMs = lateAfterMs
        plan.releases[0].canary.targets.append(TargetPlan(instance: "b:2", url: "http://b:2/metrics"))
        var world = KernelHarness(plan: plan, canaryBasisPoints: 5_000)
        world.cycle(12)
        return world
    }

    private func report(_ pool: Pool, _ index: Int, requests: Double = 50, errors: Double = 0) -> Input {
        let instance = pool == .baseline ? "a:\(index + 1)" : "b:\(index + 1)"
        let reading = TargetReading(
            requests: requests, errors: errors, matches: .init(requests: 1, errors: 1), samples: 10, coveredSeconds: 1)
        return .scraped(
            ScrapeReport(
                release: "checkout", pool: pool, target: index, instance: instance,
                outcome: .success(reading, warnings: [])))
    }

    private func end(_ world: inout KernelHarness, _ reports: [Input]) {
        world.pass(ms: 1_000)
        for report in reports { world.send(report) }
        world.send(.cycleEnded(release: "checkout"))
    }

    @Test func isWaitedForOnceAndThenDown() {
        var world = world()
        end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0)])
        #expect(world.release.canary.targets.map(\.isUp) == [true, true])
        end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0)])
        #expect(world.release.canary.targets.map(\.isUp) == [true, false])
        end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0), report(.canary, 1)])
        #expect(world.release.canary.targets.map(\.isUp) == [true, true])
    }

    @Test func isDownAtOnceWhereAllAreWaitedFor() {
        var world = world(lateAfterMs: nil)
        end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0)])
        #expect(world.release.canary.targets.map(\.isUp) == [true, false])
    }

    @Test func doesNotHoldADecisionUp() {
        var world = world()
        end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0, errors: 30)])
        #expect(world.release.phase == .rollingBack)
        #expect(world.release.rules[0].evidence?.canary.errors == 30)
    }

    @Test func saysNothingOfWhatItServesMeanwhile() {
        var world = world()
        end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0, errors: 30)])
        #expect(world.canaryBasisPoints == 0)
        end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0), report(.canary, 1)])
        for _ in 0..<3 {
            // The quick instance is idle; the one that is late may still have all of the traffic.
            end(&world, [report(.baseline, 0), report(.baseline, 1), report(.canary, 0, requests: 0)])
            #expect(world.release.phase == .rollingBack)
            end(
                &world,
                [
                    report(.baseline, 0), report(.baseline, 1), report(.canary, 0, requests: 0),
                    report(.canary, 1, requests: 40),
                ])
            #expect(world.release.phase == .rollingBack)
        }
        for _ in 0..<3 {
            end(
                &world,
                [
                    report(.baseline, 0), report(.baseline, 1), report(.canary, 0, requests: 0),
                    report(.canary, 1, requests: 0),
                ])
        }
        #expect(world.release.phase == .rolledBack)
    }
}
