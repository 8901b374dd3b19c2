import Foundation
import Testing

@testable import Statistics

/// The whole: what a kernel sees of a release.
@Suite("Monitors")
struct MonitorTests {
    /// A service that was watched for a while, and a release that begins.
    private func begun(_ rules: [RegressionSettings], _ service: inout Service, learnedCycles: Int = 100)
        -> ReleaseEvidence
    {
        var evidence = ReleaseEvidence(rules: rules)
        for _ in 0..<learnedCycles { evidence.take(service.cycle()) }
        service.restartClock()
        evidence.begin()
        return evidence
    }

    @Test func aWorseCanaryIsFoundAndAHealthyOneIsNot() {
        var sick = Service()
        sick.canaryErrorRate = 0.06
        var evidence = begun([RegressionSettings(scope: .errors)], &sick)
        #expect(evidence.monitors[0].verdict == .nothing)
        for _ in 0..<100 where evidence.monitors[0].verdict != .worse { evidence.take(sick.cycle()) }
        let shown = evidence.evidence(rule: 0)
        #expect(shown.verdict == .worse && shown.maxLogE >= shown.barLogE)
        let part = shown.parts[0]
        #expect(part.event == .error && shown.leading == 0 && shown.method == .pair)
        #expect((part.ratioLow ?? 0) > 1.1 && (part.ratioLow ?? 9) < 3 && (part.ratioHigh ?? 9) > 3)
        #expect(part.canary.interval.low < 0.06 && part.canary.interval.high > 0.06)
        #expect(part.dispersion >= 1 && part.dispersion < 1.5)

        var healthy = Service()
        var other = begun([RegressionSettings(scope: .release)], &healthy)
        for _ in 0..<150 { other.take(healthy.cycle()) }
        #expect(other.monitors[0].verdict != .worse)
        #expect(other.evidence(rule: 0).neededFor.map(\.ratio) == [2, 5, 10])
    }

    @Test func aSlowCanaryIsFoundByItsTail() {
        var service = Service()
        service.canarySlowShares = [0.3, 0.05, 0.02]
        var evidence = begun([RegressionSettings(scope: .release), RegressionSettings(scope: .slow)], &service)
        for _ in 0..<200 where evidence.monitors.contains(where: { $0.verdict != .worse }) {
            evidence.take(service.cycle())
        }
        let whole = evidence.evidence(rule: 0)
        #expect(whole.verdict == .worse)
        #expect(whole.leading.map { whole.parts[$0].event } == .slowerThan(seconds: 1))
        #expect(abs(whole.parts.map(\.weight).reduce(0, +) - 1) < 1e-12)
        #expect(whole.percentiles.map(\.quantile) == [0.5, 0.9, 0.99])
        #expect(whole.percentiles[1].baseline == QuantileBracket(lowSeconds: 0.1, highSeconds: 0.5))
        let slow = evidence.evidence(rule: 1)
        #expect(slow.verdict == .worse)
        #expect(slow.parts.map(\.event) == [0.1, 0.5, 1].map { .slowerThan(seconds: $0) })
    }

