import Telemetry

extension Indicator {
    /// The indicator's value in a pool's window; nil when it has none (no requests, no series, no such quantile).
    func value(in view: WindowView, of pool: PoolState) -> Double? {
        switch self {
        case .requestRate:
            return view.requestRate
        case .errorRate:
            guard let requests = view.requests, let errors = view.errors, requests > 0 else { return nil }
            return errors / requests
        case .latencyMean:
            return view.latencyCount > 0 ? view.latencySeconds / view.latencyCount : nil
        case .latencyQuantile(let quantile):
            return Indicator.latency(quantile, in: view, of: pool)
        }
    }

    /// Buckets summed over the pool where there is a histogram; else the worst instance's summary.
    private static func latency(_ quantile: Double, in view: WindowView, of pool: PoolState) -> Double? {
        if view.upperBounds.isEmpty { return pool.worstSummary(quantile) }
        let value = HistogramQuantile.value(quantile, upperBounds: view.upperBounds, cumulative: view.cumulative)
        return value.isFinite ? value : nil
    }

    /// What a person must know about how the value came about.
    func notes(for view: WindowView, of pool: PoolState) -> [String] {
        guard case .latencyQuantile = self, view.upperBounds.isEmpty, pool.hasSummaries else { return [] }
        return ["\(name) is the worst instance's summary quantile: summaries cannot be added up over a pool"]
    }

    /// Requests that the value stands on, for `min_requests`: the requests counter, else the latency's own count.
    func sampleSize(in view: WindowView) -> Double {
        switch self {
        case .requestRate, .errorRate: view.requests ?? 0
        case .latencyMean, .latencyQuantile: view.latencyCount > 0 ? view.latencyCount : view.requests ?? 0
        }
    }
}
