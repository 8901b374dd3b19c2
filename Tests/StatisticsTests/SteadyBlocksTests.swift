import Foundation
import Testing

@testable import Statistics

@Suite("Blocks in which the baseline's rate moves")
struct SteadyBlocksTests {
    /// Time, baseline requests and bad ones, canary requests and bad ones: a good time, an outage of both that the canary's
    /// scrape saw begin a little earlier, and the good time after it.
    static let rows: [(seconds: Double, counts: PairCounts)] = [
        (5, PairCounts(4_500, 45, 500, 6)), (10, PairCounts(4_510, 40, 495, 4)), (15, PairCounts(4_490, 44, 505, 30)),
        (20, PairCounts(4_500, 2_200, 500, 250)), (25, PairCounts(4_505, 2_250, 498, 249)),
        (30, PairCounts(4_500, 300, 500, 8)), (35, PairCounts(4_495, 46, 503, 5)), (40, PairCounts(4_500, 44, 500, 12)),
    ]

    /// What an independent implementation of both formulas in Python gives for the rows.
    private static let golden: [(dispersion: Double, statistics: [Double], logE: [Double])] = [
        (
            1,
            [
                0.30839881477049946, 0.3505431999791524, 5085.61589278909, 4197.546878072642, 2830.42022547639,
                4254.759804162717, 320.63250462835254, 0.04717130839444472,
            ],
            [
                -0.37370635802485874, -0.4821823298227521, -0.4832408537762093, -0.7240095979659729,
                -0.7331473617572579, -0.7407774564007888, -0.7471284750292765, -0.7478785617964668,
            ]
        ),
        (
            3,
            [
                0.10279960492349982, 0.11684773332638414, 1695.2052975963634, 1399.1822926908808, 943.47340849213,
                1418.253268054239, 106.87750154278417, 0.015723769464814907,
            ],
            [
                -0.29459623478875663, -0.3800723793132116, -0.381028103128519, -0.6904415742618167,
                -0.7258583409596725, -0.7384563188868152, -0.7442022715975709, -0.7466743743712144,
            ]
        ),
    ]

    static func cell(_ index: Int) -> SteadyBlocks.Cell? {
        guard rows.indices.contains(index) else { return nil }
        return .init(requests: rows[index].counts.baselineRequests, bad: rows[index].counts.baselineBad)
    }

    @Test(arguments: golden.indices)
    func agreeWithTheGoldenVectors(_ index: Int) {
        let golden = Self.golden[index]
        var deviation = Deviation()
        var detector = PairDetector(
            PairDetector.Settings(ratio: 1.1, effects: [1.15, 1.4, 1.9, 3.2, 8, 60], prior: .standard))
        for (place, row) in Self.rows.enumerated() {
            let near = [Self.cell(place - 1), Self.cell(place), Self.cell(place + 1)].compactMap { $0 }
            let statistic = SteadyBlocks.statistic(near) / golden.dispersion
            deviation.note(statistic, golden.statistics[place])
            detector.take(
                row.counts, atSeconds: row.seconds, dispersion: golden.dispersion,
                mayRaise: statistic <= SteadyBlocks.threshold)
            deviation.note(detector.logE, golden.logE[place])
        }
        #expect(deviation.compared == 16 && deviation.largest <= 1e-12, "\(deviation.largest)")
    }

    /// Each block comes out when its neighbour is known, and not before.
    @Test(arguments: golden.indices)
    func waitForTheirNeighbour(_ index: Int) {
        let golden = Self.golden[index]
        var blocks = SteadyBlocks()
        for (place, row) in Self.rows.enumerated() {
            let settled = blocks.take(row.counts, atSeconds: row.seconds, dispersion: golden.dispersion)
            #expect((settled == nil) == (place == 0))
            guard let settled else { continue }
            #expect(settled.counts == Self.rows[place - 1].counts && settled.atSeconds == Self.rows[place - 1].seconds)
            #expect(settled.isSteady == (golden.statistics[place - 1] <= SteadyBlocks.threshold))
        }
        #expect(blocks.isHolding)
    }

