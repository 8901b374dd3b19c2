/// What one scrape cycle brought, per instance: the only input of the monitors.
public struct WatchCycle: Sendable, Equatable {
    /// The cycle's end, seconds since the release began. Must not go back.
    public var atSeconds: Double
    /// The cycle's length, above 0.
    public var coveredSeconds: Double
    /// Instances whose scrape worked. One that did not report is left out; what it did is in its next increments, so
    /// cycles go through a ``CycleAlignment`` before they are compared.
    public var baseline: [InstanceIncrements]
    public var canary: [InstanceIncrements]
    /// The share of requests that the router is configured to give the canary, 0...1; nil where it is not known.
    public var canaryShare: Double?
    /// It holds the counts of other instances than the block before it, so that the pools' shares of the requests cannot be
    /// compared with that one's. Set by ``CycleAlignment``.
    var hasOtherInstances = false

    public init(
        atSeconds: Double, coveredSeconds: Double, baseline: [InstanceIncrements], canary: [InstanceIncrements] = [],
        canaryShare: Double? = nil
    ) {
        self.atSeconds = atSeconds
        self.coveredSeconds = coveredSeconds
        self.baseline = baseline
        self.canary = canary
        self.canaryShare = canaryShare
    }
}

/// What one instance did since its last successful scrape.
public struct InstanceIncrements: Sendable, Equatable {
    /// Names the instance within its pool, for as long as it lives.
    public var instance: String
    /// Nil when it is not known (no such series, or no base yet).
    public var requests: Double?
    public var errors: Double?
    /// Nil without a histogram.
    public var latency: LatencyIncrements?
    /// The time in which this was counted; nil: since the cycle before. Infinite where it is not known.
    public var coveredSeconds: Double?
    /// It is the answer to the cycle before, which ended without it.
    public var isLate: Bool
    /// When the counts were read, seconds on any clock that does not go back: the scrape body was written within this time.
    /// Nil when it is not known.
    public var sampledSeconds: ClosedRange<Double>?
    /// False for a scrape body that repeats the values of the one before: the exporter may not have renewed it.
    public var isRenewed = true
    /// Its process is so young that its latency was left out.
    public var isWarmingUp = false
    /// For a renewed one: seconds since it was renewed before. Nil when it is not known.
    public var renewalSeconds: Double?

    public init(
        instance: String, requests: Double? = nil, errors: Double? = nil, latency: LatencyIncrements? = nil,
        coveredSeconds: Double? = nil, isLate: Bool = false
    ) {
        self.instance = instance
        self.requests = requests
        self.errors = errors
        self.latency = latency
        self.coveredSeconds = coveredSeconds
        self.isLate = isLate
    }
}

extension InstanceIncrements {
    var hasRequests: Bool { (requests ?? latency?.count ?? 0) > 0 }
}

/// Increments of one instance's classic histogram.
public struct LatencyIncrements: Sendable, Equatable {
    /// Upper bounds (`le`) in rising order, seconds; a last +Inf is allowed.
    public var upperBounds: [Double]
    /// Cumulative increments, one per bound: answers at or below it.
    public var cumulative: [Double]
    /// All answers: the increment of +Inf, or of `_count`.
    public var count: Double

    public init(upperBounds: [Double], cumulative: [Double], count: Double) {
        self.upperBounds = upperBounds
        self.cumulative = cumulative
        self.count = count
    }

    /// The finite bounds.
    var finiteBounds: ArraySlice<Double> { upperBounds.prefix { $0 < .infinity } }

    /// Answers slower than a bound; nil when the histogram does not have it. Never negative: the values of an
    /// exposition are not read at one moment, so a bucket can be ahead of the count.
    ///
    /// - Parameter hint: the index of the bound when all histograms have the same bounds.
    func slower(than bound: Double, hint: Int) -> Double? {
        var index = hint
        if index >= upperBounds.count || upperBounds[index] != bound {
            guard let found = upperBounds.firstIndex(of: bound) else { return nil }
            index = found
        }
        guard index < cumulative.count else { return nil }
        return max(0, count - cumulative[index])
    }
}

extension WatchCycle {
    /// What the pools answered at the baseline's boundary and at the canary's. Nil when neither reported, and when a pool's
    /// processes are all warming up: time in which one pool counts must not be compared with time in which the other does.
    func slowCounts(_ baselineBound: Double, _ canaryBound: Double, hint: Int) -> PairCounts? {
        let baseline = self.baseline.slowSums(bound: baselineBound, hint: hint)
        let canary = self.canary.slowSums(bound: canaryBound, hint: hint)
        if baseline == nil, self.baseline.contains(where: \.isWarmingUp) { return nil }
        if canary == nil, self.canary.contains(where: \.isWarmingUp) { return nil }
        return PairCounts(baseline: baseline, canary: canary)
    }
}

extension [InstanceIncrements] {
    /// Requests and errors of the pool, over the instances that reported both; nil when none did.
    var errorSums: (requests: Double, bad: Double)? {
        var sums: (requests: Double, bad: Double)?
        for one in self {
            guard let requests = one.requests, let errors = one.errors else { continue }
            sums = ((sums?.requests ?? 0) + requests, (sums?.bad ?? 0) + errors)
        }
        return sums
    }

    /// Answers, and those slower than a bound, over the instances that have the bound; nil when none has.
    func slowSums(bound: Double, hint: Int) -> (requests: Double, bad: Double)? {
        var sums: (requests: Double, bad: Double)?
        for one in self {
            guard let latency = one.latency, let slow = latency.slower(than: bound, hint: hint) else { continue }
            sums = ((sums?.requests ?? 0) + latency.count, (sums?.bad ?? 0) + slow)
        }
        return sums
    }
}
