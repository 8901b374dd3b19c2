/// The samples of one exposition, as an exporter of ours collects them, and their text.
///
/// All exporters of the project use it, so that escaping, number format and the lines of a histogram exist once. The
/// samples of a family are written in the order in which they were added.
public struct MetricSamples: Sendable {
    private enum Value {
        case number(Double)
        case histogram(HistogramCounts)
    }

    private struct Sample {
        let labelValues: [String]
        let value: Value
    }

    private var samples: [String: [Sample]] = [:]

    public init() {}

    /// Adds a sample of a counter or gauge.
    ///
    /// - Parameters:
    ///   - labelValues: one per label of the family, in its order.
    ///   - value: nil adds nothing.
    public mutating func add(_ family: MetricFamily, _ labelValues: [String] = [], _ value: Double?) {
        guard let value else { return }
        add(family, Sample(labelValues: labelValues, value: .number(value)))
    }

    /// Adds a series of a histogram.
    ///
    /// - Parameter labelValues: one per label of the family, in its order.
    public mutating func add(_ family: MetricFamily, _ labelValues: [String] = [], _ counts: HistogramCounts) {
        add(family, Sample(labelValues: labelValues, value: .histogram(counts)))
    }

    private mutating func add(_ family: MetricFamily, _ sample: Sample) {
        precondition(sample.labelValues.count == family.labels.count, "\(family.name) has other labels")
        samples[family.name, default: []].append(sample)
    }

    /// The exposition in text format 0.0.4.
    ///
    /// - Parameter families: in the order of the text. A family without samples is omitted.
    public func text(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families {
            let lines = lines(of: family)
            guard !lines.isEmpty else { continue }
            text += "# HELP \(family.name) \(MetricText.escapedHelp(family.help))\n"
            text += "# TYPE \(family.name) \(family.kind.typeName)\n"
            for line in lines { text += line + "\n" }
        }
        return text
    }

    /// The sample lines of one family, without HELP and TYPE.
    public func lines(of family: MetricFamily) -> [String] {
        (samples[family.name] ?? []).flatMap { sample in
            let labels = Array(zip(family.labels, sample.labelValues))
            switch sample.value {
            case .number(let value): return [MetricText.line(family.name, labels, value)]
            case .histogram(let counts): return Self.lines(family.name, labels, counts)
            }
        }
    }

    private static func lines(_ name: String, _ labels: [(String, String)], _ histogram: HistogramCounts) -> [String] {
        var lines: [String] = []
        var total: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let bound = index < histogram.bounds.count ? MetricText.number(histogram.bounds[index]) : "+Inf"
            lines.append(MetricText.line(name + "_bucket", labels + [("le", bound)], Double(total)))
        }
        lines.append(MetricText.line(name + "_sum", labels, histogram.sum))
        lines.append(MetricText.line(name + "_count", labels, Double(total)))
        return lines
    }
}