    /// What is not known of a neighbour is not taken for steadiness: neither before a gap nor after it.
    @Test func besideAGapAreNotSteady() {
        var blocks = SteadyBlocks()
        let block = PairCounts(1_000, 10, 100, 1)
        _ = blocks.take(block, atSeconds: 5, dispersion: 1)
        #expect(blocks.skip(nil)?.isSteady == false)
        #expect(blocks.take(block, atSeconds: 100, dispersion: 1) == nil)
        #expect(blocks.take(block, atSeconds: 105, dispersion: 1)?.isSteady == false)
        #expect(blocks.take(block, atSeconds: 110, dispersion: 1)?.isSteady == true)
        // What was left out of the comparison is a neighbour all the same, where the baseline reported it.
        #expect(blocks.skip(.init(requests: 1_000, bad: 12))?.isSteady == true)
        _ = blocks.take(block, atSeconds: 120, dispersion: 1)
        #expect(blocks.skip(.init(requests: 1_000, bad: 400))?.isSteady == false)
    }

    /// The law that the promise rests on: whatever is capped, the evidence is never more than it was without.
    @Test(arguments: [UInt64](1...20))
    func neverRaiseTheEvidenceAboveWhatItWouldBe(_ seed: UInt64) {
        var chance = Chance(seed)
        var (plain, capped) = (PairDetector(.worse(than: 1.1)), PairDetector(.worse(than: 1.1)))
        var (plainShare, cappedShare) = (ShareBetting(.init(ratio: 1.1)), ShareBetting(.init(ratio: 1.1)))
        for step in 1...200 {
            let rate = chance.uniform() * 0.3
            let counts = PairCounts(
                60, chance.binomial(60, rate), Double(chance.below(40)), 0)
            var worse = counts
            worse.canaryBad = chance.binomial(Int(counts.canaryRequests), min(1, rate * (1 + chance.uniform())))
            let mayRaise = chance.uniform() < 0.7
            plain.take(worse, atSeconds: Double(step) * 5)
            capped.take(worse, atSeconds: Double(step) * 5, mayRaise: mayRaise)
            plainShare.take(worse, atSeconds: Double(step) * 5)
            cappedShare.take(worse, atSeconds: Double(step) * 5, mayRaise: mayRaise)
            #expect(capped.logE <= plain.logE + 1e-12 && cappedShare.logE <= plainShare.logE + 1e-12)
            #expect(capped.maxLogE <= plain.maxLogE + 1e-12 && capped.blocks == plain.blocks)
        }
    }

    /// A constant rate is mostly steady, also in clusters when the dispersion factor says so, and when it has to be learned
    /// because there is one instance.
    @Test(arguments: [(1, 1.0, false), (10, 12.0, false), (10, 2.0, true)] as [(Int, Double, Bool)])
    func areFewAtAConstantRate(_ cluster: Int, _ dispersion: Double, _ isLearned: Bool) {
        var chance = Chance(99)
        var blocks = SteadyBlocks(learnsDispersion: isLearned)
        var (steady, settled) = (0, 0)
        for step in 1...1_000 {
            let bad = chance.binomial(40, 0.5) * Double(cluster)
            let block = blocks.take(
                PairCounts(20_000, bad, 1_000, 0), atSeconds: Double(step) * 5, dispersion: dispersion)
            guard let block, step > 200 else { continue }
            settled += 1
            if block.isSteady { steady += 1 }
        }
        #expect(Double(steady) >= 0.95 * Double(settled), "\(steady) of \(settled)")
    }
}

