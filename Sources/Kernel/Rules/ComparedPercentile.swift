import Telemetry

/// A latency percentile of both pools for a rule that compares them: on the bounds that both have, because two histograms
/// with different bounds give different estimates of equal latencies.
struct ComparedPercentile: Sendable, Equatable {
    var baseline: PercentileEstimate
    var canary: PercentileEstimate
    /// Why the pools cannot be compared, and what to change; nil when they can, or when nothing was observed.
    var obstacle: String?

    init(
        _ question: PercentileQuestion, baseline first: (view: WindowView, pool: PoolState),
        canary second: (view: WindowView, pool: PoolState)
    ) {
        let view = (view: question.histogram(in: first.view), pool: first.pool)
        let canary = (view: question.histogram(in: second.view), pool: second.pool)
        let both = view.view.hasHistogram && canary.view.hasHistogram
        let shared = both ? ComparedPercentile.sharedBounds(view.view, canary.view) : nil
        baseline = PercentileEstimate(question, in: first.view, of: first.pool, named: .baseline, bounds: shared)
        self.canary = PercentileEstimate(question, in: second.view, of: second.pool, named: .canary, bounds: shared)
        obstacle = ComparedPercentile.obstacle(question, view, canary, shared: shared)
        guard obstacle != nil else { return }
        (baseline.value, self.canary.value) = (nil, nil)
        (baseline.notes, self.canary.notes) = ([], [])
        // That no bound is left is what the pools' obstacle says better.
        (baseline.obstacle, self.canary.obstacle) = (nil, nil)
    }

    /// Nil when one of them has had no requests, so that there is nothing to compare.
    private static func sharedBounds(_ baseline: WindowView, _ canary: WindowView) -> [Double]? {
        guard baseline.histogramCount > 0, canary.histogramCount > 0 else { return nil }
        guard baseline.upperBounds != canary.upperBounds else { return nil }
        return baseline.upperBounds.indicesAlso(in: canary.upperBounds).map { baseline.upperBounds[$0] }
    }

    private static func obstacle(
        _ question: PercentileQuestion, _ baseline: (view: WindowView, pool: PoolState),
        _ canary: (view: WindowView, pool: PoolState),
        shared: [Double]?
    ) -> String? {
        let summaries = (question.hasSummaries(baseline.pool), question.hasSummaries(canary.pool))
        let histograms = (baseline.view.hasHistogram, canary.view.hasHistogram)
        if summaries.0 && histograms.1 || summaries.1 && histograms.0 {
            return "one pool exposes a summary and the other a histogram, whose percentiles cannot be compared:"
                + " expose a histogram on all targets"
        }
        if histograms.0, histograms.1, let doubt = UnitDoubt.text(baseline.view.layouts, canary.view.layouts) {
            return doubt
        }
        guard let shared, !shared.contains(where: { $0 < .infinity }) else { return nil }
        return "the \(question.subject) buckets of the two pools have no bound in common"
            + " (baseline: \(LatencyBounds.text(baseline.view.layouts));"
            + " canary: \(LatencyBounds.text(canary.view.layouts))): configure the same buckets on all targets"
    }
}
