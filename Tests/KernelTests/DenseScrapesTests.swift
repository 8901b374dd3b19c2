import Model
import Telemetry
import Testing

@testable import Kernel

@Suite("Scrapes that follow each other sooner while evidence grows")
struct DenseScrapesTests {
    private static func take(
        _ dense: inout DenseScrapes, suspicion: Double, answerMs: Int64 = 10, seconds: ClosedRange<Int64>
    ) -> Int64 {
        var last: Int64 = 0
        for second in seconds {
            dense.take(suspicion: suspicion, slowestAnswerMs: answerMs, atUptimeMs: second * 1_000)
            last = dense.nextCycleMs
        }
        return last
    }

    @Test(arguments: [(5_000, 1_250), (2_000, 1_000), (1_000, 1_000), (60_000, 15_000)] as [(Int64, Int64)])
    func aQuarterOfTheIntervalAndNoLessThanASecond(_ intervalMs: Int64, _ wanted: Int64) {
        var dense = DenseScrapes(intervalMs: intervalMs)
        #expect(Self.take(&dense, suspicion: 0.9, seconds: 1...1) == intervalMs)
        #expect(Self.take(&dense, suspicion: 1.1, seconds: 2...2) == wanted)
        #expect(Self.take(&dense, suspicion: 0, seconds: 3...3) == intervalMs)
    }

    /// Targets are busy with us for a quarter of the time at most.
    @Test(arguments: [(400, 1_600), (1_249, 4_996), (1_250, 5_000), (9_000, 5_000)] as [(Int64, Int64)])
    func slowTargetsAreScrapedLessOften(_ answerMs: Int64, _ wanted: Int64) {
        var dense = DenseScrapes(intervalMs: 5_000)
        #expect(Self.take(&dense, suspicion: 3, answerMs: answerMs, seconds: 1...1) == wanted)
    }

    @Test func fiveMinutesAtAStretchAndATenthInTheLongRun() {
        var dense = DenseScrapes(intervalMs: 5_000)
        var denseSeconds = 0
        for second in Int64(1)...36_000 {
            dense.take(suspicion: 3, slowestAnswerMs: 10, atUptimeMs: second * 1_000)
            if dense.isDense { denseSeconds += 1 }
            if second == 300 { #expect(dense.isDense) }
            if second == 310 { #expect(!dense.isDense) }
        }
        #expect((3_400...3_800).contains(denseSeconds), "\(denseSeconds)")
    }

    /// A process that was stopped for hours: no more than two intervals are taken or earned.
    @Test func aStoppedProcessEarnsNothing() {
        var dense = DenseScrapes(intervalMs: 5_000)
        _ = Self.take(&dense, suspicion: 3, seconds: 1...302)
        #expect(!dense.isDense)
        dense.take(suspicion: 3, slowestAnswerMs: 10, atUptimeMs: 100_000_000)
        #expect(!dense.isDense)
    }

    @Test func aFaultMakesTheNextCycleComeSoonerAndHealthDoesNot() {
        var world = RegressionWorld(RegressionPlan(scope: .errors, tolerance: 0), seed: 3)
        world.harness.plan.releases[0].scrape.intervalMs = 5_000
        world.harness.send(.reload(world.harness.plan))
        world.cycle(60)
        world.begin()
        var dense = 0
        for _ in 0..<60 {
            world.cycle()
            if world.harness.kernel.nextCycleMs(release: "checkout") != 5_000 { dense += 1 }
        }
        #expect(dense < 12, "\(dense)")
        world.canaryErrors = 0.2
        world.cycle()
        #expect(world.harness.kernel.nextCycleMs(release: "checkout") == 1_250)
        #expect(world.harness.kernel.snapshot(at: world.harness.now).releases[0].denseScrapesEveryMs == 1_250)
        while !world.isRolledBack { world.cycle() }
        #expect(world.harness.kernel.nextCycleMs(release: "checkout") == 5_000)
    }

    /// Windows hold the same time, however closely its rows follow.
    @Test func aWindowCoversItsTimeWithRowsOfEitherLength() {
        var window = PoolWindow(windowsMs: [60_000], intervalMs: 5_000, shortestCycleMs: 1_250, beganAtMs: 0)
        var now: Int64 = 0
        for step in 0..<400 {
            let lengthMs: Int64 = (step / 60).isMultiple(of: 2) ? 5_000 : 1_250
            now += lengthMs
            let reading = TargetReading(
                requests: Double(lengthMs) / 10, errors: 0, coveredSeconds: Double(lengthMs) / 1_000)
            window.add(reading, target: 0, from: window.openRow)
            window.closeRow(atMs: now)
            guard step > 20 else { continue }
            let view = window.view(windowMs: 60_000)
            #expect(abs((view.requestRate ?? 0) - 100) < 1, "\(step)")
            #expect((5_500...6_600).contains(view.requests ?? 0), "\(step) \(view.requests ?? 0)")
        }
    }
}
