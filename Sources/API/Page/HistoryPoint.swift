import Model

/// What a release measured at one moment, as the page plots it. Single precision is enough for a plot, and a quarter of an
/// hour of a release fits into 90 kB.
struct HistoryPoint: Sendable, Equatable {
    var atWallMs: Int64
    /// The canary's observed share, 0...10000; nil when it was not read.
    @PlotNumber var canaryBasisPoints: Float?
    var baseline: Side
    var canary: Side
    /// Natural logarithm of the evidence against the canary: the rule that is nearest to its bar; nil without a
    /// statistical rule.
    @PlotNumber var logEvidence: Float?
    /// What that rule has to pass.
    @PlotNumber var barLogEvidence: Float?

    /// One pool. Rates are over the shortest rule window.
    struct Side: Sendable, Equatable {
        @PlotNumber var requestRatePerSecond: Float?
        /// 0...1.
        @PlotNumber var errorRate: Float?
        /// The interval of the error rate over the whole release, where a statistical rule has one.
        @PlotNumber var errorRateLow: Float?
        @PlotNumber var errorRateHigh: Float?
        /// In the order of ``ReleaseHistory/percentiles``.
        var latencies = PlotPercentiles()
    }

    /// - Parameter percentiles: ``ReleaseHistory/percentiles``.
    init(_ release: ReleaseSnapshot, percentiles: [String], atWallMs: Int64) {
        self.atWallMs = atWallMs
        let evidence = release.rules.compactMap(\.evidence?.regression)
        let errors = evidence.lazy.compactMap { $0.comparisons.first { $0.name == "errors" } }.first
        baseline = Side(release.baseline, errors?.baseline, percentiles)
        canary = Side(release.canary, errors?.canary, percentiles)
        let nearest = evidence.max { $0.logEvidence - $0.barLogEvidence < $1.logEvidence - $1.barLogEvidence }
        canaryBasisPoints = release.observedCanaryBasisPoints.map(Float.init)
        logEvidence = nearest.map { Float($0.logEvidence) }
        barLogEvidence = nearest.map { Float($0.barLogEvidence) }
    }
}

extension HistoryPoint.Side {
    fileprivate init(_ pool: PoolSnapshot, _ side: RegressionRecord.Side?, _ percentiles: [String]) {
        requestRatePerSecond = pool.requestRate.map(Float.init)
        errorRate = pool.errorRate.map(Float.init)
        for (place, name) in percentiles.enumerated() {
            latencies[place] = pool.shownLatencies.first { $0.name == name }.map(PlotPercentiles.Figure.init)
        }
        guard let side, side.requests > 0 else { return }
        errorRateLow = Float(side.rateLow)
        errorRateHigh = Float(side.rateHigh)
    }
}

extension PoolSnapshot {
    /// The percentiles; the 99th alone where nothing else is known.
    var shownLatencies: [LatencySnapshot] {
        latencies.isEmpty && latencyP99 != nil ? [LatencySnapshot(name: "p99", seconds: latencyP99)] : latencies
    }
}

/// A `Float?` in four bytes.
@propertyWrapper
struct PlotNumber: Sendable, Equatable {
    /// Of a NaN where there is no value.
    private var bits = Float.nan.bitPattern

    init() {}

    init(wrappedValue: Float?) { self.wrappedValue = wrappedValue }

    var wrappedValue: Float? {
        get {
            let value = Float(bitPattern: bits)
            return value.isNaN ? nil : value
        }
        set { bits = (newValue.flatMap { $0.isNaN ? nil : $0 } ?? .nan).bitPattern }
    }
}

/// Percentiles of a pool's latency at one moment, at most ``LatencySnapshot/limit``, in 48 bytes.
struct PlotPercentiles: Sendable, Equatable {
    /// One of them, in seconds.
    struct Figure: Sendable, Equatable {
        var value: Float?
        /// The bounds between which it lies over the whole release; nil where none is known.
        var low: Float?
        var high: Float?
    }

    /// Less than 0 where there is no value.
    private static let none = SIMD4<Float>(repeating: -1)
    private var values = PlotPercentiles.none
    private var lows = PlotPercentiles.none
    private var highs = PlotPercentiles.none

    /// Nil without any value.
    subscript(place: Int) -> Figure? {
        get {
            let figure = Figure(
                value: Self.number(values[place]), low: Self.number(lows[place]), high: Self.number(highs[place]))
            return figure == Figure() ? nil : figure
        }
        set {
            values[place] = Self.stored(newValue?.value)
            lows[place] = Self.stored(newValue?.low)
            highs[place] = Self.stored(newValue?.high)
        }
    }

    /// The same figures at other places; what has no place is left out.
    ///
    /// - Parameters:
    ///   - old: the names of the places until now.
    ///   - new: the names from now on.
    func moved(from old: [String], to new: [String]) -> PlotPercentiles {
        var moved = PlotPercentiles()
        for (place, name) in new.enumerated() { moved[place] = old.firstIndex(of: name).flatMap { self[$0] } }
        return moved
    }

    private static func number(_ stored: Float) -> Float? { stored < 0 ? nil : stored }

    /// A latency is never negative.
    private static func stored(_ value: Float?) -> Float { value.flatMap { $0 >= 0 ? $0 : nil } ?? -1 }
}

extension PlotPercentiles.Figure {
    init(_ latency: LatencySnapshot) {
        value = latency.seconds.map(Float.init)
        high = latency.highSeconds.map(Float.init)
        // An open end below the first bound of the buckets is 0.
        low = latency.lowSeconds.map(Float.init) ?? high.map { _ in 0 }
    }
}
