import Glibc

/// Is the canary's bad-event rate more than `ratio` times the baseline's? An anytime-valid test: however often it is
/// evaluated, the probability that ``maxLogE`` ever reaches log(1/α) while the canary is acceptable is at most α.
///
/// One detector watches one kind of bad event: an error, or an answer slower than one bucket boundary. The baseline's rate
/// may move in any way; what is compared is the two pools in the same block of time.
///
/// **The guarantee** holds exactly when, given the past, requests are independent, each with its own probability. Errors in
/// clusters (retries, one bad connection pool) break it: divide by a dispersion factor that was known before the block
/// (``Dispersion``), or use ``ShareBetting``.
///
/// State: one number per effect size, the open block, the baseline's recent rate. Time per block is constant.
public struct PairDetector: Sendable, Equatable, Codable {
    /// What is tested and with which prior. Changing it after data were seen voids the guarantee.
    public struct Settings: Sendable, Equatable, Codable {
        /// The tolerated ratio of the bad rates, above 0: 1.1 tolerates 10 % more.
        public var ratio: Double
        /// Effect sizes: multipliers of the tolerated odds. All above 1 detect a worse canary, all below 1 for proof
        /// that the canary is below the ratio.
        public var effects: [Double]
        public var prior: StartPrior
        /// After this time a baseline request counts half in the rate that the bets are built on.
        public var halfLifeSeconds: Double
        /// The bad rate that is supposed before there are data, and the requests that this opinion is worth.
        public var supposedRate: Double
        public var supposedRequests: Double
        /// Requests that each pool needs before a block closes; at least 1.
        public var blockRequests: Double

        public init(
            ratio: Double, effects: [Double], prior: StartPrior, halfLifeSeconds: Double = 600,
            supposedRate: Double = 0.001, supposedRequests: Double = 20, blockRequests: Double = 1
        ) {
            self.ratio = ratio
            self.effects = effects
            self.prior = prior
            self.halfLifeSeconds = halfLifeSeconds
            self.supposedRate = supposedRate
            self.supposedRequests = supposedRequests
            self.blockRequests = blockRequests
        }

        /// Detects a canary that is worse than `ratio` times the baseline, from any moment on.
        public static func worse(
            than ratio: Double, effects: [Double] = eightEffects, prior: StartPrior = .standard
        ) -> Settings {
            Settings(ratio: ratio, effects: effects, prior: prior)
        }

        /// From the smallest that can be found to "fails always".
        public static let eightEffects = [1.1, 1.3, 1.7, 2.6, 5, 15, 100, 2_000]
        /// Fewer, so that each has more of the mixture: found sooner, and hardly later between two of them.
        public static let sixEffects = [1.15, 1.4, 1.9, 3.2, 8, 60]

        /// Collects proof that the canary is below `ratio` times the baseline over all the time watched.
        public static func safe(
            below ratio: Double, effects: [Double] = [0.9, 0.8, 0.65, 0.5, 0.35, 0.2]
        ) -> Settings {
            Settings(ratio: ratio, effects: effects, prior: .fromTheStart)
        }
    }

    public private(set) var settings: Settings
    private var mixture: EvidenceMixture
    private var open = PairCounts.zero
    /// A part of the open block may lower the evidence only. Nil in records that do not have it: no part.
    private var mayOnlyLower: Bool?
    private var recentBad: Double
    private var recentRequests: Double
    public private(set) var blocks = 0

    /// - Parameters:
    ///   - recentBad, recentRequests: the baseline before the release, as decayed counts; zero when nothing is known.
    public init(_ settings: Settings, recentBad: Double = 0, recentRequests: Double = 0) {
        self.settings = settings
        self.recentBad = recentBad
        self.recentRequests = recentRequests
        mixture = EvidenceMixture(effects: settings.effects.count, prior: settings.prior)
    }

    /// The log evidence now: of 0, none; falls while the canary does well.
    public var logE: Double { mixture.logE }
    /// The largest so far, at least 0: decisions rest on it.
    public var maxLogE: Double { mixture.maxLogE }

    /// Takes in what happened since the last call. A block stays open until both pools had traffic; until then there is
    /// no evidence either way.
    ///
    /// - Parameters:
    ///   - atSeconds: since the release began.
    ///   - dispersion: at least 1, and known before these counts were seen.
    ///   - mayRaise: false where these counts may lower the evidence only, see ``SteadyBlocks``.
    public mutating func take(
        _ counts: PairCounts, atSeconds: Double, dispersion: Double = 1, mayRaise: Bool = true
    ) {
        guard counts.isUsable else { return }
        open += counts
        if !mayRaise { mayOnlyLower = true }
        let needed = max(settings.blockRequests, .leastNonzeroMagnitude)
        guard open.baselineRequests >= needed, open.canaryRequests >= needed else { return }
        let (block, isCapped) = (open, mayOnlyLower == true)
        dropOpenBlock()
        bet(on: block, atSeconds: atSeconds, dispersion: max(1, dispersion), mayRaise: !isCapped)
    }

    /// Forgets the open block: for a moment at which the traffic split changed, so that what only one pool did under the
    /// old split is not weighed against what the other does under the new one.
    public mutating func dropOpenBlock() { (open, mayOnlyLower) = (.zero, nil) }

    /// A later step begins: what comes next is its first block.
    mutating func beginStep() { mixture.beginStep() }

    /// From the next block on another ratio is tested. It must not depend on that block's counts; the evidence so far is against
    /// the ratios of before.
    mutating func adopt(ratio: Double) { settings.ratio = ratio }

    private mutating func bet(on block: PairCounts, atSeconds: Double, dispersion: Double, mayRaise: Bool) {
        let elapsed = max(0, atSeconds - mixture.lastSeconds)
        let baseline = expectedRate
        let edge = settings.ratio * baseline
        // Local copies: the closure must not touch self while the mixture changes.
        let (effects, ratio) = (settings.effects, settings.ratio)
        mixture.close(atSeconds: atSeconds, mayRaise: mayRaise) { index in
            let canary = effects[index] * edge / (1 - edge + effects[index] * edge)
            return PairProjection.logE(block, baseline: baseline, canary: canary, ratio: ratio) / dispersion
        }
        let decay = pow(2, -elapsed / settings.halfLifeSeconds)
        recentBad = recentBad * decay + block.baselineBad
        recentRequests = recentRequests * decay + block.baselineRequests
        blocks += 1
    }

    /// The baseline's rate from past data only. The upper end keeps every alternative outside the null.
    private var expectedRate: Double {
        let bad = recentBad + settings.supposedRate * settings.supposedRequests
        let rate = bad / (recentRequests + settings.supposedRequests)
        return min(max(rate, 1e-9), 0.98 / settings.ratio)
    }
}
