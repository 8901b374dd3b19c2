import Statistics
import Testing

@testable import Calibration

@Suite("Simulation")
struct CalibrationTests {
    /// Mean and variance of a Poisson variable are its parameter; both ways of drawing it have to agree with that.
    @Test(arguments: [0.05, 2.5, 9.9, 10.1, 250, 5_000])
    func poissonHasItsMoments(_ mean: Double) {
        var chance = Chance(seed: 11)
        let draws = (0..<20_000).map { _ in chance.poisson(mean) }
        let found = draws.reduce(0, +) / 20_000
        let variance = draws.reduce(0) { $0 + ($1 - found) * ($1 - found) } / 19_999
        // Five standard errors.
        #expect(abs(found - mean) < 5 * (mean / 20_000).squareRoot())
        #expect(abs(variance / mean - 1) < 5 * ((2 + 1 / mean) / 20_000).squareRoot())
        #expect(draws.allSatisfy { $0 >= 0 && $0 == $0.rounded() })
    }

    @Test func clustersHaveAMeanOfTwo() {
        var chance = Chance(seed: 3)
        let mean = (0..<20_000).reduce(0.0) { sum, _ in sum + chance.clusterSize() } / 20_000
        #expect(abs(mean - 2) < 0.05)
    }

    /// The stated percentiles of the latency model, and what each fault does to them.
    @Test func theLatencyModelHasItsPercentiles() {
        let bounds = LatencyModel.boundsSeconds
        func share(_ bound: Double, _ kind: Fault.Kind) -> Double {
            LatencyModel.slowShares(kind, speed: 1)[bounds.firstIndex(of: bound) ?? 0]
        }
        #expect(abs(share(0.1, .none) - 0.355) < 0.001)
        #expect(share(0.25, .none) > 0.01 && share(0.5, .none) < 0.01)
        #expect(share(0.5, .tail(1.2)) < 0.01 && share(0.5, .tail(2)) > 0.01)
        #expect(share(0.1, .tail(2)) == share(0.1, .none), "below the p90 nothing moves")
        #expect(abs(share(10, .stuck) - 0.01) < 1e-4)
        #expect(LatencyModel.slowShares(.none, speed: 1) == LatencyModel.slowShares(.none, speed: 1).sorted(by: >))
    }

    /// The worked example of R's `wilcox.test` (Hollander and Wolfe, permeability): the estimate is 0.305.
    @Test func hodgesLehmannAsInR() {
        let x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
        let y = [1.15, 0.88, 0.90, 0.74, 1.21]
        let shift = MannWhitney(x, y)
        #expect(abs(shift.estimate - 0.305) < 1e-12)
        #expect(shift.lower < 0)
        let apart = MannWhitney(x.map { $0 + 10 }, y)
        #expect(apart.lower > 9 && abs(apart.estimate - 10.305) < 1e-9)
    }

    /// What the documented procedures do with a canary that always fails from the start.
    @Test func peersActWhenTheyAreDocumentedTo() {
        var record = ErrorRecord()
        for _ in 0..<Schedule.releaseScrapes {
            record.append(
                WatchCycle(
                    atSeconds: 0, coveredSeconds: 5,
                    baseline: [InstanceIncrements(instance: "a", requests: 90, errors: 1)],
                    canary: [InstanceIncrements(instance: "b", requests: 10, errors: 10)]))
        }
        let cell = Cell(requestsPerSecond: 20, canaryShare: 0.1, baseRate: 0.01, pattern: .independent)
        let found = Dictionary(
            uniqueKeysWithValues: ErrorMethod.peers.map { ($0.name, $0.firstAlarm(record, cell)) })
        #expect(found["Flagger, success >= 99 %"] == 360, "five failed checks, then the tick")
        #expect(found["Argo, 1 min >= 99 %"] == 240, "more than three")
        #expect(found["Argo docs, irate every 5 min"] == 1_200)
        #expect(found["Kayenta, every 10 min"] == 600)
        #expect(found["PromQL > 2x over 5 m"] == 15)
        #expect(found["PromQL > 2x, for 5m"] == 315)
        #expect(found["z-test 1 %, cumulative"] == 5)
    }

