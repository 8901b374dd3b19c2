import Glibc

/// Proof that one kind of bad event is at most so many times as frequent in the canary as in the baseline, over everything that
/// was counted since it began. The null hypothesis, "in every block at least so many times", is tested at all times at once.
struct SafeProof: Sendable, Equatable, Codable {
    let event: BadEvent
    /// Above 1.
    let ratio: Double
    let method: Comparison.Method
    /// Canary rates below it are good enough; 0 for none, and where shares are bet on.
    let floor: Double
    private var guarded: GuardedBlocks
    private var pair: PairDetector?
    private var share: ShareBetting?
    private var belowFloor: FloorDetector?
    private var baselineCarry = BadCarry()
    private var canaryCarry = BadCarry()
    /// Everything that was compared.
    private(set) var counts = PairCounts.zero
    private var strata = RatioStrata()
    private(set) var dispersion = 1.0

    /// - Parameter recent: the baseline before, decayed; zero when nothing is known.
    init(
        _ event: BadEvent, ratio: Double, method: Comparison.Method, floor: Double,
        recent: (bad: Double, requests: Double)
    ) {
        (self.event, self.ratio, self.method) = (event, ratio, method)
        guarded = GuardedBlocks(learnsDispersion: method == .share)
        // Being below the floor is shown by the absence of events, which needs a dispersion factor to mean anything.
        self.floor = method == .pair ? floor : 0
        switch method {
        case .pair:
            pair = PairDetector(
                .safe(below: ratio, effects: SafeProof.effects(ratio)), recentBad: recent.bad,
                recentRequests: recent.requests)
            if floor > 0 { belowFloor = FloorDetector(floor: floor, side: .below, prior: .fromTheStart) }
        case .share: share = ShareBetting(.safe(below: ratio))
        }
    }

    /// A canary as good as the baseline, and one that is somewhat worse. A better one is found soon enough by the first; with six
    /// effects a good canary needs a fifth more time.
    private static func effects(_ ratio: Double) -> [Double] { [1 / ratio, pow(ratio, -0.6)] }

    /// The log evidence now that the canary is below the ratio, or below the floor: the average of both.
    var logE: Double {
        let relative = pair?.logE ?? share?.logE ?? 0
        guard let belowFloor else { return relative }
        return LogDomain.sum(relative, belowFloor.logE) - log(2)
    }

    /// The canary's bad rate by the baseline's, compared within blocks; nil while the baseline has had no bad event.
    var ratioOfRates: Double? {
        var strata = strata
        if let newest = guarded.provisional { strata.add(newest) }
        return strata.ratio
    }

    /// Bets on shares so far; 0 where there are none.
    var bets: Int { share?.blocks ?? 0 }

    /// - Parameter dispersion: at least 1, known before these counts were seen.
    mutating func take(_ increments: PairCounts, atSeconds: Double, coveredSeconds: Double, dispersion: Double) {
        guard increments.requests.isFinite, increments.bad.isFinite else { return }
        var counts = increments
        counts.baselineBad = baselineCarry.take(bad: counts.baselineBad, requests: counts.baselineRequests)
        counts.canaryBad = canaryCarry.take(bad: counts.canaryBad, requests: counts.canaryRequests)
        guard counts.isUsable else { return }
        self.dispersion = max(1, dispersion)
        let passed = guarded.take(
            counts, atSeconds: atSeconds, coveredSeconds: coveredSeconds, dispersion: self.dispersion)
        if let settled = passed.settled { judge(settled) }
        if let compared = passed.compared { self.counts += compared }
        if passed.hasShareChanged { share?.dropOpenBlock() }
    }

    /// Leaves a stretch of time out; `baseline` is what the baseline did in it, nil when that is not known.
    mutating func leaveOut(_ baseline: (requests: Double, bad: Double)?, hasShareChanged: Bool) {
        if let settled = guarded.leaveOut(baseline, hasShareChanged: hasShareChanged) { judge(settled) }
        pair?.dropOpenBlock()
        share?.dropOpenBlock()
    }

    /// The next block holds other instances' counts.
    mutating func forgetShare() { guarded.forgetShare() }

    private mutating func judge(_ block: SteadyBlocks.Settled) {
        let (counts, now, isSteady) = (block.counts, block.atSeconds, block.isSteady)
        pair?.take(counts, atSeconds: now, dispersion: block.dispersion, mayRaise: isSteady)
        share?.take(counts, atSeconds: now, mayRaise: isSteady)
        belowFloor?.take(
            requests: counts.canaryRequests, bad: counts.canaryBad, atSeconds: now, dispersion: block.dispersion,
            mayRaise: isSteady)
        if isSteady { strata.add(counts) }
    }
}
