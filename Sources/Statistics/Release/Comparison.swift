import Glibc

/// One kind of bad event compared between the pools: the detector, the floor, the proof of being good, and what was counted.
public struct Comparison: Sendable, Equatable, Codable {
    /// Which test compares the pools.
    public enum Method: String, Sendable, Equatable, Codable {
        /// ``PairDetector``: needs a dispersion factor, so instances to compare with each other.
        case pair
        /// ``ShareBetting``: needs none.
        case share
    }

    /// How one kind of bad event is compared.
    public struct Settings: Sendable, Equatable, Codable {
        /// The tolerated ratio: 1.1 for a tolerance of 10 %.
        public var ratio: Double
        /// What has to be refuted, all of it, with ``Method/pair``; nil: ``ratio`` alone, with eight effect sizes, as in
        /// records of versions that did not have it.
        public var nulls: [NullHypothesis]?
        /// What ``Comparison/logE`` refers to where there are ``nulls``; nil: the first one's bar.
        public var barLogE: Double?
        /// Half of the evidence against each of the ``nulls`` is from bets on shares, see ``NullLadder``. Nil: no.
        public var betsOnShares: Bool?
        public var method: Method
        /// Canary rates below this are ignored; 0 for none.
        public var floor: Double
        /// "Safe" means below so many times the baseline; nil for no such verdict.
        public var safeRatio: Double?
        /// Keep an interval for the ratio.
        public var tracksRatio: Bool
        /// Blocks are left out where the split of the requests changed, and wait for their neighbour, see
        /// ``SteadyBlocks``. Nil in records of versions that did not have it: no.
        public var isGuarded: Bool?
        /// Of a release in steps: how many follow the first, see ``StartPrior/stepped(laterSteps:)``. Nil: it has none.
        public var laterSteps: Int?

        public init(
            ratio: Double = 1.1, method: Method = .pair, floor: Double = 0, safeRatio: Double? = nil,
            tracksRatio: Bool = false, isGuarded: Bool = false, nulls: [NullHypothesis]? = nil,
            barLogE: Double? = nil
        ) {
            self.ratio = ratio
            self.nulls = nulls
            self.barLogE = barLogE
            self.method = method
            self.floor = floor
            self.safeRatio = safeRatio
            self.tracksRatio = tracksRatio
            self.isGuarded = isGuarded
        }
    }

    public private(set) var settings: Settings
    /// In the place of ``pair`` where there are ``Settings/nulls``.
    private(set) var ladder: NullLadder?
    private var pair: PairDetector?
    private var share: ShareBetting?
    private var floor: FloorDetector?
    private var safe: PairDetector?
    private var safeFloor: FloorDetector?
    /// In the place of ``safe`` where shares are bet on; nil in records of versions that did not have it.
    private var safeShare: ShareBetting?
    /// The largest ``safeLogE`` so far, at least 0.
    public private(set) var maxSafeLogE = 0.0
    private var baselineCarry = BadCarry()
    private var canaryCarry = BadCarry()
    /// Everything that was compared.
    public private(set) var counts = PairCounts.zero
    /// The part of it since the share last changed; nil in records of versions that did not have it.
    private var presentCounts: PairCounts?
    private var guarded: GuardedBlocks?
    /// Sums over blocks, see ``ratioOfRates``; nil in records of versions that did not have them.
    private var strata: RatioStrata?
    /// Time in which blocks could not raise the evidence; nil where they are not guarded, and in older records.
    private(set) var unsteady: UnsteadyTime?
    /// The dispersion factor of the last cycle.
    public private(set) var dispersion = 1.0
    public private(set) var ratio: RatioTracker?

