import Testing

@testable import Statistics

@Suite("Blocks that all instances have reported")
struct CycleAlignmentTests {
    private var alignment = CycleAlignment()
    private var seconds = 0.0

    private func one(_ name: String, covered: Double? = nil, isLate: Bool = false) -> InstanceIncrements {
        InstanceIncrements(
            instance: name, requests: 10 * (covered ?? 1), errors: 1,
            latency: LatencyIncrements(upperBounds: [1, .infinity], cumulative: [8, 10], count: 10),
            coveredSeconds: covered, isLate: isLate)
    }

    private mutating func take(
        _ baseline: [InstanceIncrements], _ canary: [InstanceIncrements], share: Double? = nil
    ) -> [WatchCycle] {
        seconds += 5
        return alignment.take(
            WatchCycle(
                atSeconds: seconds, coveredSeconds: 5, baseline: baseline, canary: canary, canaryShare: share))
    }

    @Test mutating func everyCycleIsABlockWhileAllAnswer() {
        for step in 1...3 {
            let blocks = take([one("a"), one("b")], [one("c")])
            #expect(blocks.count == 1 && blocks[0].atSeconds == Double(step) * 5 && blocks[0].coveredSeconds == 5)
            #expect(blocks[0].baseline == [one("a"), one("b")] && blocks[0].canary == [one("c")])
        }
    }

    @Test mutating func aBlockWaitsForTheMissingAndHoldsTheSums() {
        _ = take([one("a"), one("b")], [one("c")])
        #expect(take([one("a")], [one("c")]).isEmpty)
        let blocks = take([one("b", covered: 10), one("a")], [one("c")])
        #expect(blocks.count == 1 && blocks[0].coveredSeconds == 10)
        #expect(blocks[0].baseline.map(\.instance) == ["b", "a"])
        #expect(blocks[0].baseline.map(\.requests) == [100, 20])
        #expect(blocks[0].canary[0].errors == 2 && blocks[0].canary[0].latency?.cumulative == [16, 20])
    }