    /// The baseline's p99 is nearest to 0.5 s (5 % are slower), so the canary is counted at 1 s, and the gap is named.
    @Test func aPercentileIsComparedAcrossBoundaries() {
        var service = Service()
        service.canarySlowShares = [0.3, 0.2, 0.1]
        var evidence = begun([RegressionSettings(scope: .latency(quantile: 0.99))], &service)
        for _ in 0..<200 where evidence.monitors[0].verdict != .worse { evidence.take(service.cycle()) }
        let shown = evidence.evidence(rule: 0)
        #expect(shown.verdict == .worse)
        #expect(shown.parts.map(\.event) == [.slowerThan(seconds: 0.5)])
        #expect(shown.parts.first?.canaryBoundSeconds == 1)
        #expect(shown.caveats.contains(.tailCompared(baselineBoundSeconds: 0.5, canaryBoundSeconds: 1)))
        #expect(
            shown.caveats.contains {
                guard case .wideBucket(let visible, let missing) = $0 else { return false }
                return visible == 2 && abs(missing - 0.55) < 1e-12
            }, "\(shown.caveats)")
    }

    /// What happens below the percentile is not a p99 rule's business.
    @Test func aSlowerMedianDoesNotConcernTheTail() {
        var service = Service()
        service.canarySlowShares = [0.6, 0.05, 0.005]
        var evidence = begun([RegressionSettings(scope: .latency(quantile: 0.99))], &service)
        for _ in 0..<100 { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].verdict != .worse)
    }

    @Test func aGoodCanaryIsShownToBeSafe() {
        var service = Service()
        service.requestsPerInstance = 400
        var evidence = begun([RegressionSettings(scope: .errors)], &service)
        for _ in 0..<300 where evidence.monitors[0].verdict != .safe { evidence.take(service.cycle()) }
        let shown = evidence.evidence(rule: 0)
        #expect(shown.verdict == .safe)
        #expect((shown.safeLogE ?? 0) >= shown.safeBarLogE ?? .infinity)
    }

    /// An hour of health does not cover up for what happens now.
    @Test func safeIsTakenBackWhenTheCanaryBeginsToFail() {
        var service = Service()
        service.requestsPerInstance = 400
        var evidence = begun([RegressionSettings(scope: .errors)], &service)
        for _ in 0..<200 { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].verdict == .safe)
        service.canaryErrorRate = 0.03
        var verdicts: [RegressionVerdict] = []
        for _ in 0..<200 where verdicts.last != .worse {
            evidence.take(service.cycle())
            verdicts.append(evidence.monitors[0].verdict)
            let shown = evidence.evidence(rule: 0)
            guard shown.verdict == .safe else { continue }
            let harm = shown.nulls.map(\.logE).min() ?? shown.logE
            #expect(harm <= 0 && shown.safeLogE ?? -9 >= shown.safeBarLogE ?? 9)
        }
        #expect(verdicts.last == .worse && verdicts.contains(.undecided))
    }

    /// Two instances are listed, one of them never gets a request: there is nothing to compare it with.
    @Test func anInstanceWithoutTrafficDoesNotMakeAPair() {
        var service = Service()
        service.baselineInstances = 2
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .errors)])
        func cycle() -> WatchCycle {
            var cycle = service.cycle()
            cycle.baseline[1] = InstanceIncrements(instance: cycle.baseline[1].instance, requests: 0, errors: 0)
            return cycle
        }
        for _ in 0..<800 { evidence.take(cycle()) }
        #expect(evidence.history.learnedSeconds == 0)
        evidence.begin()
        service.restartClock()
        evidence.take(cycle())
        #expect(evidence.evidence(rule: 0).method == .share)
    }

    /// One without a request in just this cycle is one all the same.
    @Test func aQuietMomentIsNotAnInstanceLess() {
        var service = Service()
        service.baselineInstances = 2
        var evidence = begun([RegressionSettings(scope: .errors)], &service)
        var cycle = service.cycle()
        cycle.baseline[1].requests = 0
        cycle.baseline[1].errors = 0
        evidence.take(cycle)
        #expect(evidence.evidence(rule: 0).method == .pair)
    }

    @Test func timeWithoutTrafficIsNotLearnedFrom() {
        var service = Service()
        var history = BaselineHistory()
        for _ in 0..<100 { history.take([], coveredSeconds: 5) }
        #expect(history.learnedSeconds == 0 && history.reportingInstances == 0)
        for _ in 0..<10 { history.take(service.cycle().baseline, coveredSeconds: 5) }
        #expect(history.learnedSeconds == 50 && history.reportingInstances == 4)
    }

    /// The half hour of history is complete while the release waits for the canary's histogram: the budget is not split, so
    /// there is no margin; or it is, and there is one for each boundary.
    @Test(arguments: [330, 400])
    func theMarginIsThereWhereItWasPaidFor(_ learnedCycles: Int) {
        var service = Service()
        service.requestsPerInstance = 50
        func cycle() -> WatchCycle {
            var cycle = service.cycle()
            for index in cycle.baseline[0].latency?.cumulative.indices.dropLast() ?? 0..<0 {
                cycle.baseline[0].latency?.cumulative[index] *= 0.5
            }
            return cycle
        }
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .slow, falseAlarm: 0.01)])
        for _ in 0..<learnedCycles { evidence.take(cycle()) }
        evidence.begin()
        service.restartClock()
        for step in 0..<60 {
            var next = cycle()
            if step < 40 { for index in next.canary.indices { next.canary[index].latency = nil } }
            evidence.take(next)
        }
        let shown = evidence.evidence(rule: 0)
        let isWidened = shown.parts.contains { $0.toleratedRatio > 1.100001 }
        #expect(shown.parts.count == 3 && isWidened == (learnedCycles == 400))
        #expect(shown.nulls.isEmpty == isWidened && shown.barLogE == log(1 / 0.01))
    }

    @Test func belowTheFloorIsIgnored() {
        var service = Service()
        service.errorRate = 0.001
        service.canaryErrorRate = 0.01
        let rules = [RegressionSettings(scope: .errors, floor: 0.05), RegressionSettings(scope: .errors)]
        var evidence = begun(rules, &service)
        for _ in 0..<200 { evidence.take(service.cycle()) }
        #expect(evidence.monitors.map(\.verdict) == [.safe, .worse])
    }

    /// One instance: nothing to learn the dispersion from, so the test that needs none.
    @Test func oneBaselineInstanceBetsOnShares() {
        var service = Service()
        service.baselineInstances = 1
        service.requestsPerInstance = 800
        service.canaryErrorRate = 0.2
        var evidence = begun([RegressionSettings(scope: .errors)], &service)
        for _ in 0..<200 where evidence.monitors[0].verdict != .worse { evidence.take(service.cycle()) }
        let shown = evidence.evidence(rule: 0)
        #expect(shown.method == .share && shown.verdict == .worse)
        #expect(shown.caveats.contains(.oneBaselineInstance))
        #expect(shown.safeLogE.map { $0 < 0 } == true)
    }

    /// After half an hour the differences between instances are known, and a small canary gets a margin for them.
    @Test func instancesThatDifferWidenTheMargin() throws {
        var service = Service()
        service.requestsPerInstance = 50
        var uneven = ReleaseEvidence(rules: [RegressionSettings(scope: .errors, falseAlarm: 0.01)])
        for _ in 0..<800 {
            var cycle = service.cycle()
            // The first instance fails twice as often, for good.
            cycle.baseline[0].errors = (cycle.baseline[0].errors ?? 0) * 2
            uneven.take(cycle)
        }
        uneven.begin()
        service.restartClock()
        uneven.take(service.cycle())
        let shown = uneven.evidence(rule: 0)
        #expect(shown.parts[0].toleratedRatio > 1.5)
        guard case .instancesDiffer(2, let ratio) = shown.caveats.first else {
            Issue.record("\(shown.caveats)")
            return
        }
        #expect(ratio == shown.parts[0].toleratedRatio)
    }

    @Test func equalInstancesHaveLittleMargin() {
        var service = Service()
        service.requestsPerInstance = 50
        var evidence = begun([RegressionSettings(scope: .errors)], &service, learnedCycles: 800)
        evidence.take(service.cycle())
        #expect(evidence.evidence(rule: 0).parts[0].toleratedRatio < 2.2)
    }

    /// A restart in the middle: the same evidence as without, and the budget continues.
    @Test func stateSurvivesEncodingInTheMiddle() throws {
        var service = Service()
        service.canaryErrorRate = 0.03
        let rules = [RegressionSettings(scope: .release, floor: 0.001), RegressionSettings(scope: .errors)]
        var evidence = begun(rules, &service, learnedCycles: 36)
        for _ in 0..<23 { evidence.take(service.cycle()) }
        var restarted = try recoded(evidence)
        #expect(restarted.monitors == evidence.monitors)
        #expect(restarted.history.dispersion(of: .error) == evidence.history.dispersion(of: .error))
        // Dispersion blocks that were open start over, so the histories differ a little; the counts never do.
        for _ in 0..<10 {
            let cycle = service.cycle()
            evidence.take(cycle)
            restarted.take(cycle)
        }
        for rule in rules.indices {
            let (one, other) = (evidence.evidence(rule: rule), restarted.evidence(rule: rule))
            #expect(one.parts.map(\.canary.requests) == other.parts.map(\.canary.requests))
            #expect(abs(one.logE - other.logE) < 0.1 * max(1, abs(one.logE)))
            #expect(other.maxLogE >= 0)
        }
        let bytes = try JSONEncoder().encode(evidence).count
        print("encoded evidence of two rules, 3 boundaries, 4 instances: \(bytes) bytes")
    }

    /// In whatever order the instances report, the pools' sums are the same.
    @Test func theOrderOfInstancesDoesNotMatter() {
        var service = Service()
        service.canaryErrorRate = 0.04
        let rules = [RegressionSettings(scope: .release)]
        var evidence = begun(rules, &service, learnedCycles: 0)
        var mirrored = evidence
        for _ in 0..<60 {
            var cycle = service.cycle()
            evidence.take(cycle)
            cycle.baseline.reverse()
            cycle.canary.reverse()
            mirrored.take(cycle)
        }
        #expect(abs(evidence.monitors[0].logE - mirrored.monitors[0].logE) < 1e-9)
    }

    /// One pool silent, missing scrapes, no increments: no evidence, no jump.
    @Test func silenceIsNoEvidence() {
        var service = Service()
        var evidence = begun([RegressionSettings(scope: .release)], &service)
        for step in 1...50 {
            var cycle = service.cycle()
            if step % 2 == 0 { cycle.canary = [] } else { cycle.baseline = [] }
            if step % 4 < 2 { cycle.canary = cycle.canary.map { InstanceIncrements(instance: $0.instance) } }
            let before = evidence.monitors[0].maxLogE
            evidence.take(cycle)
            #expect(evidence.monitors[0].maxLogE - before < 3)
        }
        var silent = begun([RegressionSettings(scope: .release)], &service)
        for _ in 0..<50 {
            var cycle = service.cycle()
            cycle.canary = []
            silent.take(cycle)
        }
        #expect(silent.monitors[0].logE == 0 && silent.monitors[0].verdict == .nothing)
    }

    /// A rule that did not change keeps its evidence across a reload, any other starts with none.
    @Test func aReloadKeepsWhatDidNotChange() {
        var service = Service()
        let rules = [RegressionSettings(scope: .errors), RegressionSettings(scope: .release)]
        var evidence = begun(rules, &service)
        for _ in 0..<20 { evidence.take(service.cycle()) }
        let before = evidence.monitors[1]
        evidence.adopt(rules: [RegressionSettings(scope: .release), RegressionSettings(scope: .errors, tolerance: 0.5)])
        #expect(evidence.monitors[0] == before)
        #expect(evidence.monitors[1].verdict == .nothing)
    }

    /// Only boundaries that both versions have are compared.
    @Test func otherBucketsAreNotCompared() {
        var service = Service()
        var evidence = begun([RegressionSettings(scope: .release)], &service)
        for _ in 0..<10 {
            var cycle = service.cycle()
            for index in cycle.canary.indices { cycle.canary[index].latency?.upperBounds = [0.1, 0.4, 1, .infinity] }
            evidence.take(cycle)
        }
        let events = evidence.evidence(rule: 0).parts.map(\.event)
        #expect(events == [.error, .slowerThan(seconds: 0.1), .slowerThan(seconds: 1)])
    }

    /// Of a fine histogram some bounds are compared, from the first to the last, in both pools the same.
    @Test(arguments: [0, 10])
    func aFineHistogramIsComparedUpToItsTail(_ learnedCycles: Int) {
        var service = Service()
        func fine(_ cycle: WatchCycle) -> WatchCycle {
            var cycle = cycle
            let bounds = (1...150).map { Double($0) / 10 } + [.infinity]
            func latency(_ requests: Double?) -> LatencyIncrements {
                LatencyIncrements(
                    upperBounds: bounds, cumulative: bounds.map { _ in requests ?? 0 }, count: requests ?? 0)
            }
            for index in cycle.baseline.indices {
                cycle.baseline[index].latency = latency(cycle.baseline[index].requests)
            }
            for index in cycle.canary.indices { cycle.canary[index].latency = latency(cycle.canary[index].requests) }
            return cycle
        }
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .slow)])
        for _ in 0..<learnedCycles { evidence.take(fine(service.cycle())) }
        service.restartClock()
        evidence.begin()
        evidence.take(fine(service.cycle()))
        let events = evidence.evidence(rule: 0).parts.map(\.event)
        #expect(events.count == 64)
        #expect(events.first == .slowerThan(seconds: 0.1) && events.last == .slowerThan(seconds: 15))
    }

    /// Within its reach and time to detection the plan is right to a factor of two or so.
    @Test func theNeedIsAboutRight() {
        var service = Service()
        service.canaryErrorRate = 0.04
        var evidence = begun([RegressionSettings(scope: .errors)], &service)
        var planned: Double?
        for step in 1...500 where evidence.monitors[0].verdict != .worse {
            evidence.take(service.cycle())
            if step == 1 { planned = evidence.evidence(rule: 0).neededFor.first?.seconds }
        }
        let took = evidence.monitors[0].lastSeconds
        #expect(planned.map { took < 3 * $0 && took > $0 / 4 } == true, "\(planned ?? 0) planned, \(took) taken")
    }

    @Test func theBudgetIsTheSum() {
        let rules = [0.001, 0.002].map { RegressionSettings(scope: .errors, falseAlarm: $0) }
        #expect(RegressionSettings.budget(rules) == 0.003)
    }
}
