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
        public var method: Method
        /// Canary rates below this are ignored; 0 for none.
        public var floor: Double
        /// "Safe" means below so many times the baseline; nil for no such verdict.
        public var safeRatio: Double?
        /// Keep an interval for the ratio.
        public var tracksRatio: Bool

        public init(
            ratio: Double = 1.1, method: Method = .pair, floor: Double = 0, safeRatio: Double? = nil,
            tracksRatio: Bool = false
        ) {
            self.ratio = ratio
            self.method = method
            self.floor = floor
            self.safeRatio = safeRatio
            self.tracksRatio = tracksRatio
        }
    }

    public let settings: Settings
    private var pair: PairDetector?
    private var share: ShareBetting?
    private var floor: FloorDetector?
    private var safe: PairDetector?
    private var safeFloor: FloorDetector?
    /// The largest ``safeLogE`` so far, at least 0.
    public private(set) var maxSafeLogE = 0.0
    private var baselineCarry = BadCarry()
    private var canaryCarry = BadCarry()
    /// Everything that was taken in.
    public private(set) var counts = PairCounts.zero
    /// The dispersion factor of the last cycle.
    public private(set) var dispersion = 1.0
    public private(set) var ratio: RatioTracker?

    /// - Parameters:
    ///   - recentBad, recentRequests: the baseline before the release, decayed; zero when nothing is known.
    public init(_ settings: Settings, recentBad: Double = 0, recentRequests: Double = 0) {
        self.settings = settings
        switch settings.method {
        case .pair:
            pair = PairDetector(
                .worse(than: settings.ratio), recentBad: recentBad, recentRequests: recentRequests)
        case .share: share = ShareBetting(ShareBetting.Settings(ratio: settings.ratio))
        }
        if settings.floor > 0 { floor = FloorDetector(floor: settings.floor) }
        // Proof of being good rests on independence, so it needs the dispersion factor too.
        if let safeRatio = settings.safeRatio, settings.method == .pair {
            safe = PairDetector(.safe(below: safeRatio), recentBad: recentBad, recentRequests: recentRequests)
            if settings.floor > 0 {
                safeFloor = FloorDetector(floor: settings.floor, side: .below, prior: .fromTheStart)
            }
        }
        if settings.tracksRatio { ratio = RatioTracker() }
    }

    /// Evidence that the canary is worse than tolerated, and above the floor.
    public var logE: Double { min(relativeLogE, floor?.logE ?? relativeLogE) }

    /// Evidence that the canary is worse than tolerated, whatever the floor.
    public var relativeLogE: Double { pair?.logE ?? share?.logE ?? 0 }

    /// Evidence now that the canary is below ``Settings/safeRatio`` times the baseline, or below the floor; nil where there
    /// is no such test. Being below the floor is as good as being below the ratio: the average of both.
    public var safeLogE: Double? {
        guard let safe else { return nil }
        guard let safeFloor else { return safe.logE }
        return LogDomain.sum(safe.logE, safeFloor.logE) - log(2)
    }

    /// Blocks that were compared.
    public var blocks: Int { pair?.blocks ?? share?.blocks ?? 0 }

    /// Takes in what happened since the last call. Bad events beyond the requests wait for the next call.
    public mutating func take(_ increments: PairCounts, atSeconds: Double, dispersion: Double) {
        let counts = bounded(increments)
        guard counts.isUsable else { return }
        self.dispersion = max(1, dispersion)
        self.counts += counts
        pair?.take(counts, atSeconds: atSeconds, dispersion: dispersion)
        share?.take(counts, atSeconds: atSeconds)
        floor?.take(
            requests: counts.canaryRequests, bad: counts.canaryBad, atSeconds: atSeconds, dispersion: dispersion)
        safe?.take(counts, atSeconds: atSeconds, dispersion: dispersion)
        safeFloor?.take(
            requests: counts.canaryRequests, bad: counts.canaryBad, atSeconds: atSeconds, dispersion: dispersion)
        ratio?.take(counts, dispersion: dispersion)
        maxSafeLogE = max(maxSafeLogE, safeLogE ?? 0)
    }

    /// Forgets the open block: the traffic split changed.
    public mutating func dropOpenBlock() {
        pair?.dropOpenBlock()
        share?.dropOpenBlock()
        safe?.dropOpenBlock()
        ratio?.dropOpenBlock()
    }

    private mutating func bounded(_ counts: PairCounts) -> PairCounts {
        guard counts.requests.isFinite, counts.bad.isFinite else { return counts }
        var bounded = counts
        bounded.baselineBad = baselineCarry.take(bad: counts.baselineBad, requests: counts.baselineRequests)
        bounded.canaryBad = canaryCarry.take(bad: counts.canaryBad, requests: counts.canaryRequests)
        return bounded
    }
}