    /// - Parameters:
    ///   - recentBad, recentRequests: the baseline before the release, decayed; zero when nothing is known.
    public init(_ settings: Settings, recentBad: Double = 0, recentRequests: Double = 0) {
        self.settings = settings
        let prior = StartPrior.stepped(laterSteps: settings.laterSteps ?? 0)
        switch settings.method {
        case .pair:
            if let nulls = settings.nulls {
                ladder = NullLadder(
                    nulls, recentBad: recentBad, recentRequests: recentRequests,
                    betsOnShares: settings.betsOnShares == true, prior: prior)
            } else {
                pair = PairDetector(
                    .worse(than: settings.ratio, prior: prior), recentBad: recentBad, recentRequests: recentRequests)
            }
        case .share:
            if let nulls = settings.nulls {
                ladder = NullLadder(sharesOf: nulls, prior: prior)
            } else {
                share = ShareBetting(ShareBetting.Settings(ratio: settings.ratio, prior: prior))
            }
        }
        if settings.floor > 0 { floor = FloorDetector(floor: settings.floor, prior: prior) }
        if let safeRatio = settings.safeRatio { collectProof(below: safeRatio, recentBad, recentRequests) }
        if settings.tracksRatio { ratio = RatioTracker() }
        if settings.isGuarded == true { unsteady = UnsteadyTime() }
        if settings.isGuarded == true { guarded = GuardedBlocks(learnsDispersion: settings.method == .share) }
        (presentCounts, strata) = (.zero, RatioStrata())
    }

    private mutating func collectProof(below safeRatio: Double, _ recentBad: Double, _ recentRequests: Double) {
        guard settings.method == .pair else { return safeShare = ShareBetting(.safe(below: safeRatio)) }
        safe = PairDetector(.safe(below: safeRatio), recentBad: recentBad, recentRequests: recentRequests)
        // Being below a floor rests on independence, so it needs the dispersion factor.
        if settings.floor > 0 { safeFloor = FloorDetector(floor: settings.floor, side: .below, prior: .fromTheStart) }
    }

    /// Evidence that the canary is worse than tolerated, and above the floor. Where there are ``Settings/nulls``, the bar
    /// (``Settings/barLogE``) and the smallest excess over the nulls' own bars.
    public var logE: Double {
        guard ladder != nil else { return min(relativeLogE, floor?.logE ?? relativeLogE) }
        return referenceBarLogE + excess
    }

    private var referenceBarLogE: Double { settings.barLogE ?? settings.nulls?.first?.barLogE ?? 0 }
    /// How far the evidence is above all bars of ``Settings/nulls``; negative while one is not reached.
    var excess: Double { settings.nulls?.smallestExcess(logE(null:)) ?? 0 }
    /// The same of each hypothesis' largest evidence so far: each bar is passed once.
    var maxExcess: Double { ladder?.maxExcess ?? 0 }
    /// The evidence against the hypothesis that has least against it.
    var leastLogE: Double { settings.nulls?.indices.map(logE(null:)).min() ?? logE }

    /// The log evidence against the hypothesis with this index of ``Settings/nulls``, limited by that of the floor.
    func logE(null index: Int) -> Double {
        min(ladder?.logE(index) ?? relativeLogE, floor?.logE ?? .infinity)
    }

    /// Evidence that the canary is worse than tolerated, whatever the floor.
    public var relativeLogE: Double {
        guard let ladder, let nulls = settings.nulls else { return pair?.logE ?? share?.logE ?? 0 }
        return referenceBarLogE + nulls.smallestExcess(ladder.logE)
    }

    /// Evidence now that the canary is below ``Settings/safeRatio`` times the baseline, or below the floor; nil where there
    /// is no such test. Being below the floor is as good as being below the ratio: the average of both.
    public var safeLogE: Double? {
        guard let safe else { return safeShare?.logE }
        guard let safeFloor else { return safe.logE }
        return LogDomain.sum(safe.logE, safeFloor.logE) - log(2)
    }

    /// Blocks that were compared, with the one that waits for its neighbour.
    public var blocks: Int {
        (ladder?.blocks ?? pair?.blocks ?? share?.blocks ?? 0) + (guarded?.isHolding == true ? 1 : 0)
    }

    /// The canary's bad rate by the baseline's, compared within blocks, so that neither a share nor a rate that moves shows
    /// as a difference of the pools; nil while it cannot be computed.
    ///
    /// The newest block is in it while nothing speaks against it; ``ratio`` and the evidence wait for its neighbour.
    public var ratioOfRates: Double? {
        guard var strata else { return counts.ratio }
        if let newest = guarded?.provisional { strata.add(newest) }
        return strata.ratio
    }

    /// The block that waits for its neighbour, while nothing speaks against it.
    var newestBlock: PairCounts? { guarded?.provisional }

    /// What was compared with the present share.
    var present: PairCounts { presentCounts ?? counts }

    /// The same, or everything while that is too little to say what is usual.
    var typicalCounts: PairCounts { present.baselineRequests >= 100 ? present : counts }