@Suite("Time in which the baseline's rate moves")
struct UnsteadyTimeTests {
    /// Outages of both pools half of the time: said, with the seconds; a single one is none of that.
    @Test func isReportedWhenItIsMostOfTheTime() {
        func evidence(isJumping: Bool) -> RegressionEvidence {
            var monitor = RegressionMonitor(RegressionSettings(scope: .errors))
            for step in 1...60 {
                let isSick = isJumping ? step.isMultiple(of: 2) : step == 30
                let cycle = WatchCycle(
                    atSeconds: Double(step) * 5, coveredSeconds: 5,
                    baseline: [InstanceIncrements(instance: "a", requests: 900, errors: isSick ? 400 : 9)],
                    canary: [InstanceIncrements(instance: "b", requests: 100, errors: isSick ? 44 : 1)])
                monitor.take(cycle, assumedDispersion: 1)
            }
            return monitor.evidence(requestsPerSecond: nil, history: BaselineHistory())
        }
        let jumping = evidence(isJumping: true)
        // Each block but the last, which waits for its neighbour.
        #expect(jumping.parts[0].unsteadySeconds == 295 && jumping.caveats.contains(.unsteady(seconds: 295)))
        let once = evidence(isJumping: false)
        #expect(once.parts[0].unsteadySeconds == 15 && !once.caveats.contains(.unsteady(seconds: 15)))
    }
}

@Suite("Records of versions without guarded blocks")
struct OlderRecordTests {
    /// What was written before blocks were guarded can be read and continued as it was.
    @Test func areContinuedAsTheyWere() throws {
        var comparison = Comparison(Comparison.Settings(safeRatio: 1.5, tracksRatio: true, isGuarded: true))
        let data = try JSONEncoder().encode(comparison)
        var fields = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        for name in ["guarded", "strata", "presentCounts"] {
            #expect(fields.removeValue(forKey: name) != nil, "\(name)")
        }
        var settings = try #require(fields["settings"] as? [String: Any])
        #expect(settings.removeValue(forKey: "isGuarded") != nil)
        fields["settings"] = settings
        var old = try JSONDecoder().decode(Comparison.self, from: JSONSerialization.data(withJSONObject: fields))
        var bare = Comparison(Comparison.Settings(safeRatio: 1.5, tracksRatio: true))
        for step in 1...5 {
            old.take(PairCounts(900, 9, 100, 4), atSeconds: Double(step) * 5, dispersion: 1)
            bare.take(PairCounts(900, 9, 100, 4), atSeconds: Double(step) * 5, dispersion: 1)
        }
        #expect(old.logE == bare.logE && old.logE > 3 && old.ratioOfRates == bare.counts.ratio)
        comparison.take(PairCounts(900, 9, 100, 4), atSeconds: 5, dispersion: 1)
        #expect(try recoded(comparison) == comparison)
    }
}

@Suite("The split of the requests from block to block")
struct ShareFitTests {
    private func fits(_ fit: inout ShareFit, _ baseline: Double, _ canary: Double) -> Bool {
        fit.take(baselineRequests: baseline, canaryRequests: canary, coveredSeconds: 5)
    }

    /// A share that stays is a share that stays, however few requests there are and however they come.
    @Test(arguments: [(10, 0.1), (100, 0.05), (5_000, 0.05), (1_000, 0.5), (200, 0.9)] as [(Int, Double)])
    func thatStaysFits(_ requests: Int, _ share: Double) {
        var chance = Chance(5)
        var fit = ShareFit()
        var misfits = 0
        for _ in 0..<500 {
            let all = requests / 2 + chance.below(requests)
            let canary = chance.binomial(all, share)
            if !fits(&fit, Double(all) - canary, canary) { misfits += 1 }
        }
        #expect(misfits <= 1, "\(misfits)")
    }

    /// Users that stick to a pool move the share more than chance does; that is learned, and blocks are not lost for ever.
    @Test func thatMovesByItselfIsLearned() {
        var chance = Chance(6)
        var fit = ShareFit()
        var misfits = 0
        for _ in 0..<400 {
            let canary = 200 * (0.5 + chance.uniform())
            if !fits(&fit, 2_000, canary.rounded()) { misfits += 1 }
        }
        #expect(misfits < 60, "\(misfits)")
    }

