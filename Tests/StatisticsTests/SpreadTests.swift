import Foundation
import Testing

@testable import Statistics

/// What an independent implementation of the formulas in Python gives.
private enum Golden {
    /// After one deployment of three instances, and after a second one of four.
    static let weights = [
        [
            0.0004510606430946036, 0.0006592686301091203, 0.0010082240130938442, 0.001681913983169153,
            0.003255782039519191, 0.007782787238255824, 0.022973510340005932, 0.072589933704584, 0.18553949340521153,
            0.2930222455817406, 0.2537501747578508, 0.1208448409849081, 0.03199535521453471, 0.004445409463922773,
        ],
        [
            2.251051288665976e-13, 8.139504415813212e-12, 1.1028202845096734e-09, 2.9671993367082907e-07,
            5.129845601130135e-05, 0.0026002225968144014, 0.036169821749972346, 0.17684545553790057,
            0.35259333097543705, 0.29669252344118774, 0.1119344350522482, 0.020941495670800697,
            0.0020668599909551832, 0.00010425869755371519,
        ],
    ]
    static let scale = 0.9128709291752768
    static let steps: [(alpha: Double, tails: [Double], bars: [Double])] = [
        (
            0.01, [0.3, 0.1, 0.03, 0.01, 0.003],
            [
                6.214608098422191, 4.961845129926823, 3.912023005428146, 2.659260036932778, 1.6094379124341003,
            ]
        ),
        (
            0.001, [0.03, 0.01, 0.003, 0.001, 0.0003],
            [
                8.84340892787026, 4.961845129926823, 3.912023005428146, 2.659260036932778, 1.6094379124341003,
            ]
        ),
    ]
    /// Of the steps at 1 % and at 0.1 %, after one deployment and after two.
    static let upper: [[[Double]]] = [
        [
            [0.2122387241191983, 0.6122870867698175, 1.0525227343827754, 1.4807097536522977, 1.9865181900700366],
            [0.16389181641784192, 0.44253338128787334, 0.7304402944701399, 1.0019355184027172, 1.3187544683600883],
        ],
        [
            [1.0525227343827754, 1.4807097536522977, 1.9865181900700366, 2.481092266114439, 3.0541477383154803],
            [0.7304402944701399, 1.0019355184027172, 1.3187544683600883, 1.6300646190868036, 1.9986333548082156],
        ],
    ]
    static let ownPast = (mean: 0.17428012239667742, deviation: 0.18320322050922894)
    static let variance = 0.29446929943731015
}

@Suite("What nature does to few instances")
struct SpreadTests {
    private static func counts(_ bad: [Double], requests: Double) -> InstanceCounts {
        var counts = InstanceCounts(slots: 0)
        for (slot, one) in bad.enumerated() { counts.add(requests: requests, bad: one, slot: slot) }
        return counts
    }

    /// One deployment, then another one beside it.
    private static func posteriors() -> [SpreadPosterior] {
        var posterior = SpreadPosterior()
        posterior.add(counts([30, 45, 12], requests: 36_000), dispersion: 1)
        let one = posterior
        posterior.add(counts([300, 420, 330, 505], requests: 360_000), dispersion: 1)
        return [one, posterior]
    }

    @Test func posteriorsAgreeWithTheGoldenVectors() {
        var deviation = Deviation()
        for (posterior, golden) in zip(Self.posteriors(), Golden.weights) {
            for (found, expected) in zip(posterior.weights, golden) { deviation.note(found / expected, 1) }
        }
        #expect(deviation.compared == 28 && deviation.largest <= 1e-10, "\(deviation.largest)")
        #expect(Self.posteriors().map(\.deployments) == [1, 2])
        let variance = Self.posteriors()[0].variance * Golden.scale * Golden.scale
        #expect(abs(variance / Golden.variance - 1) <= 1e-12)
    }

