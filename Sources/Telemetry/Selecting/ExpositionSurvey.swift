/// What a scrape body says about the metrics that a release's indicators name: their types, their labels, their
/// buckets.
///
/// Reads a whole body with all its text, so it is made for a target's first body and for `inspect`, not for each
/// scrape. What it keeps is bounded, whatever the body holds.
struct ExpositionSurvey {
    struct Metric {
        var type: MetricType?
        var series = 0
        /// In the scrape body's order; a label that no series has is not among them.
        var labels: [Label] = []
        /// Of `le`, as in the scrape body.
        var bounds: Set<Double> = []
        /// Of all series.
        var total = 0.0

        mutating func take(_ sample: ExpositionSample, type: MetricType?) {
            self.type = self.type ?? type
            series += 1
            if sample.value.isFinite { total += sample.value }
            for label in sample.labels {
                if label.name == "le", bounds.count < ExpositionSurvey.boundLimit,
                    let bound = SeriesClassifier.number(label.value)
                {
                    bounds.insert(bound)
                }
                note(label)
            }
        }

        private mutating func note(_ label: ExpositionSample.Label) {
            if let index = labels.firstIndex(where: { $0.name == label.name }) {
                labels[index].series += 1
                let isNew = !labels[index].values.contains(label.value)
                if isNew, labels[index].values.count <= ExpositionSurvey.valueLimit {
                    labels[index].values.append(label.value)
                }
            } else if labels.count < ExpositionSurvey.labelLimit {
                labels.append(Label(name: label.name, values: [label.value], series: 1))
            }
        }
    }

    struct Label {
        let name: String
        /// The first ones that were met, one more than are shown.
        var values: [String]
        /// How many series have the label.
        var series: Int
    }

    private static let labelLimit = 20
    private static let valueLimit = 4
    private static let boundLimit = 1_000

    private(set) var names: [String] = []
    private var metrics: [String: Metric] = [:]
    /// Families with a `# TYPE` line, whether or not they have a series.
    private let declared: Set<String>

    /// - Throws: ``ExpositionError`` for a scrape body that cannot be read.
    init(_ body: [UInt8], format: ExpositionFormat, watch: WatchList) throws(ExpositionError) {
        let wanted = ExpositionSurvey.wanted(watch)
        var names: [String] = []
        var seen: Set<String> = []
        var metrics: [String: Metric] = [:]
        try Exposition.walk(body, format: format) { scanner, bytes throws(ExpositionError) in
            let name = SampleSpot.text(scanner.sample.name, in: bytes)
            if seen.insert(name).inserted { names.append(name) }
            guard wanted.contains(name) else { return }
            let sample = SampleBuilder.sample(scanner.sample, type: scanner.familyType, in: bytes)
            let isOwn = ExpositionSurvey.isOf(SampleSpot.text(scanner.familyName, in: bytes), series: name)
            metrics[name, default: Metric()].take(sample, type: isOwn ? scanner.familyType : nil)
        }
        (self.names, self.metrics) = (names, metrics)
        declared = ExpositionSurvey.declared(in: body, among: wanted)
    }

    /// Whether a `# TYPE` line announces the metric, of which there may be no series yet.
    func declares(_ name: String) -> Bool {
        // OpenMetrics declares a counter without the suffix of its series.
        declared.contains(name)
            || (name.hasSuffix("_total") && declared.contains(String(name.dropLast("_total".count))))
    }

    private static func declared(in body: [UInt8], among wanted: Set<String>) -> Set<String> {
        let families = wanted.union(
            wanted.filter { $0.hasSuffix("_total") }.map { String($0.dropLast("_total".count)) })
        let mark = Array("# TYPE ".utf8)
        var declared: Set<String> = []
        for line in body.split(separator: UInt8(ascii: "\n")) where line.starts(with: mark) {
            let name = String(decoding: line.dropFirst(mark.count).prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            if families.contains(name) { declared.insert(name) }
        }
        return declared
    }

    /// Whether a `# TYPE` line of that family declares the series. Without a line of its own a metric may follow another
    /// family's.
    private static func isOf(_ family: String, series name: String) -> Bool {
        let (family, name) = (Array(family.utf8), Array(name.utf8))
        guard name.starts(with: family) else { return false }
        return suffixes.contains(String(decoding: name.dropFirst(family.count), as: UTF8.self))
    }

    /// Of a family's series, in both formats.
    private static let suffixes: Set<String> = [
        "", "_bucket", "_sum", "_count", "_total", "_created", "_info", "_gsum", "_gcount",
    ]

    subscript(_ name: String) -> Metric? { metrics[name] }

    func has(_ name: String) -> Bool { metrics[name] != nil || names.contains(name) }

    private static func wanted(_ watch: WatchList) -> Set<String> {
        var wanted = Set((watch.requestCounters + watch.errorCounters).map(\.metric))
        if let latency = watch.latency?.metric {
            for base in [latency, LatencySuffix.base(of: latency)].compactMap({ $0 }) {
                wanted.formUnion([base] + LatencySuffix.all.map { base + $0 } + [base + "_max"])
            }
        }
        for signal in watch.signals {
            let name = signal.selector.metric
            wanted.formUnion([name] + (signal.kind == .histogram ? LatencySuffix.all.map { name + $0 } : []))
        }
        return wanted
    }
}

/// The suffixes of a histogram's series, which a selector of a latency leaves out.
public enum LatencySuffix {
    static let all = ["_bucket", "_sum", "_count"]

    /// `d` of `d_bucket`; nil for a name without such a suffix.
    public static func base(of metric: String) -> String? {
        let suffix = all.first { metric.hasSuffix($0) && metric.utf8.count > $0.utf8.count }
        return suffix.map { String(metric.dropLast($0.count)) }
    }
}

extension ExpositionSurvey.Metric {
    /// `code (200, 404, 500), method (GET)`; at most eight labels.
    var shownLabels: String {
        guard !labels.isEmpty else { return "none" }
        let shown = labels.prefix(8).map { label in
            let values = label.values.prefix(3).map(ExpositionSurvey.shown).joined(separator: ", ")
            return "\(ExpositionSurvey.shown(label.name)) (\(values)\(label.values.count > 3 ? ", …" : ""))"
        }
        return shown.joined(separator: ", ") + (labels.count > 8 ? ", …" : "")
    }

    func label(_ name: String) -> ExpositionSurvey.Label? { labels.first { $0.name == name } }
}

extension ExpositionSurvey {
    /// Text of a scrape body in a message: one line, at most 40 characters.
    static func shown(_ text: String) -> String { ExpositionText.shown(String(text.unicodeScalars.prefix(40))) }
}
