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
            return PercentileEstimate(quantile, in: view, of: pool, named: .canary).value
        }
    }

    /// Requests that the value stands on, for `min_requests`: the requests counter, else the latency's own count.
    func sampleSize(in view: WindowView) -> Double {
        switch self {
        case .requestRate, .errorRate: view.requests ?? 0
        case .latencyMean, .latencyQuantile: view.latencyCount > 0 ? view.latencyCount : view.requests ?? 0
        }
    }
}
