import Model
import Support
import Telemetry

/// A latency percentile of one pool over one window, with what limits its quality.
struct PercentileEstimate: Sendable, Equatable {
    /// Seconds; nil when it cannot be estimated, or when nothing was observed.
    var value: Double?
    /// Why it can never have a value with the present scrape bodies, and what to change; nil when requests are all that is
    /// missing.
    var obstacle: String?
    /// What an operator must know about how the value was estimated.
    var notes: [String] = []

    /// A value whose quality nothing limits.
    init(value: Double?) { self.value = value }

    /// - Parameters:
    ///   - whole: the window; the histogram that the question is about is taken from it.
    ///   - bounds: the bounds to estimate on, rising, of those in the view; nil for all bounds that the pool's
    ///     histograms share.
    ///   - name: the pool's, for messages.
    init(
        _ question: PercentileQuestion, in whole: WindowView, of pool: PoolState, named name: Pool,
        bounds: [Double]? = nil
    ) {
        let (view, quantile) = (question.histogram(in: whole), question.quantile)
        guard view.hasHistogram else {
            if question.signal == nil { estimateFromSummaries(quantile, in: view, of: pool, named: name) }
            return
        }
        guard !question.hasSummaries(pool) else {
            obstacle =
                "some targets of the \(name.rawValue) expose a histogram and others a summary, which cannot be"
                + " combined: expose a histogram on all targets"
            return
        }
        let shown = bounds.map(view.restricted) ?? view
        obstacle = question.obstacle(shown, of: view, named: name)
        guard obstacle == nil else { return }
        let found = HistogramQuantile.estimate(quantile, upperBounds: shown.upperBounds, cumulative: shown.cumulative)
        guard found.value.isFinite else { return }
        value = found.value
        notes = question.notes(shown, of: view, named: name, wereRaised: found.countsWereRaised)
    }

    private mutating func estimateFromSummaries(
        _ quantile: Double, in view: WindowView, of pool: PoolState, named name: Pool
    ) {
        value = pool.worstSummary(quantile)
        let indicator = Indicator.latencyQuantile(quantile)
        guard value == nil else {
            notes = [
                "\(indicator.name) is the worst instance's summary quantile: summaries cannot be added up over a pool"
            ]
            return
        }
        // Without requests a summary's quantiles are NaN, which will pass.
        guard view.latencyCount > 0 else { return }
        obstacle = pool.summaryQuantiles.map { quantiles in
            guard !quantiles.isEmpty else {
                return "the latency series of the \(name.rawValue) have neither buckets nor a quantile with a value:"
                    + " switch on a histogram in the exporter, or use latency_mean"
            }
            let listed = quantiles.map { "\($0)" }.joined(separator: ", ")
            return "the summary of the \(name.rawValue) has no value for the quantile \(quantile), only for \(listed):"
                + " switch on that quantile, or a histogram, in the exporter"
        }
    }

}

// MARK: Histograms

extension PercentileQuestion {
    fileprivate func obstacle(_ shown: WindowView, of view: WindowView, named name: Pool) -> String? {
        guard view.histogramCount > 0 else { return nil }
        let finite = shown.upperBounds.contains { $0 < .infinity }
        let lacksInfinity = view.layouts.contains { !$0.isEmpty && $0.last != .infinity }
        if lacksInfinity {
            return "the \(subject) histogram of the \(name.rawValue) has no bucket le=\"+Inf\", so it is not known how"
                + " many requests there were: the exporter has to add it"
        }
        guard finite else {
            return view.layouts.count > 1
                ? "the targets of the \(name.rawValue) have \(subject) buckets without a common bound"
                    + " (\(LatencyBounds.text(view.layouts))): configure the same buckets on all targets"
                : "the \(subject) histogram of the \(name.rawValue) has no finite bound"
        }
        let defect = HistogramDefect.first(
            upperBounds: shown.upperBounds, cumulative: shown.cumulative, count: view.histogramCount)
        return defect.map { sentence($0, named: name) }
    }

    private func sentence(_ defect: HistogramDefect, named name: Pool) -> String {
        let start = "the \(subject) buckets of the \(name.rawValue)"
        return switch defect {
        case .noInfinityBucket: "\(start) have no le=\"+Inf\": the exporter has to add it"
        case .notCumulative(let bound):
            "\(start) are not cumulative: le=\"\(LatencyBounds.le(bound))\" has counted fewer requests than a smaller"
                + " bound; each bucket has to count all requests up to its bound"
        case .infinityBelowCount:
            "\(start) contradict the count: le=\"+Inf\" has counted fewer requests than _count; the exporter has to"
                + " count every request in le=\"+Inf\""
        }
    }

    fileprivate func notes(
        _ shown: WindowView, of view: WindowView, named name: Pool, wereRaised: Bool
    ) -> [String] {
        var notes: [String] = []
        if shown.upperBounds.count < view.allBounds.count {
            notes.append(
                "the \(subject) of the \(name.rawValue) is estimated on the bounds that all compared targets have"
                    + " (\(LatencyBounds.text([shown.upperBounds])), of \(LatencyBounds.text(view.layouts))):"
                    + " configure the same buckets on all targets")
        }
        if wereRaised {
            notes.append("the \(subject) buckets of the \(name.rawValue) had to be corrected to be cumulative")
        }
        if let largest = shown.upperBounds.last(where: { $0 < .infinity }),
            shown.isAbove(largest, quantile: quantile)
        {
            notes.append(
                "\(indicator.name) of the \(name.rawValue) is above the largest bound,"
                    + " \(NumberText.value(largest, of: indicator)); by how much is not known: add larger buckets")
        }
        return notes
    }
}

extension WindowView {
    /// Histograms were scraped, with or without requests in the window.
    var hasHistogram: Bool { histogramCount > 0 || !upperBounds.isEmpty }

    /// All bounds of all histograms with requests in the window, each once.
    fileprivate var allBounds: [Double] {
        guard layouts.count > 1 else { return layouts.first ?? upperBounds }
        return layouts.joined().sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// The same counts at some of the bounds.
    ///
    /// - Parameter bounds: rising, among ``upperBounds``; others are left out.
    fileprivate func restricted(to bounds: [Double]) -> WindowView {
        guard bounds != upperBounds else { return self }
        var view = self
        let kept = upperBounds.indicesAlso(in: bounds)
        view.upperBounds = kept.map { upperBounds[$0] }
        view.cumulative = kept.map { cumulative[$0] }
        return view
    }

    /// The quantile lies in the bucket that ends with +Inf.
    fileprivate func isAbove(_ largest: Double, quantile: Double) -> Bool {
        guard let index = upperBounds.lastIndex(of: largest), let total = cumulative.last else { return false }
        return cumulative[index] < quantile * total
    }
}

/// Bucket bounds as text.
enum LatencyBounds {
    private static let shown = 8

    /// `0.1, 1, +Inf; 0.25, 2.5, +Inf`: at most three sets of at most eight.
    static func text(_ layouts: [[Double]]) -> String {
        // In an order that does not depend on which target answered first.
        let sorted = layouts.sorted { $0.lexicographicallyPrecedes($1) }
        var sets = sorted.prefix(3).map { bounds in
            bounds.prefix(shown).map(le).joined(separator: ", ") + (bounds.count > shown ? ", …" : "")
        }
        if layouts.count > 3 { sets.append("…") }
        return sets.joined(separator: "; ")
    }

    /// As an exporter writes it.
    static func le(_ bound: Double) -> String {
        if bound == .infinity { return "+Inf" }
        return bound == bound.rounded() && abs(bound) < 1e15 ? String(Int64(bound)) : "\(bound)"
    }
}
