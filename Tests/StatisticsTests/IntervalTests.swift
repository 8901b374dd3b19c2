import Testing

@testable import Statistics

@Suite("Intervals and plans")
struct IntervalTests {
    @Test func aRateLiesInItsInterval() {
        for (bad, requests) in [(0.0, 10.0), (1, 10), (10, 10), (30, 1_000), (1_000_000, 1e9)] {
            let interval = RateInterval(bad: bad, requests: requests, error: 0.01)
            #expect(interval.low <= bad / requests && bad / requests <= interval.high, "\(bad)/\(requests)")
            #expect(interval.low >= 0 && interval.high <= 1)
        }
        let nothing = RateInterval(bad: 0, requests: 0, error: 0.01)
        #expect(nothing.low == 0 && nothing.high == 1)
    }

    @Test func moreRequestsMakeARateSharper() {
        var last = 1.0
        for power in 1...8 {
            let requests = 100 * Double(1 << (2 * power))
            let interval = RateInterval(bad: 0.02 * requests, requests: requests, error: 0.01)
            #expect(interval.high - interval.low < last)
            last = interval.high - interval.low
        }
    }

    /// Evaluated after every block, the true ratio leaves its interval in fewer runs than stated.
    @Test(arguments: [0.5, 1, 2, 5])
    func theTrueRatioStaysInside(_ truth: Double) {
        var chance = Chance(UInt64(truth * 10))
        var misses = 0
        for _ in 0..<100 {
            var tracker = RatioTracker()
            var isMissed = false
            for step in 0..<100 {
                // The baseline's rate and the split move.
                let rate = step % 20 < 10 ? 0.02 : 0.06
                let canary = step < 50 ? 10 : 40
                tracker.take(
                    PairCounts(
                        60, chance.binomial(60, rate), Double(canary), chance.binomial(canary, rate * truth)))
                let interval = tracker.interval(error: 0.05)
                if truth < interval.low || truth > interval.high ?? .infinity { isMissed = true }
            }
            if isMissed { misses += 1 }
        }
        // 5 of 100 expected at most; 5 + 2 * 2.2.
        #expect(misses <= 9, "\(misses)")
        print("ratio \(truth): outside in \(misses) of 100 runs at 5 %")
    }

    @Test func theRatioGetsSharp() {
        var tracker = RatioTracker()
        #expect(tracker.interval(error: 0.01).low == 0 && tracker.interval(error: 0.01).high == nil)
        for _ in 0..<1_000 { tracker.take(PairCounts(1_000, 10, 1_000, 20)) }
        let interval = tracker.interval(error: 0.01)
        #expect(interval.low > 1.85 && interval.low < 2, "\(interval)")
        #expect((interval.high ?? 0) < 2.15 && (interval.high ?? 0) > 2, "\(interval)")
    }

    /// Far outside the grid an end is missing, not wrong.
    @Test func aCanaryThatAlwaysFailsHasNoUpperEnd() {
        var tracker = RatioTracker()
        for _ in 0..<50 { tracker.take(PairCounts(10_000, 0, 100, 100)) }
        let interval = tracker.interval(error: 0.01)
        #expect(interval.high == nil && interval.low > 50)
    }

    @Test func normalPoints() {
        #expect(abs(Normal.upperPoint(tail: 0.005) - 2.5758293035489004) < 1e-12)
        #expect(abs(Normal.upperPoint(tail: 0.1) - 1.2815515655446004) < 1e-12)
        #expect(abs(Normal.upperPoint(tail: 0.0005) - 3.2905267314919255) < 1e-12)
        #expect(abs(Normal.upperPoint(tail: 1e-12) - 7.034483825) < 1e-8)
        #expect(Normal.upperPoint(tail: 0.5) == 0)
        #expect(abs(Normal.upperPoint(tail: 0.9) + 1.2815515655446004) < 1e-12)
    }

    @Test func whatIsTheSmallestRatioIsJustEnough() {
        let question = Planning.Question(canaryShare: 0.1, ratio: 1.1, barLogE: 6.9, dispersion: 1.5)
        for requests in [1e4, 1e5, 1e6] {
            let ratio = Planning.smallestRatio(question, baselineRate: 0.01, requests: requests)
            let needed = Planning.requestsNeeded(question, baselineRate: 0.01, canaryRate: 0.01 * ratio)
            #expect(abs(needed - requests) < 1e-3 * requests, "\(ratio)")
        }
        #expect(Planning.smallestRatio(question, baselineRate: 0.01, requests: 5) == .infinity)
        #expect(
            Planning.smallestRatio(question, baselineRate: 0.01, requests: 1e5)
                > Planning.smallestRatio(question, baselineRate: 0.01, requests: 1e6))
        #expect(Planning.requestsNeeded(question, baselineRate: 0.01, canaryRate: 0.0105) == .infinity)
    }

    @Test func aMismatchOfTheSplitIsFound() {
        var chance = Chance(3)
        func watched(_ share: Double) -> SampleRatio {
            var ratio = SampleRatio()
            for _ in 0..<100 {
                let canary = chance.binomial(500, share)
                ratio.take(baselineRequests: 500 - canary, canaryRequests: canary, toldShare: 0.1)
            }
            return ratio
        }
        #expect(watched(0.1).mismatch == nil)
        #expect(watched(0.105).mismatch == nil, "splitters round")
        let mismatch = watched(0.2).mismatch
        #expect(mismatch?.told == 0.1 && abs((mismatch?.seen ?? 0) - 0.2) < 0.02)
    }
}
