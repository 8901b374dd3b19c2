import Synchronization

/// Holds the daemon's own counters and histograms, and prints pages in the text format 0.0.4. Gauges are not kept: they
/// are made from the snapshot when the page is asked for.
final class MetricsRegistry: Sendable {
    private struct Histogram {
        var counts: [UInt64]
        var sum = 0.0

        init(buckets: Int) { counts = Array(repeating: 0, count: buckets) }

        mutating func add(_ seconds: Double, to bucket: Int) {
            counts[bucket] += 1
            sum += seconds
        }
    }

    /// A family's name and its label values.
    private struct Key: Hashable {
        let name: String
        let values: [String]
    }

    private struct State {
        var counters: [Key: Double] = [:]
        var histograms: [Key: Histogram] = [:]
    }

    private let state = Mutex(State())

    /// - Parameter values: one per label of the family, in its order.
    func add(_ amount: Double = 1, to family: MetricFamily, _ values: [String] = []) {
        precondition(values.count == family.labels.count, "\(family.name) has other labels")
        state.withLock { $0.counters[Key(name: family.name, values: values), default: 0] += amount }
    }

    func observe(_ seconds: Double, in family: MetricFamily, _ values: [String] = []) {
        precondition(values.count == family.labels.count, "\(family.name) has other labels")
        guard case .histogram(let bounds) = family.kind else { return }
        let bucket = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        state.withLock { state in
            // In place: taken out and put back, the counts would be copied each time.
            let key = Key(name: family.name, values: values)
            state.histograms[key, default: Histogram(buckets: bounds.count + 1)].add(seconds, to: bucket)
        }
    }

    /// Lines of one family, sorted by its labels' values.
    func lines(of family: MetricFamily) -> [String] {
        let (counters, histograms) = state.withLock { ($0.counters, $0.histograms) }
        func sorted<Value>(_ all: [Key: Value]) -> [(key: Key, value: Value)] {
            all.filter { $0.key.name == family.name }.sorted { $0.key.values.lexicographicallyPrecedes($1.key.values) }
        }
        if case .histogram(let bounds) = family.kind {
            return sorted(histograms).flatMap { Self.lines(of: family, $0.key.values, $0.value, bounds) }
        }
        return sorted(counters).map { MetricLine.text(family.name, zip(family.labels, $0.key.values), $0.value) }
    }

    private static func lines(
        of family: MetricFamily, _ values: [String], _ histogram: Histogram, _ bounds: [Double]
    ) -> [String] {
        let labels = Array(zip(family.labels, values))
        var lines: [String] = []
        var total: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let bound = index < bounds.count ? MetricLine.number(bounds[index]) : "+Inf"
            lines.append(MetricLine.text(family.name + "_bucket", labels + [("le", bound)], Double(total)))
        }
        lines.append(MetricLine.text(family.name + "_sum", labels, histogram.sum))
        lines.append(MetricLine.text(family.name + "_count", labels, Double(total)))
        return lines
    }
}

/// One line of a page.
enum MetricLine {
    static func text(_ name: String, _ labels: some Sequence<(String, String)>, _ value: Double) -> String {
        let pairs = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        return name + (pairs.isEmpty ? "" : "{\(pairs)}") + " " + number(value)
    }

    /// `2` and not `2.0`; the rest as Swift prints it, which reads back as the same number.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
