import Foundation
import Testing

@testable import Statistics

@Suite("Two null hypotheses")
struct NullHypothesisTests {
    /// What an independent implementation in Python gives for the blocks of ``SteadyBlocksTests``, in which a block beside a
    /// jump of the baseline may lower the evidence only.
    private static let golden: [(ratio: Double, logE: [Double])] = [
        (
            1,
            [
                -0.3215303678082216, -0.42854668216743314, -0.4295498994766329, -0.6865579725574189,
                -0.7255433796407271, -0.7405439247218083, -0.7467442293449649, -0.7448023587804881,
            ]
        ),
        (
            1.1,
            [
                -0.37370635802485874, -0.4821823298227521, -0.4832408537762093, -0.7240095979659729,
                -0.7331473617572579, -0.7407774564007888, -0.7471284750292765, -0.7478785617964668,
            ]
        ),
    ]

    @Test func agreeWithTheGoldenVectors() {
        let nulls = Self.golden.map { NullHypothesis(ratio: $0.ratio, barLogE: 1) }
        var ladder = NullLadder(nulls, recentBad: 0, recentRequests: 0)
        var deviation = Deviation()
        for (place, row) in SteadyBlocksTests.rows.enumerated() {
            let near = [place - 1, place, place + 1].compactMap(SteadyBlocksTests.cell)
            let isSteady = SteadyBlocks.statistic(near) <= SteadyBlocks.threshold
            ladder.take(row.counts, atSeconds: row.seconds, dispersion: 1, mayRaise: isSteady)
            for null in nulls.indices { deviation.note(ladder.logE(null), Self.golden[null].logE[place]) }
        }
        #expect(deviation.compared == 16 && deviation.largest <= 1e-12, "\(deviation.largest)")
    }

    @Test(
        arguments: [
            (1.1, 0.01, [1, 1.1], [0.01, 0.05]), (1.1, 0.2, [1, 1.1], [0.2, 0.5]),
            (1.5, 0.001, [1, 1.5], [0.001, 0.005]),
            (1.1, 0.6, [1, 1.1], [0.6, 0.6]), (1, 0.01, [1], [0.01]),
        ] as [(Double, Double, [Double], [Double])])
    func haveTheirOwnBars(_ ratio: Double, _ falseAlarm: Double, _ ratios: [Double], _ probabilities: [Double]) {
        let nulls = NullHypothesis.pair(ratio: ratio, falseAlarm: falseAlarm)
        #expect(nulls.map(\.ratio) == ratios)
        for (null, probability) in zip(nulls, probabilities) {
            #expect(abs(null.barLogE - log(1 / probability)) < 1e-12)
        }
        var settings = RegressionSettings(scope: .errors, tolerance: ratio - 1, falseAlarm: falseAlarm)
        #expect(abs(settings.toleratedFalseAlarm - (probabilities.last ?? 0)) < 1e-12)
        settings.scope = .latency(quantile: 0.99)
        #expect(settings.toleratedFalseAlarm == falseAlarm, "a percentile has one null hypothesis")
    }

    /// A canary within the tolerance refutes equality and not the tolerance: it is not called worse, and what is shown is the
    /// smaller excess.
    @Test func bothHaveToBeRefuted() throws {
        var monitor = RegressionMonitor(RegressionSettings(scope: .errors, tolerance: 0.5, falseAlarm: 0.01))
        func cycle(_ step: Int, _ canaryErrors: Double) -> WatchCycle {
            WatchCycle(
                atSeconds: Double(step) * 5, coveredSeconds: 5,
                baseline: [InstanceIncrements(instance: "a", requests: 90_000, errors: 900)],
                canary: [InstanceIncrements(instance: "b", requests: 10_000, errors: canaryErrors)])
        }
        for step in 1...40 { monitor.take(cycle(step, 130), assumedDispersion: 1) }
        let within = monitor.evidence(requestsPerSecond: nil, history: BaselineHistory())
        #expect(within.verdict != .worse && within.nulls.map(\.ratio) == [1, 1.5])
        #expect(within.nulls[0].maxLogE > within.nulls[0].barLogE && within.nulls[1].logE < 0)
        #expect(abs(within.logE - (within.nulls[1].logE + log(5))) < 1e-9, "five times the probability")
        #expect(within.maxLogE < within.barLogE)
        for step in 41...80 { monitor.take(cycle(step, 200), assumedDispersion: 1) }
        let beyond = monitor.evidence(requestsPerSecond: nil, history: BaselineHistory())
        #expect(beyond.verdict == .worse && beyond.maxLogE >= beyond.barLogE)
        #expect(beyond.nulls.allSatisfy { $0.maxLogE >= $0.barLogE })
    }

    /// Several kinds of bad events: the average for each hypothesis, not the average of what is shown.
    @Test func areMixedOneByOne() throws {
        var service = Service()
        service.canaryErrorRate = 0.03
        service.canarySlowShares = [0.3, 0.05, 0.01]
        var monitor = RegressionMonitor(RegressionSettings(scope: .release))
        for _ in 0..<20 { monitor.take(service.cycle(), history: BaselineHistory()) }
        let watch = try #require(monitor.watch)
        let mixed = try #require(watch.mixed)
        for null in mixed.nulls.indices {
            let errors = exp(try #require(watch.errors).logE(null: null)) / 2
            let slow = watch.latency.map { exp($0.logE(null: null)) }.reduce(0, +) / Double(2 * watch.latency.count)
            #expect(abs(mixed.logE[null] - log(errors + slow)) < 1e-9)
        }
        #expect(try recoded(monitor) == monitor)
    }

    /// What is needed is what the slower of both needs.
    @Test func thePlanAsksForBoth() throws {
        func needed(_ tolerance: Double) throws -> Double {
            var monitor = RegressionMonitor(RegressionSettings(scope: .errors, tolerance: tolerance, falseAlarm: 0.01))
            let cycle = WatchCycle(
                atSeconds: 5, coveredSeconds: 5,
                baseline: [InstanceIncrements(instance: "a", requests: 900, errors: 9)],
                canary: [InstanceIncrements(instance: "b", requests: 100, errors: 2)])
            monitor.take(cycle, assumedDispersion: 1)
            let evidence = monitor.evidence(requestsPerSecond: 200, history: BaselineHistory())
            return try #require(evidence.neededFor.first { $0.ratio == 2 }?.requests)
        }
        #expect(try needed(0) == needed(0.1), "at twice the rate equality asks for more than a tolerance of 10 %")
        #expect(try needed(0.5) > 1.5 * needed(0))
    }
}