    @Test mutating func afterAWhileItGoesOnWithout() {
        _ = take([one("a")], [one("c"), one("d")])
        for _ in 0..<2 { #expect(take([one("a")], [one("c")]).isEmpty) }
        let blocks = take([one("a")], [one("c")])
        #expect(blocks.count == 1 && blocks[0].coveredSeconds == 15 && blocks[0].canary.map(\.instance) == ["c"])
        // What it brings of that time is left out, what comes after that is not.
        #expect(take([one("a")], [one("c"), one("d", covered: 20)])[0].canary.map(\.instance) == ["c"])
        #expect(take([one("a")], [one("c"), one("d")])[0].canary.map(\.instance) == ["c", "d"])
    }

    /// Its first scrape body may report more than the block: its whole life.
    @Test mutating func aNewProcessCountsWhereItsScrapeIsOfThisBlock() {
        _ = take([one("a")], [one("c")])
        #expect(take([one("a")], [one("c"), one("young", covered: 4), one("old", covered: 40)])[0].canary.count == 2)
        #expect(take([one("a")], [one("c"), one("young"), one("old")])[0].canary.count == 3)
        #expect(take([one("a"), one("unknown", covered: .infinity)], [one("c")]).isEmpty)
    }

    @Test mutating func aLateAnswerCompletesTheCycleBefore() {
        _ = take([one("a")], [one("c")])
        #expect(take([one("a")], []).isEmpty)
        let blocks = take([one("a")], [one("c", isLate: true)])
        #expect(blocks.count == 1 && blocks[0].atSeconds == 10 && blocks[0].canary.count == 1)
        // Two at once: the one that was waited for, and the present one.
        #expect(take([one("a")], [one("c", isLate: true), one("c")]).map(\.atSeconds) == [15, 20])
    }

    /// Under another split the pools' shares of a trouble are others.
    @Test mutating func anotherSplitBeginsANewBlock() {
        _ = take([one("a")], [one("c")], share: 0.1)
        #expect(take([one("a")], [], share: 0.1).isEmpty)
        let blocks = take([one("a")], [one("c", covered: 10)], share: 0.5)
        #expect(blocks.count == 1 && blocks[0].coveredSeconds == 5)
        #expect(blocks[0].baseline.count == 1 && blocks[0].canary.isEmpty)
    }

    /// The reason for all this: a trouble of both pools, which one instance of the canary reports only when it is over.
    /// A bare detector, which does not use the neighbours of a block, takes it for the canary's.
    @Test(arguments: [false, true])
    func aTroubleOfBothLooksLikeTheCanarysWithoutIt(_ isAligned: Bool) {
        var service = Service()
        (service.errorRate, service.canaryErrorRate) = (0.01, 0.01)
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .errors)])
        for _ in 0..<100 { evidence.take(service.cycle()) }
        evidence.begin()
        service.restartClock()
        var detector = PairDetector(.worse(than: 1.1))
        var alignment = CycleAlignment()
        var owed: InstanceIncrements?
        for step in 0..<40 {
            (service.errorRate, service.canaryErrorRate) = (12..<18).contains(step) ? (0.2, 0.2) : (0.01, 0.01)
            var cycle = service.cycle()
            cycle.canary[0].coveredSeconds = 5
            let whole = owed?.joined(with: cycle.canary[0]) ?? cycle.canary[0]
            let isSilent = (12..<18).contains(step)
            owed = isSilent ? whole : nil
            cycle.canary[0] = whole
            if isSilent { cycle.canary.removeFirst() }
            for block in isAligned ? alignment.take(cycle) : [cycle] {
                evidence.take(block)
                guard let counts = PairCounts(baseline: block.baseline.errorSums, canary: block.canary.errorSums) else {
                    continue
                }
                detector.take(counts, atSeconds: block.atSeconds, dispersion: 1.5)
            }
        }
        let bar = AnytimeP.barLogE(falseAlarm: 0.001)
        #expect((detector.maxLogE >= bar) == !isAligned)
        #expect(evidence.monitors[0].maxLogE < bar, "the rule uses the neighbours, too")
    }

    /// An exporter renders its scrape body every third cycle: in between it has said nothing.
    @Test mutating func aBlockWaitsForAnInstanceWhoseBodyIsNotRenewed() {
        for step in 1...12 {
            var cached = one("c", covered: 5)
            cached.isRenewed = step % 3 == 0
            cached.requests = cached.isRenewed ? 150 : 0
            cached.renewalSeconds = cached.isRenewed ? 15 : nil
            let blocks = take([one("a"), one("b")], [cached])
            // At first nothing is known of how many requests to expect.
            guard step > 3 else { continue }
            #expect(blocks.count == (step % 3 == 0 ? 1 : 0), "\(step)")
            for block in blocks {
                #expect(block.coveredSeconds == 15 && block.canary.map(\.requests) == [150])
                #expect(block.baseline.map(\.requests) == [30, 30])
            }
        }
    }

    /// No requests are expected of an idle instance, so that its unchanged scrape body is an answer.
    @Test mutating func anIdleInstanceHoldsNothingUp() {
        for _ in 1...10 {
            var idle = one("c")
            (idle.requests, idle.errors, idle.latency, idle.isRenewed) = (0, 0, nil, false)
            #expect(take([one("a")], [idle]).count == 1)
        }
    }

    /// The neighbours of a block must be as long as the pools' scrape times lie apart.
    @Test mutating func aBlockIsAsLongAsTheGapBetweenThePools() {
        func sampled(_ name: String, _ seconds: ClosedRange<Double>) -> InstanceIncrements {
            var found = one(name)
            found.sampledSeconds = seconds
            return found
        }
        #expect(take([sampled("a", 5...5.1)], [sampled("c", 5.2...5.4)]).count == 1)
        #expect(take([sampled("a", 10...10)], [sampled("c", 17...18)]).isEmpty)
        let blocks = take([sampled("a", 15...15)], [sampled("c", 22...23)])
        #expect(blocks.count == 1 && blocks[0].coveredSeconds == 10 && blocks[0].canary[0].requests == 20)
    }
}
