/// Adds a page's series up, per indicator.
struct ReadingSums {
    private let watch: WatchList
    private var matches = TargetReading.Matches()
    private var requests = 0.0
    private var errors = 0.0
    private var buckets: [(bound: Double, increment: Double)] = []
    private var quantiles: [(quantile: Double, seconds: Double)] = []
    private var sumSeconds = 0.0
    private var count: Double?

    init(watch: WatchList) { self.watch = watch }

    /// - Parameter increment: nil without a base; the series still matched.
    mutating func add(_ series: WatchedSeries, increment: Double?) {
        let roles = series.roles
        if roles.isRequests {
            matches.requests += 1
            requests += increment ?? 0
        }
        if roles.isErrors {
            matches.errors += 1
            errors += increment ?? 0
        }
        if roles.isLatency { addLatency(series, increment: increment) }
    }

    private mutating func addLatency(_ series: WatchedSeries, increment: Double?) {
        let roles = series.roles
        matches.latency += 1
        if roles.isLatencySum { sumSeconds += increment ?? 0 }
        if roles.isLatencyCount { count = (count ?? 0) + (increment ?? 0) }
        if let bound = roles.bucketBound, !bound.isNaN { addBucket(bound, increment ?? 0) }
        if let quantile = roles.quantile, series.value.isFinite { addQuantile(quantile, series.value) }
    }

    /// A page has a dozen bounds, in order, so the last places are the likely ones.
    private mutating func addBucket(_ bound: Double, _ increment: Double) {
        if let index = buckets.firstIndex(where: { $0.bound == bound }) {
            buckets[index].increment += increment
        } else {
            buckets.append((bound, increment))
        }
    }

    /// Quantiles of several series cannot be added up: the worst one counts.
    private mutating func addQuantile(_ quantile: Double, _ seconds: Double) {
        if let index = quantiles.firstIndex(where: { $0.quantile == quantile }) {
            quantiles[index].seconds = max(quantiles[index].seconds, seconds)
        } else {
            quantiles.append((quantile, seconds))
        }
    }

    func reading(samples: Int, hasBase: Bool, coveredSeconds: Double?, resets: Int) -> TargetReading {
        TargetReading(
            requests: hasBase && matches.requests > 0 ? requests : nil, errors: hasBase ? errorsOrNone : nil,
            latency: latency(hasBase: hasBase), matches: matches, samples: samples, coveredSeconds: coveredSeconds,
            resets: resets)
    }

    /// Most services have no error series before their first error: requests without errors have had none.
    private var errorsOrNone: Double? {
        if matches.errors > 0 { return errors }
        return watch.errors != nil && matches.requests > 0 ? 0 : nil
    }

    private func latency(hasBase: Bool) -> TargetReading.Latency {
        if !buckets.isEmpty { return hasBase ? .histogram(histogram) : .absent }
        if quantiles.isEmpty, count == nil || !hasBase { return .absent }
        let rising = quantiles.sorted { $0.quantile < $1.quantile }
        return .summary(
            SummaryValues(
                quantiles: rising.map(\.quantile), seconds: rising.map(\.seconds),
                sumSeconds: hasBase ? sumSeconds : 0, count: hasBase ? count ?? 0 : 0))
    }

    private var histogram: HistogramIncrements {
        let rising = buckets.sorted { $0.bound < $1.bound }
        let total = rising.last.flatMap { $0.bound == .infinity ? $0.increment : nil }
        return HistogramIncrements(
            upperBounds: rising.map(\.bound), cumulative: rising.map(\.increment), sumSeconds: sumSeconds,
            count: count ?? total ?? 0)
    }
}