    /// Takes in what happened since the last call. Bad events beyond the requests wait for the next call.
    public mutating func take(
        _ increments: PairCounts, atSeconds: Double, coveredSeconds: Double = 0, dispersion: Double
    ) {
        let counts = bounded(increments)
        guard counts.isUsable else { return }
        self.dispersion = max(1, dispersion)
        guard guarded != nil else {
            add(counts)
            return judge(.init(counts: counts, atSeconds: atSeconds, dispersion: max(1, dispersion), isSteady: true))
        }
        let passed = guarded?.take(
            counts, atSeconds: atSeconds, coveredSeconds: coveredSeconds, dispersion: max(1, dispersion))
        guard let passed else { return }
        if let settled = passed.settled { judge(settled) }
        if let compared = passed.compared { add(compared) }
        guard passed.hasShareChanged else { return }
        presentCounts = .zero
        // Its blocks are longer than the others'; one that is open holds counts with the old share.
        share?.dropOpenBlock()
        safeShare?.dropOpenBlock()
        ladder?.dropOpenShares()
    }

    private mutating func add(_ more: PairCounts) {
        counts += more
        presentCounts? += more
    }

    private mutating func judge(_ block: SteadyBlocks.Settled) {
        let (counts, now, isSteady) = (block.counts, block.atSeconds, block.isSteady)
        ladder?.take(counts, atSeconds: now, dispersion: block.dispersion, mayRaise: isSteady)
        pair?.take(counts, atSeconds: now, dispersion: block.dispersion, mayRaise: isSteady)
        share?.take(counts, atSeconds: now, mayRaise: isSteady)
        floor?.take(
            requests: counts.canaryRequests, bad: counts.canaryBad, atSeconds: now, dispersion: block.dispersion,
            mayRaise: isSteady)
        safe?.take(counts, atSeconds: now, dispersion: block.dispersion, mayRaise: isSteady)
        safeShare?.take(counts, atSeconds: now, mayRaise: isSteady)
        safeFloor?.take(
            requests: counts.canaryRequests, bad: counts.canaryBad, atSeconds: now, dispersion: block.dispersion,
            mayRaise: isSteady)
        if isSteady {
            ratio?.take(counts, dispersion: block.dispersion)
            strata?.add(counts)
        }
        unsteady?.note(isSteady: isSteady, atSeconds: now)
        ladder?.notePeaks(floorLogE: floor?.logE)
        maxSafeLogE = max(maxSafeLogE, safeLogE ?? 0)
    }

    /// From here on other instances are counted, so the split of the requests is another without having been changed.
    mutating func forgetShare() { guarded?.forgetShare() }

    /// Leaves a stretch of time out, with what only one pool did before it.
    ///
    /// - Parameters:
    ///   - baseline: what the baseline did meanwhile, the neighbour of the blocks beside it; nil when it is not known.
    ///   - hasShareChanged: the traffic split is another from here on.
    public mutating func leaveOut(_ baseline: (requests: Double, bad: Double)?, hasShareChanged: Bool) {
        if let settled = guarded?.leaveOut(baseline, hasShareChanged: hasShareChanged) { judge(settled) }
        if hasShareChanged { presentCounts = presentCounts.map { _ in .zero } }
        ladder?.dropOpenBlock()
        pair?.dropOpenBlock()
        share?.dropOpenBlock()
        safe?.dropOpenBlock()
        safeShare?.dropOpenBlock()
        ratio?.dropOpenBlock()
        if hasShareChanged { beginStep() }
    }

    /// What comes next is the first block with another share.
    private mutating func beginStep() {
        ladder?.beginStep()
        pair?.beginStep()
        share?.beginStep()
        floor?.beginStep()
    }

    /// From the next block on, other ratios are tested with the same bars: other instances serve, which differ by other amounts.
    mutating func adopt(nulls: [NullHypothesis]) {
        guard let widest = nulls.last, nulls.count == settings.nulls?.count else { return }
        (settings.nulls, settings.ratio) = (nulls, widest.ratio)
        ladder?.adopt(nulls)
    }

    private mutating func bounded(_ counts: PairCounts) -> PairCounts {
        guard counts.requests.isFinite, counts.bad.isFinite else { return counts }
        var bounded = counts
        bounded.baselineBad = baselineCarry.take(bad: counts.baselineBad, requests: counts.baselineRequests)
        bounded.canaryBad = canaryCarry.take(bad: counts.canaryBad, requests: counts.canaryRequests)
        return bounded
    }
}
