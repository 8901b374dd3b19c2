import Foundation
import Testing

@testable import Statistics

/// Laws of the detectors.
@Suite("Detectors")
struct DetectorTests {
    @Test func evidenceStartsAtOne() {
        #expect(PairDetector(.worse(than: 1.1)).logE == 0)
        #expect(PairDetector(.safe(below: 1.5)).logE == 0)
        #expect(ShareBetting(.init(ratio: 1.1)).logE == 0)
        #expect(FloorDetector(floor: 0.01).logE == 0)
    }

    /// The theorem, by enumeration: over all outcomes of one small block, the mean of the e-value is at most 1 whenever the
    /// canary is acceptable, for unequal rates and at the edge.
    @Test(arguments: [(0.05, 1.0), (0.05, 1.1), (0.3, 1.5), (0.45, 2.0), (0.001, 1.1)])
    func theMeanEvidenceOfAnAcceptableCanaryIsAtMostOne(_ rate: Double, _ ratio: Double) {
        for worse in [ratio, 0.7 * ratio, 0.0] {
            var mean = 0.0
            for baselineBad in 0...6 {
                for canaryBad in 0...4 {
                    var detector = PairDetector(.worse(than: ratio))
                    detector.take(PairCounts(6, Double(baselineBad), 4, Double(canaryBad)), atSeconds: 5)
                    mean +=
                        binomial(6, baselineBad, rate) * binomial(4, canaryBad, min(1, worse * rate))
                        * exp(detector.logE)
                }
            }
            #expect(mean <= 1 + 1e-12, "\(rate) \(ratio) \(worse): \(mean)")
        }
    }

    /// The same for the proof of being good: a canary that is just as bad as is not tolerated any more.
    @Test(arguments: [(0.05, 1.5), (0.3, 1.5), (0.2, 2.0)])
    func theMeanEvidenceForABadCanaryBeingGoodIsAtMostOne(_ rate: Double, _ ratio: Double) {
        for worse in [ratio, 1.3 * ratio] {
            var mean = 0.0
            for baselineBad in 0...6 {
                for canaryBad in 0...4 {
                    var detector = PairDetector(.safe(below: ratio))
                    detector.take(PairCounts(6, Double(baselineBad), 4, Double(canaryBad)), atSeconds: 5)
                    mean += binomial(6, baselineBad, rate) * binomial(4, canaryBad, worse * rate) * exp(detector.logE)
                }
            }
            #expect(mean <= 1 + 1e-12)
        }
    }

    /// And for an unknown dependence: all of a pool's bad events at once.
    @Test func bettingOnSharesNeedsNoIndependence() {
        // A cluster of ten falls on a pool in proportion to its traffic.
        for (canary, baseline) in [(50.0, 50.0), (10, 90), (100, 900)] {
            let share = canary / (canary + baseline)
            var mean = 0.0
            for (weight, counts) in [
                (share, PairCounts(baseline, 0, canary, 10)), (1 - share, PairCounts(baseline, 10, canary, 0)),
            ] {
                var detector = ShareBetting(.init(ratio: 1, blockSeconds: 5))
                detector.take(counts, atSeconds: 5)
                mean += weight * exp(detector.logE)
            }
            #expect(abs(mean - 1) < 1e-12)
        }
    }

