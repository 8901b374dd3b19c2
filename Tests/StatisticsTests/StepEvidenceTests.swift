import Foundation
import Testing

@testable import Statistics

@Suite("Evidence of a step")
struct StepEvidenceTests {
    /// Cycles of a service, each with the evidence that has learned the baseline for ten minutes.
    static func learned(_ service: inout Service) -> ReleaseEvidence {
        var evidence = ReleaseEvidence(rules: [])
        for _ in 0..<120 { evidence.take(service.cycle()) }
        service.restartClock()
        evidence.begin()
        return evidence
    }

    private static let threefold = StepQuestion(ratio: 3, errorBudget: 0.05)

    @Test func aCanaryAsGoodAsTheBaselineIsShownToBeSafeWithoutAnyRule() throws {
        var service = Service()
        var evidence = Self.learned(&service)
        #expect(evidence.stepFinding == nil)
        evidence.beginStep(Self.threefold, atSeconds: 0)
        var before = try #require(evidence.stepFinding)
        #expect(!before.isSafe && before.obstacle == .latencyUnknown && before.missingRequests == nil)
        var cycles = 0
        while evidence.stepFinding?.isSafe != true, cycles < 200 {
            evidence.take(service.cycle())
            cycles += 1
            if cycles == 3 { before = try #require(evidence.stepFinding) }
        }
        #expect(cycles > 3 && cycles < 100)
        // p50 is left out: three times as many answers as half of them cannot be slow.
        #expect(
            before.parts.map(\.event) == [
                .error, .slowerThan(seconds: 0.1), .slowerThan(seconds: 0.5), .slowerThan(seconds: 1),
            ])
        let requests = try #require(before.missingRequests)
        #expect(requests > 0 && before.missingSeconds.map { $0 > 0 } == true)
        let after = try #require(evidence.stepFinding)
        #expect(after.missingRequests == 0 && after.parts.allSatisfy { $0.logE >= Self.threefold.barLogE })
        evidence.endStep()
        #expect(evidence.stepFinding == nil)
    }

    @Test func aSlowTailAloneKeepsTheGateShut() {
        var service = Service()
        var evidence = Self.learned(&service)
        service.canarySlowShares = [0.3, 0.05, 0.02]
        evidence.beginStep(Self.threefold, atSeconds: 0)
        for _ in 0..<200 {
            evidence.take(service.cycle())
            #expect(evidence.stepFinding?.isSafe == false)
        }
        let finding = evidence.stepFinding
        #expect(finding?.slowest == 3 && finding?.missingRequests == nil)
    }

    /// What the canary did before a step does not move the step's evidence at all, whatever it was.
    @Test(arguments: [0.0, 0.02, 1.0])
    func nothingFromBeforeTheStepIsUsed(_ rateBefore: Double) {
        func finding(_ rateBefore: Double) -> StepFinding? {
            var service = Service()
            var evidence = Self.learned(&service)
            for _ in 0..<30 {
                var cycle = service.cycle()
                for index in cycle.canary.indices {
                    cycle.canary[index].errors = ((cycle.canary[index].requests ?? 0) * rateBefore).rounded()
                }
                evidence.take(cycle)
            }
            // The block that began before the step and ends in it does not count either.
            evidence.beginStep(Self.threefold, atSeconds: 152)
            for _ in 0..<20 { evidence.take(service.cycle()) }
            return evidence.stepFinding
        }
        let found = finding(rateBefore)
        #expect(found?.parts.first.map { $0.counts.requests > 1_000 } == true)
        #expect(found == finding(0.5))
    }

    @Test func theFirstBlockThatBeganInTheStepCounts() {
        var service = Service()
        var evidence = Self.learned(&service)
        for _ in 0..<10 { evidence.take(service.cycle()) }
        evidence.beginStep(Self.threefold, atSeconds: 52)
        evidence.take(service.cycle())
        #expect(evidence.stepFinding?.parts.isEmpty == true)
        let cycle = service.cycle()
        evidence.take(cycle)
        let requests = (cycle.baseline + cycle.canary).reduce(0) { $0 + ($1.requests ?? 0) }
        #expect(evidence.stepFinding?.parts.first?.counts.requests == requests)
    }

