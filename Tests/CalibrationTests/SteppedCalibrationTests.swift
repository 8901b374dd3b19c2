import Statistics
import Testing

@testable import Calibration

/// Samples of the tables of releases in steps, small enough for every test run.
@Suite("Simulation of releases in steps")
struct SteppedCalibrationTests {
    private static let service = SteppedCell(requestsPerSecond: 100)

    private static func chance(_ stream: UInt64, _ release: Int) -> Chance {
        Chance(seed: 5, stream: stream, release: release)
    }

    @Test func theRateClimbsForBothPools() {
        let cell = SteppedCell(requestsPerSecond: 1_000, baseRate: 0.002, climb: 10)
        #expect(cell.rate(atSeconds: 0) == 0.002 && abs(cell.rate(atSeconds: 3_000) - 0.02) < 1e-12)
        var stream = SteppedStream(cell: cell, chance: Self.chance(1, 0))
        var record = ErrorRecord()
        for _ in 0..<300 {
            stream.advance(share: 0.5, times: 2)
            record.append(stream.cycle)
        }
        let (first, last) = (record.counts(from: 0, to: 100), record.counts(from: 200, to: 300))
        #expect((last.baselineRate ?? 0) > 3 * (first.baselineRate ?? 1))
        #expect(abs((record.counts(from: 0, to: 300).ratio ?? 0) - 2) < 0.15)
        #expect(abs(last.canaryRequests / last.requests - 0.5) < 0.01)
    }

    /// Sums over the release accuse a healthy canary whose share grows while everybody's rate does; the test per block does not.
    @Test func aHealthyReleaseIsAccusedBySumsAndNotByBlocks() {
        let cell = SteppedCell(requestsPerSecond: 1_000, baseRate: 0.002, climb: 10)
        let alarms = (0..<5).map { HarmTrial(cell: cell, chance: Self.chance(2, $0)).alarms }
        #expect(alarms.allSatisfy { $0.count == HarmTrial.names.count })
        #expect(alarms.allSatisfy { $0[0] == nil && $0[2] != nil })
        let sick = HarmTrial(cell: cell, chance: Self.chance(3, 0), times: 3).alarms
        #expect(sick[0] != nil && sick[1] != nil)
    }

    /// 5 % of 30 are 1.5; two standard errors more are 3.9.
    @Test(arguments: [(share: 0.05, ratio: 6.0), (share: 0.5, ratio: 1.5)])
    func gatesStayClosedForACanaryAtTheRatio(_ share: Double, ratio: Double) {
        let opened = (0..<30).count { release in
            GateTrial(
                cell: Self.service, share: share, ratio: ratio, times: ratio, limitSeconds: 600,
                chance: Self.chance(4, release)
            ).openSeconds != nil
        }
        #expect(opened <= 3, "\(opened) of 30")
    }

    @Test func gatesOpenForAGoodCanary() {
        for release in 0..<5 {
            let trial = GateTrial(
                cell: Self.service, share: 0.05, ratio: 6, times: 1, limitSeconds: 900, chance: Self.chance(5, release))
            #expect(trial.openSeconds != nil)
        }
    }

    /// The whole release's proof is still there after a minute; the step's own never comes.
    @Test func aCanaryThatBreaksAtAStepDoesNotPassIt() {
        let safe = (0..<5).map { BreakTrial(cell: Self.service, times: 1.8, chance: Self.chance(6, $0)).safeSeconds }
        #expect(safe.allSatisfy { $0[0] == nil })
        #expect(safe.count { $0[1] != nil } >= 3)
    }

    @Test func goodReleasesGetAllOfTheTrafficAndBadOnesDoNot() {
        for release in 0..<3 {
            let good = RolloutTrial(cell: Self.service, times: 1, chance: Self.chance(7, release))
            #expect(good.completeSeconds[0] != nil && !good.isAccused)
            let bad = RolloutTrial(cell: Self.service, times: 2, fromShare: 0.25, chance: Self.chance(8, release))
            #expect(bad.completeSeconds[0] == nil)
        }
    }

    /// Flagger needs five good minutes, Argo five pauses of five minutes; a canary that always fails ends both.
    @Test func peersAreLedAsTheyAreDocumented() {
        let well = SteppedCell(requestsPerSecond: 100, baseRate: 0.0001)
        #expect(RolloutTrial(cell: well, times: 1, chance: Self.chance(9, 0)).completeSeconds[1...] == [300, 1_500])
        let sick = RolloutTrial(cell: well, times: 9_000, chance: Self.chance(9, 0))
        #expect(sick.completeSeconds == [nil, nil, nil] && sick.isAccused)
    }

    @Test func theTablesNameEveryMethodAndSayWhatIsMet() async {
        var options = CalibrationOptions.quick
        options.parts = [.stepped]
        options.steppedReleases = 1
        let report = await Calibration.report(options)
        for name in HarmTrial.names + BreakTrial.names { #expect(report.text.contains("| \(name) |"), "\(name)") }
        for name in RolloutTrial.names { #expect(report.text.contains("\(name): %"), "\(name)") }
        #expect(report.text.contains("met |"))
    }
}