    @Test(arguments: Golden.steps.indices)
    func stepsAgreeWithTheGoldenVectors(_ index: Int) {
        let golden = Golden.steps[index]
        let steps = SoftMargin.steps(alpha: golden.alpha)
        var deviation = Deviation()
        for (step, expected) in zip(steps, zip(golden.tails, golden.bars)) {
            deviation.note(step.tail, expected.0)
            deviation.note(step.barLogE, expected.1)
        }
        #expect(deviation.compared == 10 && deviation.largest <= 1e-12, "\(deviation.largest)")
        // What the steps spend in all is the probability, no more.
        var (spent, before) = (0.0, 1.0)
        for step in steps {
            spent += (before - step.tail) * exp(-step.barLogE)
            before = step.tail
        }
        #expect(abs(spent + before - golden.alpha) < 1e-12)
    }

    /// A step that nature always exceeds is none, and the budget is never more than was given.
    @Test(arguments: [0.02, 0.05, 0.2, 0.5])
    func largeProbabilitiesHaveFewerSteps(_ alpha: Double) {
        let steps = SoftMargin.steps(alpha: alpha)
        var (spent, before) = (0.0, 1.0)
        for step in steps {
            #expect(step.tail < before && step.barLogE.isFinite)
            spent += (before - step.tail) * exp(-step.barLogE)
            before = step.tail
        }
        #expect(!steps.isEmpty && spent + before <= alpha + 1e-12)
    }

    @Test(arguments: Golden.upper.indices)
    func upperPointsAgreeWithTheGoldenVectors(_ index: Int) {
        var deviation = Deviation()
        for (posterior, golden) in zip(Self.posteriors(), Golden.upper[index]) {
            for (step, expected) in zip(SoftMargin.steps(alpha: Golden.steps[index].alpha), golden) {
                deviation.note(posterior.upperPoint(scale: Golden.scale, tail: step.tail), expected)
            }
        }
        #expect(deviation.compared == 10 && deviation.largest <= 1e-9, "\(deviation.largest)")
    }

    /// The canary's places were worse than the baseline's before, so that is expected of them: the mean is above 0.
    @Test func ownPastAgreesWithTheGoldenVectors() throws {
        let past = OwnPast(baseline: (108_000, 87), canary: (72_000, 70))
        let nature = past.nature(variance: Golden.variance, dispersion: 1, drift: 0.05)
        guard case .ownPast(let mean, let deviation) = nature else { throw CancellationError() }
        #expect(abs(mean / Golden.ownPast.mean - 1) <= 1e-12 && mean > 0)
        #expect(abs(deviation / Golden.ownPast.deviation - 1) <= 1e-12)
        let margin = SoftMargin(alpha: 0.01, scale: Golden.scale, nature: nature)
        #expect(abs(margin.logRatio(tail: 0.003) - (mean + deviation * 2.7477813854)) < 1e-8)
        // The unknown drift is a larger one, and a large one counts with a quarter on top.
        for (drift, change) in [(nil, 0.2), (0.4, 0.5)] as [(Double?, Double)] {
            guard case .ownPast(_, let wider) = past.nature(variance: Golden.variance, dispersion: 1, drift: drift)
            else {
                throw CancellationError()
            }
            let known = deviation * deviation - 0.01
            #expect(abs(wider * wider - known - change * change) < 1e-12)
        }
    }

    /// What one set of instances has shown is worth a little less with each deployment after it.
    @Test func olderDeploymentsFade() {
        var faded = Self.posteriors()[0]
        let fresh = faded.weights
        for _ in 0..<100 { faded.fade() }
        let prior = SpreadPosterior().weights
        #expect(zip(faded.weights, prior).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(zip(fresh, prior).contains { abs($0 - $1) > 0.05 })
    }
}

@Suite("What is learned of instances")
struct InstanceHistoryTests {
    /// Feeds instances with these relative rates; returns the history.
    private func history(
        rates: [Double], hours: Double = 1, requests: Int = 50, errorRate: Double = 0.08, seed: UInt64 = 3,
        change: (Int, Double) -> Double = { _, _ in 1 }
    ) -> BaselineHistory {
        var chance = Chance(seed)
        var history = BaselineHistory()
        for step in 0..<Int(hours * 720) {
            let hour = Double(step) / 720
            let pool = rates.indices.map { index in
                let rate = min(1, errorRate * rates[index] * change(index, hour))
                return InstanceIncrements(
                    instance: "place\(index)", requests: Double(requests), errors: chance.binomial(requests, rate))
            }
            history.take(pool, coveredSeconds: 5)
        }
        return history
    }