    private func binomial(_ n: Int, _ k: Int, _ p: Double) -> Double {
        let ways = exp(lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1)))
        return ways * pow(p, Double(k)) * pow(1 - p, Double(n - k))
    }

    /// What a scrape brought in two parts is the same block while only one pool has traffic.
    @Test func aBlockStaysOpenUntilBothPoolsHaveTraffic() {
        var apart = PairDetector(.worse(than: 1.1))
        apart.take(PairCounts(100, 2, 0, 0), atSeconds: 5)
        #expect(apart.logE == 0 && apart.blocks == 0)
        apart.take(PairCounts(50, 1, 0, 0), atSeconds: 10)
        apart.take(PairCounts(0, 0, 20, 3), atSeconds: 15)
        var together = PairDetector(.worse(than: 1.1))
        together.take(PairCounts(150, 3, 20, 3), atSeconds: 15)
        #expect(apart.logE == together.logE && apart.blocks == 1)
    }

    @Test func theOpenBlockIsForgottenWhenTheSplitChanges() {
        var detector = PairDetector(.worse(than: 1.1))
        detector.take(PairCounts(1_000, 0, 0, 0), atSeconds: 5)
        detector.dropOpenBlock()
        detector.take(PairCounts(10, 1, 10, 1), atSeconds: 10)
        var other = PairDetector(.worse(than: 1.1))
        other.take(PairCounts(10, 1, 10, 1), atSeconds: 10)
        #expect(detector.logE == other.logE)
    }

    /// With everything else equal, more canary errors are more evidence, and more baseline errors less.
    @Test func evidenceIsMonotone() {
        func evidence(_ baselineBad: Double, _ canaryBad: Double) -> Double {
            var detector = PairDetector(.worse(than: 1.1))
            detector.take(PairCounts(900, baselineBad, 100, canaryBad), atSeconds: 5)
            return detector.logE
        }
        for bad in 0..<40 {
            #expect(evidence(9, Double(bad)) < evidence(9, Double(bad + 1)))
            #expect(evidence(Double(bad), 5) > evidence(Double(bad + 1), 5))
        }
    }

    @Test func clusteredEventsCountLess() {
        func evidence(_ dispersion: Double) -> Double {
            var detector = PairDetector(.worse(than: 1.1))
            for step in 1...10 {
                detector.take(PairCounts(900, 9, 100, 6), atSeconds: 5 * Double(step), dispersion: dispersion)
            }
            return detector.logE
        }
        #expect(evidence(1) > evidence(2) && evidence(2) > evidence(8) && evidence(8) > 0)
        #expect(evidence(0.1) == evidence(1), "less than independent is not believed")
    }

    /// Counts that no counter has must neither crash nor count.
    @Test(arguments: [
        PairCounts(-1, 0, 5, 0), PairCounts(5, 6, 5, 0), PairCounts(.nan, 0, 5, 0), PairCounts(5, .nan, 5, 0),
        PairCounts(.infinity, 0, 5, 0), PairCounts(5, 0, 5, -1),
    ])
    func nonsenseIsLeftOut(_ counts: PairCounts) {
        var pair = PairDetector(.worse(than: 1.1))
        pair.take(counts, atSeconds: 5)
        #expect(pair == PairDetector(.worse(than: 1.1)))
        var share = ShareBetting(.init(ratio: 1.1))
        share.take(counts, atSeconds: 50)
        #expect(share == ShareBetting(.init(ratio: 1.1)))
        var ratio = RatioTracker()
        ratio.take(counts)
        #expect(ratio == RatioTracker())
        var comparison = Comparison(Comparison.Settings(floor: 0.01, safeRatio: 1.5, tracksRatio: true))
        comparison.take(counts, atSeconds: 5, dispersion: .nan)
        comparison.take(PairCounts(100, 1, 100, 1), atSeconds: 10, dispersion: .nan)
        #expect(comparison.logE.isFinite)
    }

    /// A clock that goes back is taken as stopped.
    @Test func timeThatGoesBackIsTakenAsStopped() {
        var detector = PairDetector(.worse(than: 1.1))
        detector.take(PairCounts(100, 1, 100, 1), atSeconds: 100)
        detector.take(PairCounts(100, 1, 100, 1), atSeconds: 50)
        #expect(detector.logE.isFinite && detector.blocks == 2)
    }

    @Test func detectorsSurviveEncoding() throws {
        var pair = PairDetector(.worse(than: 1.1))
        var share = ShareBetting(.init(ratio: 1.1))
        var floor = FloorDetector(floor: 0.001)
        for step in 1...20 {
            let counts = PairCounts(90, 1, step % 3 == 0 ? 0 : 10, step % 3 == 1 ? 2 : 0)
            pair.take(counts, atSeconds: Double(step) * 5, dispersion: 1.3)
            share.take(counts, atSeconds: Double(step) * 5)
            floor.take(requests: counts.canaryRequests, bad: counts.canaryBad, atSeconds: Double(step) * 5)
        }
        #expect(try recoded(pair) == pair)
        #expect(try recoded(share) == share)
        #expect(try recoded(floor) == floor)
    }

    /// Simulated healthy releases, evaluated after every scrape: far fewer false alarms than stated would allow at two
    /// standard errors.
    @Test func peekingDoesNotRaiseFalseAlarms() {
        var chance = Chance(42)
        var alarms = 0
        for _ in 0..<400 {
            var detector = PairDetector(.worse(than: 1))
            for step in 1...200 {
                detector.take(
                    PairCounts(60, chance.binomial(60, 0.05), 30, chance.binomial(30, 0.05)),
                    atSeconds: Double(step) * 5)
            }
            if detector.maxLogE >= bar(0.05) { alarms += 1 }
        }
        // 5 % of 400 is 20; two standard errors more are 28.
        #expect(alarms <= 28, "\(alarms)")
        print("false alarms: \(alarms) of 400 at 5 %")
    }
}

func recoded<Value: Codable>(_ value: Value) throws -> Value {
    try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}
