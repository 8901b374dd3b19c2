import Model

/// A quantile that a rule asks for: of the latency, or of a histogram of the release's own.
struct PercentileQuestion: Sendable, Equatable {
    /// 0...1.
    let quantile: Double
    let indicator: Indicator
    /// Index of the histogram in the watch list's `signals`; nil for the latency.
    var signal: Int?

    /// What is measured, for messages: `the <subject> buckets of the canary`.
    var subject: String { signal == nil ? "latency" : indicator.name }

    /// The view with the histogram that is asked for where the latency's is.
    func histogram(in view: WindowView) -> WindowView {
        guard let signal else { return view }
        var own = view
        let found = view.histogram(signal) ?? HistogramView()
        (own.latencyCount, own.histogramCount) = (found.count, found.count)
        (own.upperBounds, own.cumulative, own.layouts) = (found.upperBounds, found.cumulative, found.layouts)
        return own
    }

    /// Only the latency may be a summary.
    func hasSummaries(_ pool: PoolState) -> Bool { signal == nil && pool.hasSummaries }
}