    /// Good at first and 1.6 times as bad in the step: the proof over the whole release lasts for minutes, the step's never comes.
    @Test func aCanaryThatBreaksInALaterStepBorrowsNothing() {
        var service = Service(slowShares: [], canarySlowShares: [])
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .errors, falseAlarm: 1e-9)])
        for _ in 0..<120 { evidence.take(service.cycle()) }
        service.restartClock()
        evidence.begin()
        for _ in 0..<240 { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].verdict == .safe)
        service.canaryErrorRate = 1.6 * service.errorRate
        evidence.beginStep(StepQuestion(ratio: 1.5, errorBudget: 0.05, comparesLatency: false), atSeconds: 1_200)
        for _ in 0..<3 { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].gatingLogE >= AnytimeP.barLogE(falseAlarm: 0.05))
        for _ in 0..<60 {
            evidence.take(service.cycle())
            #expect(evidence.stepFinding?.isSafe == false)
        }
    }

    /// Exactly at the ratio, over many steps: at most the stated 5 % pass, and twice the deviation of such a sample.
    @Test(arguments: [(instances: 4, ratio: 2.0), (instances: 1, ratio: 2.0), (instances: 4, ratio: 11)])
    func aCanaryAtTheRatioSeldomPasses(_ instances: Int, ratio: Double) {
        var passed = 0
        for seed in UInt64(0)..<100 {
            var service = Service(
                baselineInstances: instances, requestsPerInstance: 200 / instances, errorRate: 0.02,
                canaryErrorRate: 0.02 * ratio, slowShares: [], canarySlowShares: [], chance: Chance(seed))
            var evidence = ReleaseEvidence(rules: [])
            for _ in 0..<30 { evidence.take(service.cycle()) }
            service.restartClock()
            evidence.begin()
            evidence.beginStep(StepQuestion(ratio: ratio, errorBudget: 0.05, comparesLatency: false), atSeconds: 0)
            for _ in 0..<60 where evidence.stepFinding?.isSafe != true { evidence.take(service.cycle()) }
            if evidence.stepFinding?.isSafe == true { passed += 1 }
        }
        #expect(passed <= 10, "\(passed) of 100")
    }

    /// One baseline instance has no siblings to learn clusters from, so shares are bet on; that shows a good canary, too.
    @Test func oneBaselineInstanceIsEnough() {
        var service = Service(baselineInstances: 1, canaryInstances: 1, requestsPerInstance: 500, errorRate: 0.05)
        service.canaryErrorRate = 0.05
        var evidence = ReleaseEvidence(rules: [])
        for _ in 0..<30 { evidence.take(service.cycle()) }
        service.restartClock()
        evidence.begin()
        evidence.beginStep(StepQuestion(ratio: 2, errorBudget: 0.05, comparesLatency: false), atSeconds: 0)
        var seconds = 0.0
        while evidence.stepFinding?.isSafe != true, seconds < 1_200 {
            evidence.take(service.cycle())
            seconds += 5
        }
        // At most log 2 in each 15 s, and the stakes' part of it.
        #expect(seconds >= 75 && seconds < 600, "\(seconds)")
    }

    @Test func aStepSurvivesTheRecordAndOlderRecordsHaveNone() throws {
        var service = Service()
        var evidence = Self.learned(&service)
        evidence.beginStep(Self.threefold, atSeconds: 0)
        for _ in 0..<10 { evidence.take(service.cycle()) }
        let data = try JSONEncoder().encode(evidence.condensed)
        var restored = try JSONDecoder().decode(ReleaseEvidence.self, from: data)
        #expect(restored == evidence.condensed && restored.stepFinding == evidence.stepFinding)
        let copy = service
        for _ in 0..<10 { evidence.take(service.cycle()) }
        service = copy
        for _ in 0..<10 { restored.take(service.cycle()) }
        #expect(restored.stepFinding?.parts.map(\.counts) == evidence.stepFinding?.parts.map(\.counts))
        var old = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(old.removeValue(forKey: "step") != nil)
        let without = try JSONSerialization.data(withJSONObject: old)
        #expect(try JSONDecoder().decode(ReleaseEvidence.self, from: without).step == nil)
    }

    @Test func anotherReleaseHasNoStepOfTheOneBefore() {
        var evidence = ReleaseEvidence(rules: [])
        evidence.begin()
        evidence.beginStep(Self.threefold, atSeconds: 0)
        evidence.begin()
        #expect(evidence.step == nil)
    }

    @Test(arguments: [
        (excess: 0.5, nextShare: 0.05, ratio: 11.0), (0.5, 0.25, 3), (0.5, 0.5, 2), (0.5, 1, 1.5), (0.2, 0.1, 3),
    ])
    func theExcessIsWhatEverybodyWouldGet(_ excess: Double, nextShare: Double, ratio: Double) {
        #expect(abs(StepQuestion.ratio(excess: excess, nextShare: nextShare) - ratio) < 1e-12)
    }

    @Test func eachAttemptHasHalfOfTheBudget() {
        let budgets = (1...4).map { StepQuestion.errorBudget(0.05, attempt: $0) }
        #expect(budgets == [0.05, 0.025, 0.0125, 0.00625])
    }

    // MARK: Boundaries

    static func history(slowShares: [Double]) -> BaselineHistory {
        var service = Service(slowShares: slowShares)
        var history = BaselineHistory()
        for _ in 0..<60 { history.take(service.cycle().baseline, coveredSeconds: 5) }
        return history
    }

    private static let choices: [(shares: [Double], ratio: Double, bounds: [Double], floors: [Double])] = [
        // Each percentile its own boundary.
        ([0.4, 0.08, 0.01], 2, [0.1, 0.5, 1], [0, 0, 0]),
        // Eleven times 40 % and 10 % is more than all: only the tail can be eleven times as bad.
        ([0.4, 0.1, 0.01], 11, [1], [0]),
        // Hardly an answer of the baseline is so slow: below 0.1 % is good enough.
        ([0.4, 0.08, 0], 2, [0.1, 0.5], [0, 0]),
        ([0, 0, 0], 2, [0.1], [0.001]),
        ([1, 1, 1], 2, [], []),
        ([1, 1, 0], 2, [1], [0.001]),
    ]

    @Test(arguments: choices)
    func areChosenByTheBaselinesPast(_ shares: [Double], ratio: Double, bounds: [Double], floors: [Double]) throws {
        let history = Self.history(slowShares: shares)
        let place = try #require(StepBoundaries([0.1, 0.5, 1], ratio: ratio, history: history))
        #expect(place.chosen.map(\.bound) == bounds)
        #expect(place.chosen.map(\.floor) == floors)
    }

    @Test func tooFewAnswersChooseNothing() {
        #expect(StepBoundaries([0.1], ratio: 2, history: BaselineHistory()) == nil)
    }

    /// A tail that the baseline never has: the canary passes once it is shown to be below one in a thousand.
    @Test func aServiceThatIsAlwaysFastCanPass() {
        var service = Service(requestsPerInstance: 1_000, slowShares: [0, 0, 0], canarySlowShares: [0, 0, 0])
        var evidence = Self.learned(&service)
        evidence.beginStep(Self.threefold, atSeconds: 0)
        for _ in 0..<100 { evidence.take(service.cycle()) }
        #expect(evidence.stepFinding?.isSafe == true)
        service.canarySlowShares = [0.01, 0.01, 0.01]
        for _ in 0..<20 { evidence.take(service.cycle()) }
        #expect(evidence.stepFinding?.isSafe == false)
    }

    /// While all processes of a pool warm up, the other pool's latency waits for nothing: it is not compared with a later time.
    @Test func latencyOfAPoolThatWarmsUpIsNotComparedWithALaterTime() {
        var service = Service()
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .release)])
        for _ in 0..<120 { evidence.take(service.cycle()) }
        service.restartClock()
        evidence.begin()
        evidence.beginStep(Self.threefold, atSeconds: 0)
        for _ in 0..<10 { evidence.take(service.cycle()) }
        let answers = { (evidence: ReleaseEvidence) in
            evidence.stepFinding?.parts.last.map(\.counts.baselineRequests)
        }
        let before = (answers(evidence), evidence.monitors[0].watch?.latency.map(\.counts))
        for _ in 0..<10 {
            var cycle = service.cycle()
            for index in cycle.canary.indices {
                (cycle.canary[index].latency, cycle.canary[index].isWarmingUp) = (nil, true)
            }
            evidence.take(cycle)
        }
        #expect((answers(evidence), evidence.monitors[0].watch?.latency.map(\.counts)) == before)
        let last = service.cycle()
        evidence.take(last)
        let more = last.baseline.reduce(0) { $0 + ($1.latency?.count ?? 0) }
        #expect(answers(evidence) == before.0.map { $0 + more })
    }

    @Test func histogramsWithoutACommonBoundaryNeverPass() {
        var service = Service()
        var evidence = Self.learned(&service)
        evidence.beginStep(Self.threefold, atSeconds: 0)
        for _ in 0..<40 {
            var cycle = service.cycle()
            for index in cycle.canary.indices {
                cycle.canary[index].latency?.upperBounds = [0.2, 0.6, 2, .infinity]
            }
            evidence.take(cycle)
        }
        #expect(evidence.stepFinding?.obstacle == .noCommonBoundary && evidence.stepFinding?.isSafe == false)
    }
}

extension RegressionMonitor {
    /// The evidence of the whole release that the canary is good, in the part that has least.
    fileprivate var gatingLogE: Double {
        evidence(requestsPerSecond: nil, history: BaselineHistory()).safeLogE ?? -.infinity
    }
}
