import Glibc

/// The same question as ``PairDetector``, asked so that requests need not be independent: one bounded bet per block on the
/// canary's share of the bad events.
///
/// **The guarantee** holds under any dependence inside a block, as long as clusters of bad events fall on the pools in
/// proportion to their traffic. It needs no dispersion factor, so it is the test for a baseline with one instance. The
/// price: speed is capped (at half the traffic at most 0.69 nats per block, so 100 s at the least with blocks of 15 s),
/// and bursts longer than a block break it.
public struct ShareBetting: Sendable, Equatable, Codable {
    /// What is tested and with which prior.
    public struct Settings: Sendable, Equatable, Codable {
        /// What the bets are evidence of.
        public enum Side: String, Sendable, Equatable, Codable {
            /// The canary has more than ``ratio`` times the baseline's rate.
            case worse
            /// It has less, over all the time watched.
            case safe
        }

        /// The tolerated ratio of the bad rates, above 0.
        public var ratio: Double
        /// Parts of the capital that are bet, each in 0..<1.
        public var stakes: [Double]
        public var prior: StartPrior
        /// The least length of a block.
        public var blockSeconds: Double
        /// Nil in records of versions that had one side only: ``Side/worse``.
        public var side: Side?

        public init(
            ratio: Double, stakes: [Double] = [0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 0.9], prior: StartPrior = .standard,
            blockSeconds: Double = 15
        ) {
            self.ratio = ratio
            self.stakes = stakes
            self.prior = prior
            self.blockSeconds = blockSeconds
        }

        /// Collects proof that the canary is below `ratio` times the baseline over all the time watched.
        public static func safe(below ratio: Double) -> Settings {
            // Mostly the largest stake is the best; with a few bad events per block it is a small one.
            var settings = Settings(ratio: ratio, stakes: [0.1, 0.4, 0.95], prior: .fromTheStart)
            settings.side = .safe
            return settings
        }
    }

    public private(set) var settings: Settings
    private var mixture: EvidenceMixture
    private var open = PairCounts.zero
    /// A part of the open block may lower the evidence only. Nil in records that do not have it: no part.
    private var mayOnlyLower: Bool?
    public private(set) var blocks = 0

    public init(_ settings: Settings) {
        self.settings = settings
        mixture = EvidenceMixture(effects: settings.stakes.count, prior: settings.prior)
    }

    /// The log evidence now.
    public var logE: Double { mixture.logE }
    /// The largest so far, at least 0.
    public var maxLogE: Double { mixture.maxLogE }

    /// Takes in what happened since the last call; a block stays open until it is long enough and both pools had traffic.
    ///
    /// - Parameter mayRaise: false where these counts may lower the evidence only, see ``SteadyBlocks``.
    public mutating func take(_ counts: PairCounts, atSeconds: Double, mayRaise: Bool = true) {
        guard counts.isUsable else { return }
        open += counts
        if !mayRaise { mayOnlyLower = true }
        guard open.baselineRequests > 0, open.canaryRequests > 0 else { return }
        guard atSeconds - mixture.lastSeconds >= settings.blockSeconds else { return }
        let (block, isCapped) = (open, mayOnlyLower == true)
        dropOpenBlock()
        blocks += 1
        let surprise = surprise(of: block)
        let stakes = settings.stakes
        mixture.close(atSeconds: atSeconds, mayRaise: !isCapped) { log1p(stakes[$0] * surprise) }
    }

    /// Forgets the open block: for a moment at which the traffic split changed.
    public mutating func dropOpenBlock() { (open, mayOnlyLower) = (.zero, nil) }

    /// A later step begins: what comes next is its first block.
    mutating func beginStep() { mixture.beginStep() }

    /// From the next block on another ratio is tested, see ``PairDetector/adopt(ratio:)``.
    mutating func adopt(ratio: Double) { settings.ratio = ratio }

    /// How far the canary's share of the bad events is from the share that it has at the ratio, as a part of the most that is
    /// possible on the other side: at least -1, and 0 on average where the canary is exactly at the ratio.
    private func surprise(of block: PairCounts) -> Double {
        guard block.bad > 0 else { return 0 }
        let weighted = settings.ratio * block.canaryRequests
        let tolerated = weighted / (weighted + block.baselineRequests)
        let share = block.canaryBad / block.bad
        // The mirror image: 1 + l (1 - share / tolerated), with l as a part of its largest value, tolerated / (1 - tolerated).
        if settings.side == .safe { return (tolerated - share) / (1 - tolerated) }
        return share / tolerated - 1
    }
}