    @Test func noTrafficFailsAFlaggerCheckAndNothingElse() {
        var record = ErrorRecord()
        for _ in 0..<200 {
            record.append(
                WatchCycle(
                    atSeconds: 0, coveredSeconds: 5,
                    baseline: [InstanceIncrements(instance: "a", requests: 90, errors: 1)], canary: []))
        }
        #expect(Flagger().firstAlarm(record, success: 0.99) == 360)
        #expect(RatioRule(ratio: 2, forScrapes: 0).firstAlarm(record) == nil)
        #expect(RepeatedZ(windowScrapes: nil).firstAlarm(record) == nil)
        #expect(Kayenta().firstAlarm(record) == nil)
    }

    /// The same releases whatever the number of workers.
    @Test func theSameSeedGivesTheSameTables() async {
        var options = CalibrationOptions.quick
        options.healthyReleases = 3
        options.faultyReleases = 1
        options.parts = [.errors]
        options.everyCell = 48
        let alone = await Calibration.report(options)
        options.jobs = 3
        #expect(await Calibration.report(options).text == alone.text)
        options.seed = 2
        #expect(await Calibration.report(options).text != alone.text)
        #expect(alone.text.contains("| Rollguard, tolerance 10 % |"))
    }

    /// A tail twice as slow is found by all rules in a release with a hundred requests per second.
    @Test func aSlowTailIsFound() {
        let cell = Cell(requestsPerSecond: 100, canaryShare: 0.5, baseRate: 0.001, pattern: .bursty)
        let fault = Fault(kind: .tail(2), fromSeconds: 0)
        let trial = LatencyTrial(cell: cell, fault: fault, chance: Chance(seed: 9))
        #expect(trial.alarms.count == LatencyTrial.names.count)
        #expect(trial.alarms[0].map { $0 < 120 } == true, "\(trial.alarms)")
        let percentile = LatencyTrial(percentileOf: cell, fault: fault, chance: Chance(seed: 9))
        #expect(percentile.alarms.count == 1)
        #expect(percentile.alarms[0].map { $0 < 300 } == true, "\(percentile.alarms)")
    }

    /// Few instances that differ: healthy releases are left alone, and a canary that is five times as bad is found; sooner where
    /// its places are compared with their own past.
    @Test func fewInstancesAreLeftAloneAndFound() {
        func alarms(_ times: Double, hasOwnPast: Bool) -> [Double?] {
            (0..<3).map { release in
                var cell = InstanceCell(requestsPerSecond: 100, canaryMultiplier: times, hasOwnPast: hasOwnPast)
                cell.deploymentsBefore = 1
                return InstanceTrial(cell: cell, chance: Chance(seed: 5, stream: 3, release: release)).alarm
            }
        }
        #expect(alarms(1, hasOwnPast: false) == [nil, nil, nil])
        #expect(alarms(10, hasOwnPast: false).allSatisfy { $0 ?? .infinity < 600 })
        #expect(alarms(5, hasOwnPast: true).allSatisfy { $0 ?? .infinity < 120 })
    }

    /// A sample of the proof, small enough for every test run: no more false rollbacks than stated plus two standard errors,
    /// and a canary with five times the errors found in every release.
    @Test(arguments: Cell.Pattern.allCases)
    func healthyReleasesAreLeftAlone(_ pattern: Cell.Pattern) async {
        let cell = Cell(requestsPerSecond: 100, canaryShare: 0.1, baseRate: 0.01, pattern: pattern)
        let healthy = await Workers.tally(releases: 24, methods: 3, jobs: 2) { release in
            let chance = Chance(seed: 5, stream: 1, release: release)
            return ErrorTrial(cell: cell, fault: .none, chance: chance, withPeers: false).alarms
        }
        // 1 % of 24 is 0.24; two standard errors more are 1.2.
        #expect(healthy.alarmShare(0) <= 1.2 / 24)
        let fault = Fault(kind: .errors(5), fromSeconds: 600)
        let sick = await Workers.tally(releases: 4, methods: 3, jobs: 2) { release in
            let chance = Chance(seed: 5, stream: 2, release: release)
            return ErrorTrial(cell: cell, fault: fault, chance: chance, withPeers: false).alarms
        }
        #expect(sick.detection(0, faultSeconds: 600).share == 1)
    }
}