    /// An instance that is worse for good is no cluster: the factor stays what it is among equal ones.
    @Test func lastingDifferencesAreNoClusters() {
        let equal = history(rates: [1, 1, 1, 1, 1, 1])
        let uneven = history(rates: [0.5, 0.7, 1, 1.3, 1.6, 2])
        #expect(equal.dispersion(of: .error) < 1.25)
        #expect(uneven.dispersion(of: .error) < 1.5, "\(uneven.dispersion(of: .error))")
        #expect(uneven.largestSpread(of: .error) > 0.3 && equal.largestSpread(of: .error) < 0.1)
    }

    /// What instances do for minutes is a spread of short windows, though over the hour they are alike.
    @Test func instancesThatWanderHaveASpread() {
        let wandering = history(rates: [1, 1, 1, 1], requests: 80) { index, hour in
            (Int(hour * 12) + index).isMultiple(of: 2) ? 1.5 : 0.5
        }
        #expect(wandering.largestSpread(of: .error) > 0.35, "\(wandering.largestSpread(of: .error))")
    }

    @Test func theDriftFromHourToHourIsLearned() throws {
        let still = history(rates: [1, 1.3, 0.8, 1], hours: 3.1, requests: 80)
        #expect(try #require(still.hourlyDrift(of: .error)) < 0.1)
        let moving = history(rates: [1, 1, 1, 1], hours: 3.1, requests: 80) { index, hour in
            (Int(hour) + index).isMultiple(of: 2) ? 1.35 : 0.74
        }
        #expect(try #require(moving.hourlyDrift(of: .error)) > 0.4)
        #expect(history(rates: [1, 1], hours: 1.5).hourlyDrift(of: .error) == nil, "one hour has no change")
    }

    /// The next deployment begins with the posterior and nothing else; after a restart, too.
    @Test func theNextDeploymentKeepsThePosterior() throws {
        let first = history(rates: [0.5, 1, 2])
        let next = first.nextDeployment
        #expect(next.deployments(of: .error) == 1 && next.learnedSeconds == 0)
        #expect(next.ownPast(baseline: ["place0"], canary: ["place1"], of: .error) == nil)
        #expect(next.nextDeployment == next, "nothing was learned meanwhile")
        let restored = try recoded(first.condensed)
        #expect(restored.posterior(of: .error) == first.posterior(of: .error))
        #expect(restored.ownPast(baseline: ["place0"], canary: ["place1"], of: .error) != nil)
        #expect(history(rates: [1, 1], hours: 0.4).posterior(of: .error) == nil, "too short")
    }

    /// What a later program has stored may mean something else, and is left alone; an earlier one's has no format.
    @Test(arguments: [(nil, 1), (2, 1), (3, 0)] as [(Int?, Int)])
    func aLaterFormatIsNotTakenOver(_ format: Int?, _ deployments: Int) throws {
        var known = ReleaseEvidence(rules: [])
        for cycle in 0..<360 {
            let pool = (0..<3).map {
                InstanceIncrements(instance: "place\($0)", requests: 50, errors: Double((cycle + $0) % 7))
            }
            known.learn(WatchCycle(atSeconds: 0, coveredSeconds: 5, baseline: pool))
        }
        let data = try JSONEncoder().encode(known)
        var fields = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        var history = try #require(fields["history"] as? [String: Any])
        history["format"] = format
        fields["history"] = history
        let record = try JSONDecoder().decode(
            ReleaseEvidence.self, from: JSONSerialization.data(withJSONObject: fields))
        var evidence = ReleaseEvidence(rules: [])
        evidence.adoptHistory(of: record)
        #expect(evidence.history.deployments(of: .error) == deployments)
    }

    @Test func ownPastNeedsAllPlacesInTheLastDay() throws {
        var watched = history(rates: [1, 1, 2])
        let past = try #require(watched.ownPast(baseline: ["place0", "place1"], canary: ["place2"], of: .error))
        #expect(past.canary.bad / past.canary.requests > 1.5 * past.baseline.bad / past.baseline.requests)
        #expect(watched.ownPast(baseline: ["place0"], canary: ["place3"], of: .error) == nil)
        watched.skip(seconds: 90_000)
        #expect(watched.ownPast(baseline: ["place0"], canary: ["place2"], of: .error) == nil)
    }
}
