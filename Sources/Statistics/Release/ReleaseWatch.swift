import Glibc

/// One release under one false-alarm budget: the error rate and every latency boundary, each an e-process, averaged.
///
/// The average of e-processes is an e-process whatever the dependence between them, so there is one number, compared once
/// with log(1/α). That is uniformly better than giving each its part of α; the price of m equal parts is log(m) nats.
///
/// With several null hypotheses there is one such number for each, and the canary is called worse when all have passed their
/// bars: see ``NullHypothesis/pair(ratio:falseAlarm:)``.
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
    /// Evidence of the whole: errors and all boundaries. With several null hypotheses that against the first one, or less:
    /// by as much as another one is further from its bar.
    public private(set) var logE = 0.0
    public private(set) var maxLogE = 0.0
    /// Nil where the comparisons have one null hypothesis, or share the budget.
    private(set) var mixed: MixedNulls?
    /// Each comparison has its part of the false-alarm probability and its own bars, instead of one bar for their average:
    /// evidence beside a margin for instances is no e-process beyond its bar. Nil in records of versions that did not have it.
    private var splits: Bool?

    /// - Parameters:
    ///   - nulls: those of all comparisons; nil where they have one each.
    ///   - splitsBudget: each comparison has bars of its own, for its part of the budget, see ``falseAlarm(isError:of:)``.
    public init(
        falseAlarm: Double, errorWeight: Double = 0.5, errors: Comparison?,
        nulls: [NullHypothesis]? = nil,
        splitsBudget: Bool = false
    ) {
        mixed = nulls.map(MixedNulls.init)
        splits = splitsBudget
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
    /// Evidence now against what is tolerated, on no bar's scale: above 0 there is a sign of harm.
    var harmLogE: Double { splitsBudget ? largest { $0.leastLogE } ?? 0 : mixed?.leastLogE ?? logE }
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

    /// See ``Comparison/adopt(nulls:)``; `slow` is per boundary, and nil where nothing changes.
    mutating func adopt(errors nulls: [NullHypothesis]?, slow: [[NullHypothesis]?]) {
        if let nulls { errors?.adopt(nulls: nulls) }
        for index in latency.indices where index < slow.count {
            if let nulls = slow[index] { latency[index].adopt(nulls: nulls) }
        }
    }

    /// See ``Comparison/forgetShare()``.
    mutating func forgetShares() {
        errors?.forgetShare()
        for index in latency.indices { latency[index].forgetShare() }
    }

    var splitsBudget: Bool { splits == true }

    /// A comparison's part of the false-alarm probability where the budget is split.
    ///
    /// - Parameter boundaries: how many latency boundaries share their half, at least 1.
    static func part(of falseAlarm: Double, errorWeight: Double, isError: Bool, boundaries: Int)
        -> Double
    {
        falseAlarm * (isError ? errorWeight : (1 - errorWeight) / Double(max(1, boundaries)))
    }

    /// The largest of the comparisons' values; nil without comparisons.
    private func largest(_ value: (Comparison) -> Double) -> Double? {
        var largest = errors.map(value)
        for index in latency.indices { largest = max(largest ?? -.infinity, value(latency[index])) }
        return largest
    }

    /// More than the bar is not known where the budget is split.
    private mutating func noteSplit() {
        logE = min(barLogE, barLogE + (largest { $0.excess } ?? -barLogE))
        maxLogE = max(maxLogE, min(barLogE, barLogE + (largest { $0.maxExcess } ?? -barLogE)))
    }

    private mutating func note() {
        guard !splitsBudget else { return noteSplit() }
        guard mixed != nil else {
            logE = mixedLogE { $0.logE }
            maxLogE = max(maxLogE, logE)
            return
        }
        for index in mixed?.nulls.indices ?? 0..<0 {
            let average = mixedLogE { $0.logE(null: index) }
            mixed?.note(index, average)
        }
        logE = barLogE + (mixed?.excess ?? 0)
        maxLogE = max(0, barLogE + (mixed?.maxExcess ?? 0))
    }

    /// The logarithm of a boundary's part of the mixture; of the whole latency half while there are no boundaries.
    var boundaryLogWeight: Double { LogDomain.log((1 - errorWeight) / Double(max(1, latency.count))) }

    /// The logarithm of the average of the comparisons' evidence.
    private func mixedLogE(_ evidence: (Comparison) -> Double) -> Double {
        let errorTerm = LogDomain.log(errorWeight) + (errors.map(evidence) ?? 0)
        let weight = boundaryLogWeight
        guard weight > -.infinity else { return errorTerm }
        // Without boundaries the latency half never bets: its evidence stays 1.
        guard !latency.isEmpty else { return LogDomain.sum(errorTerm, weight) }
        var largest = errorTerm
        for index in latency.indices { largest = max(largest, weight + evidence(latency[index])) }
        var sum = exp(errorTerm - largest)
        for index in latency.indices { sum += exp(weight + evidence(latency[index]) - largest) }
        return largest + log(sum)
    }
}
