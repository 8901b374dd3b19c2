import Model

extension Indicator {
    /// The indicator's value in a pool's window; nil when it has none (no requests, no series, no such quantile).
    func value(in view: WindowView, of pool: PoolState) -> Double? {
        if let percentile {
            return PercentileEstimate(percentile, in: view, of: pool, named: .canary).value
        }
        switch self {
        case .requestRate: return view.requestRate
        case .errorRate:
            guard let requests = view.requests, let errors = view.errors, requests > 0 else { return nil }
            return errors / requests
        case .latencyMean: return Indicator.latencyMean(in: view, of: pool)
        case .own(let own): return own.value(in: view)
        case .latencyQuantile: return nil
        }
    }

    private static func latencyMean(in view: WindowView, of pool: PoolState) -> Double? {
        guard view.latencyCount > 0 else { return nil }
        // A negative sum adds nothing: then 0 is no mean.
        if view.latencySeconds == 0, pool.targets.contains(where: \.hasNegative) { return nil }
        return view.latencySeconds / view.latencyCount
    }

    /// Requests that the value is based on, for `min_requests`: the requests counter, else the latency's own count; of
    /// an indicator of one's own what its denominator or its histogram counted.
    func sampleSize(in view: WindowView) -> Double {
        switch self {
        case .requestRate, .errorRate: view.requests ?? 0
        case .latencyMean, .latencyQuantile: view.latencyCount > 0 ? view.latencyCount : view.requests ?? 0
        case .own(let own): own.sampleSize(in: view) ?? view.requests ?? view.latencyCount
        }
    }

    /// What is asked of a histogram; nil for an indicator that is none of its quantiles.
    var percentile: PercentileQuestion? {
        switch self {
        case .latencyQuantile(let quantile): return PercentileQuestion(quantile: quantile, indicator: self)
        case .own(let own):
            return own.quantile.map { PercentileQuestion(quantile: $0.quantile, indicator: self, signal: $0.signal) }
        case .requestRate, .errorRate, .latencyMean: return nil
        }
    }
}

extension OwnIndicator {
    /// Nil for a quantile, which ``PercentileEstimate`` makes.
    fileprivate func value(in view: WindowView) -> Double? {
        switch formula {
        case .ratio(let numerator, let denominator):
            guard let all = view.counter(denominator)?.increase, all > 0 else { return nil }
            // A counter of rare events may not be there before the first one.
            return (view.counter(numerator)?.increase ?? 0) / all
        case .rate(let counter): return view.counter(counter)?.rate
        case .increase(let counter): return view.counter(counter)?.increase
        case .gauge(let signal, let over, let across): return view.gauge(signal)?[across][over]
        case .quantile: return nil
        }
    }

    fileprivate func sampleSize(in view: WindowView) -> Double? {
        switch formula {
        case .ratio(_, let denominator): view.counter(denominator)?.increase ?? 0
        case .quantile(let histogram, _): view.histogram(histogram)?.count ?? 0
        case .rate, .increase, .gauge: nil
        }
    }
}
