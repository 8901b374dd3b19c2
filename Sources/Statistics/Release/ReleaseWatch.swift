import Glibc

/// One release under one false-alarm budget: the error rate and every latency boundary, each an e-process, averaged.
///
/// The average of e-processes is an e-process whatever the dependence between them, so there is one number, compared once
/// with log(1/α). That is uniformly better than giving each its part of α; the price of m equal parts is log(m) nats.
public struct ReleaseWatch: Sendable, Equatable, Codable {
    /// The false-alarm probability over the whole release, however long it runs and however often it is evaluated.
    public let falseAlarm: Double
    /// The errors' part of the mixture, 0...1; the rest is spread evenly over the latency boundaries.
    public let errorWeight: Double
    /// Nil where errors are not watched.
    public private(set) var errors: Comparison?
    /// Bucket boundaries, rising, seconds. "Bad" is slower than the boundary.
    public private(set) var boundsSeconds: [Double] = []
    /// One per boundary.
    public private(set) var latency: [Comparison] = []
    /// Evidence of the whole: errors and all boundaries.
    public private(set) var logE = 0.0
    public private(set) var maxLogE = 0.0

    public init(falseAlarm: Double, errorWeight: Double = 0.5, errors: Comparison?) {
        self.falseAlarm = falseAlarm
        self.errorWeight = errorWeight
        self.errors = errors
    }

    /// Watches these boundaries from now on. They may become known after the release began, but must be chosen without
    /// using anything that the canary did. Only once: a second call changes nothing.
    public mutating func adopt(boundsSeconds: [Double], comparisons: [Comparison]) {
        guard latency.isEmpty, boundsSeconds.count == comparisons.count else { return }
        self.boundsSeconds = boundsSeconds
        latency = comparisons
    }

    /// The evidence at which the canary is called worse: log(1/α).
    public var barLogE: Double { AnytimeP.barLogE(falseAlarm: falseAlarm) }
    /// The bar was passed. It stays so.
    public var isWorse: Bool { maxLogE >= barLogE }

    /// Takes in a scrape cycle.
    ///
    /// - Parameters:
    ///   - errors: nil when errors are not known in this cycle.
    ///   - slow: per boundary; nil for one that a pool did not report in this cycle. Empty without latencies.
    ///   - errorDispersion, slowDispersion: known before these counts were seen; `slowDispersion` is per boundary, and 1
    ///     where it has none.
    public mutating func take(
        errors counts: PairCounts?, slow: [PairCounts?] = [], atSeconds: Double, coveredSeconds: Double = 0,
        errorDispersion: Double = 1, slowDispersion: [Double] = []
    ) {
        if let counts {
            errors?.take(
                counts, atSeconds: atSeconds, coveredSeconds: coveredSeconds, dispersion: errorDispersion)
        }
        for index in latency.indices where index < slow.count {
            guard let one = slow[index] else { continue }
            let dispersion = index < slowDispersion.count ? slowDispersion[index] : 1
            latency[index].take(
                one, atSeconds: atSeconds, coveredSeconds: coveredSeconds, dispersion: dispersion)
        }
        note()
    }

    /// Leaves a stretch of time out, see ``Comparison/leaveOut(_:hasShareChanged:)``.
    ///
    /// - Parameters:
    ///   - errors, slow: what the baseline did in it, where it is known; `slow` is per boundary.
    public mutating func leaveOut(
        errors counts: (requests: Double, bad: Double)?, slow: [(requests: Double, bad: Double)?],
        hasShareChanged: Bool
    ) {
        errors?.leaveOut(counts, hasShareChanged: hasShareChanged)
        for index in latency.indices {
            latency[index].leaveOut(index < slow.count ? slow[index] : nil, hasShareChanged: hasShareChanged)
        }
        note()
    }

    /// See ``Comparison/forgetShare()``.
    mutating func forgetShares() {
        errors?.forgetShare()
        for index in latency.indices { latency[index].forgetShare() }
    }

    private mutating func note() {
        logE = mixedLogE
        maxLogE = max(maxLogE, logE)
    }

    /// The logarithm of a boundary's part of the mixture; of the whole latency half while there are no boundaries.
    var boundaryLogWeight: Double { LogDomain.log((1 - errorWeight) / Double(max(1, latency.count))) }

    private var mixedLogE: Double {
        let errorTerm = LogDomain.log(errorWeight) + (errors?.logE ?? 0)
        let weight = boundaryLogWeight
        guard weight > -.infinity else { return errorTerm }
        // Without boundaries the latency half never bets: its evidence stays 1.
        guard !latency.isEmpty else { return LogDomain.sum(errorTerm, weight) }
        var largest = errorTerm
        for one in latency { largest = max(largest, weight + one.logE) }
        var sum = exp(errorTerm - largest)
        for one in latency { sum += exp(weight + one.logE - largest) }
        return largest + log(sum)
    }
}
