import Synchronization
import Telemetry

/// Holds the daemon's own counters and histograms. Gauges are not kept: they are made from the snapshot when the
/// exposition is requested.
final class MetricsRegistry: Sendable {
    private struct Key: Hashable {
        let family: String
        let labelValues: [String]
    }

    private struct State {
        var counters: [Key: Double] = [:]
        var histograms: [Key: HistogramCounts] = [:]
    }

    private let state = Mutex(State())

    /// - Parameter labelValues: one per label of the family, in its order.
    func add(_ amount: Double = 1, to family: MetricFamily, _ labelValues: [String] = []) {
        precondition(labelValues.count == family.labels.count, "\(family.name) has other labels")
        state.withLock { $0.counters[Key(family: family.name, labelValues: labelValues), default: 0] += amount }
    }

    /// - Parameter labelValues: one per label of the family, in its order.
    func observe(_ seconds: Double, in family: MetricFamily, _ labelValues: [String] = []) {
        precondition(labelValues.count == family.labels.count, "\(family.name) has other labels")
        guard case .histogram(let bounds) = family.kind else { return }
        state.withLock { state in
            // Changed in place: taken out and stored again, the counts would be copied each time.
            let key = Key(family: family.name, labelValues: labelValues)
            state.histograms[key, default: HistogramCounts(bounds: bounds)].observe(seconds)
        }
    }

    /// All series of the families, sorted by their label values within a family.
    func samples(of families: [MetricFamily]) -> MetricSamples {
        let (counters, histograms) = state.withLock { ($0.counters, $0.histograms) }
        let counterKeys = MetricsRegistry.sorted(counters.keys)
        let histogramKeys = MetricsRegistry.sorted(histograms.keys)
        var samples = MetricSamples()
        for family in families {
            for key in counterKeys[family.name] ?? [] { samples.add(family, key.labelValues, counters[key]) }
            for key in histogramKeys[family.name] ?? [] {
                if let counts = histograms[key] { samples.add(family, key.labelValues, counts) }
            }
        }
        return samples
    }

    /// The keys of each family, by its name.
    private static func sorted(_ keys: some Sequence<Key>) -> [String: [Key]] {
        Dictionary(grouping: keys, by: \.family)
            .mapValues { $0.sorted { $0.labelValues.lexicographicallyPrecedes($1.labelValues) } }
    }
}
