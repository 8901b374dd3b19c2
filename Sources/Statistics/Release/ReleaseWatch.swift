import Glibc

/// One release under one false-alarm budget: the error rate and every latency boundary, each an e-process, averaged.
///
/// The average of e-processes is an e-process whatever the dependence between them, so there is one number, compared once
/// with log(1/α). That is uniformly better than giving each its part of α; the price of m equal parts is log(m) nats.
public struct ReleaseWatch: Sendable, Equatable, Codable {
    /// What is watched, with which budget.
    public struct Settings: Sendable, Equatable, Codable {
        /// The false-alarm probability over the whole release.
        public var falseAlarm: Double
        public var errors: Comparison.Settings
        /// The same for each latency boundary.
        public var latency: Comparison.Settings
        /// Finite bucket boundaries, rising, seconds. "Bad" is slower than the boundary.
        public var boundsSeconds: [Double]
        /// The errors' part of the mixture, 0...1; the rest is spread evenly over the boundaries.
        public var errorWeight: Double

        public init(
            falseAlarm: Double, errors: Comparison.Settings, latency: Comparison.Settings, boundsSeconds: [Double],
            errorWeight: Double = 0.5
        ) {
            self.falseAlarm = falseAlarm
            self.errors = errors
            self.latency = latency
            self.boundsSeconds = boundsSeconds
            self.errorWeight = errorWeight
        }
    }

    public let settings: Settings
    public private(set) var errors: Comparison
    /// One per boundary.
    public private(set) var latency: [Comparison]
    /// Evidence of the whole: errors and all boundaries.
    public private(set) var logE = 0.0
    public private(set) var maxLogE = 0.0

    public init(_ settings: Settings) {
        self.settings = settings
        errors = Comparison(settings.errors)
        latency = settings.boundsSeconds.map { _ in Comparison(settings.latency) }
    }

    /// The evidence at which the canary is called worse: log(1/α).
    public var barLogE: Double { AnytimeP.barLogE(falseAlarm: settings.falseAlarm) }
    /// The bar was passed. It stays so.
    public var isWorse: Bool { maxLogE >= barLogE }

    /// Takes in a scrape cycle.
    ///
    /// - Parameters:
    ///   - errors: nil when errors are not known in this cycle.
    ///   - slow: per boundary; nil for one that a pool did not tell in this cycle. Empty without latencies.
    ///   - errorDispersion, slowDispersion: known before these counts were seen; `slowDispersion` is per boundary, and 1
    ///     where it has none.
    public mutating func take(
        errors counts: PairCounts?, slow: [PairCounts?] = [], atSeconds: Double, errorDispersion: Double = 1,
        slowDispersion: [Double] = []
    ) {
        if let counts { errors.take(counts, atSeconds: atSeconds, dispersion: errorDispersion) }
        for index in latency.indices where index < slow.count {
            guard let one = slow[index] else { continue }
            let dispersion = index < slowDispersion.count ? slowDispersion[index] : 1
            latency[index].take(one, atSeconds: atSeconds, dispersion: dispersion)
        }
        logE = mixedLogE
        maxLogE = max(maxLogE, logE)
    }

    /// Forgets open blocks: the traffic split changed.
    public mutating func dropOpenBlocks() {
        errors.dropOpenBlock()
        for index in latency.indices { latency[index].dropOpenBlock() }
    }

    /// The logarithm of a boundary's part of the mixture.
    private var logWeightOfBoundary: Double {
        LogDomain.log((1 - settings.errorWeight) / Double(max(1, latency.count)))
    }

    private var mixedLogE: Double {
        let errorTerm = LogDomain.log(settings.errorWeight) + errors.logE
        let weight = logWeightOfBoundary
        guard weight > -.infinity else { return errorTerm }
        // Without boundaries the latency half never bets: its evidence stays 1.
        guard !latency.isEmpty else { return LogDomain.sum(errorTerm, weight) }
        var largest = errorTerm
        for one in latency { largest = max(largest, weight + one.logE) }
        var sum = errorTerm > -.infinity ? exp(errorTerm - largest) : 0
        for one in latency { sum += exp(weight + one.logE - largest) }
        return largest + log(sum)
    }
}