    /// In the middle of a block: that block fits neither, and the first one with the new share has nothing to fit to.
    @Test(arguments: [(0.05, 0.5), (0.5, 0.05), (0.1, 0.25), (0.5, 0.9), (0.01, 0.05)] as [(Double, Double)])
    func thatChangesDoesNotFitUntilItStays(_ before: Double, _ after: Double) {
        var fit = ShareFit()
        for _ in 0..<50 { #expect(fits(&fit, 5_000 * (1 - before), 5_000 * before)) }
        let mixed = (before + after) / 2
        #expect(!fits(&fit, 5_000 * (1 - mixed), 5_000 * mixed))
        // Between the mixed block and the new share lies half of the step, which may be less than a fifth.
        _ = fits(&fit, 5_000 * (1 - after), 5_000 * after)
        for _ in 0..<20 { #expect(fits(&fit, 5_000 * (1 - after), 5_000 * after)) }
    }
}

@Suite("A share that changes")
struct ShareChangeTests {
    /// A good time at 5 %, a change to 50 % in the middle of a block in which an outage of both begins, the outage at 50 %.
    private func blocks(_ chance: inout Chance) -> [PairCounts] {
        /// About a Poisson variable, in one step: with thousands of requests per block real ones take seconds.
        func bad(_ mean: Double) -> Double {
            let normal = (chance.uniform() + chance.uniform() + chance.uniform() - 1.5) * 2
            return max(0, (mean + mean.squareRoot() * normal).rounded())
        }
        func draw(_ seconds: Double, share: Double, rate: Double) -> PairCounts {
            let canary = (1_000 * seconds * share).rounded()
            let baseline = 1_000 * seconds - canary
            return PairCounts(baseline, bad(baseline * rate), canary, bad(canary * rate))
        }
        var blocks = (0..<120).map { _ in draw(5, share: 0.05, rate: 0.002) }
        var mixed = draw(2.5, share: 0.05, rate: 0.002)
        mixed += draw(2.5, share: 0.5, rate: 0.1)
        blocks.append(mixed)
        return blocks + (0..<60).map { _ in draw(5, share: 0.5, rate: 0.1) }
    }

    @Test(arguments: [Comparison.Method.pair, .share], [UInt64](1...10))
    func isNoEvidenceAndNoRatio(_ method: Comparison.Method, _ seed: UInt64) throws {
        var chance = Chance(seed)
        var guarded = Comparison(
            Comparison.Settings(method: method, safeRatio: 1.5, tracksRatio: true, isGuarded: true))
        var bare = Comparison(Comparison.Settings(method: method, tracksRatio: true))
        var (largest, bareLargest) = (0.0, 0.0)
        for (index, block) in blocks(&chance).enumerated() {
            let now = Double(index + 1) * 5
            guarded.take(block, atSeconds: now, coveredSeconds: 5, dispersion: 1)
            bare.take(block, atSeconds: now, dispersion: 1)
            (largest, bareLargest) = (max(largest, guarded.logE), max(bareLargest, bare.logE))
        }
        #expect(largest < AnytimeP.barLogE(falseAlarm: 0.01), "\(largest)")
        if method == .pair { #expect(bareLargest > 4.6, "without it the change looks like proof: \(bareLargest)") }
        let ratio = try #require(guarded.ratioOfRates)
        let interval = try #require(guarded.ratio).interval(error: 0.01)
        #expect(ratio > 0.8 && ratio < 1.25 && ratio > interval.low && ratio < interval.high ?? 0, "\(ratio)")
        let pooled = try #require(guarded.counts.ratio)
        #expect(pooled > 2, "the sums over both shares still say \(pooled)")
    }

    /// An announced change leaves its block out and forgets nothing else.
    @Test func thatIsAnnouncedLeavesItsBlockOut() {
        var service = Service()
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .errors)])
        for _ in 0..<100 { evidence.take(service.cycle()) }
        evidence.begin()
        service.restartClock()
        for _ in 0..<20 { evidence.take(service.cycle()) }
        let before = evidence.evidence(rule: 0)
        var mixed = service.cycle()
        // What an outage in the middle of a change looks like.
        for index in mixed.canary.indices { mixed.canary[index].errors = mixed.canary[index].requests }
        evidence.takeShareChange(mixed)
        let after = evidence.evidence(rule: 0)
        #expect(after.maxLogE == before.maxLogE && after.parts[0].canary == before.parts[0].canary)
        service.canaryErrorRate = 0.2
        for _ in 0..<20 { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].verdict == .worse)
    }
}
