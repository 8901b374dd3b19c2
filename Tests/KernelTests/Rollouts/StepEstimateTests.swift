import Model
import Statistics
import Testing

@testable import Kernel

@Suite("How long the steps of a rollout take")
struct StepEstimateTests {
    private static let evidence = EvidenceDemand(excess: 0.5)

    private static func estimator(rate: Double, bad: Double, attempt: Int = 1) -> StepEstimator {
        StepEstimator(
            requestsPerSecond: rate, badRates: [(bad, 1.1)], windowMs: { _ in 60_000 }, attempt: attempt)
    }

    private static func steps(_ change: (inout StepPlan) -> Void) -> [StepPlan] {
        [100, 500, 1_000, 2_500, 5_000, 10_000].map { share in
            var step = StepPlan(basisPoints: share)
            step.settleMs = 0
            change(&step)
            return step
        }
    }

    struct Measured: Sendable {
        let rate: Double
        let bad: Double
        /// Minutes to the proof, for each of the shares.
        let medians: [Double]
        let nineties: [Double]
    }

    /// Measured with the detectors, 300 and more releases each: half and nine tenths of them, with an excess of 50 %.
    private static let cases = [
        Measured(rate: 100, bad: 0.01, medians: [1.08, 0.58, 0.92, 1.25, 3], nineties: [1.67, 0.92, 1.83, 3, 8]),
        Measured(rate: 100, bad: 0.001, medians: [11, 5, 8, 12, 27], nineties: [16, 9, 16, 30, 72]),
        Measured(rate: 30, bad: 0.001, medians: [36, 17, 29, 38, 98], nineties: [54, 28, 55, 88, 260]),
    ]

    @Test("The time of a proof is within a factor of 1.7 of the measured one", arguments: cases)
    func measured(_ given: Measured) throws {
        let steps = Self.steps { $0.evidence = Self.evidence }
        let found = Self.estimator(rate: given.rate, bad: given.bad).estimates(steps)
        for (index, wanted) in given.medians.enumerated() {
            let estimate = try #require(found[index])
            let (median, ninety) = (estimate.medianSeconds / 60, estimate.ninetyPercentSeconds / 60)
            #expect((wanted / 1.7...wanted * 1.7).contains(median), "step \(index + 1): \(median) min, not \(wanted)")
            let most = given.nineties[index]
            #expect((most / 1.7...most * 1.7).contains(ninety), "step \(index + 1): \(ninety) min, not \(most)")
        }
        #expect(found.last == .some(nil))
    }

    @Test("A further attempt, rarer errors and less traffic take longer; the longest gate decides")
    func order() throws {
        let steps = Self.steps { $0.evidence = Self.evidence }
        func median(_ estimator: StepEstimator) throws -> Double {
            try #require(estimator.estimates(steps)[3]).medianSeconds
        }
        let usual = try median(Self.estimator(rate: 100, bad: 0.01))
        #expect(try median(Self.estimator(rate: 100, bad: 0.01, attempt: 3)) > usual)
        #expect(try median(Self.estimator(rate: 100, bad: 0.001)) > usual)
        #expect(try median(Self.estimator(rate: 10, bad: 0.01)) > 9 * usual)
        let slow = Self.steps {
            $0.evidence = Self.evidence
            $0.minMs = 3_600_000
        }
        #expect(try #require(Self.estimator(rate: 100, bad: 0.01).estimates(slow)[3]).medianSeconds == 3_600)
    }

    @Test("A floor shortens the step of a service with hardly any errors")
    func floor() throws {
        let without = Self.steps { $0.evidence = Self.evidence }
        let with = Self.steps { $0.evidence = EvidenceDemand(excess: 0.5, floor: 0.005) }
        let estimator = Self.estimator(rate: 100, bad: 0.0001)
        let (long, short) = (try #require(estimator.estimates(without)[4]), try #require(estimator.estimates(with)[4]))
        #expect(short.medianSeconds < long.medianSeconds / 5)
    }

    @Test("Requests and windows of rules count; a step for test users has no estimate by requests")
    func gates() throws {
        let steps = Self.steps {
            $0.requests = 500
            $0.rules = ["Errors"]
        }
        let found = Self.estimator(rate: 100, bad: 0.01).estimates(steps)
        #expect(try #require(found[0]).medianSeconds == 500)
        #expect(try #require(found[4]).medianSeconds == 60)
        var forced = StepPlan(basisPoints: 0)
        forced.requests = 5
        #expect(Self.estimator(rate: 100, bad: 0.01).estimates([forced] + steps)[0] == nil)
    }

    @Test("The snapshot has the estimates at the present traffic, and says which exceed their limit")
    func snapshot() throws {
        var world = KernelHarness.led { plan in
            for index in plan.steps.indices.dropLast() {
                plan.steps[index].evidence = Self.evidence
                plan.steps[index].maxMs = 60_000
            }
        }
        (world.baseline.requests, world.baseline.errors) = (100, 1)
        world.cycle(60)
        let found = try #require(world.release.rollout?.estimates)
        #expect(found.count == 5)
        let first = try #require(found[0])
        #expect(first.exceeds(maxMs: 60_000) && !first.exceeds(maxMs: nil))
        #expect(first.evidenceRequests.map { $0 > 1_000 } == true)
    }
}
